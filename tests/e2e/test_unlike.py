"""Exports that no test of a part knows, from end to end: what a careful analyst expects in HighLevel, and nothing after rollback."""

from __future__ import annotations

import pytest

from tests.e2e import unlike
from tests.e2e.drive import Arrived, migrate, step, workspace


def _arrived(tmp_path, rehearse, monkeypatch, export, user, **settings) -> Arrived:
    """What `export` becomes, after proof that a rollback takes all of it away again."""
    name, email = user
    users = [{"name": name, "email": email}, {"name": "Fall", "email": "office@pb.example"}]
    sandbox = rehearse(users=users)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    ws = workspace(tmp_path / "ws", export, sandbox, fallback_owner="office@pb.example", **settings)
    results = migrate(ws)
    assert results["audit"].status == "done", results["audit"].problems
    arrived = Arrived.of(sandbox)
    step(ws, "rollback")
    assert sandbox.state.dump() == before
    return arrived


def _on(arrived: Arrived, note: dict) -> tuple[str, str]:
    (relation,) = note["relations"]
    return relation["objectKey"], relation["recordId"]


@pytest.mark.slow
def test_a_vendors_workbook(tmp_path, rehearse, monkeypatch):
    """Prefixes, titles, totals, formulas, lost zeros and references told by a type column are understood."""
    export = unlike.vendors_workbook(tmp_path / "x.xlsx")
    settings = {"country": "NO", "timezone": "Europe/Oslo", "currency": "NOK"}
    arrived = _arrived(tmp_path, rehearse, monkeypatch, export, ("Lars Moen", "lars@pb.example"), **settings)
    lars, office = arrived.user("lars@pb.example"), arrived.user("office@pb.example")
    nora, ole, kai = (arrived.contact(f"{who}.example") for who in ("nora.quist@fjord", "ole@fjord", "kai.lund@solo"))
    assert [(c["firstName"], c["lastName"], c["phone"], c["assignedTo"]) for c in (nora, ole, kai)] == [
        ("Nora", "Quist", "+4722123456", lars), ("Ole", "Bakke", "+4755123457", lars), ("Kai", "Lund", "+4791234567", office),
    ]  # fmt: skip
    assert [sorted(c["tags"]) for c in (nora, ole)] == [["gold", "press"], ["gold"]]
    assert ole["dnd"] and not nora.get("dnd") and nora["dateOfBirth"].startswith("1985-05-17")
    assert nora["custom"]["pbk_link"] == "card (https://fjord.example/n)" and kai["custom"]["pbk_colour"] == "blue"
    assert "pbk_score" not in kai["custom"], "a sum that nobody computed is blank and told"
    fjord, group = arrived.business("Fjord AS"), arrived.business("Nordic Group ASA")
    assert (
        nora["businessId"] == ole["businessId"] == fjord["id"]
        and fjord["custom"]["Parent Company"] == "Nordic Group ASA (0008)"
    )
    deals = {d["name"]: d for d in arrived.opportunities}
    assert {name: (arrived.stage(d), d["status"], d["monetaryValue"]) for name, d in deals.items()} == {
        "Boat": (("Boats", "Negotiation"), "open", 12500.5), "Dock": (("Boats", "Signed"), "won", 1200.5), "Net": (("Service", "Visit"), "lost", 900),
    }  # fmt: skip
    assert [deals[name]["contactId"] for name in ("Boat", "Dock", "Net")] == [nora["id"], nora["id"], kai["id"]]
    notes = [arrived.marked("notes", f"PB:activities:{number} ")[0] for number in (1, 2, 3, 4)]
    assert [_on(arrived, note) for note in notes] == [
        ("contact", nora["id"]), ("contact", ole["id"]), ("contact", nora["id"]), ("business", fjord["id"]),
    ]  # fmt: skip
    assert (
        "<strong>Call" in notes[0]["body"] and "15 min" in notes[0]["body"] and "deal Boat (0501)" in notes[2]["body"]
    )
    tasks = {task["title"]: task for task in arrived.dump["tasks"].values()}
    assert tasks["Send contract"]["contactId"] == nora["id"] and tasks["Send contract"]["completed"]
    assert tasks["Call back"]["contactId"] == ole["id"] and f"company {group['name']}" in tasks["Invoice"]["body"]
    starts = sorted(item["startTime"][:16] for item in arrived.dump["appointments"].values())
    assert starts == [
        "2025-03-03T09:00",
        "2025-03-05T14:00",
        "2025-03-10T09:00",
        "2025-03-24T09:00",
        "2025-04-05T14:00",
    ]
    assert len(arrived.contacts) == 4, "three people, and a placeholder for the company's task"


@pytest.mark.slow
def test_a_document_that_nests_everything(tmp_path, rehearse, monkeypatch):
    """People, deals, notes and to-dos inside accounts become records of their own that know where they stood."""
    export = unlike.document(tmp_path / "dump.json")
    settings = {"country": "IT", "timezone": "Europe/Rome", "currency": "EUR"}
    arrived = _arrived(tmp_path, rehearse, monkeypatch, export, ("Gino Verdi", "gino@pb.example"), **settings)
    rita, ugo, lago = (
        arrived.contact("rita@lago.example"),
        arrived.contact("ugo@lago.example"),
        arrived.business("Lago Srl"),
    )
    assert (rita["firstName"], rita["lastName"], rita["phone"]) == ("Rita", "Neri", "+39021234567")
    assert rita["businessId"] == ugo["businessId"] == lago["id"] and sorted(rita["tags"]) == ["press", "vip"]
    assert rita["dndSettings"]["email"]["status"] == "active" == ugo["dndSettings"]["sms"]["status"]
    assert (rita["custom"]["Shoe size"], ugo["custom"]["Wine"]) == (39, "white")
    villa = arrived.opportunity("Villa")
    assert (
        villa["contactId"] == ugo["id"]
        and villa["monetaryValue"] == 25000
        and arrived.stage(villa) == ("Sales", "Offer")
    )
    assert _on(arrived, arrived.marked("notes", "PB:notes:n-1")[0]) == ("contact", rita["id"])
    assert "deal Villa (d-1)" in arrived.marked("notes", "PB:notes:n-3")[0]["body"]
    (task,) = arrived.dump["tasks"].values()
    assert (task["title"], task["contactId"], task["assignedTo"]) == (
        "Call Rita",
        rita["id"],
        arrived.user("gino@pb.example"),
    )
    assert {b["name"] for b in arrived.businesses} >= {"Lago Srl", "Monte SpA"}
    assert not {"people", "deals", "notes"} & set(lago["custom"]), "no JSON is left in a field"


@pytest.mark.slow
def test_a_normalised_database(tmp_path, rehearse, monkeypatch):
    """Ids of pipelines and stages become names, fields declared by code get their label and type, views bring nobody twice."""
    export = unlike.database(tmp_path / "x.db")
    arrived = _arrived(tmp_path, rehearse, monkeypatch, export, ("Kim Lee", "kim@a.example"))
    ann, bob = arrived.contact("ann@lee.example"), arrived.contact("bob@ray.example")
    assert ann["phone"] == "+14165550101" and sorted(ann["tags"]) == ["a", "b"] and bob["dnd"]
    assert ann["dndSettings"]["email"]["status"] == "active"
    assert (ann["custom"]["VIP customer"], ann["custom"]["Level"], ann["custom"]["Hobbies"]) == (
        "Yes",
        "Gold",
        ["Chess", "Tea"],
    )
    lee = arrived.business("Lee Ltd.")
    assert ann["businessId"] == lee["id"] and lee["custom"]["Parent Company"] == "Lee Group (11)"
    stages = {d["name"]: arrived.stage(d) for d in arrived.opportunities}
    assert stages == {"One": ("Sales", "New"), "Two": ("Sales (2)", "Intro"), "Three": ("Sales", "Won")}
    assert [_on(arrived, arrived.marked("notes", f"PB:notes:{n} ")[0]) for n in (1, 2, 3)] == [
        ("contact", ann["id"]), ("business", lee["id"]), ("contact", bob["id"]),
    ]  # fmt: skip
    assert len(arrived.contacts) == 3, "two people, and a stand-in for the deal without one"


@pytest.mark.slow
def test_files_in_cells(tmp_path, rehearse, monkeypatch):
    """Attachments whose bytes stand in BLOBs, base64 and data: URIs arrive byte for byte, under their names; a damaged one is told."""
    export = unlike.files_in_cells(tmp_path / "x")
    sandbox = rehearse(users=[{"name": "Fall", "email": "office@pb.example"}])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", export, sandbox, fallback_owner="office@pb.example")
    results = migrate(ws)
    assert results["audit"].status == "done", results["audit"].problems
    sent = sorted(content for content, _ in sandbox.state.blobs.values())
    assert sent == sorted([unlike.PNG, unlike.PDF, unlike.PDF, unlike.PDF[:900], "Grüße an alle".encode()])
    arrived = Arrived.of(sandbox)
    ann, bob = arrived.contact("ann@lee.example"), arrived.contact("bob@ray.example")
    names = [sorted(_file_names(who)) for who in (ann, bob)]
    assert names == [["photo.png"], ["Contract.pdf", "cv.pdf", "readme.txt"]]
    (note,) = arrived.marked("notes", "PB:notes:1")
    assert "scan.pdf</a>" in note["body"]
    assert "attachment_damaged" in {problem.code for problem in results["inventory"].problems}
    assert "file_not_sent" in {problem.code for problem in results["schema"].problems}
    step(ws, "rollback")
    assert not sandbox.state.dump()["contacts"]


def _file_names(contact: dict) -> list[str]:
    return [item["meta"]["originalname"] for item in contact["custom"]["Perfect Books Files"].values()]


@pytest.mark.slow
def test_a_crms_own_database(tmp_path, rehearse, monkeypatch):
    """Tables of links, of addresses and of who wrote to whom make no records: contacts, deals and calls know what they belong to."""
    export = unlike.crm_database(tmp_path / "x.db")
    settings = {"country": "US", "timezone": "America/Chicago", "currency": "USD"}
    arrived = _arrived(tmp_path, rehearse, monkeypatch, export, ("Ann Agent", "ann@agency.example"), **settings)
    mary, paul = arrived.contact("mary@brightsolar.example"), arrived.contact("paul@harborfoods.example")
    assert len(arrived.contacts) == 2 and len(arrived.businesses) == 2, "deleted rows and links are no records"
    assert mary["businessId"] == arrived.business("Bright Solar Ltd")["id"] and mary["assignedTo"] == arrived.user(
        "ann@agency.example"
    )
    assert paul["dnd"] and paul["dndSettings"]["call"]["status"] == "active", "the opt-out stands on his address"
    assert arrived.business("Harbor Foods Inc")["email"] == "info@harborfoods.example"
    roof, store = arrived.opportunity("Roof panels"), arrived.opportunity("Cold store")
    assert (roof["contactId"], roof["custom"]["contact_role"], roof["status"]) == (mary["id"], "Decision Maker", "open")
    assert (store["contactId"], store["status"]) == (paul["id"], "won")
    assert {_on(arrived, note) for note in arrived.dump["notes"].values()} == {("contact", mary["id"])}
