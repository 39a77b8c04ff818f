"""The preflight against rehearsal locations that are well and not."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from pb2hl import highlevel
from pb2hl.errors import AnswerLost, HighLevelError
from pb2hl.highlevel import Client, Limiter, preflight, retry
from pb2hl.highlevel.capabilities import PROBED
from pb2hl.highlevel.identity import WrongLocation
from pb2hl.highlevel.needs import MAKE_TOKEN, scopes_for
from pb2hl.ledger import Ledger
from pb2hl.results import Status, StepResult
from pb2hl.sandbox.faults import SURPRISES
from pb2hl.sandbox.scenario import FaultAt
from pb2hl.steps.prepare.doctor import SCRATCH, doctor
from pb2hl.steps.rollback.rollback import rollback
from pb2hl.steps.shared.session import with_client
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


@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, marks=pytest.mark.slow) if fault == "absurd_retry_after" else fault for fault in SURPRISES],
)
def test_a_strange_location_fails_with_a_name(rehearse, workspace, monkeypatch, fault):
    """Doctor ends soon, not with a traceback: in a failed check, or in HighLevel's own kind of error."""
    monkeypatch.setattr(retry, "FIRST_CONTACT_S", 0.6)
    ws = workspace(rehearse(faults={fault: 1.0}))
    try:
        result = doctor(ws)
        assert result.status is Status.FAILED and result.problems[0].message
    except HighLevelError as error:
        assert error.exit_code == 4 and error.message and error.hint


def test_an_answer_of_another_kind_anywhere_is_a_finding(rehearse, workspace):
    """Whichever of doctor's reads is answered with a bare list, a number or nothing: it fails, or says what came, and never passes it."""
    honest = rehearse()
    ws = workspace(honest)
    assert doctor(ws).status is Status.DONE
    passed = []
    for number in range(1, len(honest.state.log) + 1):
        answer = ("[]", "7", "null")[number % 3]
        place = rehearse(faults={"at": [FaultAt(fault="wrong_type", request=number)], "wrong_answer": answer})
        with contextlib.suppress(HighLevelError):
            result = doctor(ws)
            asked = place.state.log[number - 1]
            passed += [(asked["method"], asked["path"], answer)] if result.status is Status.DONE else []
    assert not passed


def test_another_location_is_a_finding_and_stops_every_step(rehearse, workspace):
    """The id must be the one of migration.toml, the name the one that it had; a new name is taken note of by the doctor."""
    place = rehearse()
    ws = workspace(place)
    assert doctor(ws).status is Status.DONE
    place.state.scenario.location.name = "Another client's"
    with Ledger.open(ws) as ledger, pytest.raises(WrongLocation, match="Another client's"):
        with_client(ws, ledger, "load", lambda client: client.request("DELETE", "/contacts/x"))
    assert not [item for item in place.state.log if item["method"] != "GET" and "search" not in item["path"]]
    doctor(ws)
    with Ledger.open(ws) as ledger:
        with_client(ws, ledger, "load", lambda client: client.request("GET", f"/locations/{place.location}"))
    place.state.scenario.location.answers_as = "an0therLocati0nEnt1re"
    result = doctor(ws)
    assert result.status is Status.FAILED and "an0therLocati0nEnt1re" in result.problems[0].message


def test_the_scopes_of_the_plan_are_listed(sandbox, workspace):
    """Every scope that the checks ask for, and those of what the plan makes; with how to make the token and pause workflows."""
    ws = workspace(sandbox)
    result = doctor(ws)
    listed = set(result.tables["scopes"]["scope"])
    assert {
        check.removeprefix("scope ") for check in result.tables["checks"]["check"] if check.startswith("scope ")
    } <= listed
    assert set(scopes_for()) == listed and "pipelines.create" in listed
    told = {problem.code: problem for problem in result.problems}
    assert (
        all(scope in told["scopes"].message for scope in listed) and "Private Integrations" in told["scopes"].treatment
    )
    assert any("Automation > Workflows" in problem.treatment for problem in result.problems)
    (ws.plan / "data").mkdir(parents=True)
    (ws.plan / "data" / "contact.parquet").touch()
    fewer = set(doctor(ws).tables["scopes"]["scope"])
    assert "contacts.write" in fewer and "pipelines.create" not in fewer


def test_the_documentation_holds_every_scope():
    """The page about the token names each scope that some plan needs."""
    page = (Path(__file__).parents[2] / "docs" / "token.md").read_text(encoding="utf-8")
    assert [scope for scope in scopes_for() if f"`{scope}`" not in page] == []
    assert MAKE_TOKEN.partition(",")[0].split(" open ")[1] in page
