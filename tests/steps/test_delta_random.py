"""Random edits of the export and random edits in HighLevel: a delta ends where an independent three-way merge ends."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.steps import small
from tests.steps.test_audit import call

CELLS = {"contacts": {"First Name": "firstName", "Last Name": "lastName", "City": "city"}, "deals": {"Deal Name": "name", "Amount": "monetaryValue"},
         "companies": {"City": "city"}}  # fmt: skip
"""Cells of the export that a trial changes, and the fields they become."""

CLEARABLE = {"City", "Amount"}
PATHS = {"contacts": "/contacts/{}", "deals": "/opportunities/{}", "companies": "/businesses/{}"}
TABLES = {"contacts": "contacts", "deals": "opportunities", "companies": "businesses"}


def merged(first: Any, later: Any, now: Any) -> Any:
    """The model, written from the promise: people's edits stay; where there are none the later export counts."""
    return later if now == first else now


def stored(field: str, cell: str) -> Any:
    """What HighLevel holds for a cell: a deal without an amount is worth 0."""
    if field == "monetaryValue":
        return float(cell or 0)
    return cell or None


def record_of(migration, table: str, source_id: str) -> dict[str, Any]:
    """The record of a source row, found by its Perfect Books ID."""
    found = getattr(migration.arrived(), TABLES[table])
    (record,) = [item for item in found if str(item["custom"].get("Perfect Books ID")) == source_id]
    return record


def held(record: dict[str, Any], field: str) -> Any:
    """A record's value in the model's terms."""
    value = record.get(field)
    return float(value or 0) if field == "monetaryValue" else value or None


def a_value(chance: random.Random, name: str, blank: bool) -> str:
    """A new cell."""
    if blank and name in CLEARABLE and chance.random() < 0.25:
        return ""
    return str(chance.randint(1, 9) * 50) if name == "Amount" else f"{name.split()[0]}{chance.randint(1, 5)}"


def edits(chance: random.Random, blank: bool) -> list[tuple[str, str, str, str]]:
    """(table, source id, heading, value) of some cells."""
    found = []
    for table, names in CELLS.items():
        for row in small.TABLES[table]:
            for name in names:
                if chance.random() < 0.4:
                    found.append((table, next(iter(row.values())), name, a_value(chance, name, blank)))
    return found


def trial(migration, seed: int, rounds: int) -> None:
    """Several deltas in a row, people editing in between; after each one every cell is what the model says."""
    chance = random.Random(seed)
    base: dict[tuple[str, str, str], Any] = {
        (table, next(iter(row.values())), name): stored(field, row[name])
        for table, names in CELLS.items() for row in small.TABLES[table] for name, field in names.items()
    }  # fmt: skip
    later = small.tables()
    for number in range(rounds):
        for table, source_id, name, value in edits(chance, blank=True):
            small.row(later, table, source_id)[name] = value
        for table, source_id, name, value in edits(chance, blank=False)[::2]:
            field = CELLS[table][name]
            record = record_of(migration, table, source_id)
            body = {field: float(value) if name == "Amount" else value}
            call(migration.sandbox, "PUT", PATHS[table].format(record["id"]), json=body)
        wanted, waiting = {}, set()
        for key, first in base.items():
            table, source_id, name = key
            field = CELLS[table][name]
            now = held(record_of(migration, table, source_id), field)
            cell = stored(field, small.row(later, table, source_id)[name])
            wanted[key] = merged(first, cell, now)
            if cell not in (first, now) and now != first:
                waiting.add((table, source_id, field))
            elif cell != first:
                base[key] = cell
        result = migration.delta(later, f"round{number}")
        got = {key: held(record_of(migration, key[0], key[1]), CELLS[key[0]][key[2]]) for key in wanted}
        assert got == wanted, (seed, number)
        asked = set(result.tables["conflicts"][["object", "source_id", "field"]].itertuples(index=False, name=None))
        assert asked == waiting, (seed, number)
    assert migration.run("delta", export=migration.folder / f"round{rounds - 1}").counts["sent"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_a_delta_is_a_three_way_merge(migration, seed):
    """A round of edits on both sides; the same export again sends nothing."""
    trial(migration, seed, 1)


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=pytest.mark.slow if n < 4 else pytest.mark.exhaustive) for n in range(2, 12)]
)
def test_many_deltas_are_three_way_merges(migration, seed):
    """Four rounds each."""
    trial(migration, seed, 4)
