"""How a record in HighLevel says which source row it is: names of the marker fields, and the provenance line.

Two Perfect Books accounts may go into one location, so every source but the default one prefixes its ids with its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DEFAULT_SOURCE = "perfect-books"

ID_FIELD = "Perfect Books ID"
CREATED_FIELD = "Perfect Books Created"
UPDATED_FIELD = "Perfect Books Updated"
TAGS_FIELD = "Perfect Books Tags"
PARENT_FIELD = "Parent Company"
PRIMARY_CONTACT_FIELD = "Primary Contact"
FILES_FIELD = "Perfect Books Files"

FOLDER = "Perfect Books"
"""The folder of our custom fields. HighLevel's API makes none for fields of contacts and opportunities: an admin does."""
FOLDER_SIGN = "Perfect Books Folder"
"""A field that an admin puts into that folder: where lists show no folders, its own shows which one it is."""

BESIDE = " (Perfect Books)"
"""Ending of the name of a field or pipeline that is made beside one that cannot be used."""

SINGULAR = {
    "contacts": "contact",
    "companies": "company",
    "deals": "deal",
    "tasks": "task",
    "notes": "note",
    "appointments": "appointment",
    "activities": "activity",
    "attachments": "attachment",
}
"""Objects as stand-in and placeholder ids write them: `deal:<id>`."""

_LINE = re.compile(r"PB:(?P<object>[a-z_]+):(?P<id>.+?) \|(?: occurrence (?P<part>\S+) \|)?")


def _scoped(source: str, source_id: str) -> str:
    return source_id if source == DEFAULT_SOURCE else f"{source}::{source_id}"


def id_value(source: str, source_ids: Iterable[str]) -> str:
    """What the `Perfect Books ID` field of a record holds: its source id, of a merged survivor all of them, `, ` between."""
    return ", ".join(_scoped(source, source_id) for source_id in source_ids)


def stand_in_id(source: str, object_: str, source_id: str) -> str:
    """The `Perfect Books ID` of a contact that only holds a record without one: `deal:<id>`, `task:<id>`, …"""
    return _scoped(source, f"{SINGULAR.get(object_, object_)}:{source_id}")


def split_ids(source: str, value: str) -> tuple[str, ...]:
    """The source ids of this source in a `Perfect Books ID` value; other sources' ids are left out."""
    found = []
    for item in (piece.strip() for piece in value.split(",")):
        if source == DEFAULT_SOURCE:
            if item and "::" not in item:
                found.append(item)
        elif item.startswith(f"{source}::"):
            found.append(item[len(source) + 2 :])
    return tuple(found)


def note_marker(source: str, object_: str, source_id: str, part: str = "") -> str:
    """The unambiguous text in a provenance line by which a note, task or appointment is found again."""
    occurrence = f" occurrence {part} |" if part else ""
    return f"PB:{object_}:{_scoped(source, source_id)} |{occurrence}"


def provenance_line(source: str, object_: str, source_id: str, facts: Iterable[str] = (), part: str = "") -> str:
    """The last line of a note, task or appointment: marker, then facts such as `by Jane Roe`, `created 2021-03-04 09:30`."""
    marker = note_marker(source, object_, source_id, part)
    return f"{marker} {' | '.join(fact for fact in facts if fact)}".rstrip()


def find_markers(text: str) -> list[tuple[str, str, str]]:
    """(object, scoped source id, part) of every provenance marker in `text`."""
    return [(m["object"], m["id"], m["part"] or "") for m in _LINE.finditer(text)]
