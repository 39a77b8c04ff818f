"""Rows that a later export lacks while its other rows still name them."""

from __future__ import annotations

import json

import pytest

from pb2hl.errors import GateClosed
from pb2hl.results import Status
from tests.steps import small


def without(content: small.Tables, *keys: tuple[str, str]) -> small.Tables:
    """The tables without these rows."""
    for name, source_id in keys:
        content[name].remove(small.row(content, name, source_id))
    return content


def test_what_names_a_removed_row_keeps_its_loaded_record(migration):
    """Deals, notes and tasks of a contact that left the export, and contacts of a company that left, change nothing; both are told."""
    dump = migration.sandbox.state.dump()
    result = migration.delta(without(small.tables(), ("contacts", "11"), ("companies", "C2")))
    told = set(zip(result.tables["removed"]["object"], result.tables["removed"]["source_id"], strict=True))
    assert told == {("contacts", "11"), ("companies", "C2")}
    assert not len(result.tables["new"]), result.tables["new"].to_csv()
    assert result.counts["conflicts"] == 0
    now = migration.sandbox.state.dump()
    for kind in ("contacts", "businesses"):
        assert now[kind].keys() == dump[kind].keys(), kind
    for kind in ("opportunities", "notes", "tasks", "appointments"):
        assert now[kind] == dump[kind], kind


@pytest.mark.slow
def test_a_new_row_hangs_on_the_record_of_a_removed_one(migration):
    """A note that a third export brings for a contact that only the second had goes to that contact."""
    later = small.tables()
    later["contacts"].append({"Contact ID": "14", "First Name": "Neo", "Last Name": "Park", "Email": "neo@mill.example",
                              "Company ID": "C1", "Owner": "1", "Created": "2024-06-02 10:00"})  # fmt: skip
    migration.delta(later, approve_all="Jane")
    without(later, ("contacts", "14"))
    later["notes"].append({"Note ID": "N3", "Body": "Called", "Contact ID": "14", "Created": "2024-06-03 09:00"})
    result = migration.delta(later, "third")
    assert result.status is Status.DONE and list(result.tables["removed"]["source_id"]) == ["14"]
    (note,) = migration.arrived().marked("notes", "PB:notes:N3")
    neo = migration.arrived().contact("neo@mill.example")["id"]
    assert [relation["recordId"] for relation in note["relations"]] == [neo]


def test_what_could_not_be_read_is_not_gone(migration):
    """A later export with half a file ends at a gate that names it; nothing counts as gone and the location stays as it is."""
    dump = migration.sandbox.state.dump()
    content = small.tables()
    cut = content.pop("deals")
    folder = small.write(migration.folder / "later", content)
    (folder / "deals.json").write_text(json.dumps(cut)[:-20], encoding="utf-8")
    with pytest.raises(GateClosed, match="1 part of the later export could not be read") as caught:
        migration.run("delta", export=folder)
    (problem,) = caught.value.problems
    assert problem.file == "deals.json" and "take_readable" in problem.treatment
    assert migration.sandbox.state.dump() == dump


@pytest.mark.slow
def test_a_name_of_a_removed_company_means_its_record(migration):
    """Where a later export names by its name a company that it lists no more, contacts stay with it, a new deal tells it, and none is made."""
    dump = migration.sandbox.state.dump()
    later = without(small.tables(), ("companies", "C2"))
    for row in (*later["contacts"], *later["deals"]):
        row["Company ID"] = row["Company ID"].replace("C2", "Quarry Inc")
    later["deals"].append(
        {**small.row(later, "deals", "D2"), "Deal ID": "D3", "Deal Name": "Barrow", "Contact ID": "13"}
    )
    migration.delta(later, approve_all="Jane")
    now, arrived = migration.sandbox.state.dump(), migration.arrived()
    assert now["businesses"].keys() == dump["businesses"].keys()
    assert arrived.contact("max@quarry.example")["businessId"] == arrived.business("Quarry Inc")["id"]
    assert arrived.opportunity("Barrow")["custom"]["Company"] == "Quarry Inc (C2)"
    assert arrived.opportunity("Cart")["custom"]["Company"] == "Quarry Inc (C2)"
