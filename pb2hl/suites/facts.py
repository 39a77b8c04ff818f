"""Facts a suite can ask for as plain columns: whether a reference is found, an owner resolved, a value converted.

Great Expectations sees one table at a time and knows nothing of e-mails, stages or files. So what needs another table, a
sheet or a file is worked out here, once, as `check.<fact>` columns (True, False, or NA where it does not apply), and
suites stay plain JSON that analysts can edit. `SHOWS` names the column whose value a failing row shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX, OBJECTS, PROVENANCE, FieldKind
from pb2hl.operations import MOST_FILE_BYTES
from pb2hl.profile import Reconciliation, reconcile
from pb2hl.profile.billing import rate_overlaps
from pb2hl.source.lookup import Index, look_up
from pb2hl.suites.consents import ConsentColumn, consent_facts
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.fold import fold

FACT = "check."
LISTS = {FieldKind.TAGS, FieldKind.REFS, FieldKind.MULTI_PICKLIST}


@dataclass(frozen=True)
class CheckFacts:
    """What facts are worked out from, besides the table itself.

    `tables`: staged tables by object. `owners`: the owners that have a user or an explicit decision, case-folded, as
    the owners sheet writes them ("" among them when a person approved that records without an owner stay so). `stages`: (pipeline, stage) pairs that have a target; None when not mapped yet. `fallback`:
    there is a fallback owner, who is a user of the location if that was read. `not_converted`: object, source_id, field, text, reason. `files`: path → bytes in the export.
    `consents`: columns of contacts that hold consent, whose `raw.*` texts the table has.
    """

    tables: Mapping[str, pd.DataFrame]
    owners: frozenset[str] | None = None
    stages: frozenset[tuple[str, str]] | None = None
    fallback: bool = False
    made_keys: bool = False
    not_converted: pd.DataFrame = field(default_factory=pd.DataFrame)
    files: Mapping[str, int] | None = None
    now: pd.Timestamp | None = None
    consents: tuple[ConsentColumn, ...] = ()
    _indexes: dict[str, Index] = field(default_factory=dict, compare=False, repr=False)

    def index(self, name: str) -> Index:
        """Every way to name the records of a staged table."""
        if name not in self._indexes:
            self._indexes[name] = Index(self.tables[name], by_source_id=True)
        return self._indexes[name]

    def lost(self, name: str) -> dict[str, set[str]]:
        """Field of object `name` → source ids of the records whose text in it became no value."""
        if "object" not in self.not_converted.columns:
            return {}
        here = self.not_converted[self.not_converted["object"] == name]
        return {str(field): set(ids) for field, ids in here.groupby("field")["source_id"]}

    def books(self) -> Reconciliation:
        """The legal edition's books, reconciled."""
        return reconcile(self.tables, self.not_converted)


def prepare(object_name: str, facts: CheckFacts) -> pd.DataFrame:
    """The staged table of `object_name` with its `check.*` columns; the staged columns are as they were."""
    frame = facts.tables[object_name]
    found: dict[str, pd.Series] = {}
    if "source_id" in frame.columns:
        ids = frame["source_id"].astype("str").fillna("")
        found |= _keys(ids, facts.made_keys)
        found["id_not_blank"] = ids.str.strip() != ""
        found |= _converted(frame, ids, facts.lost(object_name))
    found |= _references(object_name, frame, facts)
    found |= _owner(frame, facts)
    found |= _dates(frame, facts.now)
    special = _SPECIAL.get(object_name)
    if special:
        found |= special(frame, facts)
    columns = {FACT + name: pd.Series(value, index=frame.index).astype("boolean") for name, value in found.items()}
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def _keys(ids: pd.Series, accepted: bool) -> dict[str, pd.Series]:
    """`id_as_exported`, and `key_certain`: False where the row's key is blank or another record's, so that staging made one,
    unless somebody accepted that; NA where the whole table has no keys, such as notes that were exported without ids."""
    made = ids.str.startswith("~") | ids.str.contains(r"~\d+$", regex=True)
    keyless = pd.Series(bool(ids.str.startswith("~").all()), index=ids.index)
    return {"id_as_exported": ~made, "key_certain": (~made | accepted).astype("boolean").mask(keyless)}


def shows(column: str, frame: pd.DataFrame) -> str:
    """The column whose value says why `column` failed in a row: the field a fact is about, else itself."""
    if not column.startswith(FACT):
        return column
    name = column.removeprefix(FACT)
    for ending in (
        "_found",
        "_converted",
        "_resolved",
        "_mapped",
        "_case",
        "_declared",
        "_present",
        "_under_limit",
        "_order",
    ):
        base = name.removesuffix(ending)
        if base != name and base in frame.columns:
            return base
    return _SHOWS.get(name, column)


_SHOWS = {
    "stage_mapped": "stage", "stage_named": "stage", "tags_case": "tags", "file_present": "path", "file_under_limit": "size", "id_as_exported": "source_id", "key_certain": "source_id",
    "id_not_blank": "source_id", "contact_reachable": "full_name", "consent_kept": "do_not_contact", "consent_clear": "do_not_contact",
}  # fmt: skip


def _converted(frame: pd.DataFrame, ids: pd.Series, by_field: Mapping[str, set[str]]) -> dict[str, pd.Series]:
    """`<column>_converted`: False where the export gave a text that could not be read as its kind, NA where it gave none."""
    found: dict[str, pd.Series] = {}
    for name in frame.columns:
        if name in PROVENANCE or str(name).startswith(("raw.", FACT)):
            continue
        bad = ids.isin(by_field[str(name)]) if str(name) in by_field else pd.Series(False, index=frame.index)
        given = frame[name].notna()
        found[f"{name}_converted"] = (~bad).astype("boolean").mask(~given & ~bad)
    return found


def _references(object_name: str, frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    """`<column>_found`: staging empties a reference that means no record and lists it as not converted."""
    spec, lost = OBJECTS.get(object_name), facts.lost(object_name)
    ids = frame["source_id"].astype("str") if "source_id" in frame.columns else pd.Series("", index=frame.index)
    found = {}
    for item in spec.fields if spec else ():
        if not item.refers_to or item.name not in frame.columns or item.refers_to not in facts.tables:
            continue
        state = look_up(frame[item.name], facts.index(item.refers_to)).state
        bad = ids.isin(lost.get(item.name, ()))
        found[f"{item.name}_found"] = ((state == "found") & ~bad).astype("boolean").mask((state == "blank") & ~bad)
    return found


def _owner(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    """Whether each record has an owner in HighLevel: by the owners sheet, else by the documented fallback."""
    if "owner" not in frame.columns:
        return {}
    if facts.fallback:
        return {"owner_resolved": pd.Series(True, index=frame.index)}
    if facts.owners is None:
        return {}
    given = frame["owner"].astype("str").fillna("").str.strip()
    known = given.str.casefold().isin(facts.owners)
    if "users" in facts.tables:
        known |= look_up(given, facts.index("users")).source_id.str.casefold().isin(facts.owners - {""})
    return {"owner_resolved": known}


def _dates(frame: pd.DataFrame, now: pd.Timestamp | None) -> dict[str, pd.Series]:
    found = {}
    if {"created_at", "updated_at"} <= set(frame.columns):
        both = frame["created_at"].notna() & frame["updated_at"].notna()
        found["updated_at_order"] = (frame["updated_at"] >= frame["created_at"]).astype("boolean").mask(~both)
    if now is not None and "created_at" in frame.columns:
        created = frame["created_at"]
        found["created_not_future"] = (created <= now + pd.Timedelta(days=1)).astype("boolean").mask(created.isna())
    if {"start_at", "end_at"} <= set(frame.columns):
        both = frame["start_at"].notna() & frame["end_at"].notna()
        found["end_at_order"] = (frame["end_at"] >= frame["start_at"]).astype("boolean").mask(~both)
    return found


def _contacts(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    reaching = (spec.name for spec in OBJECTS["contacts"].fields if spec.kind in (FieldKind.EMAIL, FieldKind.PHONE))
    ways = [frame[name].notna() for name in reaching if name in frame.columns]
    reachable = pd.concat(ways, axis=1).any(axis=1) if ways else pd.Series(False, index=frame.index)
    lost = frozenset(id_ for name, ids in facts.lost("contacts").items() if name in CONSENTS for id_ in ids)
    consent = consent_facts(frame, facts.consents, lost)
    return {"contact_reachable": reachable, **consent, **_tags(frame, facts), **_picklists("contacts", frame, facts)}


def _companies(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    return {**_tags(frame, facts), **_picklists("companies", frame, facts)}


def _deals(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    found = {**_tags(frame, facts), **_picklists("deals", frame, facts)}
    if facts.stages is not None:
        blank = pd.Series("", index=frame.index, dtype="str")
        pipeline, stage = (
            frame.get(name, blank).astype("str").fillna("").str.strip() for name in ("pipeline", "stage")
        )
        folded = {(fold(one), fold(two)) for one, two in facts.stages}
        keys = (pipeline + "\x00" + stage).str.casefold()
        known = keys.isin({f"{one}\x00{two}" for one, two in folded})
        found["stage_mapped"] = known | ((pipeline == "") & stage.str.casefold().isin({two for _, two in folded}))
    return found


def _tags(frame: pd.DataFrame, _facts: CheckFacts) -> dict[str, pd.Series]:
    """`tags_case`: no tag of the record is spelled elsewhere with other capitals (HighLevel lower-cases both into one)."""
    if "tags" not in frame.columns:
        return {}
    tags = pd.Series(frame["tags"].to_numpy(), index=range(len(frame))).explode().dropna().astype("str").str.strip()
    spellings = tags.drop_duplicates()
    folded = spellings.str.casefold()
    colliding = set(spellings[folded.duplicated(keep=False)])
    bad = tags.isin(colliding).groupby(level=0).any().reindex(range(len(frame)), fill_value=False)
    return {"tags_case": pd.Series(~bad.to_numpy(dtype=bool), index=frame.index)}


def _picklists(object_name: str, frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    """`<custom column>_declared`: every value is one of the options that the export declares for the field."""
    declared = facts.tables.get("custom_fields", pd.DataFrame())
    if declared.empty or not {"object", "options"} <= set(declared.columns):
        return {}
    names = [name for name in ("label", "name") if name in declared.columns]
    singular = {object_name, object_name.rstrip("s"), {"companies": "company"}.get(object_name, "")}
    found = {}
    for row in declared[declared["object"].astype("str").str.casefold().isin(singular)].to_dict("records"):
        options = row["options"]
        column = next((c for n in names if (c := f"{CUSTOM_PREFIX}{row[n]}") in frame.columns), "")
        if not column or not hasattr(options, "__len__") or isinstance(options, str) or not len(options):
            continue
        values = (
            pd.Series(frame[column].to_numpy(), index=range(len(frame)))
            .explode()
            .astype("str")
            .str.strip()
            .str.casefold()
        )
        known = values.isin({fold(str(option)) for option in options}) | values.isna()
        inside = known.groupby(level=0).all().to_numpy()
        found[f"{column}_declared"] = pd.Series(inside, index=frame.index).astype("boolean").mask(frame[column].isna())
    if found:
        every = pd.concat(found.values(), axis=1)
        found["picklists_declared"] = every.fillna(True).all(axis=1)
    return found


def _attachments(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    found = {}
    size = (
        pd.to_numeric(frame["size"], errors="coerce")
        if "size" in frame.columns
        else pd.Series(index=frame.index, dtype=float)
    )
    named = [frame[name].astype("str").fillna("") for name in ("content", "path") if name in frame.columns]
    if facts.files is not None and named:
        known = {_plain_path(path): number for path, number in facts.files.items()}
        bare = {path.rsplit("/", 1)[-1]: path for path in known}
        paths = named[0].where(named[0] != "", named[-1]).map(_plain_path)
        where = paths.where(paths.isin(set(known)), paths.str.rsplit("/", n=1).str[-1].map(bare))
        real = where.map(known)
        found["file_present"] = real.notna().astype("boolean").mask(paths == "")
        size = real.astype("float64").fillna(size)
    found["file_under_limit"] = (size <= MOST_FILE_BYTES).astype("boolean").mask(size.isna())
    return found


def _plain_path(path: str) -> str:
    return path.replace("\\", "/").strip().lstrip("./").casefold()


def _pipelines(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    """`stage_named`: False for a stage without a name; NA for a row that only names a pipeline, with its stages elsewhere or none."""
    if "stage" not in frame.columns:
        return {}
    named = frame["stage"].notna()
    known = [frame[name].notna() for name in ("probability", "outcome", "forecast_category") if name in frame.columns]
    stage = pd.concat([named, *known], axis=1).any(axis=1)
    return {"stage_named": named.astype("boolean").mask(~stage)}


def _trust_transactions(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    off = facts.books().differences
    return {"reconciled": ~frame["source_id"].astype("str").isin(set(off["source_id"]) if len(off) else set())}


def _trust_accounts(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    books = facts.books().accounts
    off = set(books.loc[~books["agrees"].fillna(False).astype(bool), "account"]) if len(books) else set()
    return {"three_way_agrees": ~frame["source_id"].astype("str").isin(off)}


def _time_entries(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    off = facts.books().time
    return {"rate_agrees": ~frame["source_id"].astype("str").isin(set(off["source_id"]) if len(off) else set())}


def _rates(frame: pd.DataFrame, facts: CheckFacts) -> dict[str, pd.Series]:
    return {
        "rate_unambiguous": ~rate_overlaps(frame, facts.tables.get("users", pd.DataFrame())).fillna(False).astype(bool)
    }


_SPECIAL = {
    "contacts": _contacts, "companies": _companies, "deals": _deals, "attachments": _attachments, "pipelines": _pipelines,
    "trust_transactions": _trust_transactions, "trust_accounts": _trust_accounts, "time_entries": _time_entries, "rates": _rates,
}  # fmt: skip
