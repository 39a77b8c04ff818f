"""The fields sheet: one row a source column, and how staging reads it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.sheet_layout import blank, prefill, takes_several
from pb2hl.mapper.knowledge.signals import Signals, signals
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.bookings import read_bookings
from pb2hl.mapper.proposer.clock_columns import join_clocks
from pb2hl.mapper.proposer.custom import KINDS, Declared, Labels, declaration, declared, infer
from pb2hl.mapper.proposer.deal_ends import read_ends
from pb2hl.mapper.proposer.declarations import declared_by_values, headings_of, read_declarations
from pb2hl.mapper.proposer.either import ask_who
from pb2hl.mapper.proposer.flags import find_flags
from pb2hl.mapper.proposer.left_over import find_left_over, find_names_of_users, find_whom
from pb2hl.mapper.proposer.mailing import close_own_channel, leave_alone, leave_post, leave_proof
from pb2hl.mapper.proposer.money import find_amount, read_hundredths
from pb2hl.mapper.proposer.name_parts import turn_by_values
from pb2hl.mapper.proposer.namesakes import find_namesakes, settle_questions
from pb2hl.mapper.proposer.pipeline_tables import join_pipelines, point_to_stages, share_columns
from pb2hl.mapper.proposer.propose import propose_fields
from pb2hl.mapper.proposer.references import refer
from pb2hl.mapper.proposer.several import read_beside
from pb2hl.mapper.proposer.structure import DECLARED, Table, relate
from pb2hl.mapper.proposer.system_formats import read_formats
from pb2hl.mapper.proposer.table_names import read_names
from pb2hl.mapper.proposer.titles import find_title
from pb2hl.mapper.proposer.vocabularies import classify_by_words, find_party
from pb2hl.mapper.proposer.wrong_keys import correct_keys, find_called, find_handles, find_own_keys
from pb2hl.model import CUSTOM_PREFIX, OBJECTS, FieldKind
from pb2hl.progress import SILENT, Progress
from pb2hl.sheets import table_rows
from pb2hl.source.nested_words import in_english
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.fold import fold
from pb2hl.values.transforms import fills

EXAMPLES = 3
SAFE = 0.8  # a column of a task, note, … that stays with its record loses nothing by being decided so
_NEVER_CUSTOM = CONSENTS | frozenset(
    "id name first_name last_name full_name email phone company_id contact_id pipeline stage status amount owner".split()
)
"""Fields a record is nothing without: they are taken even where custom_fields lists standard fields too."""
_SUBSCRIPTION = frozenset(
    "newsletter newsletters member subscriber has receives infolettre boletin boletim nieuwsbrief nyhetsbrev nyhedsbrev uutiskirje biuletyn".split()
)
"""Words of headings that name one mailing, not a permission to be written to at all."""


_ALONE = (
    classify_by_words,
    read_ends,
    find_party,
    join_clocks,
    read_bookings,
    find_title,
    read_names,
    read_beside,
    ask_who,
    find_names_of_users,
)
_TOGETHER = (
    join_pipelines,
    share_columns,
    point_to_stages,
    find_own_keys,
    find_handles,
    find_called,
    read_declarations,
    relate,
    refer,
    correct_keys,
    settle_questions,
    find_namesakes,
    find_whom,
)
_AFTERWARDS = (
    turn_by_values,
    find_left_over,
    find_flags,
    find_amount,
    read_hundredths,
    read_formats,
    close_own_channel,
    leave_post,
    leave_proof,
    leave_alone,
)
"""What each table says of its columns by itself, what all of them say of each other, and what follows; in this order."""


def fields_sheet(
    tables: Sequence[tuple[Any, str]],
    threshold: float = 0.8,
    unmapped: str = "custom field",
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """The fields sheet for raw tables and the object of each: `[(RawTable, "contacts"), …]`.

    Proposals of at least `threshold` (0-1) are filled in as decided by `proposal`. What `custom_fields` declares gives
    labels, types and options. `unmapped` is the policy for columns that no standard field takes: under `archive` and
    `note` it is proposed to ignore them, but for those that are declared or speak of consent.
    """
    known = _known(tables)
    progress.start("proposing what columns are", sum(object_ in OBJECTS for _, object_ in tables), "tables")
    found = []
    for raw, object_ in tables:
        if object_ in OBJECTS:
            found.append(_table(raw, object_, known))
            for look in _ALONE:
                look(found[-1])
            progress.advance()
    for compare in _TOGETHER:
        compare(found)
    for table in found:
        for look in _AFTERWARDS:
            look(table)
    rows = [row for table in found for row in _rows(table, known, threshold)]
    rows = _one_type(rows)
    if unmapped != "custom field":
        rows = [_left_behind(row, threshold, unmapped) for row in rows]
    return follow(prefill(blank("fields", rows), threshold))


def _known(tables: Sequence[tuple[Any, str]]) -> list[Declared]:
    """What the export's tables of custom fields declare."""
    headings = headings_of([(raw.frame, object_) for raw, object_ in tables])
    look = partial(declared_by_values, headings=headings)
    return [row for raw, object_ in tables if object_ == "custom_fields" for row in declared(raw.frame, look)]


def _one_type(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows with one type for each label of an object, over all its files: that of the files that fill it, or text where they differ."""
    types: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if row.get("label") and row.get("type") and row["fill"]:
            types.setdefault((str(row["object"]), fold(str(row["label"]))), {})[str(row["type"])] = None
    out = []
    for row in rows:
        known = list(types.get((str(row["object"]), fold(str(row.get("label", "")))), ()))
        if row.get("type") and known and known != [row["type"]]:
            row = row | {"type": known[0] if len(known) == 1 else "LARGE_TEXT" if "LARGE_TEXT" in known else "TEXT"}
        out.append(row)
    return out


def _left_behind(row: dict[str, object], threshold: float, unmapped: str) -> dict[str, object]:
    reason = str(row["reason"])
    takes = OBJECTS[str(row["object"])].takes_custom_fields
    if row["proposal"] != "custom" or not takes or reason == DECLARED or "consent" in reason or not row["fill"]:
        return row
    why = f'{reason}; migration.toml: unmapped_columns = "{unmapped}"'
    return row | {"proposal": "ignore", "target": "ignore", "confidence": threshold, "reason": why}


def complete(sheet: pd.DataFrame, tables: Sequence[tuple[Any, str]]) -> pd.DataFrame:
    """`sheet` with the type that its values ask for in every row decided `custom` that has none (`tables` as for `fields_sheet`)."""
    bare = sheet[(sheet["decision"].str.strip() == "custom") & (sheet["type"].str.strip() == "")]
    if bare.empty:
        return sheet
    out = sheet.copy()
    known = _known(tables)
    by_table = {(object_, raw.file, raw.sheet): raw for raw, object_ in tables}
    for at, row in zip(bare.index, table_rows(bare), strict=True):
        raw = by_table.get((row.object, row.file, row.sheet))
        if raw is None or row.column not in raw.headings or not OBJECTS[row.object].takes_custom_fields:
            continue
        facts = _instead(row.column, raw.frame[row.column], _declares(raw, row.object, known)[row.column])
        for column, value in facts.items():
            out.at[at, column] = str(out.at[at, column]).strip() or str(value)
    return out


def follow(sheet: pd.DataFrame, lacking: Collection[str] = ()) -> pd.DataFrame:
    """`sheet` with the `target` of each row's decision, or of its proposal where nothing is decided: where its values will stand.

    `lacking`: the location's lists that are empty (`lacking_of`); none while it was not read."""
    out = sheet.copy()
    decided_ = sheet["decision"].str.strip()
    effective = decided_.where(decided_ != "", sheet["proposal"])
    tables = list(zip(sheet["object"], sheet["file"], sheet["sheet"], strict=True))
    present: dict[tuple[str, str, str], set[str]] = {}
    for table, field in zip(tables, effective, strict=True):
        present.setdefault(table, set()).add(field)
    labels = sheet["label"].str.strip().where(sheet["label"].str.strip() != "", sheet["column"])
    rows = zip(tables, effective, labels, strict=True)
    out["target"] = [target_of(table[0], field, label, present[table], lacking) for table, field, label in rows]
    return out.astype({"target": "str"})


def target_of(
    object_: str, decision: str, label: str = "", present: Collection[str] = (), lacking: Collection[str] = ()
) -> str:
    """Where HighLevel will hold the values of a column: a property's API name, `custom field <label>`, words, or `ignore`.

    `present` are the fields that the other columns of the table are.
    """
    return OBJECTS[object_].shown(decision, label, present, lacking) if object_ in OBJECTS else decision


def lacking_of(place: Any) -> frozenset[str]:
    """The lists of a location (a Destination) that places of the field map need and that are empty there."""
    needed = {item.needs for spec in OBJECTS.values() for field in spec.columns for item in field.endings if item.needs}
    return frozenset(name for name in needed if not getattr(place, name))


def _declares(raw: Any, object_: str, known: Sequence[Declared]) -> dict[str, Declared | None]:
    takes = OBJECTS[object_].takes_custom_fields
    return {
        heading: (declaration(known, object_, heading) or declaration(known, object_, plain_label(heading)))
        if takes
        else None
        for heading in raw.headings
    }


def _table(raw: Any, object_: str, known: Sequence[Declared]) -> Table:
    seen = {heading: signals(raw.frame[heading]) for heading in raw.headings}
    return Table(raw, object_, _proposed(raw, object_, _declares(raw, object_, known), seen), _seen=seen)


def _rows(table: Table, known: Sequence[Declared], threshold: float) -> list[dict[str, object]]:
    raw, object_ = table.raw, table.object
    takes = OBJECTS[object_].takes_custom_fields
    declares_of = _declares(raw, object_, known)
    proposed = table.proposals
    labels = Labels()
    rows = []
    for at, found in enumerate(table_rows(proposed)):
        values = raw.frame.iloc[:, at]
        texts = values[values.str.strip() != ""] if len(values) else values
        declares = declares_of[found.heading]
        row: dict[str, object] = {
            "object": object_, "file": raw.file, "sheet": raw.sheet, "column": found.heading,
            "examples": " | ".join(dict.fromkeys(text[:60] for text in texts.head(200).drop_duplicates().head(EXAMPLES))),
            "fill": round(len(texts) / len(values), 4) if len(values) else 0, "distinct": int(texts.nunique()),
            "target": found.target if found.field not in ("custom", "ignore") else found.field,
            "proposal": found.field, "confidence": found.confidence, "reason": found.reason, "transform": found.transform,
        }  # fmt: skip
        if not takes and found.field == "custom":
            row["confidence"] = max(SAFE, float(found.confidence))
        if found.field == "custom":
            row |= _custom(table, found.heading, declares, labels)
        elif takes and found.field != "ignore" and float(found.confidence) < threshold:
            row |= _instead(found.heading, values, declares, table.seen(found.heading))
        rows.append(row)
    return rows


def _proposed(
    raw: Any, object_: str, declares_of: dict[str, Declared | None], seen: dict[str, Signals]
) -> pd.DataFrame:
    """Canonical proposals; a column that custom_fields declares is custom and leaves its place to the others.

    A declared refusal still becomes HighLevel's own; a declared subscription (`Newsletter`: no) stays the field that it
    is, for not taking one mailing is no refusal of every e-mail.
    """
    proposed = propose_fields(raw, object_, seen)
    own = [
        row.heading
        for row in table_rows(proposed)
        if declares_of[row.heading] is not None
        and (row.field not in _NEVER_CUSTOM or _SUBSCRIPTION.issuperset(tokens(row.heading)))
    ]
    if not own:
        return proposed
    rest = [heading for heading in raw.headings if heading not in own]
    again = propose_fields(raw.frame[rest], object_, seen).set_index("heading")
    declared_row = {"field": "custom", "target": "custom", "confidence": 0.97, "reason": DECLARED, "transform": ""}
    rows = [{"heading": name, **(declared_row if name in own else again.loc[name].to_dict())} for name in raw.headings]
    return pd.DataFrame(rows, columns=list(proposed.columns))


def plain_label(heading: str) -> str:
    """A heading without the container that an export nests custom fields in (`customFields.Shoe size` → `Shoe size`)."""
    head, dot, rest = heading.partition(".")
    return rest.strip() if dot and rest.strip() and in_english(head) == "customfields" else heading


def _custom(table: Table, heading: str, declares: Declared | None, labels: Labels) -> dict[str, object]:
    label = labels.take((declares.label if declares else plain_label(heading)).strip())
    if not OBJECTS[table.object].takes_custom_fields:
        return {"label": label, "type": "TEXT"}
    values = table.raw.frame[heading]
    inferred, why = infer(values, table.seen(heading))
    data_type = (declares.data_type if declares else "") or inferred
    facts: dict[str, object] = {"label": label, "type": data_type}
    if declares:
        facts["options"] = " | ".join(declares.options)
        note = (
            "deprecated there, but filled: still moved"
            if declares.deprecated and (values.str.strip() != "").any()
            else ""
        )
        facts |= {"comment": note} if note else {}
    else:
        facts["comment"] = f"type from its values: {why}"
    return facts


def _instead(
    heading: str, values: pd.Series, declares: Declared | None, seen: Signals | None = None
) -> dict[str, object]:
    """Label, type and options of a column with an unsure standard proposal, should a person or a batch run decide `custom`."""
    data_type = (declares.data_type if declares else "") or infer(values, seen)[0]
    label = (declares.label if declares else plain_label(heading)).strip()
    return {"label": label, "type": data_type, "options": " | ".join(declares.options) if declares else ""}


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of one source column: a canonical field, `custom` (with label, HighLevel type, options) or `ignore`."""

    object: str
    file: str
    sheet: str
    column: str
    field: str
    label: str = ""
    data_type: str = ""
    options: tuple[str, ...] = ()
    filled: bool = True
    declared: bool = False
    transform: str = ""

    @property
    def staged_column(self) -> str:
        """The column of the staged table that holds it ("" when ignored)."""
        if self.field == "custom":
            return f"{CUSTOM_PREFIX}{self.label}"
        return "" if self.field == "ignore" else self.field


def decided(sheet: pd.DataFrame) -> list[Decided]:
    """Every row of a fields sheet as staging understands it.

    The decision counts; a column nobody has decided is staged as custom, so that no cell is lost meanwhile. When two
    columns of a table are decided for one canonical field that takes one, the first keeps it (`undecided` names the clash).
    """
    found = []
    for key, rows in sheet.groupby(["object", "file", "sheet"], sort=False):
        object_, file, tab = (str(part) for part in key)
        names = OBJECTS[object_].field_names if object_ in OBJECTS else ()
        taken: set[str] = set()
        labels = Labels()
        for row in table_rows(rows):
            decision = row.decision.strip() or "custom"
            several = takes_several(object_, decision)
            if decision not in ("custom", "ignore") and (decision not in names or (decision in taken and not several)):
                decision = "custom"
            taken.add(decision)
            label = ""
            if decision == "custom":
                label = labels.take(row.label.strip() or row.column)
            found.append(
                Decided(
                    object_, file, tab, row.column, decision, label, row.type.strip() or "TEXT",
                    tuple(part.strip() for part in row.options.split(" | ") if part.strip()),
                    row.fill not in ("", "0") or fills(row.transform), bool(row.options) or row.reason == DECLARED, named_transform(row.transform, row.proposal, decision),
                )
            )  # fmt: skip
    return found


def named_transform(cell: str, proposal: str, decision: str) -> str:
    """The transform a row asks for; what was proposed for a refusal is no part of another decision."""
    left_over = cell.strip() == "inverted" and proposal in CONSENTS and decision not in CONSENTS
    return "" if left_over else cell.strip()


def assignment(
    sheet: pd.DataFrame, raw: Any, object_: str
) -> tuple[dict[str, str], dict[str, str], dict[str, FieldKind], dict[str, str]]:
    """How staging reads one raw table: (fields, labels, types, transforms) by heading, as `source.Assigned` takes them."""
    of_table = (sheet["object"] == object_) & (sheet["file"] == raw.file) & (sheet["sheet"] == raw.sheet)
    by_heading = {item.column: item for item in decided(sheet[of_table])}
    fields: dict[str, str] = {}
    labels: dict[str, str] = {}
    types: dict[str, FieldKind] = {}
    named: dict[str, str] = {}
    for heading in raw.headings:
        item = by_heading.get(heading)
        fields[heading] = item.field if item else "custom"
        if item and item.transform:
            named[heading] = item.transform
        if fields[heading] == "custom":
            labels[heading] = item.label if item else heading
            types[heading] = KINDS.get(item.data_type if item else "", FieldKind.TEXT)
    return fields, labels, types, named
