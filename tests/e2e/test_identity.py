"""Random people in the location and in the export, sharing numbers and mailboxes: nobody refused, lost, damaged or made twice."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from pb2hl.workspace import Workspace, parse_config
from tests.e2e import write
from tests.e2e.drive import Arrived, migrate, step, workspace
from tests.e2e.test_existing import held

GIVEN = ("Ann", "Bob", "Carla", "Dmitri", "Eve", "Farid")
SURNAMES = ("Known", "Oduya", "Pereira", "Quist", "Rask")
MAILBOXES = [f"{name}@mail.example" for name in ("ann", "bob", "carla", "dmitri", "info", "office")]
PHONES = [f"+1613555{number:04d}" for number in range(101, 107)]
CITIES = ("", "Ottawa", "Hull")


def _person(draw: random.Random) -> dict[str, str]:
    person = {"first": draw.choice(GIVEN), "last": draw.choice(SURNAMES), "city": draw.choice(CITIES)}
    person["email"] = draw.choice([*MAILBOXES, "", ""])
    person["phone"] = draw.choice([*PHONES, "", ""])
    return person


def _there(draw: random.Random) -> list[dict[str, str]]:
    """Contacts that the location already holds: where it forbids duplicates no two share an address or number."""
    found: list[dict[str, str]] = []
    for number in range(5):
        person = _person(draw)
        for key in ("email", "phone"):
            if any(other.get(key) == person[key] for other in found):
                person[key] = ""
        record = {"id": f"own{number}", "firstName": person["first"], "lastName": person["last"]}
        found.append(record | {key: person[key] for key in ("email", "phone", "city") if person[key]})
    return found


def _rows(draw: random.Random) -> list[dict[str, str]]:
    rows = []
    for number in range(1, 15):
        person = _person(draw)
        rows.append(
            {"Contact ID": f"{number:03d}", "First Name": person["first"], "Last Name": person["last"], "Email": person["email"],
             "Phone": person["phone"], "City": person["city"], "Shoe Size": str(30 + number), "Created At": f"2021-01-{number:02d}"}
        )  # fmt: skip
    return rows


@pytest.mark.parametrize(
    "policy", ["fill", *(pytest.param(each, marks=pytest.mark.slow) for each in ("overwrite", "skip", "separate"))]
)
@pytest.mark.parametrize("allow", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.exhaustive)]
)
def test_identities_survive_the_locations_rules(tmp_path, rehearse, monkeypatch, seed, allow, policy):
    """Every person is in exactly one contact with all their addresses, the client's own stay as policy says, rollback restores."""
    draw = random.Random(f"{seed} {allow} {policy}")
    there, rows = _there(draw), _rows(draw)
    sandbox = rehearse(location={"allow_duplicate_contact": allow}, contacts=there)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    export = write.csv_folder(tmp_path / "x", {"contacts": rows})
    settings = {"export": str(export), "location": sandbox.location, "base_url": sandbox.url}
    ws = Workspace.create(tmp_path / "ws", parse_config({**settings, "policy": {"existing_contacts": policy}}))
    results = migrate(ws)
    assert results["load"].counts.get("refused", 0) == 0, results["load"].problems
    assert results["audit"].status == "done", results["audit"].problems
    arrived = Arrived.of(sandbox)
    _each_person_once(arrived, rows, policy)
    _own_records_stay(arrived, there, policy)
    step(ws, "rollback")
    assert held(sandbox.state.dump()) == held(before)


def _each_person_once(arrived: Arrived, rows: list[dict[str, str]], policy: str) -> None:
    holders: Counter[str] = Counter()
    holder_of = {}
    for contact in arrived.contacts:
        for source_id in str(contact["custom"].get("Perfect Books ID") or "").split(","):
            if source_id.strip():
                holders[source_id.strip()] += 1
                holder_of[source_id.strip()] = contact
    assert not holders or max(holders.values()) == 1
    missing = [row for row in rows if row["Contact ID"] not in holders]
    assert policy == "skip" or not missing, missing
    for row in rows:
        contact = holder_of.get(row["Contact ID"])
        if contact is None:
            continue
        text = str([contact.get("email"), contact.get("phone"), contact["custom"]]).lower()
        for heading in ("Email", "Phone"):
            assert row[heading] in text, f"{row} lost its {heading} in {contact}"


def _own_records_stay(arrived: Arrived, there: list[dict[str, str]], policy: str) -> None:
    now = {contact["id"]: contact for contact in arrived.contacts}
    for own in there:
        contact = now[own["id"]]
        untouched = not contact["custom"].get("Perfect Books ID")
        assert policy not in ("skip", "separate") or untouched
        if policy != "overwrite" or untouched:
            assert {key: contact.get(key) for key in own} == own


@pytest.mark.slow
def test_a_name_of_merged_rows_means_their_record(tmp_path, rehearse, monkeypatch):
    """What calls a person by name hangs on the record of the rows that are this person, or of the one who works at its company; where
    nothing tells namesakes apart, none is taken."""
    sandbox = rehearse()
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    twice = {"First Name": "Jan", "Last Name": "van Dyk", "Email": "jan@dyk.example", "Phone": "+16135550101"}
    others = [
        {
            "Contact ID": str(3 + at),
            "First Name": "Ann",
            "Last Name": "Lee",
            "Email": f"ann@{firm.lower()}.example",
            "Company": firm,
        }
        for at, firm in enumerate(("Alder", "Birch"))
    ]
    tables = {
        "contacts": [{"Contact ID": "1", **twice}, {"Contact ID": "2", **twice}, *others],
        "companies": [{"Company ID": "A", "Company Name": "Alder"}, {"Company ID": "B", "Company Name": "Birch"}],
        "deals": [{"Deal ID": "7", "Deal Name": "Roof", "Contact": "Jan van Dyk", "Stage": "New", "Amount": "100"},
                  {"Deal ID": "8", "Deal Name": "Wall", "Contact": "Ann Lee", "Company": "Birch", "Stage": "New", "Amount": "200"},
                  {"Deal ID": "9", "Deal Name": "Door", "Contact": "Ann Lee", "Stage": "New", "Amount": "300"}],
        "notes": [{"Note ID": "9", "Body": "Called", "Contact": "Van Dyk, Jan", "Created At": "2024-01-02"}],
    }  # fmt: skip
    ws = workspace(tmp_path / "ws", write.csv_folder(tmp_path / "x", tables), sandbox)
    results = migrate(ws)
    arrived = Arrived.of(sandbox)
    jan = arrived.contact("jan@dyk.example")
    assert len(arrived.contacts) == 4, [item.get("firstName") for item in arrived.contacts]
    assert arrived.opportunity("Roof")["contactId"] == jan["id"]
    assert arrived.opportunity("Wall")["contactId"] == arrived.contact("ann@birch.example")["id"], "she works there"
    assert "Ann Lee" in str(arrived.opportunity("Door")["custom"]), "nothing tells which of the two"
    assert arrived.marked("notes", "PB:notes:9")[0]["relations"][0]["recordId"] == jan["id"]
    assert "Jan van Dyk" not in str(arrived.opportunity("Roof")["custom"]), "nothing of it is told as not converted"
    assert results["audit"].status == "done", results["audit"].problems


@pytest.mark.slow
def test_a_company_that_only_contacts_name_is_their_deals_company(tmp_path, rehearse, monkeypatch):
    """In one sheet of people with their firms and deals, each deal tells the company that its people were linked to."""
    sandbox = rehearse()
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    people = [{"Contact ID": str(at), "First Name": "Ann", "Last Name": name, "Email": f"a@{name.lower()}.example", "Company": f"{name} Ltd"}
              for at, name in enumerate(("Alder", "Birch"), 1)]  # fmt: skip
    deals = [
        {"Deal ID": "7", "Deal Name": "Roof", "Contact ID": "1", "Company": "Alder Ltd", "Stage": "New", "Amount": "1"}
    ]
    ws = workspace(tmp_path / "ws", write.csv_folder(tmp_path / "x", {"contacts": people, "deals": deals}), sandbox)
    migrate(ws)
    told = Arrived.of(sandbox).opportunity("Roof")["custom"]
    assert told["Company"] == "Alder Ltd" and "Perfect Books Unconverted" not in told
