"""What only bookings say: yes and no tell who cancelled and who never came."""

from __future__ import annotations

from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.row_parts import are_people
from pb2hl.mapper.proposer.structure import Table
from pb2hl.matching.names import known_given_names
from pb2hl.model import OBJECTS
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.fold import fold
from pb2hl.values.statuses import appointment_status
from pb2hl.values.transforms import JOIN, changed

_ENDED = ("cancelled", "noshow", "showed", "confirmed")
"""Statuses that a question of yes and no may name, the strongest first."""

_NO = "confirmed"
_BESIDE = frozenset({"is", "was", "has", "have", "event", "marked", "as"})


def read_bookings(table: Table) -> None:
    """Propose how appointments stand out of questions (`Canceled`, `No show`): a yes says it; where words say how it stands, the
    questions are kept beside. Changes the proposals in place."""
    if table.object != "appointments":
        return
    _find_owner(table)
    asked = {name: said for name in table.raw.headings if (said := _asks(table, name))}
    if not asked:
        return
    spoken = [name for name in table.raw.headings if name not in asked and _speaks(table, name)]
    columns = sorted(asked, key=lambda name: _ENDED.index(asked[name]))
    worded = [name for name in table.raw.headings if name not in (*asked, *spoken) and _in_words(table, name)]
    if len(worded) == 1 and not spoken:
        columns, asked = [*columns, *worded], asked | {worded[0]: ""}
    if spoken:
        table.decide(spoken[0], "status", OBJECTS["appointments"].meaning("status"), 0.9, "heading says status")
    else:
        steps = [f'concatenate: "{name}" with "/"' for name in columns[1:]]
        frame = table.raw.frame[columns]
        texts = changed(frame[columns[0]], JOIN.join(steps), frame)
        rows = zip(texts, frame.itertuples(index=False, name=None), strict=True)
        pairs = {fold(text): _end(row, [asked[name] for name in columns]) for text, row in rows}
        said = " | ".join(f"{text}={end}" for text, end in sorted(pairs.items()) if text)
        table.decide(
            columns[0], "status", OBJECTS["appointments"].meaning("status"), 0.9, "yes and no: a yes says how it ended"
        )
        table.transform(columns[0], JOIN.join([*steps, f"map: {said}"]))
    for heading in columns if spoken else columns[1:]:
        table.decide(heading, "custom", "ignore", 0.85, "yes and no beside a column that says how it stands")


def _find_owner(table: Table) -> None:
    """Propose as the owner the column of calendars that are called after people, where no other column is."""
    calendars = [heading for heading in table.raw.headings if terms(heading) == ("calendar",)]
    named = [heading for heading in calendars if are_people(table.raw, heading) and _given(table.sample(heading))]
    if len(named) == 1 and not (table.proposals["field"] == "owner").any():
        target = OBJECTS["appointments"].meaning("owner")
        table.decide(named[0], "owner", target, 0.88, "its calendars are called after people")


def _given(names: list[str]) -> bool:
    """Whether most names begin with a given name that we know."""
    known = [bool(set(tokens(name)[:1]) & known_given_names()) for name in names]
    return bool(known) and sum(known) > len(known) / 2


def _asks(table: Table, heading: str) -> str:
    """The status that a column of yes and no asks about; "" for other columns."""
    if table.proposed(heading) not in ("status", "custom", "ignore"):
        return ""
    words = {text.casefold() for text in table.raw.frame[heading].str.strip().unique()} - {""}
    if not words or not words <= TRUE | FALSE:
        return ""
    left = " ".join(word for word in tokens(heading) if not set(terms(word)) <= _BESIDE)
    found = appointment_status(left) or next((appointment_status(term) for term in terms(left)), "")
    return found if found in _ENDED else ""


def _speaks(table: Table, heading: str) -> bool:
    """Whether a column says in words how appointments stand."""
    said = set(terms(heading))
    plain = "status" in said and said <= {"status", "event"} and table.proposed(heading) in ("custom", "ignore")
    return bool(table.filled(heading)) and (table.proposed(heading) == "status" or plain)


def _in_words(table: Table, heading: str) -> bool:
    """Whether the words of an open column (`Label`: Checked In, No Show) all say how an appointment ended, and of some that nobody came."""
    ends = {appointment_status(text) for text in table.raw.frame[heading].str.strip().unique() if text}
    return table.proposed(heading) in ("custom", "ignore") and "noshow" in ends and all(ends)


def _end(row: tuple[str, ...], ends: list[str]) -> str:
    """How an appointment ended: by the first question that is answered with yes, or in the words of the column that asks none."""
    said = (
        (end if fold(text) in TRUE else "") if end else appointment_status(text)
        for text, end in zip(row, ends, strict=True)
    )
    return next(filter(None, said), _NO)
