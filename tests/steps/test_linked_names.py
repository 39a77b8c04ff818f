"""Locations that write a business's name over the company name of a contact that is linked to it: told before anything is loaded."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl.highlevel import Client, Limiter, relating, run
from pb2hl.highlevel.capabilities import PROBED
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan import Operations
from pb2hl.steps.shared import linked_names


def op(target: Target, op_id: str, payload: dict, existing_id: str = "", kind: Kind = Kind.CREATE) -> Operation:
    """An operation of a plan."""
    return Operation(op_id, kind, target, "contacts", op_id, payload=payload, existing_id=existing_id)


@pytest.fixture
def planned(tmp_path):
    """(folder of a plan, location) with contacts of theirs that have another name, the same, none, and one of ours."""
    contacts = {"other": "Own words", "same": "MILL", "blank": "", "old": "Old Firm", "stranger": "Nobody's"}
    place = SimpleNamespace(
        contacts=pd.DataFrame({"id": list(contacts), "companyName": list(contacts.values())}),
        businesses=pd.DataFrame({"id": ["firm"], "name": ["Old Firm"]}),
    )
    found = Operations()
    found.add(op(Target.BUSINESS, "b1", {"name": "Mill"}))
    found.add(op(Target.BUSINESS, "b2", {}, "firm", Kind.SKIP))
    for name in ("other", "same", "blank", "old"):
        found.add(op(Target.CONTACT, f"c-{name}", {"city": "Hull"}, name, Kind.UPDATE))
    found.add(op(Target.CONTACT, "c-new", {"firstName": "New"}))
    for name in ("other", "same", "blank", "old", "new"):
        business = {"$ref": "b2" if name == "old" else "b1"}
        found.add(
            op(Target.LINK, f"l-{name}", {"contactId": {"$ref": f"c-{name}"}, "businessId": business}, kind=Kind.LINK)
        )
    found.close()
    found.write(tmp_path / "data")
    return tmp_path / "data", place


@pytest.mark.parametrize(("known", "severity"), [(True, "warning"), (None, "info"), (False, None)])
def test_names_that_links_would_write_over_are_counted(planned, known, severity):
    """Those of contacts that are there, where they are not the business's name: a warning where a probe saw it, nothing where it saw not."""
    folder, place = planned
    assert linked_names.overwritten(folder, place) == 2
    ledger = SimpleNamespace(recall={PROBED: {"link_names": known}}.get)
    found = linked_names.problems(ledger, folder, place)
    assert [str(one.severity) for one in found] == ([severity] if severity else [])
    assert all(one.count == 2 and "another company name" in one.message for one in found)


@pytest.mark.parametrize("writes", [True, False])
def test_a_probe_sees_it(rehearse, writes):
    """On its scratch contact, and leaves nothing behind."""
    place = rehearse(behaviour={"link_sets_company_name": writes}, contacts=[{"id": "scratch", "firstName": "S"}],
                     pipelines=[{"id": "p", "name": "P", "stages": [{"name": "New", "position": 0}]}])  # fmt: skip

    async def probe() -> dict:
        async with Client(place.token, place.location, place.url, limiter=Limiter(), search_lag_s=0.0) as client:
            client.identity = (await client.request("GET", f"/locations/{place.location}")).body["location"]
            return await relating.probe(client, "scratch", "mark")

    assert run(probe())["link_names"] is writes
    assert not place.state.businesses.records and place.state.contacts.get("scratch").get("businessId") is None
