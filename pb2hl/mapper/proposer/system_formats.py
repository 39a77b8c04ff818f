"""What a system documents of its own tables (`data/system_formats.toml`): amounts in cents and codes, of which a table itself says nothing."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from pb2hl.mapper.knowledge.lists import DATA
from pb2hl.mapper.proposer.money import MINOR_UNITS
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS
from pb2hl.values.fold import fold
from pb2hl.values.transforms import missed


@cache
def _formats() -> dict[str, dict[str, Any]]:
    with (DATA / "system_formats.toml").open("rb") as file:
        return tomllib.load(file)


def read_formats(table: Table) -> None:
    """Propose what the system documents that a table is of; values that are otherwise leave it. Changes the proposals in place."""
    headings = {fold(heading): heading for heading in table.raw.headings}
    for name, known in _formats().items():
        if known["object"] != table.object or not set(known["known_by"]) <= set(headings):
            continue
        system = name.partition("_")[0].capitalize()
        for column in known.get("hundredths", ()):
            _divide(table, headings[column], system)
        for column, meanings in known.get("maps", {}).items():
            if column in headings:
                _map(table, headings[column], meanings, system)


def _divide(table: Table, heading: str, system: str) -> None:
    whole = not missed(table.raw.frame[heading], MINOR_UNITS, table.raw.frame)[0]
    if table.proposed(heading) == "amount" and whole:
        reason = f"{table.reason(heading)}; {system} counts it in cents"
        table.decide(heading, "amount", OBJECTS[table.object].meaning("amount"), table.confidence(heading), reason)
        table.transform(heading, MINOR_UNITS)


def _map(table: Table, heading: str, meanings: dict[str, str], system: str) -> None:
    if not table.values(heading) or not table.values(heading) <= set(meanings):
        return
    for other in table.raw.headings:
        if other != heading and table.proposed(other) == "status":
            table.decide(other, "custom", "custom", 0.85, f"{heading!r} says how it stands")
    table.decide(heading, "status", OBJECTS[table.object].meaning("status"), 0.95, f"codes as {system} documents them")
    table.transform(heading, "map: " + " | ".join(f"{code}={word}" for code, word in meanings.items()))
