"""References between staged tables: whatever they say → the source id of the record they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.model import OBJECTS, FieldKind, FieldSpec
from pb2hl.progress import SILENT, Progress
from pb2hl.source.lookup import Found, How, Index, several
from pb2hl.source.typed import ALSO
from pb2hl.values.counting import agree, counted

RELATION_NAMES = ("object", "field", "refers_to", "filled", "resolved", "dangling", "ambiguous", "by")
UNRESOLVED_NAMES = ("object", "source_id", "field", "text", "reason", "candidates")


def resolve_references(
    tables: Mapping[str, pd.DataFrame], *, progress: Progress = SILENT
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, pd.DataFrame, list[Problem]]:
    """(tables with source ids in their reference columns, relations, unresolved references, problems).

    A reference that dangles or is ambiguous becomes NA (its text stays in `raw.*`). Owners and authors keep their text
    where the export has no users, and where the text means none of them.
    """
    done = {name: frame.copy(deep=False) for name, frame in tables.items()}
    indexes: dict[str, Index] = {}
    relations: list[dict] = []
    unresolved: list[tuple] = []
    problems: list[Problem] = []
    progress.start("finding what references mean", len(done), "tables")
    for name, frame in done.items():
        progress.advance()
        for spec in OBJECTS[name].fields:
            if not spec.refers_to or spec.name not in frame or spec.kind == FieldKind.EMAIL:
                continue
            target = spec.refers_to
            if target not in indexes:
                indexes[target] = Index(done.get(target, pd.DataFrame()))
            further = [column for column in frame.columns if column.startswith(spec.name + ALSO)]
            if further:
                frame = done[name] = _chosen(frame, spec, further, indexes[target], problems)
            relation, missing = _look_up(name, spec, frame, indexes[target], target in done)
            relations.append(relation)
            unresolved += missing
            problems += _relation_problems(relation, target in done)
        if name == "deals" and "contact_email" in frame:
            _by_email(frame, indexes.setdefault("contacts", Index(done.get("contacts", pd.DataFrame()))))
        if name == "companies" and "parent_name" in frame:
            _parents_by_name(frame, indexes.setdefault("companies", Index(frame)))
    progress.finish()
    return (
        done,
        pd.DataFrame(relations, columns=list(RELATION_NAMES)),
        pd.DataFrame(unresolved, columns=list(UNRESOLVED_NAMES), dtype="str"),
        problems,
    )


_BEST = (How.ID, How.HEALED_ID, How.EMAIL, How.NAME, How.COMPANY)


def _chosen(
    frame: pd.DataFrame, spec: FieldSpec, further: list[str], index: Index, problems: list[Problem]
) -> pd.DataFrame:
    """`frame` with one text for each reference that several columns give: the one that means a record (by id, else by
    e-mail, else by name), else the first e-mail, else the first that is filled; the further columns are gone."""
    columns = [spec.name, *further]
    texts = frame[columns].astype(object).where(frame[columns].notna(), "")
    keys, rows = pd.factorize(pd.MultiIndex.from_frame(texts).to_flat_index())
    picked, torn = np.full(len(rows), None, dtype=object), np.zeros(len(rows), dtype=bool)
    for position, cells in enumerate(rows):
        said = [str(cell).strip() for cell in cells if str(cell).strip()]
        found = [(text, _means(text, spec, index)) for text in said]
        good = sorted((item for item in found if item[1].source_id), key=lambda item: _BEST.index(item[1].how))
        plain = min(said, key=_unspoken, default=None)
        if (
            good and spec.kind == FieldKind.REFS
        ):  # several may be meant: all of the surest kind, in the order of the columns
            surest = [text for text, item in found if item.source_id and _rank(item) == _rank(good[0][1])]
            picked[position] = "; ".join(dict.fromkeys(part for text in surest for part in several(text, index)))
            continue
        picked[position] = good[0][0] if good else plain
        torn[position] = len({item.source_id for _, item in good}) > 1
    if count := int(torn[keys].sum()):
        problems.append(
            Problem(
                "reference_torn",
                f"{counted(count, 'row')} {agree(count, 'names', 'name')} different {spec.refers_to} in {counted(len(columns), 'column')} of {spec.name}",
                field=spec.name,
                count=count,
                treatment="the id counts before the e-mail, the e-mail before the name",
            )
        )
    frame = frame.drop(columns=further)
    frame[spec.name] = pd.Series(picked[keys], index=frame.index, dtype="str")
    return frame


def _unspoken(text: str) -> int:
    """How little a text that means no record of the export tells a person: an e-mail first, then words, then a word, then a key."""
    keyed = any(map(str.isdigit, text))
    return 0 if "@" in text else 1 if " " in text and not keyed else 3 if keyed else 2


def _rank(found: Found) -> int:
    return max(1, _BEST.index(found.how))  # an id, healed or not


def _means(text: str, spec: FieldSpec, index: Index) -> Found:
    parts = several(text, index) if spec.kind == FieldKind.REFS else [text]
    found = [index.find(part) for part in parts]
    return next((item for item in found if item.source_id), found[0] if found else Found("", How.DANGLING))


def _look_up(
    name: str, spec: FieldSpec, frame: pd.DataFrame, index: Index, has_target: bool
) -> tuple[dict, list[tuple]]:
    codes, uniques = pd.factorize(frame[spec.name])
    people = spec.refers_to == "users"
    values, outcome = _found_of(uniques, spec, index)
    picked = values[codes]
    frame[spec.name] = pd.Series(picked, index=frame.index, dtype=object if spec.kind == FieldKind.REFS else "str")
    counts = np.bincount(codes[codes >= 0], minlength=len(uniques))
    how: Counter[str] = Counter()
    missing = []
    for position, found in enumerate(outcome):
        worst = next((item for _, item in found if not item.source_id), None)
        how[str(worst.how if worst is not None else found[0][1].how if found else How.DANGLING)] += int(
            counts[position]
        )
        bad = [(part, item) for part, item in found if not item.source_id]
        if bad and (has_target or not people):
            rows = np.flatnonzero(codes == position)[:10_000]
            missing += [
                (name, frame["source_id"].iat[row], spec.name, part, str(item.how), ", ".join(item.candidates[:5]))
                for row in rows
                for part, item in bad
            ]
    dangling, ambiguous = how.pop(How.DANGLING, 0), how.pop(How.AMBIGUOUS, 0)
    filled = int((codes >= 0).sum())
    by = ", ".join(f"{way}: {count}" for way, count in sorted(how.items()))
    row = dict(
        zip(
            RELATION_NAMES,
            (name, spec.name, spec.refers_to, filled, filled - dangling - ambiguous, dangling, ambiguous, by),
            strict=True,
        )
    )
    return row, missing


def _found_of(texts: Iterable[str], spec: FieldSpec, index: Index) -> tuple[np.ndarray, list[list[tuple[str, Found]]]]:
    """(what stands for each of `texts`, None last for a blank; what was found of each of their parts)."""
    people, several_ids = spec.refers_to == "users", spec.kind == FieldKind.REFS
    values: list[Any] = []
    outcome = []
    for text in texts:
        parts = several(text, index) if several_ids else [text]
        found = [(part, index.find(part)) for part in parts]
        outcome.append(found)
        ids = [
            item for item in dict.fromkeys(item.source_id or (part if people else "") for part, item in found) if item
        ]
        values.append((ids or None) if several_ids else ids[0] if ids else text if people else None)
    filled = np.full(len(values) + 1, None, dtype=object)
    for position, value in enumerate(values):
        filled[position] = value
    return filled, outcome


def _relation_problems(relation: dict, has_target: bool) -> list[Problem]:
    where = f"{relation['object']}.{relation['field']}"
    if not relation["filled"]:
        return []
    people = relation["refers_to"] == "users"
    if not has_target:
        what = f"{where} points to {relation['refers_to']}, which the export does not hold"
        treatment = "kept as text; the records get a placeholder"
        told = Problem("no_target_table", what, field=relation["field"], count=relation["filled"], treatment=treatment)
        return [] if people else [told]
    found = []
    treatment = (
        "kept as text, matched against HighLevel's users later"
        if people
        else "left open; the text is kept, see the relations table"
    )
    for code in ("dangling", "ambiguous"):
        if relation[code]:
            meaning = (
                f"{agree(relation[code], 'points', 'point')} to no {relation['refers_to']}"
                if code == "dangling"
                else f"could mean several {relation['refers_to']}"
            )
            found.append(
                Problem(
                    f"reference_{code}",
                    f"{where}: {counted(relation[code], 'reference')} {meaning}",
                    Severity.WARNING,
                    field=relation["field"],
                    count=relation[code],
                    treatment=treatment,
                )
            )
    return found


def _by_email(frame: pd.DataFrame, contacts: Index) -> None:
    """Deals name their contact by e-mail where they have no id."""
    if "contact_id" not in frame:
        frame["contact_id"] = pd.Series(None, index=frame.index, dtype=object)
    open_rows = frame["contact_id"].isna() & frame["contact_email"].notna()
    if not open_rows.any():
        return
    codes, uniques = pd.factorize(frame.loc[open_rows, "contact_email"])
    ids = np.full(len(uniques), None, dtype=object)
    for position, text in enumerate(uniques):
        found = contacts.find(text).source_id
        ids[position] = [found] if found else None
    column = frame["contact_id"].to_numpy(dtype=object, copy=True)
    column[np.flatnonzero(open_rows.to_numpy())] = ids[codes]
    frame["contact_id"] = pd.Series(column, index=frame.index, dtype=object)


def _parents_by_name(frame: pd.DataFrame, companies: Index) -> None:
    """Companies name their parent where they have no parent id."""
    if "parent_id" not in frame:
        frame["parent_id"] = pd.Series(None, index=frame.index, dtype="str")
    open_rows = (frame["parent_id"].isna() & frame["parent_name"].notna()).to_numpy()
    column = frame["parent_id"].to_numpy(dtype=object, copy=True)
    for row in np.flatnonzero(open_rows).tolist():
        found = companies.find(str(frame["parent_name"].iat[row])).source_id
        if found and found != frame["source_id"].iat[row]:
            column[row] = found
    frame["parent_id"] = pd.Series(column, index=frame.index, dtype="str")
