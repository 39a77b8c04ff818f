"""Pipelines arrive as the export declares them, whatever stages only deals name."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.sandbox import Sandbox, Scenario, pipelines
from pb2hl.sheets import write_sheet
from pb2hl.steps.gates.batch import decide
from pb2hl.values.chances import between
from tests.conftest import Rehearsal
from tests.e2e.drive import step, workspace
from tests.steps import small
from tests.steps.conftest import SCENARIO

pytestmark = pytest.mark.slow

DECLARED = (("Lead", 10), ("Talk", 45), ("Offer", 85), ("Won", 100), ("Lost", 0))
PIPELINES = [
    {"Pipeline": line, "Stage": stage, "Position": str(at), "Probability": str(chance)}
    for line in ("Sales", "Renewals")
    for at, (stage, chance) in enumerate(DECLARED, 1)
]


@pytest.fixture
def declared(sandbox_server, tmp_path, monkeypatch):
    """(workspace before its mapping step, sandbox): two declared pipelines, and a deal in a stage that neither declares."""
    tables = small.tables()
    tables["pipelines"] = copy.deepcopy(PIPELINES)
    tables["deals"][0] |= {"Pipeline": "Sales", "Stage": "Limbo"}
    tables["deals"][1] |= {"Pipeline": "Renewals", "Stage": "Ice bath"}
    for deal in tables["deals"]:
        deal.pop("Probability", None)
    state = Sandbox(Scenario.default(**SCENARIO))
    assert state.behaviour.recompute_stage_probabilities
    sandbox_server.sandbox = state
    monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", tables), sandbox)
    for name in ("inventory", "match"):
        step(ws, name)
    decide(ws, "match", "Ann", take_defaults=True)
    step(ws, "mapping")
    return ws, sandbox


def held(sandbox, name: str) -> dict:
    return next(line for line in sandbox.state.dump()["pipelines"].values() if line["name"] == name)


def proposed(ws):
    step(ws, "check")
    decide(ws, "mapping", "Ann", take_defaults=True)
    return step(ws, "schema")


def test_an_undeclared_stage_of_which_nothing_tells_waits_for_a_person(declared):
    """It is shown as undeclared behind the last open stage, with a probability between its neighbours; nobody decided it."""
    ws, _ = declared
    sheet = ws.sheet("stages", ["stage"])
    row = sheet[sheet["stage"] == "Limbo"].iloc[0]
    assert (row["decision"], row["position"], row["probability"]) == ("", "3.5", "0.925")
    assert "undeclared" in row["reason"] and "'Offer'" in row["reason"]
    sales = sheet[sheet["pipeline"] == "Sales"]
    assert list(sales["stage"]) == ["Lead", "Talk", "Offer", "Limbo", "Won", "Lost"]
    assert sales.set_index("stage")["decision"].drop("Limbo").eq("map").all()


def test_declared_probabilities_stay_as_they_are(declared):
    """HighLevel holds 10/45/85/100/0 beside the undeclared stage; the table told so before, and the read-back agrees."""
    ws, sandbox = declared
    result = proposed(ws)
    told = result.tables["stages"]
    sales = told[told["pipeline"] == "Sales"].set_index("stage")
    assert list(sales.index) == ["Lead", "Talk", "Offer", "Limbo", "Won", "Lost"]
    assert sales.loc["Limbo", "told"] == "undeclared" and sales.drop("Limbo")["told"].eq("declared").all()
    assert sales.loc["Limbo", "deals"] == 1 and list(sales["position"]) == [1, 2, 3, 4, 5, 6]
    decide(ws, "schema", "Ann", take_defaults=True)
    made = step(ws, "schema", apply=True)
    line = held(sandbox, "Sales")
    chances = {stage["name"]: stage["stageWinProbability"] for stage in line["stages"]}
    assert {name: chances[name] for name, _ in DECLARED} == dict(DECLARED)
    assert chances == sales["probability"].to_dict() and line["useOpportunityProbability"] is True
    assert made.tables["verified"]["verdict"].eq("as planned").all()


def test_every_pipeline_with_a_stage_of_no_probability_is_told(declared):
    """Not only the first: both pipelines and their stages are named."""
    ws, _ = declared
    export = ws.export_path / "pipelines.csv"
    text = export.read_text(encoding="utf-8")
    export.write_text(text.replace("45", ""), encoding="utf-8")
    for name in ("inventory", "match"):
        step(ws, name)
    decide(ws, "match", "Ann", take_defaults=True)
    step(ws, "mapping")
    problems = [item.message for item in proposed(ws).problems if item.code == "stage_probability"]
    assert len(problems) == 2
    assert all(any(line in text and "Talk (47.5 %)" in text for text in problems) for line in ("Sales", "Renewals"))


def test_what_highlevel_makes_of_them_otherwise_is_a_problem(declared, monkeypatch):
    """A server that keeps neither the probabilities nor their use is told stage by stage."""
    ws, _ = declared
    proposed(ws)
    decide(ws, "schema", "Ann", take_defaults=True)
    make = pipelines.make

    def without(state, body):
        stages = [{**stage, "stageWinProbability": None} for stage in body["stages"]]
        return make(state, {**body, "stages": stages, "useOpportunityProbability": False})

    monkeypatch.setattr(pipelines, "make", without)
    result = step(ws, "schema", apply=True)
    told = [item.message for item in result.problems if item.code == "schema_differs"]
    assert any("Sales" in text and "planned was 45 %" in text and "planned was on" in text for text in told)


def test_a_person_may_name_a_declared_stage_instead(declared):
    """Then no stage is added, and the deal goes where the sheet says."""
    ws, _ = declared
    sheet = ws.sheet("stages", ["stage"])
    sheet.loc[sheet["stage"] == "Limbo", ["target_stage", "decision", "who"]] = ["Talk", "map", "Ann"]
    write_sheet(ws.sheets / "stages.csv", sheet)
    told = proposed(ws).tables["stages"].set_index(["pipeline", "stage"])
    assert ("Sales", "Limbo") not in told.index and told.loc[("Sales", "Talk"), "deals"] == 1
    assert told.loc[("Sales", "Talk"), "probability"] == 45


@given(st.lists(st.none() | st.floats(0, 100), max_size=12))
def test_every_gap_lies_between_its_neighbours_and_nothing_told_changes(known):
    """For any stages: as many as given, what is told stays, and a gap is within the told ones around it (0 and 100 at the ends)."""
    filled = between(known)
    assert len(filled) == len(known)
    for at, (given_, found) in enumerate(zip(known, filled, strict=True)):
        if given_ is not None:
            assert found == given_
            continue
        low = next((x for x in reversed(known[:at]) if x is not None), 0)
        high = next((x for x in known[at:] if x is not None), 100)
        assert min(low, high) - 1e-9 <= found <= max(low, high) + 1e-9
