"""The sample step against the rehearsal HighLevel: linked records are loaded for real, read back, compared and offered for approval."""

from __future__ import annotations

import httpx
import pytest

from pb2hl.errors import GateClosed
from pb2hl.results import Status, StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps.gates import gates


def test_a_sample_is_linked_and_compared_field_by_field(migration):
    """What was chosen is in the location with what hangs on it, every difference has its class, and nothing is wrong."""
    result = StepResult.load(migration.ws.results("sample"))
    assert result.status is Status.WAITING and result.facts["hash"]
    chosen = result.tables["records"]
    assert {"contacts", "companies", "deals", "notes"} <= set(chosen["object"])
    assert (
        set(chosen["state"]) <= {"done", "skipped"} and chosen.loc[chosen["state"] == "done", "record_id"].ne("").all()
    )
    assert result.counts["changed"] == result.counts["missing"] == result.counts["in_doubt"] == 0
    ada = migration.arrived().contact("ada@mill.example")
    assert ada["businessId"] == migration.arrived().business("Mill Ltd")["id"]


def test_every_value_names_the_cells_it_comes_from(migration):
    """Custom, split and put-together values show their text as exported and its columns; the migration's own say so."""
    diff = StepResult.load(migration.ws.results("sample")).tables["diff"]
    assert diff["source_columns"].ne("").all() and diff["prepared"].ne("").all()
    silent = diff["source_value"] == ""
    assert set(diff["prepared"][silent]) == {"no cell holds it"} and "no cell holds it" not in set(
        diff["prepared"][~silent]
    )
    told = diff.set_index(["object", "field"])["source_columns"]
    assert told["contacts", "Perfect Books ID"].str.contains("Contact ID").all()
    assert told["contacts", "Perfect Books Created"].eq("Created").all()
    assert not diff["field"].str.startswith("customFields.").any(), "custom fields go by the names that people know"
    body = diff[(diff["object"] == "notes") & (diff["field"] == "body")].iloc[0]
    assert "Body: " in body["source_value"] and body["prepared"] == "put together"
    assert {"Created", "Contact ID"} <= set(body["source_columns"].split(", "))


def test_every_class_occurs_and_is_explained(migration):
    """What people did to the sample before it was read back comes out as changed, missing and extra, each with its reason."""
    there = migration.arrived()
    ada, other = there.contact("ada@mill.example"), there.contact("max@quarry.example")
    fields = {item["name"]: key for key, item in there.dump["fields"].items() if item["objectKey"] == "contact"}
    free = next(fields[name] for name in fields if name not in other["custom"] and name != "Perfect Books Files")
    edits = {
        ada["id"]: {
            "city": "Perth",
            "firstName": "ADA",
            "customFields": [{"id": fields["Perfect Books Created"], "fieldValue": None}],
        },
        other["id"]: {"customFields": [{"id": free, "fieldValue": "by hand"}]},
    }
    for contact, body in edits.items():
        url = f"{migration.sandbox.url}/contacts/{contact}"
        assert httpx.put(url, headers=migration.sandbox.headers, json=body).status_code < 300
    result = migration.run("sample")
    diff = result.tables["diff"]
    why = diff.groupby("class")["explanation"].agg(set)
    assert set(why.index) == {"equal", "normalised", "changed", "missing", "extra"}
    assert why["equal"] == {""} and not any("" in why[kind] for kind in why.index if kind != "equal")
    mine = diff[diff["source_id"] == "11"].set_index("field")["class"]
    assert (mine["city"], mine["Perfect Books Created"]) == ("changed", "missing")
    assert {item.code for item in result.problems} == {"sample_diff"}


def test_sampling_again_sends_nothing(migration):
    """The same sample a second time finds everything done: no record is there twice."""
    before = migration.sandbox.state.dump()
    migration.run("sample")
    after = migration.sandbox.state.dump()
    assert {
        name: len(after[name]) for name in ("contacts", "businesses", "opportunities", "notes", "tasks", "appointments")
    } == {
        name: len(before[name])
        for name in ("contacts", "businesses", "opportunities", "notes", "tasks", "appointments")
    }


def test_no_sample_without_an_approved_mapping(migration):
    """A sheet edited after the approval closes the way, and the location is not touched."""
    tags = migration.ws.sheet("tags", ["decision"])
    tags.loc[0, "decision"] = "drop"
    write_sheet(migration.ws.sheets / "tags.csv", tags)
    before = migration.sandbox.state.dump()
    with pytest.raises(GateClosed, match="mapping"):
        migration.run("sample")
    assert migration.sandbox.state.dump() == before


def test_the_approval_names_what_was_seen(migration):
    """The gate `sample` stands for the sample that was shown; it is on record by name."""
    row = next(row for row in gates.states(migration.ws) if row["gate"] == "sample")
    assert (row["state"], row["who"], row["forced"]) == ("approved", "Judge", False)
    assert row["hash"] == StepResult.load(migration.ws.results("sample")).facts["hash"]
