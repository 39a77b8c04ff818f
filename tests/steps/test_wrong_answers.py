"""Something else answers in HighLevel's place: each step ends soon, with a word that helps, and claims nothing that was not done."""

from __future__ import annotations

import pytest

from pb2hl.errors import Pb2hlError
from pb2hl.highlevel import retry
from pb2hl.results import Status
from pb2hl.sandbox.scenario import AnsweredAs, Faults
from tests.steps import small
from tests.steps.test_lived_in import differences, held

PAGE = "<!doctype html><html><head><title>Sign in to the network</title></head><body>Sign in</body></html>"
BODIES = {
    "page": PAGE,
    "empty": "",
    "null": "null",
    "list": "[]",
    "text": '"ok"',
    "number": "7",
    "object": "{}",
    "cut": '{"contact": {"id": "abc", "firstNa',
    "deep": "[" * 5000 + "]" * 5000,
}
PLACES = {
    "reads by id": "^GET /(contacts|opportunities|businesses|objects/[^/]+/records|calendars/events/appointments)/[A-Za-z0-9]{15,}$|^GET /contacts/[^/]+/(notes|tasks)/",
    "lists": "^GET /(?!contacts/[A-Za-z0-9]{15,}|locations/[^/]+$).*|^POST [^ ]*/search$",
    "searches": "/search",
    "location": "^GET /locations/[^/]+$",
    "creates": "^POST (?![^ ]*/search$)",
    "changes": "^PUT ",
    "deletions": "^DELETE ",
    "everything": ".",
}
ENDED_WELL = (Status.DONE, Status.NOTHING_TO_DO, Status.WAITING)


@pytest.fixture
def hurried(monkeypatch):
    """Attempts follow each other at once; their number is what it is."""
    monkeypatch.setattr(retry, "FIRST_DELAY_S", 0.0)
    monkeypatch.setattr(retry, "LONGEST_DELAY_S", 0.0)


def later() -> small.Tables:
    """A later export with something new, changed, and linked elsewhere."""
    content = small.tables()
    small.row(content, "contacts", "11").update({"City": "Hull", "Company ID": "C2", "Tags": "vip; hot"})
    small.row(content, "deals", "D2")["Amount"] = "5"
    content["notes"].append({"Note ID": "N3", "Body": "Fresh", "Contact ID": "12", "Created": "2024-06-01 09:00"})
    return content


def told(migration, step: str) -> tuple[object, str]:
    """(status, or the error's kind; what was said) of a step. Any error that is none of ours fails the test."""
    if step == "repair":  # something is missing, by an audit that saw the truth
        state = migration.sandbox.state
        faults, state.faults.settings = state.faults.settings, Faults()
        state.notes.remove(next(iter(state.notes.records)))
        migration.run("audit")
        state.faults.replace(faults)
    try:
        if step == "delta":
            result = migration.delta(later(), approve_all="Jane")
        else:
            options = {"repair": {"who": "Jane"}, "schema": {"apply": True}}.get(step, {})
            result = migration.run(step, **options)
    except Pb2hlError as error:
        assert error.exit_code, error
        return type(error), f"{error.message} {error.hint}"
    return result.status, result.headline


CASES = [(step, place, body) for step in ("mapping", "schema", "delta", "audit", "repair", "rollback", "doctor") for place in PLACES for body in BODIES]  # fmt: skip
SOME = {("rollback", "deletions", "page"), ("rollback", "reads by id", "object"), ("audit", "lists", "list")}


@pytest.mark.parametrize(
    ("step", "place", "body"),
    [pytest.param(*case, marks=() if case in SOME else pytest.mark.exhaustive) for case in CASES],
)
def test_a_step_that_something_else_answers(migration, hurried, step, place, body):
    """A clear word and no traceback; what ends well has done all of it, as the location shows."""
    state = migration.sandbox.state
    loaded = held(state.dump())
    state.faults.replace(Faults(answer=[AnsweredAs(match=PLACES[place], body=BODIES[body])]))
    status, said = told(migration, step)
    state.faults.replace(Faults())
    assert said.strip()
    if step == "rollback" and status in ENDED_WELL:
        assert not differences(held(migration.before), held(state.dump())), said
    if step == "repair" and status in ENDED_WELL:
        assert len(state.notes.records) == len(loaded["notes"]), said
    if step == "delta" and status in ENDED_WELL:
        assert any("Fresh" in note["body"] for note in state.notes.records.values()), said
        (ada,) = [one for one in state.contacts.records.values() if one["firstName"] == "Ada"]
        assert ada["city"] == "Hull" and "hot" in ada["tags"], said
