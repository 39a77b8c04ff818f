"""A payload under construction: each value is put in together with the cells it is made of, so that accounting is what was done.

A draft is made for one row, filled by a planner, and closed with what is really sent: all of it, or the part that the policy for
records that exist lets through. The cells of what stays out are noted as left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pb2hl.model import OBJECTS
from pb2hl.plan.fields.custom_fields import PlannedField
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.fields.landings import Landings
from pb2hl.plan.inputs.rows import ORDINAL, Row

_NO_WHYS: Mapping[str, str] = MappingProxyType({})
_LANDED: dict[tuple[str, str], Bucket] = {}


def landed(object_: str, column: str) -> Bucket:
    """The bucket of a cell that arrives: by its kind in the field map; custom columns land as they are."""
    known = _LANDED.get((object_, column))
    if known is None:
        spec = OBJECTS[object_]
        names = {item.name for item in spec.columns}
        known = Bucket.LANDED if column not in names else Bucket(spec.field(column).landed)
        _LANDED[object_, column] = known
    return known


class Draft:
    """The payload (`body`) of one row's record, and which of the row's cells stand where in it."""

    __slots__ = ("_items", "_landings", "_object", "_parts", "_row", "body")

    def __init__(self, object_: str, row: Row, landings: Landings, body: dict[str, Any] | None = None):
        self.body: dict[str, Any] = {} if body is None else body
        self._object = object_
        self._row: int = row[ORDINAL]
        self._landings = landings
        self._parts: list[tuple[str, str, tuple[str, ...]]] = []  # property of the payload, its place, columns
        self._items: list[tuple[Any, str, tuple[str, ...]]] = []  # custom value as sent, its place, columns

    def put(self, name: str, value: Any, *columns: str) -> None:
        """`body[name] = value`, made of the cells of `columns`."""
        self.body[name] = value
        self._parts.append((name, name, columns))

    def uses(self, name: str, *columns: str, place: str = "") -> None:
        """The property `name` of the payload is made of these cells too; `place` where that is a part of it."""
        self._parts.append((name, place or name, columns))

    def item(self, item: dict[str, Any], planned: PlannedField, *columns: str) -> None:
        """One custom value, as the payload has it, made of the cells of `columns`."""
        self.body.setdefault("customFields", []).append(item)
        self._items.append((item, f"custom field {planned.label}", columns))

    def note(self, place: str, *columns: str, bucket: Bucket | None = None) -> None:
        """The cells of `columns` end at `place` whatever is sent of the payload: a link, a document, nowhere."""
        for column in columns:
            self._landings.note(self._row, column, bucket or landed(self._object, column), place)

    def close(self, sent: Mapping[str, Any] | None = None, why: str = "", whys: Mapping[str, str] = _NO_WHYS) -> None:
        """Note every cell: as landed where its value is in `sent` (None: the whole body), else as left out because of `why`, or of
        what `whys` says of its property."""
        body = self.body if sent is None else sent
        kept = {id(item) for item in body.get("customFields", ())} if self._items else ()
        ends = [(name in body, place, columns, whys.get(name, why)) for name, place, columns in self._parts]
        ends += [(id(item) in kept, place, columns, why) for item, place, columns in self._items]
        note, row, object_ = self._landings.note, self._row, self._object
        for there, place, columns, reason in ends:
            for column in columns:
                if there:
                    note(row, column, _LANDED.get((object_, column)) or landed(object_, column), place)
                else:
                    note(row, column, Bucket.SKIPPED, reason)
