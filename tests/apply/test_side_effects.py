"""What HighLevel writes by itself when we link a contact or give a deal an owner is taken back too, record by record."""

from __future__ import annotations

import itertools

import pytest
from operations import op, ref
from test_execute import without_blanks

from pb2hl.highlevel.capabilities import PROBED
from pb2hl.ledger import State
from pb2hl.operations import Kind, Target

LINE = {"id": "line", "name": "Theirs", "stages": [{"name": "New", "position": 0}]}
FIRM = {"id": "their0firm00000001", "name": "Bly Ltd"}
PEOPLE = {
    "own": {"companyName": "Her own words"},
    "linked": {"businessId": FIRM["id"], "companyName": "Bly Ltd"},
    "odd": {"businessId": FIRM["id"], "companyName": "Bly & Daughters"},
    "blank": {},
}
"""Their contacts by what they held: a company name alone, a business and its name, a business and another name, nothing."""


@pytest.fixture
def lived_in(stage):
    """A location that writes company names and owners by itself, with contacts of its own; one of them has an owner."""
    scene = stage(
        contacts=[{"id": name, "firstName": name, "email": f"{name}@theirs.example", **held} for name, held in PEOPLE.items()],
        businesses=[FIRM], pipelines=[LINE], behaviour={"owner_sync": True, "link_sets_company_name": True},
    )  # fmt: skip
    users = [user["id"] for user in scene.sandbox.users.records.values()]
    scene.sandbox.contacts.put({**scene.sandbox.contacts.get("linked"), "assignedTo": users[3]})
    scene.ledger.remember(PROBED, {"owner_sync": True})
    return scene


def written(scene, deals: int = 2) -> list:
    """Every contact of theirs linked to a business of ours, with deals of other owners; nothing of the contacts themselves."""
    users = [user["id"] for user in scene.sandbox.users.records.values()]
    field = {"objectKey": "business", "name": "Perfect Books ID", "dataType": "TEXT", "showInForms": True, "fieldKey": "business.perfect_books_id", "parentId": ref(Target.FOLDER, "f")}  # fmt: skip
    folder = {"objectKey": "business", "name": "Perfect Books"}
    found = [
        op(Target.FOLDER, "f", folder, marker="Perfect Books"),
        op(Target.FIELD, "bid", field, marker="Perfect Books ID"),
        op(Target.BUSINESS, "mill", {"name": "Mill"}),
    ]
    for name in PEOPLE:
        link = {"contactId": name, "businessId": ref(Target.BUSINESS, "mill")}
        found.append(op(Target.LINK, name, link, object_="contacts", kind=Kind.LINK, existing_id=name))
        for n in range(deals):
            deal = {
                "name": f"{name} {n}",
                "pipelineId": "line",
                "status": "won",
                "contactId": name,
                "assignedTo": users[n],
            }
            found.append(op(Target.OPPORTUNITY, f"{name}{n}", deal))
    return found


def theirs(scene) -> dict:
    """Their contacts and the businesses, less blanks; of a contact that had no company name, without one."""
    dump = without_blanks(scene.dump())
    blank = {name: value for name, value in dump["contacts"]["blank"].items() if name != "companyName"}
    return {"contacts": {**dump["contacts"], "blank": blank}, "businesses": dump["businesses"]}


def test_company_names_and_owners_are_as_before(lived_in):
    """Names of their own come back through a business that is gone again, owners by themselves; the names nobody can put back are told."""
    before = theirs(lived_in)
    lived_in.load(written(lived_in))
    now = lived_in.dump()["contacts"]
    assert {one["companyName"] for one in now.values()} == {"Mill"} and all(one["assignedTo"] for one in now.values())
    result = lived_in.rollback()
    assert not result.failed and not result.kept, result.outcomes
    assert result.left.keys() == {"companyName"} and sorted(result.left["companyName"]) == ["blank", "odd"], (
        "no link writes another name than its business's"
    )
    after = theirs(lived_in)
    assert after["contacts"].pop("odd") == {**before["contacts"].pop("odd"), "companyName": "Bly Ltd"}
    assert after == before
    assert {entry.state for entry in lived_in.ledger.iterate()} == {State.UNDONE}


def test_what_a_person_wrote_since_stays(lived_in):
    """An owner or company name that people gave after the load is theirs, and nothing of it is told as left."""
    users = [user["id"] for user in lived_in.sandbox.users.records.values()]
    lived_in.load(written(lived_in, 1))
    for name in PEOPLE:
        held = lived_in.sandbox.contacts.get(name)
        lived_in.sandbox.contacts.put({**held, "assignedTo": users[5], "companyName": "People's"})
    result = lived_in.rollback(force=False)
    now = lived_in.dump()["contacts"]
    assert {one["assignedTo"] for one in now.values()} == {users[5]}
    assert now["own"]["companyName"] == now["blank"]["companyName"] == "People's" and not result.left


@pytest.mark.parametrize("order", list(itertools.permutations("012")))
def test_owners_go_back_past_every_run(lived_in, order):
    """Runs that each gave a contact another owner by its deal are taken back in any order: in the end it has its own again."""
    users = [user["id"] for user in lived_in.sandbox.users.records.values()]
    for n in range(3):
        deal = {
            "name": f"Deal {n}",
            "pipelineId": "line",
            "status": "won",
            "contactId": "linked",
            "assignedTo": users[n],
        }
        lived_in.load([op(Target.OPPORTUNITY, str(n), deal)])
    runs = [run.run_id for run in lived_in.ledger.runs()]
    for number, position in enumerate(order):
        assert not lived_in.rollback(of_runs={runs[int(position)]}).failed
        left = [n for n in range(3) if str(n) not in order[: number + 1]]
        owner = lived_in.sandbox.contacts.get("linked")["assignedTo"]
        assert owner == (users[max(left)] if left else users[3])


def test_an_owner_that_cannot_be_cleared_is_told(lived_in):
    """The deal that wrote it goes, and what hangs on the deal with it; the contact is named."""
    lived_in.sandbox.behaviour.uncleared = ["assignedTo"]
    before = theirs(lived_in)["contacts"]
    lived_in.load(written(lived_in, 1))
    result = lived_in.rollback()
    assert not result.failed and not lived_in.dump()["opportunities"]
    assert sorted(result.left["assignedTo"]) == ["blank", "odd", "own"], "the fourth had an owner, and has it again"
    assert theirs(lived_in)["contacts"]["linked"] == before["linked"]


def test_a_rollback_cut_off_with_a_business_for_the_moment_takes_it_away(lived_in):
    """The business that lends a contact its name is in the ledger: killed before it goes, the next rollback takes it back."""
    before = theirs(lived_in)
    lived_in.load(written(lived_in, 0))
    deleting = lived_in.sandbox.faults
    deleting.replace(deleting.settings.model_copy(update={"refuse": ["^DELETE /businesses/"]}))
    first = lived_in.rollback()
    assert first.failed
    deleting.replace(deleting.settings.model_copy(update={"refuse": []}))
    assert not lived_in.rollback().failed
    after = theirs(lived_in)
    after["contacts"].pop("odd"), before["contacts"].pop("odd")
    assert after == before and len(lived_in.dump()["businesses"]) == 1
