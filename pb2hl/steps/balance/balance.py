"""The balance: everything that the export asks for, and what became of each piece of it.

*Expected* is what was asked for, never what landed: the plan's operations, and every staged row that no operation speaks of.
Each piece has exactly one fate, read off the ledger and, where the audit looked, off the location:
expected = arrived + left out by decision + refused + held + in doubt + missing + taken back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pb2hl.apply.lookup import NEVER_ARRIVED
from pb2hl.apply.send import NO_FILE
from pb2hl.diff.overlay import DELTA_PART
from pb2hl.errors import Problem, Severity
from pb2hl.ledger import LedgerPort, State
from pb2hl.operations import BESIDE, DATA_TARGETS, Kind, Target
from pb2hl.plan.fields.findings import Bucket
from pb2hl.results import StepResult
from pb2hl.steps.proposal.decisions import config_in_force
from pb2hl.steps.shared.outcomes import RECORD_OF, records_of
from pb2hl.values.counting import agree, counted
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


BALANCE_COLUMNS = ("object", "what", "expected", *(str(fate) for fate in Fate))
OPEN_COLUMNS = ("object", "what", "source_id", "fate", "why")
LEFT_OUT_COLUMNS = ("object", "what", "why", "who", "count")
OPEN_FATES = (Fate.REFUSED, Fate.HELD, Fate.IN_DOUBT, Fate.MISSING, Fate.TAKEN_BACK)
ASKED = "asked_"
"""How the counts of a balance begin."""
MERGED = "merged into another record"
"""Why a record is left out whose row became part of another."""
MOST_OPEN = 100_000
"""Pieces listed one by one; all are counted."""

RECORDS, LINKS, OWNERS, TAGS, FILES, CHANGES, SUPPORT = (
    "records", "links", "owners", "tags", "files", "changes", "supporting records",
)  # fmt: skip
"""What a piece is. A supporting record is none of the export's own rows: a stand-in contact, a note that keeps a deal's text."""

_KINDS = (RECORDS, LINKS, OWNERS, TAGS, FILES, CHANGES, SUPPORT)
_WHAT = {Target.LINK: LINKS, Target.RELATION: LINKS, Target.FILE: FILES, Target.MEDIA: FILES, Target.CONTACT_TAGS: TAGS}
_OWNED = (Target.CONTACT, Target.OPPORTUNITY, Target.TASK, Target.APPOINTMENT)
_OWNER = '"(assignedTo|assignedUserId|userId)":"[^"]'
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
    """What the audit saw in the location, as op ids: records that are not there, links, owners and tags that are not as sent."""

    absent: set[str] = field(default_factory=set)
    unlinked: set[str] = field(default_factory=set)
    owner_differs: set[str] = field(default_factory=set)
    tags_differ: set[str] = field(default_factory=set)


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


@dataclass(frozen=True)
class Balance:
    """`table` (BALANCE_COLUMNS): one row an object and kind of piece; `open`: the pieces that neither arrived nor were left
    out by decision (OPEN_COLUMNS, at most 100,000); `left_out`: what was, why and by whom (LEFT_OUT_COLUMNS)."""

    table: pd.DataFrame
    open: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(OPEN_COLUMNS)))
    left_out: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LEFT_OUT_COLUMNS)))

    def total(self, name: str, what: str = "") -> int:
        """Pieces (of the kind `what`, or all) with a fate, or `expected`."""
        table = self.table if not what else self.table[self.table["what"] == what]
        return int(table[name].sum())

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for arrived or was left out by a decision on record."""
        return not any(self.total(str(fate)) for fate in OPEN_FATES)

    @property
    def headline(self) -> str:
        """One sentence: the records that arrived of those asked for, then everything that did not."""
        asked, there = self.total("expected", RECORDS), self.total(str(Fate.ARRIVED), RECORDS)
        parts = [
            f"{there:,} of {counted(asked, 'record')} that the export asks for {agree(there, 'is', 'are')} in HighLevel"
        ]
        left = self.total(str(Fate.LEFT_OUT), RECORDS)
        parts += [f"{left:,} left out by decision"] if left else []
        for fate in OPEN_FATES:
            kinds = [(what, count) for what in _KINDS if (count := self.total(str(fate), what))]
            parts += (
                [f"{fate}: {', '.join(f'{count:,} {_named(what, count)}' for what, count in kinds)}"] if kinds else []
            )
        return "; ".join(parts) + "."

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the headline, flat: `expected`, and each fate by its name."""
        names = ("expected", *(str(fate) for fate in Fate))
        return {f"{ASKED}{name.replace(' ', '_')}": self.total(name) for name in names}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One critical problem an object, kind and fate that is open, with the first source ids and reasons; what was left out by
        decision is told as well."""
        found = []
        for key, group in self.open.groupby(["object", "what", "fate"], sort=True):
            object_, what, fate = map(str, key)
            mine = (self.table["object"] == object_) & (self.table["what"] == what)
            count = int(self.table.loc[mine, fate].sum())
            whys = _reasons(group)
            ids = ", ".join(dict.fromkeys(group["source_id"].head(20)[group["source_id"] != ""].head(5)))
            text = f"{object_}: {count:,} {_named(what, count)} {fate}" + (f" ({ids})" if ids else "")
            message = f"{text}: {'; '.join(whys)}" if whys else text
            found.append(
                Problem(fate.replace(" ", "_"), message, Severity.CRITICAL, count=count, treatment=_REMEDY[Fate(fate)])
            )
        for key, group in self.left_out.groupby(["object", "what", "who"], sort=True):
            object_, what, who = map(str, key)
            count = int(group["count"].sum())
            why = "; ".join(group.sort_values("count", ascending=False)["why"].head(3))
            text = f"{object_}: {count:,} {_named(what, count)} left out by {who}: {why}"
            found.append(
                Problem("left_out", text, Severity.INFO, count=count, treatment="listed, each with its reason")
            )
        return tuple(found)


_TRACE = re.compile(r" ?\(traceId [^)]*\)")
"""What tells one refusal from the next that is the same: it stands in the table of open pieces, not in sentences."""


def _reasons(pieces: pd.DataFrame, most: int = 3) -> list[str]:
    """The first different reasons of open pieces, each once."""
    bare = (_TRACE.sub("", str(why)) for why in pieces["why"] if why)
    return list(dict.fromkeys(bare))[:most]


def lacking(result: StepResult) -> list[str]:
    """Each object, kind of piece and fate that is open in `result`, with its count and, for what HighLevel refused, why (each reason once); no ids."""
    table, pieces = result.tables.get("balance"), result.tables.get("open")
    if table is None or pieces is None:
        return []
    found: list[str] = []
    told: set[str] = set()
    for fate in OPEN_FATES:
        for object_, what, count in table[table[str(fate)] > 0][["object", "what", str(fate)]].itertuples(
            index=False, name=None
        ):
            mine = pieces[(pieces["object"] == object_) & (pieces["what"] == what) & (pieces["fate"] == str(fate))]
            why = [text for text in (_reasons(mine, 1) if fate is Fate.REFUSED else []) if text not in told]
            told.update(why)
            found.append(f"{object_}: {count:,} {_named(what, count)} {fate}" + (f" ({why[0]})" if why else ""))
    return found


_REMEDY = {
    Fate.REFUSED: "mend the value in Perfect Books or its column's decision and load again; where the cause was in HighLevel, pb2hl repair "
    "sends it again; or leave the row out by decision",
    Fate.HELD: "sent once what it waits for is there",
    Fate.IN_DOUBT: "looked up by the next load, never sent blind",
    Fate.MISSING: "pb2hl load sends what was never sent; pb2hl repair makes again what somebody deleted",
    Fate.TAKEN_BACK: "pb2hl load makes it again",
}


def _named(what: str, count: int) -> str:
    return what if count != 1 else {"records": "record", "links": "link", "owners": "owner", "tags": "record's tags",
                                    "files": "file", "changes": "change", "supporting records": "supporting record"}[what]  # fmt: skip


def balance(ws: Workspace, ledger: LedgerPort, *, aliases: Mapping[str, Mapping[str, str]] | None = None, seen: Seen | None = None,
            record_ids: Collection[str] | None = None) -> Balance:  # fmt: skip
    """What became of everything that the export of `ws` asks for.

    `aliases`: by object, rows whose record was made for another row; `seen`: what the audit found; `record_ids`: only the
    operations with these ids (a sample), and no rows without one.
    """
    asked = _operations(ws, ledger, seen or Seen())
    deciders = Deciders.of(ws, ledger)
    if record_ids is not None:
        asked = asked[asked["op_id"].isin(record_ids)]
        rows = pd.DataFrame(columns=[*_PIECE])
    else:
        rows = _rows_without(ws, asked, aliases or {}, deciders)
    pieces = pd.concat(
        [_pieces(asked, deciders), rows, *([] if record_ids is not None else [_changes(ledger)])], ignore_index=True
    )
    return _summed(pieces)


_PIECE = ("object", "what", "source_id", "fate", "why", "who")


def _operations(ws: Workspace, ledger: LedgerPort, seen: Seen) -> pd.DataFrame:
    """One row an operation of the stored plan, with its state in the ledger and whether it carries an owner and tags."""
    frames = []
    for target in DATA_TARGETS:
        path = ws.plan / "data" / f"{target}.parquet"
        if not path.exists():
            continue
        names = ["op_id", "kind", "target", "object", "source_id", "existing_id", "reason", "part", "payload"]
        with undamaged(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=names, batch_size=50_000):
                payload = batch.column("payload")
                frame = batch.drop_columns(["payload"]).to_pandas()
                frame["owned"] = pc.match_substring_regex(payload, _OWNER).to_numpy(zero_copy_only=False)
                frame["tagged"] = pc.match_substring_regex(payload, _TAGS).to_numpy(zero_copy_only=False)
                frames.append(frame)
    columns = ["op_id", "kind", "target", "object", "source_id", "existing_id", "reason", "part", "owned", "tagged"]
    asked = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    known = pd.DataFrame(
        ledger.columns(["op_id", "state", "destination_id", "error"]),
        columns=["op_id", "state", "destination_id", "error"],
    )
    asked = asked.merge(known, on="op_id", how="left")
    asked[["state", "destination_id", "error"]] = asked[["state", "destination_id", "error"]].fillna("")
    absent = asked["op_id"].isin(seen.absent)
    asked["absent"] = absent | asked["op_id"].isin(seen.unlinked)
    asked["owner_differs"] = asked["op_id"].isin(seen.owner_differs)
    asked["tags_differ"] = asked["op_id"].isin(seen.tags_differ)
    return asked


def _pieces(asked: pd.DataFrame, deciders: Deciders) -> pd.DataFrame:
    """Records, links and files, then the owners and tags that records carry: they share their record's fate."""
    own = asked["object"].map(lambda name: str(RECORD_OF.get(name) or ""))
    what = asked["target"].map({str(target): name for target, name in _WHAT.items()})
    logged = (
        asked["object"].eq("activities") & asked["target"].isin(records_of("activities")) & asked["part"].ne(BESIDE)
    )
    what = what.mask(what.isna() & (asked["target"].eq(own) | logged), RECORDS).fillna(SUPPORT)
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
    fate = fate.mask(asked["absent"] & fate.eq(str(Fate.ARRIVED)), str(Fate.MISSING))
    why = asked["error"].where(asked["error"].ne(""), asked["reason"])
    why = why.mask(asked["absent"], "not in the location any more").mask(
        asked["state"].eq("") & ~planned_out, "not sent yet"
    )
    no_file = fate.eq(str(Fate.REFUSED)) & asked["error"].str.startswith(NO_FILE)
    if deciders.no_file:
        fate = fate.mask(no_file, str(Fate.LEFT_OUT))
    left = fate.eq(str(Fate.LEFT_OUT))
    pieces = pd.DataFrame({"object": asked["object"], "what": what, "source_id": asked["source_id"], "fate": fate, "why": why,
                           "who": np.where(left, deciders.schema, "")})  # fmt: skip
    owners = pieces[asked["owned"].astype(bool) & asked["target"].isin(_OWNED)].assign(what=OWNERS)
    owners.loc[asked["owner_differs"] & owners["fate"].eq(str(Fate.ARRIVED)), ["fate", "why"]] = [
        str(Fate.MISSING),
        "another owner stands there",
    ]
    tags = pieces[asked["tagged"].astype(bool) & asked["target"].eq(Target.CONTACT)].assign(what=TAGS)
    tags.loc[asked["tags_differ"] & tags["fate"].eq(str(Fate.ARRIVED)), ["fate", "why"]] = [
        str(Fate.MISSING),
        "not all of its tags stand there",
    ]
    return pd.concat([pieces, owners, tags], ignore_index=True)


def _rows_without(
    ws: Workspace, asked: pd.DataFrame, aliases: Mapping[str, Mapping[str, str]], deciders: Deciders
) -> pd.DataFrame:
    """Staged rows that no operation speaks of: merged into another, left out by decision, or lost."""
    merged, whole = (
        _beside(ws, "lineage_merged", ["object", "source_id"]),
        _beside(ws, "lineage_exceptions", ["object", "source_id", "column", "bucket", "where"]),
    )
    whole = whole[whole["column"] == "*"]
    reported = _reported(ws)
    found = []
    for object_ in RECORD_OF:
        ids = ws.table(object_, ["source_id"]) if (ws.staged / f"{object_}.parquet").exists() else pd.DataFrame()
        if ids.empty or object_ in reported:
            continue
        rows = ids["source_id"].astype(str)
        spoken = set(asked.loc[asked["object"] == object_, "source_id"]) | set(aliases.get(object_, ()))
        into = set(merged.loc[merged["object"] == object_, "source_id"])
        decided = whole[whole["object"] == object_].drop_duplicates("source_id", keep="last").set_index("source_id")
        names = _merged_by(ws, object_) if into else {}
        for source_id in rows[~rows.isin(spoken)]:
            found.append((object_, RECORDS, source_id, *_fate_without(source_id, into, decided, names, deciders)))
    return pd.DataFrame(found, columns=list(_PIECE))


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


def _beside(ws: Workspace, name: str, columns: list[str]) -> pd.DataFrame:
    path = ws.plan / f"{name}.parquet"
    return read_frame(path, columns=columns) if path.exists() else pd.DataFrame(columns=columns)


def _reported(ws: Workspace) -> set[str]:
    """Objects that become a document and no records."""
    rules = _beside(ws, "lineage_rules", ["object", "bucket"])
    return {str(name) for name, group in rules.groupby("object") if (group["bucket"] == Bucket.REPORTED).all()}


def _merged_by(ws: Workspace, object_: str) -> dict[str, str]:
    """Source id → who decided its merge, by the sheet of `object_`."""
    path = ws.sheets / ("duplicates.csv" if object_ == "contacts" else "companies.csv")
    if not path.exists():
        return {}
    sheet = ws.sheet(path.stem, ("source_id", "decision", "who"))
    named = sheet[~sheet["who"].isin(["", "proposal"])]
    return dict(zip(named["source_id"].astype(str), named["who"], strict=True))


def _changes(ledger: LedgerPort) -> pd.DataFrame:
    """What later exports changed of records that were there: each field change that was asked for is a piece.

    One that never arrived is none: the delta compares anew and asks again for what is still to be changed.
    """
    rows = ledger.columns(["object", "source_id", "kind", "state", "error"], part=DELTA_PART)
    found = [
        (object_, CHANGES, source_id, str(_FATE_OF.get(State(state), Fate.ARRIVED)), error, "")
        for object_, source_id, kind, state, error in rows
        if kind == Kind.UPDATE and not (state == State.UNDONE and error == NEVER_ARRIVED)
    ]
    return pd.DataFrame(found, columns=list(_PIECE))


def _summed(pieces: pd.DataFrame) -> Balance:
    nameless = pieces["fate"].eq(str(Fate.LEFT_OUT)) & pieces["who"].eq("")
    pieces.loc[nameless, ["fate", "why"]] = [str(Fate.MISSING), "left out, and nobody's approval is on record"]
    if pieces.empty:
        return Balance(pd.DataFrame(columns=list(BALANCE_COLUMNS)))
    table = pieces.groupby(["object", "what", "fate"]).size().unstack(fill_value=0)
    table = table.reindex(columns=[str(fate) for fate in Fate], fill_value=0)
    table.insert(0, "expected", table.sum(axis=1))
    still = pieces[pieces["fate"].isin([str(fate) for fate in OPEN_FATES])]
    left = pieces[pieces["fate"] == str(Fate.LEFT_OUT)].groupby(["object", "what", "why", "who"]).size()
    return Balance(
        table.reset_index().rename_axis(columns=None),
        still[list(OPEN_COLUMNS)].head(MOST_OPEN).reset_index(drop=True),
        left.rename("count").reset_index(),
    )
