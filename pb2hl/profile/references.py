"""How tables point at each other: by id, by e-mail, by a label such as `Jane Roe (jane@acme.com)`, or by name.

Works on the distinct values of a column. Ids that a spreadsheet shortened (`007` → `7`, `12.0`) are found when only one
record can be meant; what several records fit is ambiguous, what none fits dangles. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pb2hl.model import OBJECTS

LABEL = r"^(.*?)\s*[(<\[]([^()<>\[\]]+)[)>\]]\s*$"
RELATION_COLUMNS = ("object", "field", "refers_to", "filled", "resolved", "dangling", "ambiguous")


@dataclass(frozen=True)
class Resolved:
    """`source_id`: what each row's (first) reference means, "" when none; `state`: blank, found, dangling or ambiguous."""

    source_id: pd.Series
    state: pd.Series


def resolve(references: pd.Series, target: pd.DataFrame) -> Resolved:
    """What each of `references` (text, or lists of text whose every item must be found) means among `target`'s records."""
    texts = _listed(references)
    known = _lookup(texts.dropna().drop_duplicates(), target)
    ids = texts.map(known["source_id"]).fillna("")
    state = texts.map(known["state"]).fillna("blank")
    worst = state.map(_RANK).groupby(level=0).max().reindex(range(len(references)), fill_value=0)
    found = ids[ids != ""].groupby(level=0).first().reindex(range(len(references)), fill_value="")
    return Resolved(
        pd.Series(found.to_numpy(), index=references.index, dtype="str"),
        pd.Series(worst.map(_STATES).to_numpy(), index=references.index, dtype="str"),
    )


_RANK = {"blank": 0, "found": 1, "ambiguous": 2, "dangling": 3}
_STATES = {rank: state for state, rank in _RANK.items()}


def _listed(references: pd.Series) -> pd.Series:
    plain = pd.Series(references.to_numpy(dtype=object), index=range(len(references)))
    listed = plain.map(lambda value: hasattr(value, "__len__") and not isinstance(value, str)).astype(bool)
    texts = (
        plain.map(lambda value: list(value) if hasattr(value, "tolist") else value).explode() if listed.any() else plain
    )
    texts = texts.astype("str").str.strip()
    return texts.mask(texts == "")


def _lookup(values: pd.Series, target: pd.DataFrame) -> pd.DataFrame:
    """One row a distinct reference, indexed by it: source_id and state."""
    values = pd.Series(values.to_numpy(), index=values.to_numpy(), dtype="str")
    label = values.str.extract(LABEL)
    keys = [values, label[1], label[0]]
    indexes = _indexes(target)
    answer = pd.Series(pd.NA, index=values.index, dtype="object")
    doubtful = pd.Series(False, index=values.index)
    for key in keys:
        for spell, index in indexes:
            hit = spell(key).map(index).where(key.notna())
            answer = answer.where(answer.notna(), hit.mask(hit == ""))
            doubtful |= hit == ""
    state = pd.Series("dangling", index=values.index).mask(doubtful, "ambiguous").mask(answer.notna(), "found")
    return pd.DataFrame({"source_id": answer.fillna("").astype("str"), "state": state})


def _indexes(target: pd.DataFrame) -> list:
    """(spelling, index) pairs in the order in which they are asked; an index maps a key to an id, or "" when ambiguous."""
    if target.empty or "source_id" not in target.columns:
        return []
    ids = target["source_id"].astype("str")
    people = [target[name] for name in ("name", "full_name") if name in target.columns]
    if {"first_name", "last_name"} <= set(target.columns):
        first, last = target["first_name"].fillna("").astype("str"), target["last_name"].fillna("").astype("str")
        people.append((first + " " + last).str.strip())
        people.append((last + ", " + first).where((first != "") & (last != "")))
    emails = [target[name] for name in ("email", "email_2") if name in target.columns]
    return [
        (lambda key: key, pd.Series(ids.to_numpy(), index=ids.to_numpy()).groupby(level=0).first()),
        (_fold, _index(emails, ids, _fold)),
        (_fold, _index(people, ids, _fold)),
        (_short, _index([ids], ids, _short)),
    ]


def _index(columns: list[pd.Series], ids: pd.Series, spell) -> pd.Series:
    if not columns:
        return pd.Series(dtype="str")
    pairs = pd.DataFrame(
        {"key": pd.concat([spell(column.astype("str")) for column in columns]), "id": pd.concat([ids] * len(columns))}
    )
    pairs = pairs[pairs["key"].fillna("") != ""].drop_duplicates()
    single = pairs.drop_duplicates("key").set_index("key")["id"]
    single[single.index.isin(pairs.loc[pairs["key"].duplicated(), "key"])] = ""
    return single


def _fold(texts: pd.Series) -> pd.Series:
    return texts.astype("str").str.casefold().str.strip().str.replace(r"\s+", " ", regex=True)


def _short(texts: pd.Series) -> pd.Series:
    bare = texts.astype("str").str.strip().str.replace(r"\.0+$", "", regex=True)
    return bare.str.replace(r"^0+(?=\d+$)", "", regex=True).str.casefold()


def relations(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a reference column of `tables`: how many are filled, resolved, dangling, ambiguous (`RELATION_COLUMNS`)."""
    rows = []
    for name, frame in tables.items():
        spec = OBJECTS.get(name)
        for field in spec.fields if spec else ():
            if not field.refers_to or field.name not in frame.columns:
                continue
            target = tables.get(field.refers_to, pd.DataFrame())
            counts = resolve(frame[field.name], target).state.value_counts()
            found, lost, torn = (int(counts.get(state, 0)) for state in ("found", "dangling", "ambiguous"))
            rows.append((name, field.name, field.refers_to, found + lost + torn, found, lost, torn))
    return pd.DataFrame(rows, columns=list(RELATION_COLUMNS))
