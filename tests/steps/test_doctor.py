"""The preflight against rehearsal locations that are well and not."""

from __future__ import annotations

import pytest

from pb2hl import highlevel
from pb2hl.errors import AnswerLost
from pb2hl.highlevel import Client, Limiter, preflight
from pb2hl.ledger import Ledger
from pb2hl.results import Status, StepResult
from pb2hl.sandbox.scenario import FaultAt
from pb2hl.steps.prepare.doctor import SCRATCH, doctor
from pb2hl.steps.rollback.rollback import rollback
from pb2hl.steps.shared.session import PROBED
from pb2hl.workspace import Config, Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """`workspace(rehearsal)`: a workspace for it."""

    def make(rehearsal) -> Workspace:
        monkeypatch.setenv("HIGHLEVEL_TOKEN", rehearsal.token)
        config = Config(export="export", location=rehearsal.location, base_url=rehearsal.url)
        return Workspace.create(tmp_path / "ws", config)

    return make


def states(result: StepResult) -> dict[str, str]:
    """State by check."""
    return dict(zip(result.tables["checks"]["check"], result.tables["checks"]["state"], strict=True))


def test_a_well_location_passes_and_nothing_is_written(sandbox, workspace):
    """Every read scope is granted, published workflows are listed, and the location holds what it held."""
    ws = workspace(sandbox)
    result = doctor(ws)
    assert result.status is Status.DONE
    assert states(result)["scope contacts.readonly"] == "ok"
    assert states(result)["published workflows"] == "warning"
    assert len(result.tables["users"]) == 8
    assert StepResult.load(ws.results("doctor")).headline == result.headline
    assert sandbox.state.dirty is False


def test_missing_scopes_are_named(rehearse, workspace):
    """Each scope that the token lacks is a failed check of its own."""
    result = doctor(workspace(rehearse(lacking_scopes=["workflows.readonly", "notes.readonly"])))
    assert result.status is Status.FAILED
    failed = {check for check, state in states(result).items() if state == "failed"}
    assert failed == {"scope workflows.readonly", "scope notes.readonly"}


@pytest.mark.parametrize("more", [(), ("contacts.write",)])
def test_the_probe_names_lacking_write_scopes(rehearse, workspace, more):
    """Write scopes show by deleting what nothing has; an endpoint that is not there is unknown, and nothing else is lost."""
    lacking = ["notes.write", "pipelines.create", "calendars/events.write", *more]
    rehearsal = rehearse(lacking_scopes=lacking)
    result = doctor(workspace(rehearsal), probe=True)
    found = states(result)
    assert {check for check, state in found.items() if state == "failed"} == {f"scope {scope}" for scope in lacking}
    assert found["scope medias.write"] == found["scope opportunities.write"] == "ok"
    assert len(rehearsal.state.unexpected) == 0


def test_a_refused_token_is_a_finding(sandbox, workspace, monkeypatch):
    """A wrong token fails the first check and says what to set; it is nowhere in the result."""
    ws = workspace(sandbox)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", "pit-wrong-secret")
    result = doctor(ws)
    assert states(result) == {"token and location": "failed"}
    assert "pit-wrong-secret" not in (ws.results("doctor") / "result.json").read_text(encoding="utf-8")


def test_the_probe_pins_and_cleans_up(sandbox, workspace):
    """The probe keeps what it saw for this location, and its contact and tag are gone."""
    ws = workspace(sandbox)
    tags = len(sandbox.state.tags)
    doctor(ws, probe=True)
    with Ledger.open(ws) as ledger:
        seen = ledger.recall(PROBED)
    assert seen["search_lag_s"] == preflight.LEAST_LAG_S and seen["tags_lower_cased"] and seen["odd_phone"] == "dropped"
    assert len(sandbox.state.contacts) == 0
    assert len(sandbox.state.tags) == tags


@pytest.mark.parametrize("step", [doctor, rollback])
def test_what_a_killed_probe_left_is_removed(sandbox, workspace, step):
    """The scratch contact is on record before it is made: the next look at the location, or a rollback, takes it away."""
    ws = workspace(sandbox)
    before = sandbox.state.dump()
    body = {"locationId": sandbox.location, "lastName": "pb2hl-probe-7", "email": "pb2hl-probe-7@example.com", "tags": ["pb2hl probe"]}  # fmt: skip
    other = {"locationId": sandbox.location, "lastName": "Else", "email": "else@example.com"}

    async def left() -> None:
        async with Client(sandbox.token, sandbox.location, sandbox.url, limiter=Limiter()) as client:
            for contact in (body, other):
                await client.request("POST", "/contacts/", json=contact)

    highlevel.run(left())
    with Ledger.open(ws) as ledger:
        ledger.remember(SCRATCH, "pb2hl-probe-7")
    step(ws)
    assert [contact["lastName"] for contact in sandbox.state.contacts.records.values()] == ["Else"]
    assert sandbox.state.dump()["tags"] == before["tags"]
    with Ledger.open(ws) as ledger:
        assert ledger.recall(SCRATCH) is None


def test_a_probe_whose_answer_is_lost_leaves_nothing(rehearse):
    """The contact was made and nobody said so."""
    sandbox = rehearse(faults={"at": [FaultAt(fault="lost_answer", write=1)]})

    async def probe() -> None:
        async with Client(sandbox.token, sandbox.location, sandbox.url, limiter=Limiter()) as client:
            await preflight.probe(client, preflight.scratch_mark(client))

    with pytest.raises(AnswerLost):
        highlevel.run(probe())
    assert len(sandbox.state.contacts) == 0
