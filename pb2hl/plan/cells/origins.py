"""Which columns of a staged table each field of a record is made from: the field map read backwards, to follow a value back.

`Origin.parts` are staged columns; `a|b` is the first of them that is filled. `every` takes the merged rows' cells too.
`note` says where a value comes from that no cell holds. The planners make the values.
"""

from __future__ import annotations

from dataclasses import dataclass

from pb2hl import markers
from pb2hl.field_map import ID_FIELD
from pb2hl.model import CUSTOM_PREFIX, OBJECTS, Way
from pb2hl.operations import OWNER, OWNER_FIELDS, Target
from pb2hl.plan.fields import custom_fields as f


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one field of a record comes from."""

    parts: tuple[str, ...] = ()
    every: bool = False
    note: str = "set by the migration"


CELLS_NOT_CONVERTED = "(not converted)"
CELLS_OF_MERGED_ROWS = "(merged rows)"
CUSTOM_CELLS = "(custom columns)"
"""Parts that mean cells by what became of them, not by their column."""

_NOT_SAID = "the export does not say; set by the migration"
_FALLBACK_OWNER = "the fallback owner of the migration"
_NOTES = {
    ID_FIELD.place: "the row's content: the export has no id for it",
    ("companies", "name"): "the name that its contacts give it",
    ("companies", "website"): "the domain of its contacts' e-mails",
    ("deals", "contactId"): "a stand-in contact",
    ("tasks", "dueDate"): "the day of the export",
    ("tasks", "completed"): "not said: open",
}
"""Where a value comes from that no cell holds, by its place, or by object and place."""
_OF_PLAN = {
    f.UNCONVERTED_FIELD: Origin((CELLS_NOT_CONVERTED,), every=True, note="its parent, which would be its own ancestor"),
    f.MERGED_FIELD: Origin((CELLS_OF_MERGED_ROWS,)),
    f.FURTHER_DEALS: Origin(note="further open deals of this contact in the export"),
    markers.PRIMARY_CONTACT_FIELD: Origin(note="its contacts in the export"),
}
"""Fields that the plan fills of other things than columns."""
_TEXTS = {"tasks": "body", "notes": "body", "activities": "body", "appointments": "description", "attachments": "body"}
"""The property of each object's record that ends with the provenance line."""
_STAND_IN: dict[str, Origin] = {
    "firstName": Origin(note="a stand-in contact, made by the migration"),
    "lastName": Origin(("name",), note="a stand-in contact, made by the migration"),
    "companyName": Origin(("company_id",)),
    ID_FIELD.place: Origin(("id",), note=_NOTES[ID_FIELD.place]),
    OWNER: Origin(("owner|author",), note=_FALLBACK_OWNER),
}

HALVES = {spec.name: column for item in OBJECTS.values() for spec, column in item.beside}
"""Staged columns that typing takes out of the cells of another."""


def origin_of(object_: str, target: Target, field: str, key: str = "") -> Origin:
    """Where `field` of a record that came from `object_` is from: the columns whose endings in the field map name it.

    `key` is what stands behind a custom field: the staged column, or the label of those that the plan fills itself.
    """
    place = f"{Way.FIELD} {key}" if key else field
    if target is Target.CONTACT and object_ != "contacts":
        return _STAND_IN.get(place, Origin())
    if object_ not in OBJECTS:
        return Origin()
    if key in _OF_PLAN:
        return _OF_PLAN[key]
    if key and key in {spec.name for spec in OBJECTS[object_].columns} | {key if key.startswith(CUSTOM_PREFIX) else ""}:
        return Origin((HALVES.get(key, key),))
    if target is Target.NOTE and field == "body":
        return _whole_note(object_)
    found = _ending_at(object_, place)
    if field == _TEXTS.get(object_):
        line_fields = [
            spec.name for spec in OBJECTS[object_].fields if any(item.way is Way.LINE for item in spec.endings)
        ]
        line_fields = [name for name in line_fields if name != "id"]
        parts = tuple(dict.fromkeys([*found.parts, *line_fields, CUSTOM_CELLS, CELLS_NOT_CONVERTED]))
        return Origin(parts, found.every, found.note)
    return found


def _whole_note(object_: str) -> Origin:
    """A note tells everything its row holds, but for the id in its marker."""
    names = [spec.name for spec in OBJECTS[object_].fields if spec.name not in ("id", "title")]
    names = names if object_ != "appointments" else ["title", *names]
    return Origin((*names, CUSTOM_CELLS, CELLS_NOT_CONVERTED))


def _ending_at(object_: str, place: str) -> Origin:
    """The columns that the map lets end at a place: those it belongs to first, fallbacks behind the first of them."""
    main: list[str] = []
    spare: list[str] = []
    every = False
    for spec in OBJECTS[object_].columns:
        for ending in spec.endings:
            if ending.place == place:
                (spare if ending.fallback else main).append(HALVES.get(spec.name, spec.name))
                every |= ending.every
    main = list(dict.fromkeys(main))
    first = "|".join(dict.fromkeys([*main[:1], *spare]))
    note = _NOTES.get(place) or _NOTES.get((object_, place), "")
    if place in OWNER_FIELDS:
        note = _FALLBACK_OWNER
    elif main and not note and place in {spec.target for spec in OBJECTS[object_].fields}:
        note = _NOT_SAID
    parts = tuple(item for item in (first, *main[1:]) if item)
    return Origin(parts, every, note) if note else Origin(parts, every)
