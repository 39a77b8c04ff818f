"""A location that is in use: the client's own records are found, filled where blank, never damaged; and undone."""

from __future__ import annotations

import pytest

from tests.e2e import write
from tests.e2e.drive import Arrived, migrate, step, workspace

USERS = [{"name": "Kim Lee", "email": "kim@agency.example"}]
CONTACTS = [
    {"Contact ID": "1", "First Name": "Ann", "Last Name": "Known", "Email": "ann@client.example", "Phone": "613-555-0101", "City": "Ottawa",
     "Tags": "Gold", "Do Not Contact": "Y", "Company": "Client Firm", "Owner": "kim@agency.example", "Shoe": "42", "Created At": "2021-01-01"},
    {"Contact ID": "2", "First Name": "Bob", "Last Name": "Phone", "Phone": "613-555-0102", "City": "Hull", "Created At": "2021-01-02"},
    {"Contact ID": "3", "First Name": "Carl", "Last Name": "Shares", "Email": "carl@new.example", "Phone": "613-555-0103", "Tags": "silver",
     "Company": "Client Firm", "Shoe": "43", "Created At": "2021-01-03"},
    {"Contact ID": "4", "First Name": "Dora", "Last Name": "New", "Email": "dora@new.example", "Created At": "2021-01-04"},
]  # fmt: skip
COMPANIES = [
    {
        "Company ID": "F1",
        "Company Name": "Client Firm",
        "Domain": "client.example",
        "City": "Ottawa",
        "Created At": "2020-01-01",
    }
]
DEALS = [
    {"Deal ID": "D1", "Deal Name": "Old deal", "Contact": "1", "Pipeline": "Sales", "Stage": "Quote", "Status": "open", "Amount": "100", "Created At": "2021-02-01"},
    {"Deal ID": "D2", "Deal Name": "New deal", "Contact": "1", "Pipeline": "sales", "Stage": "New", "Status": "open", "Amount": "200", "Created At": "2021-02-02"},
    {"Deal ID": "D3", "Deal Name": "Won deal", "Contact": "4", "Pipeline": "Sales", "Stage": "Won", "Status": "won", "Amount": "300", "Created At": "2021-02-03"},
]  # fmt: skip
THERE = {
    "tags": ["gold"],
    "custom_fields": [{"name": "Shoe", "dataType": "TEXT", "model": "contact"}],
    "pipelines": [{"name": "Sales", "stages": [{"name": name, "position": at} for at, name in enumerate(("New", "Quote", "Won"))]}],
    "businesses": [{"id": "biz1", "name": "Client Firm", "website": "https://client-own.example"}],
    "contacts": [
        {"id": "c1", "firstName": "Annie", "lastName": "Known", "email": "ann@client.example", "phone": "+16135550999", "tags": ["old"]},
        {"id": "c2", "firstName": "Bob", "lastName": "Phone", "phone": "+16135550102"},
        {"id": "c3", "firstName": "Somebody", "lastName": "Else", "phone": "+16135550103"},
    ],
    "opportunities": [{"id": "o1", "name": "Old deal", "contactId": "c1", "pipeline": "Sales", "stage": "New", "status": "open", "monetaryValue": 55}],
}  # fmt: skip
PLATFORM = {"dateUpdated", "updatedAt"}


def held(dump: object) -> object:
    """A dump without what the platform stamps itself, and without fields that hold nothing."""
    if isinstance(dump, dict):
        return {key: held(value) for key, value in dump.items() if key not in PLATFORM and value is not None}
    return [held(item) for item in dump] if isinstance(dump, list) else dump


@pytest.mark.parametrize("allow", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_nothing_of_the_clients_own_is_damaged(tmp_path, rehearse, monkeypatch, allow):
    """Blanks are filled and tags added; names, numbers, amounts, fields and pipelines that were there stay; rollback restores."""
    settings = {"allow_duplicate_contact": allow, "allow_duplicate_opportunity": allow}
    sandbox = rehearse(users=USERS, location=settings, **THERE)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    tables = {"contacts": CONTACTS, "companies": COMPANIES, "deals": DEALS}
    ws = workspace(tmp_path / "ws", write.csv_folder(tmp_path / "x", tables), sandbox)
    results = migrate(ws)
    arrived = Arrived.of(sandbox)
    _people(arrived, allow)
    _firm_and_deals(arrived, allow)
    assert results["audit"].status == "done", results["audit"].problems
    dump = sandbox.state.dump()
    step(ws, "load")
    assert sandbox.state.dump() == dump
    step(ws, "rollback")
    assert held(sandbox.state.dump()) == held(before)


def _people(arrived: Arrived, allow: bool) -> None:
    by_id = {contact["id"]: contact for contact in arrived.contacts}
    ann, bob, else_ = by_id["c1"], by_id["c2"], by_id["c3"]
    assert len(by_id) == 5, "two are new"
    assert (ann["firstName"], ann["phone"], ann["city"]) == ("Annie", "+16135550999", "Ottawa")
    assert sorted(ann["tags"]) == ["gold", "old"] and ann["dnd"] is True
    assert "assignedTo" not in ann, "her own deal's owner may follow hers, and nobody has probed whether it does"
    assert ann["custom"]["Perfect Books ID"] == "1"
    assert "+16135550101" in ann["custom"].values(), "the export's number is kept beside the client's"
    assert (bob["city"], bob["custom"]["Perfect Books ID"]) == ("Hull", "2"), "found by phone and name"
    assert "custom" not in else_ or not else_["custom"], "a shared number makes nobody the same person"
    carl = arrived.contact("carl@new.example")
    assert bool(carl.get("phone")) is allow
    assert allow or "+16135550103" in carl["custom"].values()
    shoes = [v for name, v in carl["custom"].items() if name.startswith("Shoe")]
    assert [float(v) for v in shoes] == [43]
    (own,) = [f for f in arrived.dump["fields"].values() if f["name"] == "Shoe"]
    assert own["dataType"] == "TEXT", "a field that exists is never altered"


def _firm_and_deals(arrived: Arrived, allow: bool) -> None:
    firm = arrived.business("Client Firm")
    assert (firm["id"], firm["website"], firm["city"]) == ("biz1", "https://client-own.example", "Ottawa")
    assert arrived.contact("carl@new.example")["businessId"] == "biz1"
    (line,) = arrived.dump["pipelines"].values()
    assert [s["name"] for s in line["stages"]] == ["New", "Quote", "Won"], "it has every stage: used as it is"
    old = next(o for o in arrived.opportunities if o["id"] == "o1")
    assert (old["monetaryValue"], old["custom"]["Perfect Books ID"]) == (55, "D1") and arrived.stage(old)[1] == "New"
    assert arrived.opportunity("Won deal")["status"] == "won"
    new = [o for o in arrived.opportunities if o["name"] == "New deal"]
    assert len(new) == int(allow)
    assert allow or arrived.marked("notes", "PB:deals:D2")


@pytest.mark.slow
def test_two_accounts_in_one_location(tmp_path, rehearse, monkeypatch):
    """Two sources with the same ids do not touch each other's records, and each is undone alone."""
    sandbox = rehearse(users=USERS)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    first = write.csv_folder(tmp_path / "a", {"contacts": CONTACTS[2:], "companies": COMPANIES, "deals": DEALS[2:]})
    others = [
        {"Contact ID": "3", "First Name": "Eve", "Last Name": "Elsewhere", "Email": "eve@other.example", "Created At": "2021-01-01"},
        {"Contact ID": "4", "First Name": "Dora", "Last Name": "New", "Email": "dora@new.example", "City": "Gatineau", "Created At": "2021-01-01"},
    ]  # fmt: skip
    deal = {**DEALS[2], "Deal Name": "Other won deal", "Contact": "3"}
    second = write.csv_folder(tmp_path / "b", {"contacts": others, "deals": [deal]})
    one = workspace(tmp_path / "one", first, sandbox)
    migrate(one)
    middle = sandbox.state.dump()
    two = workspace(tmp_path / "two", second, sandbox, source="branch")
    results = migrate(two)
    arrived = Arrived.of(sandbox)
    assert results["audit"].status == "done", results["audit"].problems
    eve = arrived.contact("eve@other.example")
    assert eve["custom"]["Perfect Books ID"] == "branch::3"
    dora = arrived.contact("dora@new.example")
    assert dora["custom"]["Perfect Books ID"].startswith("4") and dora["city"] == "Gatineau", (
        "one person, found by e-mail"
    )
    assert arrived.opportunity("Other won deal")["contactId"] == eve["id"]
    assert arrived.opportunity("Won deal")["contactId"] == dora["id"]
    step(two, "rollback")
    assert held(sandbox.state.dump()) == held(middle)
    step(one, "rollback")
    assert held(sandbox.state.dump()) == held(before)
