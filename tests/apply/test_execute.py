"""Operations are carried out once, in order, whatever is answered; a rollback leaves what was there before."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from operations import EXISTING, everything, on_existing, op

from pb2hl.apply import Apply
from pb2hl.apply.context import RunContext
from pb2hl.errors import Cancelled, Pb2hlError, ScopeMissing, TooManyErrors
from pb2hl.ledger import State
from pb2hl.operations import Kind, Target
from pb2hl.progress import Cancel
from pb2hl.sandbox.scenario import FaultAt, Faults


def states(scene):
    """How many operations are in which state."""
    return Counter(entry.state for entry in scene.ledger.iterate())


def without_blanks(value):
    """`value` without empty fields: HighLevel clears a field with null, no API takes it away."""
    if isinstance(value, dict):
        return {key: without_blanks(item) for key, item in value.items() if item not in (None, "", [], {})}
    return value


def test_every_kind_lands_once(scene):
    """Every operation is done; a second execution sends nothing."""
    operations = scene.operations()
    first = scene.load(operations)
    assert states(scene) == {State.DONE: len(operations)}
    assert first.sent == len(operations)
    held = scene.dump()
    second = scene.load(operations)
    assert (second.sent, second.already) == (0, len(operations))
    assert scene.dump() == held


def test_rollback_leaves_what_was_there(scene):
    """After a rollback the whole dump equals the one before the load, and the ledger says undone."""
    before = scene.dump()
    scene.load()
    assert scene.dump() != before
    result = scene.rollback()
    assert not result.kept and not result.failed
    assert scene.dump() == before
    assert set(states(scene)) == {State.UNDONE}
    assert scene.ledger.verify_log() is None
    assert any(row[0] == str(Target.PIPELINE) for row in result.outcomes)


def test_existing_contact_gets_back_what_it_had(stage):
    """An update, tags and a link on somebody's own contact are taken back; its own tags stay."""
    scene = stage(contacts=[EXISTING])
    before = scene.dump()
    operations = [*scene.operations(), *on_existing()]
    scene.load(operations)
    now = scene.sandbox.contacts.get(EXISTING["id"])
    assert (now["city"], set(now["tags"])) == ("Ottawa", {"vip", "mine"})
    assert now["businessId"]
    result = scene.rollback()
    assert not result.kept and not result.failed
    assert without_blanks(scene.dump()) == without_blanks(before)


def test_what_depends_on_a_refused_operation_is_held(stage):
    """A contact that the location refuses is recorded with the reason; its note waits and says what for; nothing is lost."""
    scene = stage(contacts=[{"firstName": "Old", "email": "ann1@example.com"}])
    result = scene.load()
    assert (result.refused, result.held) == (1, 2)
    refused = next(entry for entry in scene.ledger.iterate(state=State.REFUSED))
    assert refused.source_id == "c1" and "not ours" in refused.error
    held = list(scene.ledger.iterate(state=State.PLANNED))
    assert {entry.target for entry in held} == {Target.NOTE, Target.LINK}
    assert all("blocked by contact of contact c1" in entry.error for entry in held)
    assert scene.load().already == states(scene)[State.DONE], "what was refused is not settled"


def test_duplicate_refusal_of_our_own_record_is_no_loss(scene):
    """A ledger that lost its tail meets its own contacts: they are recognised by their marker, not counted as refused."""
    operations = scene.operations()
    scene.load(operations)
    held = scene.dump()
    with scene.ledger.transaction() as db:
        db.execute("DELETE FROM operations WHERE target = 'contact'")
    assert scene.load(operations).refused == 0
    assert scene.dump() == held


def test_a_refused_lost_reason_does_not_refuse_the_deal(stage):
    """The deal is there and on record as done, with the reason as a loss; a second load sends nothing, rollback takes it back."""
    scene = stage(contacts=[EXISTING])
    before = without_blanks(scene.dump())
    operations = everything(scene.folder, "no0such0reason0000001")
    assert scene.load(operations).refused == 0
    (entry,) = [found for found in scene.ledger.iterate(target=Target.OPPORTUNITY) if found.source_id == "d2"]
    assert entry.state is State.DONE and entry.losses[0].startswith("lostReasonId: ")
    assert "lostReasonId" not in entry.payload
    assert scene.sandbox.opportunities.get(entry.destination_id)["status"] == "lost"
    writes = scene.sandbox.faults.writes
    scene.load(operations)
    assert scene.sandbox.faults.writes == writes
    assert not scene.rollback().failed
    assert without_blanks(scene.dump()) == before


def test_an_update_whose_lost_reason_is_refused_landed_all_the_same(stage):
    """What the update changed is on record as done, the reason as a loss; an update of nothing else is refused."""
    scene = stage(contacts=[EXISTING])
    scene.load(everything(scene.folder))
    deal = next(entry for entry in scene.ledger.iterate(target=Target.OPPORTUNITY) if entry.source_id == "d2")
    reason = {"lostReasonId": "no0such0reason0000001"}
    whole = op(
        Target.OPPORTUNITY,
        "d2+",
        {"name": "Gone for good", **reason},
        kind=Kind.UPDATE,
        existing_id=deal.destination_id,
    )
    alone = op(Target.OPPORTUNITY, "d2-", reason, kind=Kind.UPDATE, existing_id=deal.destination_id)
    scene.load([whole, alone])
    entry, other = (scene.ledger.operation(item.op_id) for item in (whole, alone))
    assert entry.state is State.DONE and entry.losses[0].startswith("lostReasonId: ")
    assert entry.payload == {"name": "Gone for good"}
    assert scene.sandbox.opportunities.get(deal.destination_id)["name"] == "Gone for good"
    assert other.state is State.REFUSED


def test_unknown_property_is_left_out_and_told(scene):
    """A property this server does not know is dropped after looking, the record lands, the loss is on record."""
    operations = [
        replace(o, payload={**o.payload, "shoeSize": "9"}) if o.target is Target.CONTACT else o
        for o in scene.operations()
    ]
    scene.load(operations)
    contacts = [entry for entry in scene.ledger.iterate(target=Target.CONTACT)]
    assert all(entry.state is State.DONE and "shoeSize" in entry.losses[0] for entry in contacts)
    assert len(scene.sandbox.contacts) == 4


def test_missing_scope_stops_clearly_and_resumes(stage):
    """A token without a scope ends the run with what is missing; after a new token the same command goes on."""
    scene = stage(lacking_scopes=["contacts.write"])
    with pytest.raises(ScopeMissing):
        scene.load()
    assert len(scene.sandbox.contacts) == 0
    scene.sandbox.scenario.lacking_scopes = []
    result = scene.load()
    assert result.already > 0 and len(scene.sandbox.contacts) == 4


def test_what_cannot_be_looked_up_stays_in_doubt(stage):
    """A lost answer, and a token that may not search: the run stops and says which scope; nothing is sent again until it can look."""
    at = [FaultAt(fault="lost_answer", write=number) for number in range(1, 60)]
    scene = stage(lacking_scopes=["contacts.readonly"], faults={"at": at})
    operations = scene.operations()
    with pytest.raises(ScopeMissing, match="contacts"):
        scene.load(operations)
    contacts = [entry for entry in scene.ledger.iterate(target=Target.CONTACT)]
    assert {entry.state for entry in contacts} == {State.IN_DOUBT} and len(scene.sandbox.contacts) == 4
    with pytest.raises(ScopeMissing):
        scene.load(operations)
    assert len(scene.sandbox.contacts) == 4, "never sent blind"
    scene.sandbox.scenario.lacking_scopes = []
    scene.sandbox.faults.replace(Faults())
    scene.load(operations)
    assert len(scene.sandbox.contacts) == 4 and states(scene) == {State.DONE: len(operations)}


def test_breaker_says_what_is_wrong(stage):
    """When everything is refused for one reason the run stops early and names it."""
    scene = stage()
    operations = [op(Target.CONTACT, str(n), {"email": "", "firstName": f"A{n}"}, marker=str(n)) for n in range(500)]
    with pytest.raises(TooManyErrors, match="email"):
        scene.load(operations)
    assert len(scene.sandbox.log) < 300


def test_cancel_stops_cleanly(scene):
    """A stop asked for before the start sends nothing."""
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Cancelled):
        scene.load(cancel=cancel)
    assert len(scene.sandbox.contacts) == 0 and not scene.ledger.counts()


def test_one_execution_is_one(scene):
    """An execution refuses to be run twice."""

    async def twice(client):
        apply = Apply(RunContext(scene.ledger, client, scene.ledger.start_run("load")))
        await apply.run([])
        await apply.run([])

    with pytest.raises(Pb2hlError, match="already carried out"):
        scene.run(twice)


@pytest.mark.parametrize(
    "fault",
    [
        "lost_answer",
        "error_after",
        "created_422",
        "malformed",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("error_before", "reset", "spurious_429")),
    ],
)
def test_storm_of_one_kind(stage, fault):
    """One request in seven meets this fault, and still every record is there once."""
    scene = stage(faults={fault: 0.15})
    operations = scene.operations(12)
    scene.load(operations)
    calm = stage()
    calm.move(calm.folder / "calm")
    calm.load(operations)
    names = (
        "contacts",
        "businesses",
        "opportunities",
        "notes",
        "tasks",
        "appointments",
        "tags",
        "pipelines",
        "calendars",
    )
    assert {n: len(scene.sandbox.collections[n]) for n in names} == {n: len(calm.sandbox.collections[n]) for n in names}
    assert states(scene) == {State.DONE: len(operations)}


def test_search_lag_is_waited_out(stage):
    """A lost answer is not sent again while search may still be blind to it."""
    scene = stage(search_lag_s=0.4, faults={"lost_answer": 0.3})
    operations = scene.operations(8)
    scene.load(operations, client={"search_lag_s": 0.5})
    assert states(scene) == {State.DONE: len(operations)}
    assert len(scene.sandbox.businesses) == 2 and len(scene.sandbox.contacts) == 8


def test_edited_records_are_kept(scene):
    """A contact whose city a person changed, and one with a person's note, stay with all they need; --force removes them."""
    before = scene.dump()
    scene.load()
    ids = {entry.source_id: entry.destination_id for entry in scene.ledger.iterate(target=Target.CONTACT)}
    scene.sandbox.advance(5)

    async def edit(client):
        await client.request("PUT", f"/contacts/{ids['c1']}", json={"city": "Halifax"})
        await client.request("POST", f"/contacts/{ids['c2']}/notes", json={"body": "mine"})

    scene.run(edit)
    result = scene.rollback()
    kept = {(row[0], row[2]): row[4] for row in result.kept}
    assert "city" in kept["contact", "c1"] and "1 note " in kept["contact", "c2"]
    assert ids["c1"] in scene.sandbox.contacts.records and ids["c0"] not in scene.sandbox.contacts.records
    scene.rollback(force=True)
    assert scene.dump() == before


def test_foreign_opportunity_keeps_the_pipeline(scene):
    """A pipeline that holds somebody else's opportunity is never deleted, not even forced: that would delete it for good."""
    scene.load()
    pipeline = next(scene.ledger.iterate(target=Target.PIPELINE))
    stage = next(iter(pipeline.answer["stages"].values()))

    async def add(client):
        contact = await client.request(
            "POST", "/contacts/", json={"email": "x@y.example", "locationId": client.location}
        )
        body = {"pipelineId": pipeline.destination_id, "pipelineStageId": stage, "name": "Theirs", "status": "open",
                "contactId": contact.body["contact"]["id"], "locationId": client.location}  # fmt: skip
        await client.request("POST", "/opportunities/", json=body)

    scene.run(add)
    result = scene.rollback(force=True)
    assert [row[0] for row in result.kept] == ["pipeline"]
    assert len(scene.sandbox.opportunities) == 1 and len(scene.sandbox.pipelines) == 1


def test_a_file_that_cannot_be_had_holds_no_note_up(scene):
    """An image on a private address is never fetched: its upload is refused with the reason, its note lands without it."""
    bad = {"url": "http://127.0.0.1:9/x.png", "name": "x.png", "mime": "image/png"}
    operations = [
        replace(o, payload={**o.payload, "$file": bad}) if o.target is Target.MEDIA else o for o in scene.operations()
    ]
    scene.load(operations)
    assert "not a public address" in next(scene.ledger.iterate(state=State.REFUSED)).error
    assert len(scene.sandbox.notes) == 5
    assert any("http://127.0.0.1:9/x.png" in note["body"] for note in scene.sandbox.notes.records.values())
