"""One line in the field map is all that a field needs: its cell travels from the export to the audit without other code."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pb2hl.field_map import field, own, same
from pb2hl.mapper.knowledge import concepts
from pb2hl.mapper.proposer import score
from pb2hl.model import OBJECTS, FieldKind
from tests.e2e.drive import Arrived, migrate, workspace

ROWS = [
    ["id", "first_name", "email", "Gender", "Nickname", "created_at"],
    ["1", "Ann", "ann@one.example", "female", "Annie", "2021-01-01"],
    ["2", "Bob", "bob@one.example", "", "", "2021-01-02"],
]


@pytest.fixture
def two_more_fields(monkeypatch) -> Iterator[None]:
    """A standard property and a custom field more: a line each in the map, a word each in the knowledge."""
    contacts = OBJECTS["contacts"]
    others = [spec for spec in contacts.fields if spec.name != "gender"]  # which is in the map already: it goes in anew
    added = (field("gender", FieldKind.TEXT, same("gender")), field("nickname", FieldKind.TEXT, own("Nickname")))
    monkeypatch.setitem(OBJECTS, "contacts", replace(contacts, fields=(*others, *added)))
    words = [
        concepts.Concept(name, OBJECTS["contacts"].meaning(name), frozenset({name}), name)
        for name in ("gender", "nickname")
    ]
    known = concepts._by_object()
    monkeypatch.setattr(concepts, "_by_object", lambda: {**known, "contacts": (*words, *known["contacts"])})
    caches = (concepts.by_pattern, score._known)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_a_line_in_the_map_carries_a_field(tmp_path, rehearse, monkeypatch, two_more_fields):
    """CSV → fields sheet → POST body → sample diff → accounting → audit, for a property and for a custom field."""
    export = tmp_path / "contacts.csv"
    with export.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(ROWS)
    sandbox = rehearse()
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", export, sandbox)
    results = migrate(ws)
    ann = Arrived.of(sandbox).contact("ann@one.example")
    assert ann["gender"] == "female"
    sheet = results["mapping"].tables["fields"].set_index("column")
    assert sheet["decision"]["Gender"] == "gender" and sheet["target"]["Gender"] == "gender"
    assert sheet["decision"]["Nickname"] == "nickname" and sheet["target"]["Nickname"] == "custom field Nickname"
    assert ann["custom"]["Nickname"] == "Annie"
    cells = results["audit"].tables["accounting"]
    landed = {row.heading: (row.bucket, row.where, row.cells) for row in cells.itertuples() if row.cells}
    assert landed["Gender"] == ("landed", "gender", 1) and landed["Nickname"] == ("landed", "custom field Nickname", 1)
    shown = results["sample"].tables["diff"]
    seen = {
        row.field: (row.source_columns, row.source_value, str(row.stored))
        for row in shown.itertuples()
        if row.source_id == "1"
    }
    assert seen["gender"] == ("Gender", "female", "female") and seen["Nickname"] == ("Nickname", "Annie", "Annie")
    assert results["audit"].status == "done" and not len(results["audit"].tables["unbalanced"])
