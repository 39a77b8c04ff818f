"""A rollback whose answers say more than was done: nothing counts as taken back that the location still shows."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest

from pb2hl.errors import HighLevelError
from pb2hl.results import Status
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.sandbox.scenario import Faults
from pb2hl.workspace import Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import step, workspace
from tests.steps import small
from tests.steps.test_lived_in import THERE, differences, held

SCENARIO: dict[str, Any] = {"rate": UNHURRIED, "search_lag_s": 0, **THERE}
PRETENDED = {
    "contact": "^DELETE /contacts/[^/]+ ",
    "business": "^DELETE /businesses/",
    "opportunity": "^DELETE /opportunities/",
    "note": "^DELETE /contacts/[^ ]+/notes/",
    "task": "^DELETE /contacts/[^ ]+/tasks/",
    "tag": "^DELETE /locations/[^ ]+/tags/",
    "field": "^DELETE /locations/[^ ]+/customFields/",
    "field of businesses": "^DELETE /custom-fields/(?!folder)",
    "folder": "^DELETE /custom-fields/folder/",
    "pipeline": "^DELETE /opportunities/pipelines/",
    "calendar": "^DELETE /calendars/(?!events)",
    "tags": "^DELETE /contacts/[^ ]+/tags",
    "links": "^POST /contacts/bulk/business",
    "contacts put back": "^PUT /contacts/",
    "businesses put back": "^PUT /objects/",
    "deals put back": "^PUT /opportunities/",
    "seal": "^DELETE /locations/[^ ]+/customValues/",
}
"""What is answered with success and not done, by what it is about."""

SOME = ("contact", "field", "tags", "contacts put back", "seal")


def tables() -> small.Tables:
    """The small export with a contact and a pipeline that the location has not."""
    content = small.tables()
    content["contacts"].append(
        {**content["contacts"][0], "Contact ID": "14", "First Name": "Neo", "Email": "neo@kiln.example", "Phone": ""}
    )
    content["deals"].append(
        {**content["deals"][0], "Deal ID": "D3", "Deal Name": "Kiln", "Contact ID": "14", "Pipeline": "Kilns"}
    )
    return content


@pytest.fixture(scope="module")
def loaded(sandbox_server, tmp_path_factory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """(workspace, state of the sandbox, dump before) of the small export in a location in use."""
    folder = tmp_path_factory.mktemp("lies")
    state = Sandbox(Scenario.default(**SCENARIO))
    sandbox_server.sandbox = state
    before = held(state.dump())
    place = Rehearsal(sandbox_server.url, state.token, state.location, state)
    ws = workspace(folder / "ws", small.write(folder / "export", tables()), place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        small.migrate(ws)
    return ws.path, to_state(state), before


@pytest.fixture
def lying(loaded, sandbox_server, tmp_path, monkeypatch):
    """`lying(pattern)`: (workspace, sandbox, dump before) where what matches is answered with success and not done."""

    def make(pattern: str) -> tuple[Workspace, Sandbox, dict[str, Any]]:
        path, saved, before = loaded
        shutil.copytree(path, tmp_path / "ws")
        state = Sandbox(Scenario.default(**SCENARIO))
        from_state(state, copy.deepcopy(saved))
        state.faults.replace(Faults(pretend=[pattern]))
        sandbox_server.sandbox = state
        monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
        return Workspace(tmp_path / "ws"), state, before

    return make


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in SOME else pytest.mark.exhaustive) for kind in PRETENDED]
)
def test_what_stays_is_told_and_taken_back_by_the_next(lying, kind):
    """The rollback does not end well, asked = undone + kept + held + refused, and the same command takes the rest back later."""
    ws, state, before = lying(PRETENDED[kind])
    first = step(ws, "rollback")
    assert differences(before, held(state.dump())), "nothing was pretended"
    assert first.status in (Status.FAILED, Status.INCOMPLETE), first.headline
    counts = first.counts
    assert counts["planned"] == sum(counts[name] for name in ("undone", "kept", "held", "failed"))
    assert first.problems
    state.faults.replace(Faults())
    again = step(ws, "rollback")
    left = {item for item in differences(before, held(state.dump())) if kind != "seal"}
    assert not left, (left, [(k["record_id"][:6], k["why"]) for k in again.tables["kept"].to_dict("records")])


def test_a_rollback_that_was_cut_short_before_it_looked(lying, monkeypatch):
    """What an earlier rollback took for deleted is looked for by the next one first."""
    from pb2hl.apply import undo_proof

    ws, state, before = lying(PRETENDED["contact"])

    async def killed(self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(undo_proof.UndoProof, "untrue", killed)
        with pytest.raises(KeyboardInterrupt):
            step(ws, "rollback")
    state.faults.replace(Faults())
    assert step(ws, "rollback").status is Status.DONE
    assert not differences(before, held(state.dump()))


@pytest.mark.slow
def test_nothing_is_written_where_the_seal_is_not_taken_and_a_dry_run_foretells_a_delta_taken_back(lying, tmp_path):
    """A seal whose answer shows nothing stops the delta before it writes; once it is taken, what a dry run says of records that both
    load and delta wrote to is what the rollback does."""
    ws, state, before = lying("^(POST|PUT) /locations/[^ ]+/customValues")
    later = tables()
    small.row(later, "contacts", "11").update(
        {"City": "Kanata", "Last Name": "King", "Company ID": "C2", "Tags": "fair; hot"}
    )
    export = small.write(tmp_path / "later", later)
    loaded = state.dump()
    with pytest.raises(HighLevelError, match="custom value"):
        step(ws, "delta", export=export, approve_all="Jane")
    assert state.dump() == loaded
    state.faults.replace(Faults())
    assert step(ws, "delta", export=export, approve_all="Jane").status is Status.DONE
    foretold = step(ws, "rollback", dry_run=True).counts
    done = step(ws, "rollback").counts
    for name in ("planned", "undone", "kept", "held", "failed"):
        assert foretold[name] == done[name], (foretold, done)
    assert not differences(before, held(state.dump()))
