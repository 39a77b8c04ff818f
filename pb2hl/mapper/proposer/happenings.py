"""People in the rows of what happens with them: bookings, to-dos and calls that tell each time who it was, how to reach them and more.

The people become a table of their own, to which the appointments, tasks and activities refer by a column `Contact`. To-dos among what
happened (`Type` says task) become a table of tasks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from pb2hl.mapper.knowledge.signals import signals
from pb2hl.mapper.knowledge.text import terms
from pb2hl.mapper.proposer.evidence import telling_fields
from pb2hl.mapper.proposer.objects import named, recognise
from pb2hl.mapper.proposer.row_parts import (
    NAMES,
    PERSON,
    REACHED,
    ROWS,
    Read,
    are_people,
    by_field,
    filled,
    part_name,
    surely,
)
from pb2hl.model import OBJECTS
from pb2hl.source.tables import RawTable, side_by_side
from pb2hl.values.statuses import activity_type

DATED = ("appointments", "tasks", "activities")
"""Objects whose rows may tell of people besides."""

IN_ROWS = "people in the rows of "
"""How the reason of a table of such people begins."""

_OF_THE_ROW = frozenset("id tags source description timezone created_at updated_at owner website".split())
"""Fields of people that are said of what happened where they stand in its row."""

_TELLING = {"appointments": {"start_at"}, "tasks": {"title", "due_at"}, "activities": {"direction"}}
"""What a table must have of an object to be one of it where its name does not say so."""

_BOTH = frozenset({"company_name"})
_PLAIN = {"full_name": "Full name", "phone": "Phone", "mobile": "Mobile", "email": "Email"}
_MOSTLY = 0.8


def tasks_of_activities(raw: RawTable, object_: str) -> list[Read]:
    """A table of activities as those and the tasks that a column of their types names, where it says when tasks are due or whether they
    are done; else []."""
    read = surely(raw, object_) if object_ == "activities" else {}
    kinds = by_field(read).get("type", "")
    if not kinds:
        return []
    mine = raw.frame[kinds].map(activity_type).eq("task").to_numpy()
    if not mine.any() or mine.all():
        return []
    tasks = replace(_with_rows(raw, mine), sheet=part_name(raw, "tasks"), problems=(), dropped=())
    if not {*surely(tasks, "tasks").values()} & {"due_at", "status", "completed", "completed_at"}:
        return []
    why = f"the column {kinds!r} says that these rows are tasks"
    return [(_with_rows(raw, ~mine), object_, ""), (tasks, "tasks", why)]


def _with_rows(raw: RawTable, rows: np.ndarray) -> RawTable:
    """Some rows of a table, and the columns that have a cell in one of them."""
    frame = raw.frame[rows].reset_index(drop=True)
    frame = frame.loc[:, frame.apply(lambda column: column.str.strip()).ne("").any()]
    return replace(raw, headings=[*frame.columns], frame=frame, rows=raw.rows[rows])


def people_of_happenings(raw: RawTable, object_: str, others: Collection[str]) -> list[Read]:
    """A table of `DATED` as that and the people in its rows; [] where it tells nothing of them but who, or another table has them
    and it refers to them by a column of its own. Whom that table has all the same is left out at intake."""
    theirs = _theirs(raw, object_)
    if not _are_somebody(theirs):
        return []
    if "contacts" not in others:
        return _apart(raw, object_, theirs)
    said = set(surely(raw, object_).values())
    return [] if "contact_id" in said else _beside(raw, object_, theirs)


def happenings_of_people(raw: RawTable, object_: str, others: Collection[str]) -> list[Read]:
    """A table that looks like one of people, as those and what happens with them, where the rest of its columns is that; else []."""
    theirs = _theirs(raw) if object_ == "contacts" else {}
    if not _are_somebody(theirs):
        return []
    left = [name for name in raw.headings if name not in theirs]
    if not left:
        return []
    rest = replace(raw, headings=left, frame=raw.frame[left])
    found = recognise(rest)[0]
    if found not in DATED:
        found = _called(raw, rest)
    if found not in DATED or not _happens(raw, rest, found, theirs):
        return []
    whose = _theirs(raw, found)
    return (_beside if "contacts" in others else _apart)(raw, found, whose)


def _called(raw: RawTable, rest: RawTable) -> str:
    """The object of `DATED` that a table is called after, where the columns beside its people say when it was and more of it; else ""."""
    said = named(raw.sheet)[0] or named(raw.file)[0]
    read = set(surely(rest, said).values()) if said in DATED else set()
    return said if read & _WHEN.get(said, set()) and len(read & set(telling_fields(said))) >= _TOLD else ""


_WHEN = {"appointments": {"start_at"}, "tasks": {"due_at"}, "activities": {"at"}}
_TOLD = 3
"""Fields of what happens that a table must have to be what it is called, though it reads as one of people."""


def _are_somebody(theirs: Mapping[str, str]) -> bool:
    """Whether columns name people and say how they are reached."""
    fields = set(theirs.values())
    return bool(fields & NAMES) and bool(fields & REACHED)


def _theirs(raw: RawTable, object_: str = "") -> dict[str, str]:
    """{heading: field} of the columns that are said of people, but for those that are surely of what happens (`object_`)."""
    fields = [spec for spec in OBJECTS[object_].fields if not spec.refers_to or spec.name == "owner"] if object_ else []
    happens = {spec.name for spec in fields}
    read = surely(raw, object_) if object_ else {}
    own = {name for name, field in read.items() if field in happens}
    meant = {name: who for name, field in read.items() if field == "contact_id" and (who := _says(raw, name))}
    return meant | {
        name: field
        for name, field in surely(raw, "contacts").items()
        if field in PERSON - _OF_THE_ROW
        and (name not in own or field in NAMES | REACHED)
        and not {"owner", "user"} & set(terms(name))
    }


def _says(raw: RawTable, heading: str) -> str:
    """What a column that says whom a row means tells of them: a name, a phone, an e-mail; "" for keys."""
    seen = signals(raw.frame[heading].head(ROWS))
    for kind in ("email", "phone"):
        if seen.looks(kind, at_least=_MOSTLY):
            return kind
    return "full_name" if are_people(raw, heading) else ""


def _happens(raw: RawTable, rest: RawTable, object_: str, theirs: Mapping[str, str]) -> bool:
    """Whether the rows are what happens, not people with dates: the table is called so, or it tells what only that has and
    happens at times of day, or with the same people again."""
    if object_ in (named(raw.sheet)[0], named(raw.file)[0]):
        return True
    read = surely(rest, object_)
    if not _TELLING[object_] <= set(read.values()):
        return False
    starts = [name for name, field in read.items() if field in ("start_at", "at", "due_at")]
    timed = any(signals(raw.frame[name].head(ROWS)).looks("datetime", "moment", at_least=_MOSTLY) for name in starts)
    who = [name for name, field in theirs.items() if field in NAMES | {"email"}]
    return timed or bool(raw.frame[who][filled(raw, who)].duplicated().any())


def _apart(raw: RawTable, object_: str, theirs: Mapping[str, str]) -> list[Read]:
    columns = [name for name in raw.headings if name in theirs]
    rows = filled(raw, [name for name in columns if theirs[name] in NAMES | REACHED])
    frame = raw.frame[columns][rows].reset_index(drop=True)
    people = RawTable(raw.file, part_name(raw, "contacts"), columns, frame, raw.rows[rows])
    read = surely(people, "contacts")
    plain = {name: _PLAIN.get(theirs[name], name) if read.get(name) != theirs[name] else name for name in columns}
    if len(set(plain.values())) == len(columns):  # `Caller Number` is a phone there, a number of its own elsewhere
        people = replace(people, headings=[*plain.values()], frame=frame.set_axis([*plain.values()], axis=1))
    kept = [name for name in raw.headings if name not in theirs or theirs[name] in _BOTH]
    reason = f"{IN_ROWS}{object_}: {', '.join(columns[:5])}"
    return [(_referring(raw, kept, theirs), object_, ""), (people, "contacts", reason)]


def _beside(raw: RawTable, object_: str, theirs: dict[str, str]) -> list[Read]:
    """A table that says whom it means, as it stands, and its people."""
    _, people = _apart(raw, object_, theirs)
    return [(_referring(raw, raw.headings, theirs), object_, ""), people]


def _referring(raw: RawTable, kept: list[str], theirs: Mapping[str, str]) -> RawTable:
    """`raw` with the columns `kept` and one that says whom each row means."""
    whose = next(name for name in ("Contact", "Contact person", "Contact of this row") if name not in kept)
    return replace(raw, headings=[*kept, whose], frame=raw.frame[kept].assign(**{whose: _labels(raw.frame, theirs)}))


def _labels(frame: pd.DataFrame, theirs: Mapping[str, str]) -> pd.Series:
    """Whom each row means: `Ada Lund (ada@lund.example)`, or the half of it that there is."""
    said = by_field(theirs)
    halves = [said[name] for name in ("first_name", "last_name") if name in said]
    halves = [said["full_name"]] if "full_name" in said and len(halves) < 2 else halves
    names = side_by_side(frame, halves).str.strip()
    if "email" not in said:
        return names
    mails = frame[said["email"]].str.strip()
    both = names + (" (" + mails + ")")
    return both.where((names != "") & (mails != ""), names + mails)
