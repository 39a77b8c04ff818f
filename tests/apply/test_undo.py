"""A rollback keeps what people made of the location since, says what keeps what alive, and costs about a request a record."""

from __future__ import annotations

import pytest
from operations import EXISTING, everything, line, op, ref
from test_execute import without_blanks

from pb2hl.apply import Rollback, plan_undo
from pb2hl.apply.context import RunContext
from pb2hl.apply.undo import Undo
from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.highlevel import Client, read_destination
from pb2hl.ledger import State
from pb2hl.operations import Kind, Target
from pb2hl.sandbox.scenario import FaultAt
from pb2hl.steps.proposal.undo_cost import requests, while_lagging
from pb2hl.steps.shared.session import PROBED

OTHER = {"id": "another0contact00001", "firstName": "Nora", "email": "nora@example.com", "tags": ["hers"]}


class People:
    """What people do in HighLevel after the load: `send` is one request, ids of ours by target and source id."""

    def __init__(self, scene):
        self.scene = scene
        self.ids = {(e.target, e.source_id): e.destination_id for e in scene.ledger.iterate() if e.kind != "skip"}
        self.stage = next(scene.ledger.iterate(target=Target.PIPELINE)).answer["stages"]["New"]
        scene.sandbox.advance(60)

    def send(self, method: str, path: str, **json):
        """One request; the answer's body."""
        return self.scene.run(lambda client: client.request(method, path, json=json)).body

    def id(self, target: Target, source_id: str) -> str:
        """The id of what this migration made."""
        return self.ids[target, source_id]

    def deal(self, contact: str) -> None:
        """An opportunity in our pipeline."""
        self.send("POST", "/opportunities/", locationId=self.scene.place.location, name="Theirs", status="open",
                  pipelineId=self.id(Target.PIPELINE, "p"), pipelineStageId=self.stage, contactId=contact)  # fmt: skip

    def appointment(self, calendar: str, contact: str) -> None:
        """An appointment next year."""
        self.send("POST", "/calendars/events/appointments", locationId=self.scene.place.location, calendarId=calendar,
                  contactId=contact, startTime="2027-03-02T10:00:00-05:00", endTime="2027-03-02T11:00:00-05:00",
                  toNotify=False, ignoreFreeSlotValidation=True, ignoreDateRange=True)  # fmt: skip


@pytest.fixture
def scene(stage):
    """A location with two contacts of its own, and everything loaded."""
    made = stage(contacts=[EXISTING, OTHER])
    made.before = without_blanks(made.dump())
    made.load(everything(made.folder))
    return made


@pytest.fixture
def people(scene):
    """The people who work in it."""
    return People(scene)


def office(scene) -> str:
    """The id of the location's own calendar."""
    return next(c["id"] for c in scene.sandbox.calendars.records.values() if c["name"] == "Office")


TOUCHES = {
    "a note": lambda p: p.send("POST", f"/contacts/{p.id(Target.CONTACT, 'c1')}/notes", body="called"),
    "a task": lambda p: p.send("POST", f"/contacts/{p.id(Target.CONTACT, 'c1')}/tasks", title="Call", dueDate="2030-01-02T10:00:00.000Z", completed=False),
    "an appointment": lambda p: p.appointment(office(p.scene), p.id(Target.CONTACT, "c1")),
    "an opportunity": lambda p: p.deal(p.id(Target.CONTACT, "c1")),
    "an edit": lambda p: p.send("PUT", f"/contacts/{p.id(Target.CONTACT, 'c1')}", city="Halifax"),
    "an opt-out": lambda p: p.send("PUT", f"/contacts/{p.id(Target.CONTACT, 'c1')}", dnd=True),
    "a tag": lambda p: p.send("POST", f"/contacts/{p.id(Target.CONTACT, 'c1')}/tags", tags=["golden"]),
    "a tag taken away": lambda p: p.send("DELETE", f"/contacts/{p.id(Target.CONTACT, 'c1')}/tags", tags=["vip"]),
    "a value in a field that we left blank": lambda p: p.send("PUT", f"/contacts/{p.id(Target.CONTACT, 'c1')}", customFields=[{"id": p.id(Target.FIELD, "extra"), "fieldValue": "x"}]),
    "another business": lambda p: p.send("POST", "/contacts/bulk/business", locationId=p.scene.place.location, ids=[p.id(Target.CONTACT, "c1")], businessId=p.id(Target.BUSINESS, "1")),
}  # fmt: skip
"""What people do to the contact c1 of ours, of the business 2."""


def extra_field(scene) -> None:
    """A custom field of ours that no record of ours fills in."""
    scene.load([op(Target.FIELD, "extra", {"model": "contact", "name": "Extra", "dataType": "TEXT"}, marker="Extra")])


@pytest.mark.parametrize("touch", TOUCHES)
def test_a_contact_that_people_touched_stays_whole(scene, touch):
    """It is kept with its business, fields and tags, and told; everything else goes. Forced, all of it goes."""
    extra_field(scene)
    people = People(scene)
    TOUCHES[touch](people)
    contact, held = people.id(Target.CONTACT, "c1"), scene.dump()
    result = scene.rollback()
    assert not result.failed
    assert ("contact", "c1") in {(row[0], row[2]) for row in result.kept}
    now = scene.dump()
    assert now["contacts"][contact] == held["contacts"][contact]
    assert {EXISTING["id"], OTHER["id"], contact} == set(now["contacts"])
    assert people.id(Target.BUSINESS, "2") in now["businesses"], "it belongs to it"
    assert people.id(Target.TAG, "vip") in now["tags"] or touch == "a tag taken away"
    assert people.id(Target.FIELD, "cid") in now["fields"], "it holds a value in it"
    again = scene.rollback()
    assert scene.dump() == now and not again.failed, "nothing more goes without force"
    forced = scene.rollback(force=True)
    assert not forced.failed
    if touch == "an opportunity":
        assert {row[0] for row in forced.kept} >= {"contact", "pipeline"}, "it could not be restored"
        return
    tags = {tag["name"] for tag in scene.sandbox.tags.records.values()} - {"golden"}
    after = without_blanks(scene.dump())
    assert {name: rows for name, rows in after.items() if name != "tags"} == {
        name: rows for name, rows in scene.before.items() if name != "tags"
    }
    assert "vip" not in tags


USES = {
    "a value in a field of ours": (
        Target.FIELD, "cid", "1 contact",
        lambda p: p.send("PUT", f"/contacts/{OTHER['id']}", customFields=[{"id": p.id(Target.FIELD, "cid"), "fieldValue": "mine"}]),
    ),
    "another value in a field that we filled in on their contact": (
        Target.FIELD, "cid", "1 contact",
        lambda p: p.send("PUT", f"/contacts/{EXISTING['id']}", customFields=[{"id": p.id(Target.FIELD, "cid"), "fieldValue": "mine"}]),
    ),
    "a tag of ours on their contact": (
        Target.TAG, "vip", "1 contact", lambda p: p.send("POST", f"/contacts/{OTHER['id']}/tags", tags=["vip"]),
    ),
    "their opportunity in our pipeline": (Target.PIPELINE, "p", "1 opportunity", lambda p: p.deal(OTHER["id"])),
    "their appointment in our calendar": (
        Target.CALENDAR, "cal", "1 appointment", lambda p: p.appointment(p.id(Target.CALENDAR, "cal"), OTHER["id"]),
    ),
    "their contact at our business": (
        Target.BUSINESS, "1", "1 contact",
        lambda p: p.send("POST", "/contacts/bulk/business", locationId=p.scene.place.location, ids=[OTHER["id"]], businessId=p.id(Target.BUSINESS, "1")),
    ),
    "their note on our business": (
        Target.BUSINESS, "1", "1 note",
        lambda p: p.send("POST", f"/notes/?locationId={p.scene.place.location}", body="x", relations=[{"objectKey": "business", "recordId": p.id(Target.BUSINESS, "1")}]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_what_people_use_is_kept(scene, people, use):
    """A field, tag, pipeline, calendar or business of ours that people use stays, and the reason is told in plain words."""
    target, source_id, words, touch = USES[use]
    touch(people)
    held = scene.dump()
    result = scene.rollback()
    assert not result.failed
    kept = {(row[0], row[2]): row[4] for row in result.kept}
    assert words in kept[str(target), source_id]
    now = scene.dump()
    assert now["contacts"][OTHER["id"]] == held["contacts"][OTHER["id"]], "nothing of theirs is altered"
    assert set(now["opportunities"]) == {i for i, deal in held["opportunities"].items() if deal["name"] == "Theirs"}
    forced = scene.rollback(force=True)
    after = scene.dump()
    assert set(after["contacts"]) == {EXISTING["id"], OTHER["id"]}, "no force deletes what was there before"
    if target is Target.PIPELINE:
        assert [row[0] for row in forced.kept] == ["pipeline"] and after["opportunities"] == now["opportunities"]
    else:
        assert not forced.kept and not forced.failed


def test_a_contact_that_holds_what_was_there_before_is_never_deleted(scene, people):
    """An older appointment that people moved to a contact of ours would go with it: not even forced."""
    old = {"id": "older0appointment001", "dateAdded": "2020-01-01T00:00:00.000Z", "calendarId": office(scene),
           "startTime": "2027-01-02T10:00:00-05:00"}  # fmt: skip
    visit = next(iter(scene.sandbox.appointments.records.values()))
    scene.sandbox.appointments.put({**visit, **old, "contactId": people.id(Target.CONTACT, "c1")})
    kept = {(row[0], row[2]): row[4] for row in scene.rollback(force=True).kept}
    assert "here before" in kept["contact", "c1"]
    assert "older0appointment001" in scene.sandbox.appointments.records


def test_a_note_that_people_put_on_another_record_stays(scene, people):
    """Deleting it would take it from their contact."""
    note = people.id(Target.NOTE, "n1")
    people.send("PUT", f"/notes/{note}/relations?locationId={scene.place.location}", type="add",
                relations=[{"objectKey": "contact", "recordId": OTHER["id"]}])  # fmt: skip
    kept = {(row[0], row[2]): row[4] for row in scene.rollback().kept}
    assert "other" in kept["note", "n1"] and "1 note" in kept["contact", "c1"]


def test_records_that_people_deleted_count_as_undone(scene, people):
    """Whatever the kind: nothing fails, nothing is kept, and the location is as it was."""
    for path in (f"/contacts/{people.id(Target.CONTACT, 'c0')}", f"/businesses/{people.id(Target.BUSINESS, '2')}",
                 f"/opportunities/pipelines/{people.id(Target.PIPELINE, 'p')}", f"/calendars/{people.id(Target.CALENDAR, 'cal')}",
                 f"/locations/{scene.place.location}/customFields/{people.id(Target.FIELD, 'cid')}"):  # fmt: skip
        people.send("DELETE", path)
    result = scene.rollback()
    assert not result.failed and not result.kept, result.kept
    assert without_blanks(scene.dump()) == scene.before
    assert {entry.state for entry in scene.ledger.iterate()} == {State.UNDONE}


@pytest.mark.parametrize("fault", ["created_422", "error_after", "lost_answer", "malformed"])
@pytest.mark.slow
def test_a_write_that_was_done_and_not_answered_so_is_found_done(scene, fault):
    """Each write of the rollback is done and answered 422, 5xx, garbage or nothing: nothing counts as failed."""
    faults = scene.sandbox.faults
    scene.sandbox.reset_counters()
    at = [FaultAt(fault=fault, write=number) for number in range(1, 200)]
    if fault != "created_422":  # every repetition meets it again
        at = at[::2]
    faults.replace(faults.settings.model_copy(update={"at": at}))
    result = scene.rollback()
    assert not result.failed and not result.kept
    assert without_blanks(scene.dump()) == scene.before


def test_a_rollback_costs_about_one_request_a_record(stage):
    """As many requests as were told before anything was sent, within 3 %; about one a deleted record, and the pages."""
    scene = stage(contacts=[EXISTING])
    operations = [*everything(scene.folder), *many(150)]
    scene.load(operations)
    plan = plan_undo(scene.ledger)
    scene.ledger.remember(PROBED, {"search_lag_s": 0.0})
    told = requests(plan, scene.ledger, scene.run(read_destination))
    result = scene.rollback()
    assert abs(result.requests - sum(told.values())) <= 0.03 * result.requests, (result.requests, told)
    assert result.requests <= 1.12 * len(plan.entries)


def test_what_search_lag_may_add_is_told(stage):
    """Lists that still show what was deleted cost requests: never more than was told, and where no list lags not one."""
    scene = stage(contacts=[EXISTING], search_lag_s=1.0)
    scene.load([*everything(scene.folder), *many(12)], client={"search_lag_s": 1.0})
    plan = plan_undo(scene.ledger)
    scene.ledger.remember(PROBED, {"search_lag_s": 1.0})
    told = sum(requests(plan, scene.ledger, scene.run(read_destination)).values())

    async def undo(client: Client) -> tuple[Rollback, dict[str, int]]:
        context = RunContext(scene.ledger, client, scene.ledger.start_run("rollback"), "CA")
        return await Undo(context).run(plan), while_lagging(plan, scene.ledger, client.limiter.allowance)

    result, more = scene.run(undo, search_lag_s=1.0)
    assert not result.failed and told < result.requests <= told + sum(more.values()), (told, result.requests, more)
    scene.ledger.remember(PROBED, {"search_lag_s": 0.0})
    assert while_lagging(plan, scene.ledger) == {}


def many(contacts: int):
    """Contacts with a note and a task each."""
    for n in range(100, 100 + contacts):
        payload = {"firstName": "Pat", "lastName": f"Poe{n}", "email": f"pat{n}@example.com",
                   "customFields": [{"id": ref(Target.FIELD, "cid"), "fieldValue": f"c{n}"}]}  # fmt: skip
        yield op(Target.CONTACT, f"c{n}", payload, marker=f"c{n}")
        where = {"$url": {"contactId": ref(Target.CONTACT, f"c{n}")}}
        body, marker = line("notes", f"n{n}")
        yield op(Target.NOTE, f"n{n}", {**where, "body": body}, marker=marker)
        body, marker = line("tasks", f"t{n}")
        task = {**where, "title": "Call", "dueDate": "2030-01-02T10:00:00.000Z", "completed": False, "body": body}
        yield op(Target.TASK, f"t{n}", task, marker=marker)


def test_an_edit_that_search_does_not_show_yet_is_kept(stage):
    """The lists lag behind: a rollback waits until they show what people did before it, and not for the longest lag known."""
    scene = stage(contacts=[EXISTING, OTHER], search_lag_s=0.6)
    scene.load(everything(scene.folder), client={"search_lag_s": 0.7})
    people = People(scene)
    people.send("PUT", f"/contacts/{people.id(Target.CONTACT, 'c1')}", city="Halifax")
    begun = SYSTEM_CLOCK.monotonic()
    result = scene.rollback(client={"search_lag_s": 30.0})
    assert "city" in {(row[0], row[2]): row[4] for row in result.kept}["contact", "c1"]
    assert SYSTEM_CLOCK.monotonic() - begun < 15


def test_what_was_written_twice_is_taken_back_newest_first(scene):
    """A load and a delta wrote to the same contact of theirs: it gets back what it had before both."""
    later = {"city": "Hull", "customFields": [{"id": ref(Target.FIELD, "cid"), "fieldValue": "newer"}]}
    scene.load([op(Target.CONTACT, "old+", later, kind=Kind.UPDATE, existing_id=EXISTING["id"], part="delta-1")])
    assert scene.sandbox.contacts.get(EXISTING["id"])["city"] == "Hull"
    result = scene.rollback()
    assert not result.kept and not result.failed
    assert without_blanks(scene.dump()) == scene.before
