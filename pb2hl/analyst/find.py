"""Records of a staged table by what their columns say, or by the name of what they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.analyst.lines import Lines
from pb2hl.errors import ConfigError
from pb2hl.model import OBJECTS, RAW_PREFIX
from pb2hl.report.drawing.cells import is_missing, text_of
from pb2hl.steps.delta.wording import NAMES
from pb2hl.values.fold import fold_marks
from pb2hl.workspace import Workspace

_NAMED = ("first_name", "last_name", *NAMES[:-2])
_ORIGIN = ("source_file", "source_sheet", "source_row")


def find(ws: Workspace, object_: str, **wanted: Any) -> pd.DataFrame:
    """The records of the staged table `object_` that say all of `wanted`, with the file, sheet and row of each.

    `find(ws, "contacts", company="mill", email=None)`: a text is looked for anywhere in the column, whatever its case and accents; None or
    "" asks for records that have nothing there; a number, a date or a yes or no has to be equal. `company`, `contact`, `deal` and `owner`
    mean what the record refers to, by its name or its id. A column of the client's own is named as the export does, with `_` for what is
    neither letter nor digit. Raises ConfigError, naming the columns, for a table or column that is not there.
    """
    frame = named_references(ws, object_)
    kept, shown = np.ones(len(frame), dtype=bool), []
    for name, value in wanted.items():
        if name not in frame.columns and name in OBJECTS[object_].field_names:
            frame[name] = pd.Series(
                pd.NA, index=frame.index, dtype="string"
            )  # the export has no such column: nothing is there
        columns = _columns(frame, name)
        found = [_holds(frame[column], value) for column in columns]
        kept &= np.logical_and.reduce(found) if is_missing(value) or value == "" else np.logical_or.reduce(found)
        shown += columns
    wide = ["source_id", *(name for name in _NAMED if name in frame.columns), *shown, *_ORIGIN]
    own = [name for name in dict.fromkeys(wide) if name in frame.columns]
    seen = [name for name in own if name in shown or frame[name].map(text_of).ne("").any()]
    return Lines(frame.loc[kept, seen].reset_index(drop=True))


def named_references(ws: Workspace, object_: str) -> pd.DataFrame:
    """The staged table `object_`, and beside each column of ids (`company_id`) what those are called (`company`)."""
    frame = ws.table(object_)
    if object_ not in OBJECTS or frame.empty:
        if not (there := _staged(ws)):
            raise ConfigError("the export has not been read yet", hint="run 01_inventory.ipynb first, then this again")
        raise ConfigError(f"there is no staged table {object_!r}", hint=f"one of: {', '.join(there)}")
    for field in OBJECTS[object_].fields:
        name = field.name.removesuffix("_id")
        if not field.refers_to or field.name == name or field.name not in frame.columns or name in frame.columns:
            continue
        called = _called(ws, field.refers_to)
        said = frame[field.name].map(lambda ids, called=called: _say(ids, called), na_action="ignore")
        frame.insert(int(frame.columns.get_loc(field.name)) + 1, name, said.astype("string"))  # type: ignore[arg-type]
    return frame


def _staged(ws: Workspace) -> Iterator[str]:
    return (name for name in OBJECTS if (ws.staged / f"{name}.parquet").exists())


def _say(ids: Any, called: dict[str, str]) -> str:
    listed = [ids] if isinstance(ids, str) else list(ids)
    return ", ".join(called.get(str(one), str(one)) for one in listed)


def _called(ws: Workspace, object_: str) -> dict[str, str]:
    """What each record of `object_` is called; those without a name are missing."""
    if not (ws.staged / f"{object_}.parquet").exists():
        return {}
    frame = ws.table(object_)
    texts = {name: frame[name].astype("string").fillna("") for name in _NAMED if name in frame.columns}
    name = pd.Series("", index=frame.index, dtype="string")
    if {"first_name", "last_name"} & set(texts):
        for part in ("first_name", "last_name"):
            name = (name + " " + texts[part]).str.strip() if part in texts else name
    for text in texts.values():
        name = name.where(name != "", text)
    pairs = zip(frame["source_id"].astype("str"), name, strict=True)
    return {source_id: text for source_id, text in pairs if text}


def _columns(frame: pd.DataFrame, name: str) -> list[str]:
    """The columns that `name` means: its own, the ids beside it and the words beside those."""
    own = [column for column in (name, f"{name}_id", f"{name}_name") if column in frame.columns]
    if own:
        return own
    wanted = fold_marks(name.replace("_", " "))
    for prefix in ("custom.", RAW_PREFIX, ""):
        found = [
            str(column)
            for column in frame.columns
            if fold_marks(str(column).removeprefix(prefix).replace("_", " ")) == wanted
        ]
        if found:
            return found[:1]
    known = ", ".join(str(column) for column in frame.columns if not str(column).startswith(RAW_PREFIX))
    raise ConfigError(f"there is no column {name!r}", hint=f"one of: {known}")


def _holds(column: pd.Series, value: Any) -> np.ndarray:
    """The rows of `column` that say `value`."""
    texts = column.map(text_of)
    if is_missing(value) or value == "":
        return (texts.str.strip() == "").to_numpy(bool)
    if not isinstance(value, str):
        return (texts == text_of(value)).to_numpy(bool)
    return texts.map(fold_marks).str.contains(fold_marks(value), regex=False).to_numpy(bool)
