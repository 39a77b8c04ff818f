"""Tables of custom fields by their values: the column that names headings of other tables is the field's name, and so on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import pandas as pd

from pb2hl.mapper.proposer.custom import data_type_of, heading_key, split_options
from pb2hl.mapper.proposer.objects import named
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.fold import fold

_OF = ("contacts", "companies", "deals")
_MOSTLY = 0.6
"""Share (0-1) of a column's filled cells that must be what it is taken for."""


def headings_of(tables: Sequence[tuple[pd.DataFrame, str]]) -> frozenset[str]:
    """The headings of tables of records that have custom fields, as they are compared; `tables` are (frame, object)."""
    return frozenset(heading_key(str(name)) for frame, object_ in tables if object_ in _OF for name in frame.columns)


def declared_by_values(
    frame: pd.DataFrame, known: Mapping[str, str], open_: Sequence[str], headings: Collection[str]
) -> dict[str, str]:
    """{field: heading} of columns of a table of custom fields that are told by their values; `known` are those of its words."""
    found: dict[str, str] = {}
    free = [name for name in open_ if (frame[name].str.strip() != "").any()]
    for field, fits in _looks(headings).items():
        if field in known:
            continue
        fitting = [name for name in free if _share(frame[name], fits) >= _MOSTLY]
        if len(fitting) == 1:
            found[field] = fitting[0]
            free.remove(fitting[0])
    called = known.get("name") or found.get("name")
    if called and "label" not in known:
        labels = [name for name in free if _is_label(frame[name], frame[called])]
        if len(labels) == 1:
            found["label"] = labels[0]
    return found


def _looks(headings: Collection[str]) -> dict[str, Callable[[str], bool]]:
    return {
        "name": lambda text: heading_key(text) in headings,
        "object": lambda text: named(text)[0] in _OF,
        "type": lambda text: bool(data_type_of(text)),
        "options": lambda text: len(split_options(text)) > 1,
    }


def _share(column: pd.Series, fits: Callable[[str], bool]) -> float:
    texts = column[column.str.strip() != ""]
    return float(texts.map(fits).mean()) if len(texts) else 0.0


def _is_label(column: pd.Series, names: pd.Series) -> bool:
    """Whether a column says in other words what each field is called: one text a field, and neither flags nor numbers."""
    texts = column.str.strip()
    filled = texts[texts != ""]
    words = not {fold(text) for text in filled} <= TRUE | FALSE and filled.str.contains(r"[^\W\d_]{2}").all()
    return len(filled) == len(texts) and bool(words) and filled.nunique() >= names.nunique()


def read_declarations(tables: Sequence[Table]) -> None:
    """Propose by their values what columns of a table of custom fields are; changes the proposals in place."""
    headings = headings_of([(table.raw.frame, table.object) for table in tables])
    for table in tables:
        if table.object != "custom_fields" or not len(table.raw.frame):
            continue
        known = {table.proposed(name): name for name in table.raw.headings if table.proposed(name) not in _UNREAD}
        open_ = [name for name in table.raw.headings if table.proposed(name) in _UNREAD]
        for field, heading in declared_by_values(table.raw.frame, known, open_, headings).items():
            table.decide(
                heading, field, OBJECTS["custom_fields"].meaning(field), 0.85, f"its values say the {field} of fields"
            )


_UNREAD = ("custom", "ignore")
