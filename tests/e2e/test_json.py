"""A GraphQL answer whose values hold JSON once more, to the end: what cells and wrappers hold is what arrives."""

from __future__ import annotations

import json

import pytest

from tests.e2e.drive import Arrived, migrate, workspace

PEOPLE = [
    {
        "id": "p1",
        "name": {"first": "Rita", "last": "Moro"},
        "emails": json.dumps([{"label": "work", "value": "rita@lago.example"}, {"label": "old", "value": "r@old.example"}, {"label": "home", "value": "r@home.example"}]),
        "phones": json.dumps([{"type": "fax", "number": "(415) 555-0110"}, {"type": "mobile", "number": "(415) 555-0111"}, {"type": "work", "number": "(415) 555-0112"}]),
        "address": json.dumps({"street": "1 Main St", "city": "Austin", "zip": "78701", "country": "US"}),
        "tags": "{VIP,\"Cold lead\"}",
        "owner": json.dumps({"id": 7, "name": "Kim Lee", "email": "kim@agency.example"}),
        "company": json.dumps({"id": "k1", "name": "Lago Srl"}),
        "interests": "['Golf', 'Wine']",
        "score_log": json.dumps([{"a": {"b": [1, {"c": 2}]}}]),
        "notes": json.dumps([{"id": 1, "body": "Met at the fair", "created_at": "2024-01-01T10:00:00Z", "author": "kim@agency.example"}]),
    },
    {"id": "p2", "name": {"first": "Ugo", "last": "Neri"}, "emails": json.dumps([{"label": "work", "value": "ugo@monte.example"}]), "tags": "{VIP}", "interests": "['Golf']"},
]  # fmt: skip
FIRMS = [
    {
        "id": "k1",
        "name": "Lago Srl",
        "domainName": {"primaryLinkUrl": "https://lago.example", "secondaryLinks": []},
        "employees": 5,
    }
]
DEALS = [
    {
        "id": "d1",
        "name": "Villa",
        "amount": {"amountMicros": 25000500000, "currencyCode": "USD"},
        "stage": {"id": 3, "name": "New"},
        "closeDate": "2025-01-01",
        "contactId": "p1",
    }
]


def _connection(records):
    return {"edges": [{"cursor": "x", "node": one} for one in records], "pageInfo": {"hasNextPage": False}}


@pytest.mark.slow
def test_cells_and_wrappers(tmp_path, rehearse, monkeypatch):
    """E-mails in their order, phones by type, address, tags, owner, company, amount and notes arrive; no field holds JSON."""
    sandbox = rehearse(users=[{"name": "Kim Lee", "email": "kim@agency.example"}])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    lists = {"people": PEOPLE, "companies": FIRMS, "opportunities": DEALS}
    body = {"data": {name: _connection(records) for name, records in lists.items()}}
    (tmp_path / "export.json").write_text(json.dumps(body))
    ws = workspace(tmp_path / "ws", tmp_path / "export.json", sandbox, country="US", timezone="UTC", currency="USD")
    results = migrate(ws)
    arrived = Arrived.of(sandbox)
    rita = arrived.contact("rita@lago.example")
    assert (rita["firstName"], rita["lastName"], rita["phone"]) == ("Rita", "Moro", "+14155550112")
    assert (rita["address1"], rita["city"], rita["postalCode"], rita["country"]) == (
        "1 Main St",
        "Austin",
        "78701",
        "US",
    )
    assert sorted(rita["tags"]) == ["cold lead", "vip"] and rita["assignedTo"] == arrived.user("kim@agency.example")
    assert rita["businessId"] == arrived.business("Lago Srl")["id"]
    custom = rita["custom"]
    assert (
        custom["Other Emails"].split("\n") == ["r@old.example", "r@home.example"] and custom["Mobile"] == "+14155550111"
    )
    assert custom["interests"] == "Golf; Wine" and custom["score_log"] == "a: b: 1; c: 2"
    villa = arrived.opportunity("Villa")
    assert villa["monetaryValue"] == 25000.5 and arrived.stage(villa)[1] == "New" and villa["contactId"] == rita["id"]
    assert ["Met at the fair" in note["body"] for note in arrived.dump["notes"].values()] == [True]
    sent = [*arrived.contacts, *arrived.businesses, *arrived.opportunities]
    assert not [value for record in sent for value in record["custom"].values() if str(value).startswith(("[", "{"))]
    assert "json_written_out" in {told.code for told in results["inventory"].problems}
    assert results["audit"].status == "done"
