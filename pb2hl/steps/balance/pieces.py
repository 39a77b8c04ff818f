"""The pieces that the export asks for, one row each: what it is, its fate, why, and who decided where it was left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pb2hl.apply.lookup import NEVER_ARRIVED
from pb2hl.apply.send import NO_FILE, lost_property
from pb2hl.apply.shown import NOT_CARRIED_OUT
from pb2hl.diff.overlay import CHANGING, DELTA_PART, OUTDATED, VALUES_PART, is_overlay
from pb2hl.ledger import LedgerPort, State
from pb2hl.operations import BESIDE, DATA_TARGETS, JOINED, OWNER_FIELDS, Kind, Target
from pb2hl.plan.fields.findings import Bucket
from pb2hl.sheets import table_rows
from pb2hl.steps.proposal.decisions import config_in_force
from pb2hl.steps.shared.additions import OTHER_COMPANY
from pb2hl.steps.shared.outcomes import RECORD_OF, records_of
from pb2hl.whole import read_frame, undamaged
from pb2hl.workspace import Workspace


class Fate(StrEnum):
    """What became of one piece that was asked for."""

    ARRIVED = "arrived"  # HighLevel holds it, or held it before
    LEFT_OUT = "left out"  # by a decision on record, and a person's name stands behind it
    REFUSED = "refused"  # by HighLevel, or it could not be sent as it is
    HELD = "held"  # waits for another piece that is not there
    IN_DOUBT = "in doubt"  # sent, and no answer says whether it is there
    MISSING = "missing"  # never sent, or not in the location any more
    TAKEN_BACK = "taken back"  # by a rollback


OPEN_FATES = (Fate.REFUSED, Fate.HELD, Fate.IN_DOUBT, Fate.MISSING, Fate.TAKEN_BACK)
ABSENT = "not in the location any more"
OTHER_OWNER, TAGS_LACKING = "another owner stands there", "not all of its tags stand there"
STANDS_OTHERWISE = (OTHER_OWNER, OTHER_COMPANY, TAGS_LACKING)
"""Why a piece is missing whose record is there: no load sends it."""
MERGED = "merged into another record"
"""Why a record is left out whose row became part of another."""
RECORDS, LINKS, OWNERS, TAGS, FILES, VALUES, CHANGES, SUPPORT = (
    "records", "links", "owners", "tags", "files", "values", "changes", "supporting records",
)  # fmt: skip
"""What a piece is. A supporting record is none of the export's own rows: a stand-in contact, a note that keeps a deal's text. Values
are pieces of their own where HighLevel took the record and not them."""

KINDS = (RECORDS, LINKS, OWNERS, TAGS, FILES, VALUES, CHANGES, SUPPORT)
_WHAT = {Target.LINK: LINKS, Target.RELATION: LINKS, Target.FILE: FILES, Target.MEDIA: FILES, Target.CONTACT_TAGS: TAGS}
_OWNED = (Target.CONTACT, Target.OPPORTUNITY, Target.TASK, Target.APPOINTMENT)
_OWNER = f'"({"|".join(OWNER_FIELDS)})":"[^"]'
_TAGS = '"tags":\\["'
_FATE_OF = {
    State.DONE: Fate.ARRIVED,
    State.REFUSED: Fate.REFUSED,
    State.PLANNED: Fate.HELD,
    State.INTENDED: Fate.IN_DOUBT,
    State.IN_DOUBT: Fate.IN_DOUBT,
    State.UNDONE: Fate.TAKEN_BACK,
}


@dataclass(frozen=True)
class Seen:
    """What was seen in the location, as op ids: records that are not there, links, tags and files of contacts that are not, updates
    of which nothing stands, owners and tags that are not as sent; and every field that differs: (op id, field, class of diff)."""

    absent: set[str] = field(default_factory=set)
    unlinked: dict[str, str] = field(default_factory=dict)
    unwritten: set[str] = field(default_factory=set)
    owner_differs: set[str] = field(default_factory=set)
    tags_differ: set[str] = field(default_factory=set)
    differing: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def missing(self) -> dict[str, str]:
        """Op id → why what it should have done counts as missing."""
        gone = dict.fromkeys(self.absent, ABSENT) | {op_id: why or ABSENT for op_id, why in self.unlinked.items()}
        return gone | dict.fromkeys(self.unwritten, NOT_CARRIED_OUT)


@dataclass(frozen=True)
class Deciders:
    """Who stands behind what was left out: the approvals of mapping and schema."""

    mapping: str = ""
    schema: str = ""
    no_file: str = ""
    """Who lets files out that cannot be had; "" while the policy says stop."""

    @classmethod
    def of(cls, ws: Workspace, ledger: LedgerPort) -> Deciders:
        """The names on record; "" where nobody approved."""
        given = {gate: ledger.approval(gate) for gate in ("mapping", "schema")}
        who = {gate: approval.who if approval else "" for gate, approval in given.items()}
        left = config_in_force(ws, ledger).policy.unreachable_files == "leave out"
        return cls(**who, no_file=(who["schema"] or "") if left else "")


PIECE = ("object", "what", "source_id", "fate", "why", "who")


def operations(ws: Workspace, ledger: LedgerPort, seen: Seen, record: tuple[str, str] | None = None) -> pd.DataFrame:
    """One row an operation of the stored plan (a note that several rows share: one each), with its state in the ledger and whether it
    carries an owner and tags.

    `record`: only those of this object and source id."""
    asked = _by_row(ws, _planned(ws, record))
    if record is not None:
        asked = asked[asked["source_id"].eq(record[1])].reset_index(drop=True)
    names = ["op_id", "state", "destination_id", "error", "losses"]
    asked = asked.merge(pd.DataFrame(ledger.columns(names), columns=names), on="op_id", how="left")
    asked[names[1:]] = asked[names[1:]].fillna("")
    asked["absent"] = asked["op_id"].map(seen.missing).fillna("")
    asked["owner_differs"] = asked["op_id"].isin(seen.owner_differs)
    asked["tags_differ"] = asked["op_id"].isin(seen.tags_differ)
    return asked


def _planned(ws: Workspace, record: tuple[str, str] | None) -> pd.DataFrame:
    """One row an operation of the stored plan; of those that may be of the `record` if one is asked for."""
    names = ["op_id", "kind", "target", "object", "source_id", "existing_id", "reason", "part", "payload"]
    frames = []
    for target in DATA_TARGETS:
        path = ws.plan / "data" / f"{target}.parquet"
        if not path.exists():
            continue
        with undamaged(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=names, batch_size=50_000):
                if record is not None:
                    batch = batch.filter(_may_be_of(batch, record))
                payload = batch.column("payload")
                frame = batch.drop_columns(["payload"]).to_pandas()
                frame["rows"] = _rows_of(payload)
                frame["owned"] = pc.match_substring_regex(payload, _OWNER).to_numpy(zero_copy_only=False)
                frame["tagged"] = pc.match_substring_regex(payload, _TAGS).to_numpy(zero_copy_only=False)
                frames.append(frame)
    columns = [*names[:-1], "rows", "owned", "tagged"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def planned_rows(ws: Workspace) -> dict[str, set[str]]:
    """By object, the source ids that operations of the stored plan are about."""
    rows: dict[str, set[str]] = {}
    for target in DATA_TARGETS:
        path = ws.plan / "data" / f"{target}.parquet"
        if path.exists():
            for object_, source_id in read_frame(path, columns=["object", "source_id"]).itertuples(index=False):
                rows.setdefault(object_, set()).add(source_id)
    return rows


def _may_be_of(batch: pa.RecordBatch, record: tuple[str, str]) -> pa.Array:
    """Which operations make the record, or hold several rows and may hold its."""
    own = pc.or_(pc.equal(batch.column("source_id"), record[1]), _holds_several(batch.column("payload")))
    return pc.and_(pc.equal(batch.column("object"), record[0]), own)


def _holds_several(payload: pa.Array) -> pa.Array:
    return pc.match_substring(payload, f'"{JOINED}":')


def _rows_of(payload: pa.Array) -> list[list[str] | None] | None:
    """The further rows that each payload holds; None where it holds none."""
    several = _holds_several(payload)
    if not pc.any(several).as_py():
        return None
    texts = iter(payload.filter(several).to_pylist())
    return [json.loads(next(texts)).get(JOINED) if held else None for held in several.to_pylist()]


def _by_row(ws: Workspace, asked: pd.DataFrame) -> pd.DataFrame:
    """`asked` with a line (`shared`) for every further row that an operation holds; rows that this export lacks have none."""
    held = asked[asked["rows"].notna()] if len(asked) else asked
    further = held.assign(source_id=held["rows"]).explode("source_id").assign(shared=True)
    found = (
        pd.concat([asked.assign(shared=False), further], ignore_index=True) if len(held) else asked.assign(shared=False)
    )
    for object_ in sorted(set(held["object"])):
        there = set(ws.table(object_, ["source_id"])["source_id"].astype(str))
        absent = found["op_id"].isin(held["op_id"]) & found["object"].eq(object_) & ~found["source_id"].isin(there)
        found = found[~absent].reset_index(drop=True)
    return found.drop(columns="rows")


def shared_notes(ws: Workspace) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """(op id, object, own row, further rows) of every planned note that rows share."""
    path = ws.plan / "data" / f"{Target.NOTE}.parquet"
    if not path.exists():
        return
    with undamaged(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["op_id", "object", "source_id", "payload"], batch_size=50_000):
            for row in batch.filter(_holds_several(batch.column("payload"))).to_pylist():
                if rows := json.loads(row["payload"]).get(JOINED):
                    yield row["op_id"], row["object"], row["source_id"], tuple(rows)


def shared_rows(ws: Workspace) -> dict[str, dict[str, str]]:
    """By object: the rows that stand in the note of another row, to that row."""
    found: dict[str, dict[str, str]] = {}
    for _, object_, own, rows in shared_notes(ws):
        found.setdefault(object_, {}).update(dict.fromkeys(rows, own))
    return found


def pieces_of(asked: pd.DataFrame, deciders: Deciders) -> pd.DataFrame:
    """Records, links and files, then the owners and tags that records carry: they share their record's fate. A supporting record's owner
    is nothing that the export asks for."""
    own = asked["object"].map(lambda name: str(RECORD_OF.get(name) or ""))
    what = asked["target"].map({str(target): name for target, name in _WHAT.items()})
    logged = (
        asked["object"].eq("activities") & asked["target"].isin(records_of("activities")) & asked["part"].ne(BESIDE)
    )
    what = what.mask(what.isna() & (asked["target"].eq(own) | logged), RECORDS).fillna(SUPPORT)
    fate, why = _fates(asked, deciders)
    left = fate.eq(str(Fate.LEFT_OUT))
    pieces = pd.DataFrame({"object": asked["object"], "what": what, "source_id": asked["source_id"], "fate": fate, "why": why,
                           "who": np.where(left, deciders.schema, "")})  # fmt: skip
    owned = asked["owned"].astype(bool) & asked["target"].isin(_OWNED) & what.ne(SUPPORT)
    owners = pieces[owned].assign(what=OWNERS)
    owners.loc[asked["owner_differs"] & owners["fate"].eq(str(Fate.ARRIVED)), ["fate", "why"]] = [
        str(Fate.MISSING),
        OTHER_OWNER,
    ]
    tags = pieces[asked["tagged"].astype(bool) & asked["target"].eq(Target.CONTACT)].assign(what=TAGS)
    tags.loc[asked["tags_differ"] & tags["fate"].eq(str(Fate.ARRIVED)), ["fate", "why"]] = [
        str(Fate.MISSING),
        TAGS_LACKING,
    ]
    return pd.concat([pieces, owners, tags], ignore_index=True)


def _fates(asked: pd.DataFrame, deciders: Deciders) -> tuple[pd.Series, pd.Series]:
    """(the fate, why) of each operation that was asked for."""
    skipped = asked["state"].eq(State.SKIPPED)
    there = asked["destination_id"].ne("") | asked["existing_id"].ne("")
    fate = asked["state"].map({str(state): str(fate) for state, fate in _FATE_OF.items()}).fillna(str(Fate.MISSING))
    planned_out = asked["kind"].eq(Kind.SKIP)
    fate = fate.mask(
        skipped | planned_out,
        pd.Series(
            np.where(there, str(Fate.ARRIVED), np.where(planned_out, str(Fate.LEFT_OUT), str(Fate.REFUSED))),
            asked.index,
            dtype="str",
        ),
    )
    absent = asked["absent"].ne("")
    fate = fate.mask(absent & fate.eq(str(Fate.ARRIVED)), str(Fate.MISSING))
    why = asked["error"].where(asked["error"].ne(""), asked["reason"])
    why = why.mask(absent, asked["absent"]).mask(asked["state"].eq("") & ~planned_out, "not sent yet")
    no_file = fate.eq(str(Fate.REFUSED)) & asked["error"].str.startswith(NO_FILE)
    if deciders.no_file:
        fate = fate.mask(no_file, str(Fate.LEFT_OUT))
    return fate, why


def refused_values(ledger: LedgerPort, asked: pd.DataFrame) -> pd.DataFrame:
    """What HighLevel did not take of records that it took, unless a later update of ours brought it."""
    lost = asked[asked["state"].eq(State.DONE) & ~asked["losses"].isin(["", "[]"]) & ~asked["shared"].astype(bool)]
    later = written_later(ledger, lost["destination_id"])
    rows = [
        (row.object, VALUES, row.source_id, str(Fate.REFUSED), loss, "")
        for row in table_rows(lost)
        for loss in json.loads(row.losses)
        if (name := lost_property(loss)) and name not in later.get(row.destination_id, ())
    ]
    return pd.DataFrame(rows, columns=list(PIECE))


def written_later(ledger: LedgerPort, records: Iterable[str]) -> dict[str, set[str]]:
    """Record id → the properties that updates of records have written and HighLevel took."""
    found: dict[str, set[str]] = {}
    for entry in ledger.by_destination(records):
        if is_overlay(entry) and entry.state is State.DONE:
            found.setdefault(entry.destination_id, set()).update(entry.payload)
    return found


def rows_without(
    ws: Workspace,
    asked: pd.DataFrame,
    aliases: Mapping[str, Mapping[str, str]],
    deciders: Deciders,
    record: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Staged rows that no operation speaks of: merged into another, left out by decision, or lost.

    `record`: only the row of this object and source id."""
    merged, whole = (
        beside(ws, "lineage_merged", ["object", "source_id"]),
        beside(ws, "lineage_exceptions", ["object", "source_id", "column", "bucket", "where"]),
    )
    whole = whole[whole["column"] == "*"]
    reported = _reported(ws)
    found = []
    for object_ in RECORD_OF:
        ids = ws.table(object_, ["source_id"])
        if ids.empty or object_ in reported or (record is not None and object_ != record[0]):
            continue
        rows = ids["source_id"].astype(str)
        rows = rows if record is None else rows[rows == record[1]]
        spoken = set(asked.loc[asked["object"] == object_, "source_id"]) | set(aliases.get(object_, ()))
        into = set(merged.loc[merged["object"] == object_, "source_id"])
        decided = whole[whole["object"] == object_].drop_duplicates("source_id", keep="last").set_index("source_id")
        names = _merged_by(ws, object_) if into else {}
        for source_id in rows[~rows.isin(spoken)]:
            found.append((object_, RECORDS, source_id, *_fate_without(source_id, into, decided, names, deciders)))
    return pd.DataFrame(found, columns=list(PIECE))


def _fate_without(
    source_id: str, into: set[str], decided: pd.DataFrame, names: Mapping[str, str], deciders: Deciders
) -> tuple[str, str, str]:
    if source_id in into:
        return str(Fate.LEFT_OUT), MERGED, names.get(source_id) or deciders.mapping
    if source_id not in decided.index:
        return str(Fate.MISSING), "no operation of the plan speaks of this row", ""
    row: Any = decided.loc[source_id]
    if row["bucket"] in (Bucket.SKIPPED, Bucket.MOVED):
        return str(Fate.LEFT_OUT), str(row["where"]), deciders.schema
    return str(Fate.REFUSED), str(row["where"]), ""


def beside(ws: Workspace, name: str, columns: list[str]) -> pd.DataFrame:
    """A table that the plan keeps beside its operations; without rows where there is none."""
    path = ws.plan / f"{name}.parquet"
    return read_frame(path, columns=columns) if path.exists() else pd.DataFrame(columns=columns)


def _reported(ws: Workspace) -> set[str]:
    """Objects that become a document and no records."""
    rules = beside(ws, "lineage_rules", ["object", "bucket"])
    return {str(name) for name, group in rules.groupby("object") if (group["bucket"] == Bucket.REPORTED).all()}


def _merged_by(ws: Workspace, object_: str) -> dict[str, str]:
    """Source id → who decided its merge, by the sheet of `object_`."""
    path = ws.sheets / ("duplicates.csv" if object_ == "contacts" else "companies.csv")
    if not path.exists():
        return {}
    sheet = ws.sheet(path.stem, ("source_id", "decision", "who"))
    named = sheet[~sheet["who"].isin(["", "proposal"])]
    return dict(zip(named["source_id"].astype(str), named["who"], strict=True))


def changes(ledger: LedgerPort, seen: Seen) -> pd.DataFrame:
    """What later exports changed of records that were there: each field change that was asked for is a piece.

    One that never arrived, or that no later export asks for, is none: a delta compares anew and asks for what is still to be changed.
    """
    names = ["op_id", "object", "source_id", "kind", "part", "state", "error", "losses"]
    missing, found = seen.missing, []
    for op_id, object_, source_id, kind, part, state, error, losses in ledger.columns(names, part=DELTA_PART):
        outdated = state == State.UNDONE and error in (NEVER_ARRIVED, OUTDATED)
        if kind not in CHANGING or part == VALUES_PART or outdated:
            continue
        fate, why = _FATE_OF.get(State(state), Fate.ARRIVED), error
        lost = [loss for loss in json.loads(losses or "[]") if lost_property(loss)]
        if fate is Fate.ARRIVED and (op_id in missing or lost):
            fate, why = (Fate.MISSING, missing[op_id]) if op_id in missing else (Fate.REFUSED, "; ".join(lost))
        found.append((object_, CHANGES, source_id, str(fate), why, ""))
    return pd.DataFrame(found, columns=list(PIECE))


def with_names(pieces: pd.DataFrame) -> pd.DataFrame:
    """`pieces`; one that was left out, and behind which nobody stands, is missing."""
    nameless = pieces["fate"].eq(str(Fate.LEFT_OUT)) & pieces["who"].eq("")
    pieces.loc[nameless, ["fate", "why"]] = [str(Fate.MISSING), "left out, and nobody's approval is on record"]
    return pieces
