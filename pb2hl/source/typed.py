"""The columns of one raw table → typed staged columns, with what was decided and what failed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.model import CUSTOM_PREFIX, OBJECTS, RAW_PREFIX, FieldKind
from pb2hl.source.tables import RawTable
from pb2hl.values import Context, Converted, convert
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.counting import agree, counted, predicate
from pb2hl.values.transforms import changed, missed, steered
from pb2hl.values.written import written
from pb2hl.workspace import Config

CUSTOM, IGNORE = "custom", "ignore"
ALSO = "~"  # between a reference field and the number of a further column that says the same
_EXTRAS = {"more": "more_{}s", "extension": "{}_extension"}


_SHOWING = (FieldKind.DATE, FieldKind.DATETIME, FieldKind.MONEY, FieldKind.NUMBER)
_SHOWN = ("values", "decided")
_SAMPLE = 20_000  # distinct texts of a column that are enough to see its order and decimal mark


@dataclass(frozen=True)
class Hints:
    """What other columns and tables of the export show; None where they show nothing or differ."""

    day_first: bool | None = None
    decimal_comma: bool | None = None


@dataclass(frozen=True)
class Assigned:
    """A raw table with what its columns are: `fields` heading → canonical field, "custom" or "ignore"; labels and kinds
    of the custom ones by heading (default: the heading, text); named transforms by heading (`pb2hl.values.transforms`)."""

    raw: RawTable
    object: str
    fields: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, FieldKind] = field(default_factory=dict)
    transforms: Mapping[str, str] = field(default_factory=dict)


@dataclass
class TypedTable:
    """Typed columns of one raw table, and the ledger of how they came about."""

    frame: pd.DataFrame
    columns: list[dict]
    failed: list[tuple[str, pd.Series, pd.Series]]  # (staged column, reasons, texts) of the failed rows
    problems: list[Problem]


class _Maker:
    def __init__(self, table: Assigned, config: Config):
        self.table, self.config = table, config
        self.raw = table.raw
        self.made: dict[str, pd.Series] = {}
        self.columns: list[dict] = []
        self.failed: list[tuple[str, pd.Series, pd.Series]] = []
        self.problems: list[Problem] = []
        self.hints = Hints()

    def context(self, heading: str, name: str) -> Context:
        plain = Context(
            self.config.country,
            self.config.timezone,
            self.config.currency,
            heading,
            name,
            self.hints.day_first,
            self.hints.decimal_comma,
        )
        return steered(plain, self.table.transforms.get(heading, ""))

    def texts(self, heading: str) -> pd.Series:
        """The column as it is typed: its raw text, after the transforms that the sheet names."""
        return changed(self.raw.frame[heading], self.table.transforms.get(heading, ""), self.raw.frame)


def type_table(table: Assigned, config: Config, hints: Hints) -> TypedTable:
    """Convert every assigned column; columns that decide most (by evidence) go first so that unsure ones can follow them."""
    maker = _Maker(table, config)
    spec = OBJECTS[table.object]
    by_field: dict[str, list[str]] = {}
    for heading in maker.raw.headings:
        choice = table.fields.get(heading, IGNORE)
        if choice not in (CUSTOM, IGNORE, "") and choice in spec.field_names:
            by_field.setdefault(choice, []).append(heading)
    order = sorted(by_field, key=lambda name: (_rank(spec.field(name).kind), spec.field_names.index(name)))
    maker.hints = learn([table], config, hints)
    for name in order:
        _canonical(maker, name, spec.field(name).kind, by_field[name])
    _customs(maker)
    for heading in maker.raw.headings:
        maker.made[RAW_PREFIX + heading] = maker.raw.frame[heading]
        if table.fields.get(heading, IGNORE) in (IGNORE, "") or heading not in {c["heading"] for c in maker.columns}:
            maker.columns.append(_row(maker, heading, "", table.fields.get(heading, IGNORE) or IGNORE, None))
    return TypedTable(
        pd.DataFrame(maker.made, index=maker.raw.frame.index), maker.columns, maker.failed, maker.problems
    )


def _rank(kind: FieldKind) -> int:
    return {FieldKind.COUNTRY: 0, FieldKind.TIMEZONE: 0, FieldKind.DATE: 2, FieldKind.DATETIME: 2}.get(kind, 1)


def learn(tables: Sequence[Assigned], config: Config, default: Hints | None = None) -> Hints:
    """What the dates and amounts of `tables` show by themselves, for columns that show nothing; `default` where undecided."""
    default = default or Hints()
    orders, commas = [], []
    for table in tables:
        for heading, name in table.fields.items():
            if name not in OBJECTS[table.object].field_names or OBJECTS[table.object].field(name).kind not in _SHOWING:
                continue
            sample = table.raw.frame[heading].drop_duplicates().head(_SAMPLE)
            context = Context(config.country, config.timezone, config.currency, heading, name)
            context = steered(context, table.transforms.get(heading, ""))
            decision = convert(sample, OBJECTS[table.object].field(name).kind, context).decision
            if decision.get("evidence") in _SHOWN and "order" in decision:
                orders.append(decision["order"] == "day first")
            if decision.get("evidence") in _SHOWN and "decimal_mark" in decision:
                commas.append(decision["decimal_mark"] == ",")
    return Hints(_agreed(orders, default.day_first), _agreed(commas, default.decimal_comma))


def _agreed(votes: list[bool], default: bool | None) -> bool | None:
    return votes[0] if votes and len(set(votes)) == 1 else default


_PRIMARY = re.compile(r"(?i)primary|main\b|princip|haupt|prim[aä]r")


def _canonical(maker: _Maker, name: str, kind: FieldKind, headings: list[str]) -> None:
    """One canonical field out of its column, or of several: the first filled cell of a row counts.

    A refusal in any column is one (the strictest counts). Further columns of a reference stay beside it as `<field>~2`,
    `~3` until references are resolved: then the first that means a record counts. Of a field of several references the
    column that names the primary one goes first.
    """
    if kind == FieldKind.REFS:
        headings = sorted(headings, key=lambda heading: not _PRIMARY.search(heading))
    for number, heading in enumerate(headings, start=1):
        converted = _converted(maker, heading, name, kind)
        values = _strict(maker, heading, converted) if name in CONSENTS else converted.values
        _put(maker, heading, name, name, kind, converted)
        for extra, series in converted.extra.items():
            _extra(maker, name, extra, series)
        if number == 1:
            maker.made[name] = values
        elif kind in (FieldKind.REF, FieldKind.REFS):
            maker.made[f"{name}{ALSO}{number}"] = values
        elif name in CONSENTS:
            before = maker.made[name]
            maker.made[name] = (before.fillna(False) | values.fillna(False)).where(before.notna() | values.notna())
        else:
            maker.made[name] = _first_filled(maker, name, heading, values)


_WRITTEN = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.NAME, FieldKind.PICKLIST})


def _converted(maker: _Maker, heading: str, name: str, kind: FieldKind) -> Converted:
    """The typed column of one heading; JSON that would become a text is written out, but for what workflows are made of."""
    texts, lists, nested = maker.texts(heading), 0, 0
    if kind in _WRITTEN and maker.table.object != "workflows":
        texts, lists, nested = written(texts)
    found = convert(texts, kind, maker.context(heading, name), companion=_companion(maker, kind))
    told = {"lists_written_out": lists, "json_written_out": nested}
    found.decision.update({code: count for code, count in told.items() if count})
    return found


def _strict(maker: _Maker, heading: str, converted: Converted) -> pd.Series:
    """Refusals, where an empty cell of a column that only ever says yes to being written to is none."""
    empty = converted.values.isna()
    if not converted.decision.get("blank_refuses") or not empty.any():
        return converted.values
    maker.problems.append(
        _problem(
            maker,
            "consent_blank",
            f"{counted(int(empty.sum()), 'cell')} {agree(int(empty.sum()), 'is', 'are')} empty where the others give permission",
            heading,
            int(empty.sum()),
            treatment="taken as refusals: nobody gave permission there",
        )
    )
    return converted.values.fillna(True)


def _first_filled(maker: _Maker, name: str, heading: str, values: pd.Series) -> pd.Series:
    before = maker.made[name]
    both = int((before.notna() & values.notna() & (before.astype("str") != values.astype("str"))).sum())
    if both:
        maker.problems.append(
            _problem(
                maker,
                "two_columns_one_field",
                f"{counted(both, 'row')} {agree(both, 'has', 'have')} another value here than in the column before",
                heading,
                both,
                treatment=f"the first column's value became {name}; this one stays in the raw text",
            )
        )
    return before.where(before.notna(), values)


def _companion(maker: _Maker, kind: FieldKind) -> pd.Series | None:
    if kind == FieldKind.PHONE:
        return maker.made.get("country")
    if kind == FieldKind.DATETIME and maker.table.object == "appointments":
        return maker.made.get("timezone")
    return None


def _extra(maker: _Maker, name: str, extra: str, series: pd.Series) -> None:
    """Further values of a cell: more e-mails and phones, an extension, the currency an amount names."""
    base = "email" if name.startswith("email") else "phone" if name in ("phone", "mobile") and extra == "more" else name
    if extra == "currency":
        if maker.table.object != "deals" or "currency" in maker.table.fields.values():
            return
        column = "currency"
    elif extra in _EXTRAS:
        column = _EXTRAS[extra].format(base)
    else:
        return
    filled = series.map(bool, na_action="ignore").fillna(False).astype(bool)
    if not filled.any():
        return
    series = series.where(filled, None)
    if extra != "more":
        series = series.astype("str")
    if column in maker.made:
        before = maker.made[column]
        series = before.where(before.notna(), series) if extra != "more" else _joined(before, series)
    maker.made[column] = series


def _joined(one: pd.Series, two: pd.Series) -> pd.Series:
    both = [list(dict.fromkeys([*(a or ()), *(b or ())])) or None for a, b in zip(one, two, strict=True)]
    return pd.Series(both, index=one.index, dtype=object)


def _customs(maker: _Maker) -> None:
    taken: set[str] = set()
    for heading in maker.raw.headings:
        if maker.table.fields.get(heading) != CUSTOM:
            continue
        label = maker.table.labels.get(heading) or heading
        kind = FieldKind(maker.table.types.get(heading) or FieldKind.LONG_TEXT)
        name, again = CUSTOM_PREFIX + label, 2
        while name in taken:
            name, again = f"{CUSTOM_PREFIX}{label} ({again})", again + 1
        taken.add(name)
        converted = _converted(maker, heading, "", kind)
        if maker.context(heading, "").inverted and kind == FieldKind.BOOLEAN:
            converted = replace(converted, values=~converted.values)
        _put(maker, heading, name, CUSTOM, kind, converted)
        maker.made[name] = converted.values


def _put(maker: _Maker, heading: str, staged: str, name: str, kind: FieldKind, converted: Converted) -> None:
    maker.columns.append(_row(maker, heading, staged, name, kind, converted))
    failed = converted.failed
    count = int(failed.sum())
    if count:
        texts = maker.raw.frame[heading][failed]
        maker.failed.append((staged, converted.reasons[failed], texts))
        reasons = converted.reasons[failed].value_counts().index[:3]
        maker.problems.append(
            _problem(
                maker,
                "not_converted",
                f"{counted(count, 'cell')} {agree(count, 'is', 'are')} no {kind} ({'; '.join(reasons)})",
                heading,
                count,
                treatment="kept as text, listed in not_converted",
                row=int(maker.raw.rows[int(np.flatnonzero(failed)[0])]),
            )
        )
    for code, (noun, text) in _DECISIONS.items():
        if noted := converted.decision.get(code):
            number = len(noted) if isinstance(noted, list) else int(noted)
            severity = Severity.WARNING if code in ("consent_unclear", "json_written_out") else Severity.INFO
            maker.problems.append(
                _problem(
                    maker,
                    code,
                    f"{counted(number, noun)} {predicate(number, text)}",
                    heading,
                    number,
                    severity=severity,
                )
            )


_DECISIONS = {
    "consent_unclear": ("distinct text", "says|say neither yes nor no; taken as refused"),
    "lists_written_out": ("distinct list", "was|were written out with `;` between the items"),
    "json_written_out": ("distinct text", "holds|hold nested JSON that fits no field: written out as `key: value`, the JSON stays in the raw text"),
    "mojibake_repaired": ("distinct text", "was|were wrongly decoded; repaired"),
    "entities_unescaped": ("distinct text", "held HTML entities; unescaped"),
    "ambiguous": ("distinct date", "fits|fit both orders; the workspace's country decided: check the column's order"),
    "mixed_orders": ("distinct date", "shows|show the other order of day and month than the rest of the column"),
    "dst_doubtful": ("distinct time", "falls|fall into a change of the clocks"),
    "placeholders": ("distinct date", "stands|stand where nobody gave one; taken as blank"),
    "kept_as_names": ("word", "stands|stand as a name, though it often means “nothing”; kept"),
}  # fmt: skip
"""What typing noted of a column: of what how many, and what they do (`counting.predicate`)."""


def _problem(
    maker: _Maker,
    code: str,
    message: str,
    heading: str,
    count: int,
    *,
    treatment: str = "",
    row: int = 0,
    severity: Severity = Severity.WARNING,
) -> Problem:
    return Problem(code, message, severity, maker.raw.file, maker.raw.sheet, row, heading, count, treatment)


def _row(
    maker: _Maker,
    heading: str,
    staged: str,
    name: str,
    kind: FieldKind | None,
    converted: Converted | None = None,
) -> dict:
    texts = maker.raw.frame[heading]
    filled = converted.filled if converted else int((texts.str.strip() != "").sum())
    failed = int(converted.failed.sum()) if converted else 0
    return {
        "object": maker.table.object,
        "file": maker.raw.file,
        "sheet": maker.raw.sheet,
        "heading": heading,
        "staged_column": staged,
        "field": name,
        "kind": str(kind) if kind else "",
        "decision": json.dumps(_decided(maker, heading, converted), ensure_ascii=False, default=str),
        "filled": filled,
        "converted": filled - failed if converted else 0,
        "not_converted": failed,
        "examples": json.dumps(
            [text[:80] for text in texts[texts.str.strip() != ""].drop_duplicates().head(3)], ensure_ascii=False
        ),
    }


def _decided(maker: _Maker, heading: str, converted: Converted | None) -> dict:
    transform = maker.table.transforms.get(heading, "")
    if not transform or not converted:
        return converted.decision if converted else {}
    left, texts = missed(maker.raw.frame[heading], transform, maker.raw.frame)
    without = {"no_answer": left, "no_answer_for": texts} if left else {}
    return {**converted.decision, "transform": transform, **without}
