"""Writes that are answered with success and not done: nothing counts as done that neither the answer nor the record shows."""

from __future__ import annotations

import contextlib

import pytest
from operations import EXISTING, changes, everything, on_existing, op, ref
from test_execute import states

from pb2hl.apply.shown import stands_nothing
from pb2hl.errors import TooManyErrors
from pb2hl.ledger import Outcome, State
from pb2hl.operations import Kind, Target
from pb2hl.sandbox.scenario import Faults

NO_NEW_RECORDS = [
    "^PUT ",
    "^(POST|DELETE) /contacts/[^ ]+/(tags|followers)",
    "^POST /contacts/bulk/business",
    "^POST /forms/upload-custom-files",
]
CREATES = {
    Target.BUSINESS: "^POST /(businesses|objects/business/records) ",
    Target.CONTACT: "^POST /contacts/ ",
    Target.OPPORTUNITY: "^POST /opportunities/ ",
    Target.NOTE: "^POST /(contacts/[^ ]+/)?notes ?",
    Target.TASK: "^POST /contacts/[^ ]+/tasks",
    Target.APPOINTMENT: "^POST /calendars/events",
    Target.MEDIA: "^POST /medias/upload",
}


def again(scene, operations) -> None:
    """Send once more what was refused, as a repair does."""
    run = scene.ledger.start_run("repair")
    refused = [entry.op_id for entry in scene.ledger.iterate(state=State.REFUSED)]
    scene.ledger.finish(run, [Outcome(op_id, State.PLANNED) for op_id in refused])
    scene.load(operations)


def on_held() -> list:
    """What a plan makes of a contact of theirs that holds one of the values already, and a follower of a contact of ours."""
    update, *rest = on_existing()
    body = {**update.payload, "firstName": EXISTING["firstName"]}
    return [op(Target.CONTACT, "old", body, kind=Kind.UPDATE, existing_id=EXISTING["id"], marker="old"), *rest]


def test_what_makes_no_new_record_is_refused_where_nothing_shows_it(stage):
    """Updates, tags, links and files of a load and of a delta; sent again to an honest server everything is there."""
    scene = stage(contacts=[EXISTING])
    operations = [one for one in everything(scene.folder) if one.source_id != "old"] + on_held()
    scene.sandbox.faults.replace(Faults(pretend=NO_NEW_RECORDS))
    scene.load(operations)
    before = scene.sandbox.contacts.get(EXISTING["id"])
    assert (before["tags"], before.get("businessId"), before.get("city")) == (["mine"], None, None)
    refused = {entry.target for entry in scene.ledger.iterate(state=State.REFUSED)}
    assert refused == {Target.CONTACT, Target.CONTACT_TAGS, Target.LINK, Target.FILE}
    assert not any(entry.target in (Target.LINK, Target.FILE) for entry in scene.ledger.iterate(state=State.DONE))
    scene.sandbox.faults.replace(Faults())
    again(scene, operations)
    assert states(scene) == {State.DONE: len(operations)}
    assert set(scene.sandbox.contacts.get(EXISTING["id"])["tags"]) == {"mine", "vip"}
    held = scene.dump()
    scene.sandbox.faults.replace(Faults(pretend=NO_NEW_RECORDS))
    changed = [one for one in changes(scene.ledger) if one.kind is not Kind.CREATE]
    result = scene.load(changed)
    assert scene.dump() == held and result.refused == len(changed)
    scene.sandbox.faults.replace(Faults())
    again(scene, changed)
    assert (
        scene.sandbox.opportunities.get(scene.ledger.operation(changed[5].op_id).destination_id)["monetaryValue"] == 99
    )
    assert not states(scene)[State.REFUSED] and scene.dump() != held


@pytest.mark.parametrize("target", CREATES)
def test_a_record_whose_creation_was_pretended_is_never_done(stage, target):
    """Neither it nor what needs it; the same operations against an honest server make it once."""
    scene = stage(contacts=[EXISTING])
    operations = everything(scene.folder)
    scene.sandbox.faults.replace(Faults(pretend=[CREATES[target]]))
    with contextlib.suppress(TooManyErrors):  # of many records it stops, and says why
        scene.load(operations)
    made = [one for one in operations if one.target is target and one.kind is not Kind.UPDATE]
    states_of = {entry.state for one in made if (entry := scene.ledger.operation(one.op_id))}
    assert made and State.DONE not in states_of and State.SKIPPED not in states_of, states_of
    scene.sandbox.faults.replace(Faults())
    scene.load(operations)
    assert states(scene) == {State.DONE: len(operations)}


def test_followers_that_nothing_shows_are_told(scene):
    """A contact stands without them, and what HighLevel did not take is among its losses; an update of nothing else is refused."""
    user = next(iter(scene.sandbox.users.records))
    scene.sandbox.faults.replace(Faults(pretend=["/followers"]))
    new = op(Target.CONTACT, "f", {"firstName": "F", "email": "f@example.com", "followers": [user]}, marker="f")
    scene.load([new])
    entry = scene.ledger.operation(new.op_id)
    assert entry.state is State.DONE and any("followers" in loss for loss in entry.losses), entry.losses


BEFORE = {"id": "x", "firstName": "Old", "tags": ["mine"], "customFields": [{"id": "a", "value": "1"}]}


@pytest.mark.parametrize(
    ("sent", "now", "nothing"),
    [
        ({"city": "Hull"}, {}, True),
        ({"city": "Hull", "firstName": "Old"}, {}, True),
        ({"city": "Hull", "firstName": "Old"}, {"city": "hull "}, False),
        ({"firstName": "Old"}, {}, False),
        ({"city": None}, {"city": "Hull"}, False),
        ({"customFields": [{"id": "a", "fieldValue": "2"}]}, {}, True),
        ({"customFields": [{"id": "a", "fieldValue": "2"}, {"id": "b", "fieldValue": "3"}]}, {"customFields": [{"id": "b", "value": "3"}]}, False),
        ({"city": "Hull", "postalCode": "K1A"}, {"postalCode": "K1A"}, False),
        ({"city": "Hull"}, {"city": "York"}, False),
        ({"$url": {"contactId": "x"}}, {}, False),
    ],
)  # fmt: skip
def test_of_an_update_nothing_stands_when_all_that_it_was_to_change_is_as_before(sent, now, nothing):
    """A value that stood before proves nothing, one that came proves all, were it another's; what was to be cleared says nothing."""
    assert stands_nothing(sent, BEFORE, {**BEFORE, **now}) is nothing


def test_links_are_looked_at_where_an_answer_does_not_name_them(stage):
    """An answer without ids costs a read a contact, and what was done counts as done."""
    scene = stage(contacts=[EXISTING])
    scene.load()
    scene.sandbox.faults.replace(Faults())
    link = op(Target.LINK, "x", {"contactId": EXISTING["id"], "businessId": ref(Target.BUSINESS, "1")}, kind=Kind.LINK)
    entry = scene.ledger.operation(ref(Target.BUSINESS, "1")["$ref"])
    scene.sandbox.contacts.put({**scene.sandbox.contacts.get(EXISTING["id"]), "businessId": entry.destination_id})
    scene.sandbox.faults.replace(Faults(pretend=["^POST /contacts/bulk/business"]))
    scene.load([link])
    assert scene.ledger.operation(link.op_id).state is State.DONE
