"""Something else answers in HighLevel's place: each step ends soon, with a word that helps, and claims nothing that was not done."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import Any

import pytest

from pb2hl.errors import Pb2hlError
from pb2hl.highlevel import retry
from pb2hl.results import Status
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.sandbox.scenario import AnsweredAs, Faults
from pb2hl.steps.gates.batch import decide
from pb2hl.workspace import Workspace
from tests.conftest import Rehearsal
from tests.e2e.drive import step as run_step
from tests.e2e.drive import workspace
from tests.steps import small
from tests.steps.conftest import SCENARIO
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


@pytest.fixture(scope="session")
def begun_once(sandbox_server, tmp_path_factory):
    """Step → (workspace, state of the sandbox) just before it, of the small migration: sample and load."""
    folder, state, found = tmp_path_factory.mktemp("begun"), Sandbox(Scenario.default(**SCENARIO)), {}
    sandbox_server.sandbox = state
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    export = small.tables()
    export["contacts"] += [{**export["contacts"][0], "Contact ID": f"P{n}", "First Name": f"Pat{n}", "Email": f"pat{n}@mill.example", "Phone": ""} for n in range(250)]  # fmt: skip
    ws = workspace(folder / "ws", small.write(folder / "export", export), sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        for name in ("inventory", "match", "mapping", "check", "schema", "sample"):
            if name == "sample":
                run_step(ws, "schema", apply=True)
                found["sample"] = (shutil.copytree(ws.path, folder / "sample"), to_state(state))
            run_step(ws, name)
            if name in ("match", "mapping", "schema", "sample"):
                decide(ws, name, "Judge", take_defaults=True)
        found["load"] = (ws.path, to_state(state))
    return found


@pytest.fixture
def at(migration, request, sandbox_server, tmp_path):
    """`at(step)`: the migration just before it; loaded, where the step comes after the load."""

    def before(step: str) -> Any:
        if step not in ("sample", "load"):
            return migration
        path, saved = request.getfixturevalue("begun_once")[step]
        state = Sandbox(Scenario.default(**SCENARIO))
        from_state(state, saved)
        sandbox_server.sandbox = state
        sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
        return replace(migration, ws=Workspace(shutil.copytree(path, tmp_path / step)), sandbox=sandbox)

    return before


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
        odd, state.scenario = state.scenario, Scenario.default(**SCENARIO)
        state.notes.remove(next(iter(state.notes.records)))
        migration.run("audit")
        state.faults.replace(faults)
        state.scenario = odd
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


STEPS = ("mapping", "schema", "sample", "load", "delta", "audit", "repair", "rollback", "doctor")
CASES = [(step, place, body) for step in STEPS for place in PLACES for body in BODIES]
SOME = {("rollback", "deletions", "page"), ("rollback", "reads by id", "object"), ("audit", "lists", "list")}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "place", "body"),
    [pytest.param(*case, marks=() if case in SOME else pytest.mark.exhaustive) for case in CASES],
)
def test_a_step_that_something_else_answers(at, hurried, step, place, body):
    """A clear word and no traceback; what ends well has done all of it, as the location shows."""
    migration = at(step)
    state = migration.sandbox.state
    loaded = held(state.dump())
    state.faults.replace(Faults(answer=[AnsweredAs(match=PLACES[place], body=BODIES[body])]))
    began = time.monotonic()
    status, said = told(migration, step)
    state.faults.replace(Faults())
    assert said.strip() and time.monotonic() - began < LONGEST_S
    believed(migration, step, status, said, loaded)
    if step == "audit" and place in ("lists", "everything"):
        assert status not in ENDED_WELL, said


LONGEST_S = 60.0
"""No step hangs: attempts follow each other at once here."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", ["repeat", "endless", "429"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_whose_lists_have_no_end_or_whose_door_stays_crowded(at, hurried, monkeypatch, step, way):
    """Pages that come again, pages without end, and 429 that asks to wait for years: an end in time, and no false success."""
    monkeypatch.setattr(retry, "PATIENCE_S", 2.0)
    monkeypatch.setattr(retry, "FIRST_CONTACT_S", 1.0)
    monkeypatch.setattr(retry, "KNOWN_CONTACT_S", 1.0)
    migration = at(step)
    state = migration.sandbox.state
    loaded = held(state.dump())
    if way == "429":
        state.faults.replace(Faults(absurd_retry_after=1.0))
    else:
        state.scenario = state.scenario.model_copy(update={"behaviour": state.behaviour.model_copy(update={"searches": way})})  # fmt: skip
    began = time.monotonic()
    status, said = told(migration, step)
    state.faults.replace(Faults())
    assert said.strip() and time.monotonic() - began < LONGEST_S
    believed(migration, step, status, said, loaded)
    assert way != "429" or status not in ENDED_WELL, said


def believed(migration: Any, step: str, status: object, said: str, loaded: Any) -> None:
    """What a step says that ended well is what the location shows."""
    state = migration.sandbox.state
    if status not in ENDED_WELL:
        return
    if step == "rollback":
        assert not differences(held(migration.before), held(state.dump())), said
    if step == "repair":
        assert len(state.notes.records) == len(loaded["notes"]), said
    if step == "load":
        counts = {name: len(getattr(state, name).records) for name in ("contacts", "businesses", "opportunities", "notes", "tasks", "appointments")}  # fmt: skip
        assert counts == {"contacts": 253, "businesses": 2, "opportunities": 2, "notes": 2, "tasks": 1, "appointments": 1}, (said, counts)  # fmt: skip
    if step == "sample":
        assert sum(len(getattr(state, name).records) for name in ("contacts", "opportunities", "notes", "tasks")) >= 100, said  # fmt: skip
    if step == "delta":
        assert any("Fresh" in note["body"] for note in state.notes.records.values()), said
        (ada,) = [one for one in state.contacts.records.values() if one["firstName"] == "Ada"]
        assert ada["city"] == "Hull" and "hot" in ada["tags"], said
