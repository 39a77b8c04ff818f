"""Loads, deltas, people's edits and partial rollbacks in any order: nothing of a person's is ever lost unforced."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from operations import EXISTING, everything, op, ref
from test_undo import OTHER, office

from pb2hl.ledger import State
from pb2hl.operations import Kind, Target

Check = Callable[[dict[str, Any]], bool]
CONTACTS = ("c0", "c1", "c2")


class Story:
    """One random story. `promised` is what people have done and what must be so from then on, with what it is called."""

    def __init__(self, scene, seed: int):
        self.scene, self.chance, self.count = scene, random.Random(seed), 0
        self.promised: dict[str, Check] = {}
        self.told: list[str] = []

    def done(self, target: Target, source_id: str) -> str:
        """The id of a record of ours that is there; "" when there is none."""
        entry = self.scene.ledger.operation(ref(target, source_id)["$ref"])
        held = {record for records in self.scene.sandbox.collections.values() for record in records.records}
        return entry.destination_id if entry and entry.state is State.DONE and entry.destination_id in held else ""

    def send(self, method: str, path: str, **json: Any) -> Any:
        """A request of a person's."""
        return self.scene.run(lambda client: client.request(method, path, json=json)).body

    def load(self) -> None:
        """A load, or one that is gone on with."""
        self.scene.load(everything(self.scene.folder))

    def delta(self) -> None:
        """A delta that writes the last name of a contact and hangs a note on it."""
        source_id = self.chance.choice(CONTACTS)
        if contact := self.done(Target.CONTACT, source_id):
            self.count += 1
            mark = f"PB:notes:late{self.count} |"
            self.scene.load([
                op(Target.CONTACT, f"{source_id}+{self.count}", {"lastName": f"Newer{self.count}"}, object_="contact",
                   kind=Kind.UPDATE, existing_id=contact, part=f"delta-{self.count}"),
                op(Target.NOTE, f"late{self.count}", {"$url": {"contactId": contact}, "body": f"late {mark}"}, marker=mark),
            ])  # fmt: skip

    def rollback(self) -> None:
        """Everything, one run, or one object, never forced."""
        runs = [run.run_id for run in self.scene.ledger.runs() if run.step == "load"]
        way = self.chance.choice(("all", "run", "object"))
        options: dict[str, Any] = {}
        if way == "run" and runs:
            options = {"of_runs": {self.chance.choice(runs)}}
        elif way == "object":
            options = {"objects": (self.chance.choice(("contact", "note", "opportunity", "business", "tag", "field")),)}
        self.told.append(f"{way} {options}")
        self.scene.rollback(**options)

    def person(self) -> None:
        """Somebody does something to a contact of ours, or to what hangs on it."""
        source_id = self.chance.choice(CONTACTS)
        contact = self.done(Target.CONTACT, source_id)
        if not contact:
            return
        self.count += 1
        kind = self.chance.choice(sorted(self.KINDS))
        self.told.append(f"{kind} on {source_id}")
        self.KINDS[kind](self, contact)

    def _field(self, contact: str) -> None:
        name, value = self.chance.choice(("city", "firstName", "website")), f"theirs{self.count}"
        self.send("PUT", f"/contacts/{contact}", **{name: value})
        self.promised[f"{name} of {contact}"] = lambda dump: dump["contacts"].get(contact, {}).get(name) == value

    def _tag(self, contact: str) -> None:
        tag = f"golden{self.count}"
        self.send("POST", f"/contacts/{contact}/tags", tags=[tag])
        self.promised[f"tag {tag}"] = lambda dump: tag in dump["contacts"].get(contact, {}).get("tags", ())

    def _owner(self, contact: str) -> None:
        user = self.chance.choice(sorted(self.scene.sandbox.collections["users"].records))
        self.send("PUT", f"/contacts/{contact}", assignedTo=user)
        self.promised[f"owner of {contact}"] = lambda dump: dump["contacts"].get(contact, {}).get("assignedTo") == user

    def _consent(self, contact: str) -> None:
        self.send("PUT", f"/contacts/{contact}", dnd=True)
        self.promised[f"consent of {contact}"] = lambda dump: dump["contacts"].get(contact, {}).get("dnd") is True

    def _hung(self, collection: str, record: str, contact: str) -> None:
        self.promised[f"{collection} {record}"] = lambda dump: (
            record in dump[collection] and contact in dump["contacts"]
        )

    def _note(self, contact: str) -> None:
        self._hung("notes", self.send("POST", f"/contacts/{contact}/notes", body="called")["note"]["id"], contact)

    def _task(self, contact: str) -> None:
        made = self.send(
            "POST", f"/contacts/{contact}/tasks", title="Call", dueDate="2030-01-02T10:00:00.000Z", completed=False
        )
        self._hung("tasks", made["task"]["id"], contact)

    def _appointment(self, contact: str) -> None:
        made = self.send("POST", "/calendars/events/appointments", locationId=self.scene.place.location, calendarId=office(self.scene),
                         contactId=contact, startTime="2027-03-02T10:00:00-05:00", endTime="2027-03-02T11:00:00-05:00",
                         toNotify=False, ignoreFreeSlotValidation=True, ignoreDateRange=True)  # fmt: skip
        self._hung("appointments", made["id"], contact)

    def _deal(self, contact: str) -> None:
        pipeline = self.done(Target.PIPELINE, "p")
        if not pipeline or any(
            deal["contactId"] == contact for deal in self.scene.sandbox.collections["opportunities"].records.values()
        ):
            return
        made = self.send("POST", "/opportunities/", locationId=self.scene.place.location, name="Theirs", status="open",
                         pipelineId=pipeline, contactId=contact)  # fmt: skip
        self._hung("opportunities", made["opportunity"]["id"], contact)

    def _stage(self, contact: str) -> None:
        deal, pipeline = self.done(Target.OPPORTUNITY, "d1"), self.done(Target.PIPELINE, "p")
        if not deal or not pipeline:
            return
        stage = self.scene.sandbox.collections["pipelines"].get(pipeline)["stages"][0]["id"]
        self.send("PUT", f"/opportunities/{deal}", pipelineId=pipeline, pipelineStageId=stage)
        self.promised[f"stage of {deal}"] = lambda dump: (
            dump["opportunities"].get(deal, {}).get("pipelineStageId") == stage
        )

    def _link(self, contact: str) -> None:
        business = self.done(Target.BUSINESS, self.chance.choice("12"))
        held = self.scene.sandbox.contacts.get(contact).get("businessId")
        if not business or held == business:
            return
        self.send(
            "POST", "/contacts/bulk/business", locationId=self.scene.place.location, ids=[contact], businessId=business
        )
        self.promised[f"business of {contact}"] = lambda dump: (
            dump["contacts"].get(contact, {}).get("businessId") == business
        )

    KINDS: ClassVar[dict[str, Callable[[Any, str], None]]] = {
        "a field": _field, "a tag": _tag, "an owner": _owner, "consent": _consent, "a note": _note, "a task": _task,
        "an appointment": _appointment, "a deal": _deal, "a stage": _stage, "a link": _link,
    }  # fmt: skip

    def go(self, steps: int) -> None:
        """So many things happen; after each everything promised holds."""
        self.load()
        for _ in range(steps):
            what = self.chance.choices(("person", "delta", "rollback", "load"), (5, 2, 3, 1))[0]
            if what == "load":
                self.promised = {
                    name: check for name, check in self.promised.items() if not name.startswith("business of")
                }
            self.told.append(what)
            getattr(self, what)()
            dump = self.scene.dump()
            lost = [name for name, check in self.promised.items() if not check(dump)]
            assert not lost, (lost, self.told)


def told(stage, seed: int, steps: int) -> None:
    """One story from its seed."""
    Story(stage(contacts=[EXISTING, OTHER]), seed).go(steps)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_of_a_persons_is_lost(stage, seed):
    """Four short stories."""
    told(stage, seed, 9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_nothing_of_a_persons_is_lost_in_long_stories(stage, seed):
    """Forty long ones."""
    told(stage, seed, 25)
