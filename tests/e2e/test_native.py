"""Values go to HighLevel's own places where it has them, beside them where it has none, and back out of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pb2hl.apply.references import UnresolvedReference, check, fill_references
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.highlevel.records.notes import relations_in
from pb2hl.ledger import Ledger, State
from pb2hl.operations import OPTIONAL, Kind, Operation, Target, optional_references, references
from pb2hl.results import Status
from pb2hl.steps.prepare.doctor import doctor
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small

pytestmark = pytest.mark.slow

MORE_USERS = [{"name": f"User {n}", "email": f"u{n}@agency.example"} for n in range(11)]


def followed() -> small.Tables:
    """Followers by name and id, a stranger among them, eleven of one deal, and genders; Una is in the location already."""
    content = small.tables()
    content["users"] += [
        {"User ID": f"x{n}", "Name": user["name"], "Email": user["email"], "Active": "Y"}
        for n, user in enumerate(MORE_USERS)
    ]
    for source_id, gender, followers in (
        ("11", "female", "Bo Lang; Zed Stranger"),
        ("12", "", "2; 1"),
        ("13", "female", "Anna Vogel"),
    ):
        small.row(content, "contacts", source_id).update({"Gender": gender, "Followers": followers})
    for source_id, followers in (("D1", "; ".join(user["name"] for user in MORE_USERS)), ("D2", "Bo Lang")):
        small.row(content, "deals", source_id)["Followers"] = followers
    return content


@pytest.fixture
def location(rehearse, monkeypatch):
    """A location with thirteen users in which Una is already."""
    una = {"firstName": "Una", "lastName": "Reed", "email": "una@quarry.example"}
    sandbox = rehearse(users=[*small.USERS, *MORE_USERS], contacts=[una])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    return sandbox


def test_followers_and_genders_are_the_records_own(location, tmp_path):
    """Created records have them, at most ten followers; who is no user, the eleventh, and what is of a record that was there
    stand in fields; the audit finds all of it, a delta changes it, and a rollback leaves nothing behind."""
    before = location.state.dump(timestamps=False)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", followed()), location)
    small.migrate(ws)
    arrived = Arrived.of(location)
    ada, max_, una = (arrived.contact(f"{name}.example") for name in ("ada@mill", "max@quarry", "una@quarry"))
    anna, bo = arrived.user("anna@agency.example"), arrived.user("bo@agency.example")
    assert (ada["gender"], ada["followers"], ada["custom"]["Followers"]) == ("female", [bo], "Zed Stranger")
    assert max_["followers"] == [bo, anna] and "Followers" not in max_["custom"] and not max_.get("gender")
    assert una["followers"] == [] and not una.get("gender")
    assert (una["custom"]["Followers"], una["custom"]["Gender"]) == ("Anna Vogel", "female")
    wheel = arrived.opportunity("Wheel")
    assert len(wheel["followers"]) == 10 and wheel["custom"]["Followers"] == "User 10"
    audit = step(ws, "audit")
    assert audit.counts["wrong"] == 0 and not len(audit.tables["unbalanced"])
    cells = audit.tables["accounting"].set_index(["object", "heading"])
    assert cells.loc[("contacts", "Gender"), "cells"].sum() == 2
    assert set(cells.loc[[("contacts", "Followers")], "where"]) <= {"followers", "custom field Followers"}
    later = followed()
    small.row(later, "contacts", "12")["Followers"] = "Anna Vogel"
    small.row(later, "deals", "D2")["Followers"] = ""
    delta = step(ws, "delta", export=small.write(tmp_path / "later", later))
    assert delta.status is not Status.FAILED, delta.headline
    arrived = Arrived.of(location)
    assert arrived.contact("max@quarry.example")["followers"] == [anna]
    assert arrived.opportunity("Cart")["followers"] == []
    step(ws, "rollback")
    after = location.state.dump(timestamps=False)
    for dump in (before, after):  # of Una's refusal, taken back, its channel stays as one that is off
        ((key, una),) = dump["contacts"].items()
        dump["contacts"][key] = {name: una[name] for name in una if una[name] and name != "dndSettings"}
    assert after == before


LINE = {"name": "Other", "stages": [{"name": "One", "position": 0}]}


def related() -> small.Tables:
    """A deal with two contacts, a task and two notes of a deal and a company, one of them of a deal that nobody takes."""
    content = small.tables()
    small.row(content, "deals", "D1")["Contact ID"] = "11; 13"
    content["tasks"][0] |= {"Deal ID": "D1", "Company ID": "C1"}
    content["notes"][0] |= {"Deal ID": "D1", "Company ID": "C1"}
    content["notes"][1] |= {"Deal ID": "D2", "Company ID": ""}
    return content


def probed(rehearse, monkeypatch, folder, tables, **behaviour):
    """(workspace, sandbox) of an export and a location whose ways were probed; the probe left nothing behind."""
    sandbox = rehearse(users=small.USERS, behaviour=behaviour, pipelines=[LINE])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump(timestamps=False)
    ws = workspace(folder / "ws", small.write(folder / "export", tables), sandbox)
    doctor(ws, probe=True)
    assert sandbox.state.dump(timestamps=False) == before
    return ws, sandbox, before


def names(sandbox) -> dict[str, str]:
    """Record id → what it is called."""
    dump = sandbox.state.dump()
    found = {key: record["name"] for kind in ("businesses", "opportunities") for key, record in dump[kind].items()}
    found |= {key: record["title"] for key, record in dump["tasks"].items()}
    return found | {key: record["firstName"] for key, record in dump["contacts"].items()}


def test_deals_tasks_and_notes_are_related_to_what_they_name(rehearse, monkeypatch, tmp_path):
    """Where the probe saw that it works: a deal to its company and second contact, a task to its deal and company, a note to all
    three without a request more. The audit looks, and a rollback leaves nothing."""
    ws, sandbox, before = probed(rehearse, monkeypatch, tmp_path, related(), notes_on_opportunities=True)
    with Ledger.open(ws) as ledger:
        assert Capabilities.of(ledger).note_relations and len(Capabilities.of(ledger).associations) == 4
    small.migrate(ws)
    called = names(sandbox)
    pairs = {
        frozenset((called[item["firstRecordId"]], called[item["secondRecordId"]]))
        for item in sandbox.state.dump()["relations"].values()
    }
    wanted = (
        {"Wheel", "Mill Ltd"}, {"Cart", "Quarry Inc"}, {"Wheel", "Una"}, {"Send offer", "Wheel"}, {"Send offer", "Mill Ltd"},
    )  # fmt: skip
    assert len(pairs) == 5 and pairs == set(map(frozenset, wanted))
    on = {
        note["body"][:12]: {called[item["recordId"]] for item in note["relations"]}
        for note in sandbox.state.dump()["notes"].values()
    }
    assert on == {"Wants a whee": {"Ada", "Wheel", "Mill Ltd"}, "Call in spri": {"Una", "Cart"}}
    audit = step(ws, "audit")
    assert audit.counts["wrong"] == 0
    assert audit.tables["links"].set_index("verdict")["contacts"]["related"] == 5
    one = next(iter(sandbox.state.relations.records))
    sandbox.state.relations.remove(one)
    audit = step(ws, "audit")
    assert [item.count for item in audit.problems if item.code == "unrelated"] == [1]
    step(ws, "rollback")
    assert sandbox.state.dump(timestamps=False) == before


@pytest.mark.parametrize("behaviour", [{"associations": []}, {"relations_persist": False}])
def test_without_proof_everything_stays_as_it_was(rehearse, monkeypatch, tmp_path, behaviour):
    """A location without associations, or one that answers 201 and keeps nothing: no relation is planned, and text tells of all."""
    ws, sandbox, _ = probed(rehearse, monkeypatch, tmp_path, related(), **behaviour)
    with Ledger.open(ws) as ledger:
        assert not Capabilities.of(ledger).note_relations and not Capabilities.of(ledger).associations
    small.migrate(ws)
    dump = sandbox.state.dump()
    assert not dump["relations"] and all(len(note["relations"]) == 1 for note in dump["notes"].values())
    wheel = Arrived.of(sandbox).opportunity("Wheel")
    assert wheel["custom"]["Company"] == "Mill Ltd (C1)" and "Una Reed" in wheel["custom"]["Other Contacts"]


def test_a_deal_that_was_refused_keeps_no_note_back():
    """The id of a further record is left out of a note where that record never came; what a note cannot do without holds it."""
    refused = Operation("b", Kind.CREATE, Target.OPPORTUNITY, "deals", "D1")
    done = Operation("a", Kind.CREATE, Target.CONTACT, "contacts", "1")
    entries = {
        op.op_id: SimpleNamespace(
            target=op.target, object=op.object, source_id=op.source_id, state=state, destination_id=record, error=""
        )
        for op, state, record in ((done, State.DONE, "c1"), (refused, State.REFUSED, ""))
    }
    payload = {"$url": {"contactId": {"$ref": "a"}, "opportunityId": {"$ref": "b", OPTIONAL: True}}}
    check(references(payload), entries.get, optional_references(payload))
    assert relations_in(fill_references(payload, entries.get)) == [{"objectKey": "contact", "recordId": "c1"}]
    with pytest.raises(UnresolvedReference):
        check(("b",), entries.get)
