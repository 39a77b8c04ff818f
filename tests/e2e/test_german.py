"""A German export in a zip: everything a careful analyst would expect in the location, and nothing left after rollback."""

from __future__ import annotations

import pytest

from pb2hl.sandbox import Sandbox, Scenario
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e import exports
from tests.e2e.drive import Arrived, migrate, step, workspace

pytestmark = pytest.mark.slow

USERS = [
    {"name": "Anna Vogel", "email": "anna.vogel@agentur.example"},
    {"name": "B. Lang", "email": "b.lang@agentur.example"},
]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory, sandbox_server):
    """The German export, migrated once: the tests below look at it in order, the last one takes it back."""
    state = Sandbox(Scenario.default(rate=UNHURRIED, users=USERS))
    sandbox_server.sandbox = state
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    tmp_path = tmp_path_factory.mktemp("german")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
        yield _migrated(tmp_path, sandbox)


def _migrated(tmp_path, sandbox):
    before = sandbox.state.dump()
    ws = workspace(
        tmp_path / "ws",
        exports.german(tmp_path / "export.zip"),
        sandbox,
        country="DE",
        timezone="Europe/Berlin",
        currency="EUR",
        fallback_owner="anna.vogel@agentur.example",
    )
    results = migrate(ws)
    return ws, sandbox, before, results


def test_a_careful_analyst_finds_everything(migrated):
    """Contacts, companies, deals, tasks, notes and appointments arrive as the export means them."""
    _, sandbox, _, results = migrated
    arrived = Arrived.of(sandbox)
    _contacts(arrived)
    _businesses(arrived)
    _opportunities(arrived)
    _activities(arrived)
    assert results["audit"].status == "done", results["audit"].problems
    assert not sandbox.state.outbox, "nobody may be messaged"


def _contacts(arrived: Arrived) -> None:
    jana = arrived.contact("jana.roth@becker-bau.example")
    assert (jana["firstName"], jana["lastName"], jana["phone"]) == ("Jana", "Roth", "+49301234567")
    assert jana["dateOfBirth"].startswith("1980-12-24")
    assert jana["country"] == "DE" and jana["postalCode"] == "01067" and jana["address1"] == "Hauptstr. 5"
    assert sorted(jana["tags"]) == ["messe", "vip"]
    assert jana["assignedTo"] == arrived.user("anna.vogel@agentur.example")
    assert jana["dndSettings"]["email"]["status"] == "active" and not jana["dnd"]
    assert jana["custom"]["Perfect Books ID"] == "00017"
    assert "Schuhgröße" in jana["custom"] and float(str(jana["custom"]["Schuhgröße"]).replace(",", ".")) == 42
    assert any("+491712345678" in str(value) for value in jana["custom"].values()), "the mobile number must be kept"
    uwe = arrived.contact("uwe.klein@becker-bau.example")
    assert (
        uwe["dnd"] is True and uwe["dndSettings"]["SMS" if "SMS" in uwe["dndSettings"] else "sms"]["status"] == "active"
    )
    assert uwe["businessId"] == jana["businessId"]
    mia = arrived.contact("mia.sommer@gmail.com")
    assert mia["custom"]["Perfect Books ID"] in {"00019, 00020", "00020, 00019"}
    assert mia["dndSettings"]["email"]["status"] == "active", "of merged rows the strictest consent wins"
    assert mia["phone"] == "+4315134567"
    assert arrived.dump["businesses"][mia["businessId"]]["name"] == "Unassigned"
    real = [c for c in arrived.contacts if ":" not in c["custom"]["Perfect Books ID"]]
    assert len(real) == 3, "four rows, two of them the same person"


def _businesses(arrived: Arrived) -> None:
    names = sorted(b["name"] for b in arrived.businesses)
    assert names == ["Becker Bau GmbH", "Becker Holding AG", "Unassigned"]
    becker = arrived.business("Becker Bau GmbH")
    assert set(becker["custom"]["Perfect Books ID"].split(", ")) == {"F1", "F3"}
    assert "Becker Holding AG" in becker["custom"]["Parent Company"] and "F2" in becker["custom"]["Parent Company"]
    assert becker["phone"] == "+49301234500" and "becker-bau.example" in becker["website"]


def _opportunities(arrived: Arrived) -> None:
    roof = arrived.opportunity("Dachausbau")
    assert roof["monetaryValue"] == 1200.5 and roof["status"] == "open"
    assert arrived.stage(roof) == ("Vertrieb", "Angebot")
    assert roof["contactId"] == arrived.contact("jana.roth@becker-bau.example")["id"]
    assert roof["forecastProbability"] == 40 and roof["forecastExpectedCloseDate"].startswith("2021-05-31")
    cellar = arrived.opportunity("Keller")
    assert cellar["status"] == "lost" and arrived.stage(cellar) == ("Vertrieb", "Verloren")
    assert "Preis" in cellar["custom"].values(), "a lost reason that the location does not know is kept in a field"
    garage = arrived.opportunity("Garage ohne Kontakt")
    assert garage["status"] == "won" and garage["monetaryValue"] == 10000
    stand_in = arrived.dump["contacts"][garage["contactId"]]
    assert {i["value"] for i in stand_in["customFields"]} >= {"deal:V-3"}
    (pipeline,) = [p for p in arrived.dump["pipelines"].values() if p["name"] == "Vertrieb"]
    assert [s["name"] for s in sorted(pipeline["stages"], key=lambda s: s["position"])] == [
        "Anfrage",
        "Angebot",
        "Gewonnen",
        "Verloren",
    ]
    assert [s["stageWinProbability"] for s in sorted(pipeline["stages"], key=lambda s: s["position"])] == [
        10,
        40,
        100,
        0,
    ]


def _activities(arrived: Arrived) -> None:
    jana = arrived.contact("jana.roth@becker-bau.example")
    (task,) = arrived.marked("tasks", "PB:tasks:7")
    assert (
        task["contactId"] == jana["id"]
        and task["completed"] is True
        and task["dueDate"].startswith("2021-04-20T08:00:00")
    )
    (orphan,) = arrived.marked("tasks", "PB:tasks:8")
    placeholder = arrived.dump["contacts"][orphan["contactId"]]
    assert {i["value"] for i in placeholder["customFields"]} >= {"task:8"}
    (note,) = arrived.marked("notes", "PB:notes:n1")
    assert "<script" not in note["body"] and "schnell" in note["body"]
    (company_note,) = arrived.marked("notes", "PB:notes:n2")
    assert {"objectKey": "business", "recordId": arrived.business("Becker Holding AG")["id"]} in company_note[
        "relations"
    ]
    (deal_note,) = arrived.marked("notes", "PB:notes:n3")
    assert {"objectKey": "contact", "recordId": jana["id"]} in deal_note["relations"] and "Dachausbau" in deal_note[
        "body"
    ]
    meetings = sorted(arrived.marked("appointments", "PB:appointments:T1"), key=lambda a: a["startTime"])
    assert [a["startTime"][:16] for a in meetings] == ["2021-03-22T09:00", "2021-03-29T09:00", "2021-04-05T09:00"], (
        "wall clock over DST"
    )
    assert len(arrived.marked("appointments", "PB:appointments:T2")) == 1


def test_a_second_load_sends_nothing(migrated):
    """Loading again writes nothing."""
    ws, sandbox, _, _ = migrated
    dump = sandbox.state.dump()
    step(ws, "load")
    assert sandbox.state.dump() == dump


def test_rollback_leaves_the_location_as_it_was(migrated):
    """After rollback the location holds exactly what it held before."""
    ws, sandbox, before, _ = migrated
    step(ws, "rollback")
    assert sandbox.state.dump() == before
