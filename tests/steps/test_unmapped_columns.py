"""What is left behind: cells that HighLevel refuses are archived and told; by policy, unmapped columns become a note."""

from __future__ import annotations

import pytest

from pb2hl.mapper import SHEETS
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sheets import read_sheet
from pb2hl.steps.gates import gates
from pb2hl.steps.shared.refusals import COLUMNS
from tests.conftest import Rehearsal
from tests.e2e.drive import Arrived, migrate, step, workspace
from tests.steps import small
from tests.steps.conftest import SCENARIO


def rehearse(server, folder, monkeypatch, tables: small.Tables, policy: dict[str, str]):
    """A whole migration of `tables` under a policy: (workspace, results by step, what arrived, the sandbox)."""
    state = Sandbox(Scenario.default(**SCENARIO))
    server.sandbox = state
    monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
    sandbox = Rehearsal(server.url, state.token, state.location, state)
    ws = workspace(folder / "ws", small.write(folder / "export", tables), sandbox, policy=policy)
    results = migrate(ws)
    return ws, results, Arrived.of(sandbox)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["archive", "note"])
def test_unmapped_columns_by_policy(sandbox_server, tmp_path, monkeypatch, policy):
    """Under `archive` and `note` no custom field is made: the cells are in the CSV, by `note` on the record too, and accounted for."""
    ws, results, arrived = rehearse(sandbox_server, tmp_path, monkeypatch, small.tables(), {"unmapped_columns": policy})
    sheet = ws.sheet("fields", SHEETS["fields"]).set_index("column")
    assert sheet.loc["Shoe Size", "decision"] == "ignore" and policy in sheet.loc["Shoe Size", "reason"]
    assert sheet.loc["Email Opt-Out", "decision"] == "email_opt_out"
    assert "Shoe Size" not in arrived.contact("ada@mill.example")["custom"]
    kept = read_sheet(ws.reports / "ignored_cells.csv", ["object", "source_id", "column", "value"])
    assert kept["value"].tolist() == ["42", "44"]
    notes = [note["body"] for note in arrived.marked("notes", "left-behind")]
    assert len(notes) == (2 if policy == "note" else 0) and all("Shoe Size: 4" in body for body in notes)
    cells = results["audit"].tables["accounting"].set_index("heading")
    expected = (
        ("moved elsewhere", "note of columns left behind")
        if policy == "note"
        else ("skipped by decision", "archived in reports/ignored_cells.csv")
    )
    assert tuple(cells.loc["Shoe Size", ["bucket", "where"]]) == expected
    assert results["audit"].tables["unbalanced"].empty and str(results["audit"].status) == "done"


@pytest.mark.slow
def test_what_highlevel_refuses_is_archived(sandbox_server, tmp_path, monkeypatch):
    """Deals whose pipeline somebody deleted meanwhile are refused: all their cells are in a CSV, and the load says how many."""
    state = Sandbox(Scenario.default(**SCENARIO))
    sandbox_server.sandbox = state
    monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", small.tables()), sandbox)
    migrate(ws, to="schema")
    for pipeline in list(state.dump()["pipelines"]):
        state.pipelines.remove(pipeline)
    step(ws, "sample")
    gates.approve(ws, "sample", "Ann", force=True)
    loaded = step(ws, "load")
    kept = read_sheet(ws.reports / "refused_cells.csv", COLUMNS)
    assert set(kept["object"]) == {"deals"} and set(kept["source_id"]) == {"D1", "D2"}
    assert {"Wheel", "1200.50", "Cart"} <= set(kept["value"]) and kept["why"].str.len().gt(5).all()
    assert loaded.counts["refused_cells_archived"] == len(kept) == 20
    (told,) = [problem for problem in loaded.problems if problem.code == "refused_cells"]
    assert "reports/refused_cells.csv" in told.treatment
