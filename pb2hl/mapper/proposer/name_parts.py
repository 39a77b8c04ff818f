"""Columns that hold a part of a person's name for which there is no field: middle names, particles (van, von), second surnames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pb2hl.mapper.proposer.score import Candidate, read
from pb2hl.values.transforms import JOIN


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a part of a name goes: into `field`, by the transform `how`."""

    field: str
    how: str


_PARTS = {
    "name particle": _Part("last_name", "prepend names"),
    "second surname": _Part("last_name", "join names"),
    "middle name": _Part("first_name", "join names"),
}


def join_parts(headings: Sequence[str], said: Sequence[str], chosen: list[Candidate]) -> list[Candidate]:
    """The candidates of contacts' columns, first and last name with the transforms that take the other parts in.

    The parts' own columns stay custom fields, so that they can still be told apart. `headings` are the table's, `said`
    the same without a common prefix.
    """
    out = list(chosen)
    for at, heading in enumerate(said):
        part = _PARTS.get(_part(heading, chosen[at]))
        whole = next((i for i, item in enumerate(out) if part and item.field == part.field), None)
        if part is None or whole is None:
            continue
        name = f'"{headings[at]}"' if set(headings[at]) & set('+>"') else headings[at]
        step = f"{part.how}: {name}"
        cell = f"{out[whole].transform}{JOIN}{step}" if out[whole].transform else step
        out[whole] = replace(out[whole], transform=cell, reason=f"{out[whole].reason}; with {heading}")
    return out


def join_user_name(headings: Sequence[str], said: Sequence[str], chosen: list[Candidate]) -> list[Candidate]:
    """The candidates of users' columns, the last name as their name with the first one before it, where no column is the name."""
    halves = {frozenset({half}): at for at, heading in enumerate(said) for half in read(heading, "users").core}
    first, last = halves.get(frozenset({"first name"})), halves.get(frozenset({"last name"}))
    if first is None or last is None or any(item.field == "name" for item in chosen):
        return chosen
    name = f'"{headings[first]}"' if set(headings[first]) & set('+>"') else headings[first]
    out = list(chosen)
    reason = f"heading says last name; with {headings[first]}"
    out[last] = replace(
        out[last], field="name", target="ignore", confidence=0.95, reason=reason, transform=f"prepend names: {name}"
    )
    return out


def _part(heading: str, item: Candidate) -> str:
    """Which part of a name a column left as custom holds; "" for any other."""
    if item.field != "custom":
        return ""
    reading = read(heading, "contacts")
    core = reading.core - {"name"} or reading.core
    if core == {"last name"} and reading.index == 2:
        return "second surname"
    return next(iter(core)) if len(core) == 1 else ""
