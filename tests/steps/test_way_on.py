"""Whatever was decided otherwise, and whenever: what `status` says comes next leads to the end, and asks for each thing once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from pb2hl import report
from pb2hl.errors import GateClosed
from pb2hl.results import Status, StepResult
from pb2hl.steps.gates import gates
from pb2hl.steps.overview.status import status
from pb2hl.workspace import Workspace
from tests.e2e.drive import step, workspace
from tests.steps import small
from tests.steps.conftest import SCENARIO
from tests.steps.test_edited_after import SHEETS, put


def _sheet(ws: Workspace, name: str) -> None:
    put(ws.sheets / f"{name}.csv", SHEETS[name])


EDITS: dict[str, Callable[[Workspace], object]] = {
    "a policy": partial(small.edit_settings, activities="conversation"),
    "another policy": partial(small.edit_settings, lost_reasons="custom field"),
    "the fallback owner": partial(small.edit_settings, fallback_owner="bo@agency.example"),
    "a tag": partial(_sheet, name="tags"),
    "a stage": partial(_sheet, name="stages"),
    "a field": partial(_sheet, name="fields"),
    "a choice of the schema": partial(_sheet, name="schema"),
}
STAGES = ("approve schema", "schema --apply", "sample", "approve sample", "load", "audit", "")
"""What comes next when the edit is made; "" once everything is done."""


CASES = [(stage, edit) for stage in STAGES for edit in EDITS]
OFTEN = (
    ("schema --apply", "a policy"),
    ("sample", "another policy"),
    ("approve sample", "a choice of the schema"),
    ("", "a field"),
)


@pytest.mark.parametrize(
    ("stage", "edit"),
    [
        pytest.param(*case, id=f"{case[1]} before {case[0] or 'nothing'}", marks=pytest.mark.slow if case in OFTEN else pytest.mark.exhaustive)
        for case in CASES
    ],
)  # fmt: skip
def test_what_comes_next_leads_to_the_end(tmp_path, rehearse, monkeypatch, stage, edit):
    """Decided otherwise at any stage, each command that `next` names is accepted, none twice, and the last of them ends the way."""
    sandbox = rehearse(**SCENARIO)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", small.tables()), sandbox)
    small.follow(ws, to=(stage,))
    EDITS[edit](ws)
    ws = Workspace(ws.path)
    done = small.follow(ws)
    assert len(done) == len(set(done)), done
    assert status(ws).next_step == ""


def test_nothing_is_approved_that_was_found_before_another_decision(migration):
    """A proposal and a sample of the plan before are not what a gate is approved with, not by force either; what to run is said."""
    ws = small.edit_settings(migration.ws, activities="conversation")
    gates.approve(ws, "mapping", "Judge")
    for gate in ("schema", "sample"):
        with pytest.raises(GateClosed) as refused:
            gates.approve(ws, gate, "Judge", force=True)
        assert "activities" in str(refused.value) and f"pb2hl {gate}" in refused.value.hint


def test_what_is_decided_after_the_load_is_not_there_until_a_delta_brought_it(migration):
    """A tag dropped once it was sent: load and audit do not call that whole, and `next` leads to the delta that takes it away."""
    ws = migration.ws
    _sheet(ws, "tags")
    tag = ws.sheet("tags", ["tag"])["tag"].iloc[0]
    assert tag in migration.arrived().contact("ada@mill.example")["tags"]
    done = small.follow(ws, to=("audit", f"delta --export {ws.export_path}"))
    assert status(ws).next_step.startswith("delta") and not any(one.startswith("delta") for one in done)
    assert "sheets/tags.csv" in status(ws).headline, "why a delta comes next"
    page = report.write_index(ws).read_text(encoding="utf-8")
    assert "delta WS --export EXPORT" in page and str(ws.export_path) not in page, "who gets it knows no path of ours"
    for name in ("load", "audit"):
        result = migration.run(name)
        assert result.status is Status.INCOMPLETE, name
        assert any("sheets/tags.csv" in said.message for said in result.problems if said.code == "sent_otherwise")
    small.follow(ws)
    assert StepResult.load(ws.results("audit")).status is Status.DONE
    assert tag not in migration.arrived().contact("ada@mill.example")["tags"]
    assert "delta_window_end" not in status(ws).counts, "the window of the cutover is not open yet"


def test_a_decision_that_changes_nothing_sent_asks_for_no_delta(migration):
    """A policy for companies that are not there: planned anew, every operation is as it was sent."""
    ws = small.edit_settings(migration.ws, unassigned_business="Nobody")
    assert not [one for one in small.follow(ws, to=("audit",)) if one.startswith("delta")]
    assert step(ws, "audit").status is Status.DONE
