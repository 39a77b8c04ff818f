"""The schema step against a location that already holds fields, pipelines and tags of its own."""

from __future__ import annotations

import re

import pytest

from pb2hl.errors import GateClosed, SheetError
from pb2hl.ledger import Ledger, State
from pb2hl.operations import SCHEMA_TARGETS, Target
from pb2hl.results import Status, StepResult
from pb2hl.review import schema_review
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sandbox.fields import make
from pb2hl.sheets import write_sheet
from pb2hl.steps.gates.batch import decide
from pb2hl.steps.proposal.schema_choices import read_choices
from tests.conftest import Rehearsal
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small
from tests.steps.conftest import SCENARIO


@pytest.fixture
def seeded(sandbox_server, tmp_path, monkeypatch):
    """(workspace with an approved mapping, sandbox) over a location with fields of the same names."""
    tables = small.tables()
    for contact, plan, hobby in zip(
        tables["contacts"], ("Gold", "Silver", "Gold"), ("tea", "golf", "chess"), strict=True
    ):
        contact |= {"Plan": plan, "Hobby": hobby}
    for company in tables["companies"]:
        company["Markets"] = "DE; FR"
    state = Sandbox(Scenario.default(**SCENARIO))
    sandbox_server.sandbox = state
    for name, data_type, options in (
        ("shoe size", "TEXT", None),
        ("Plan", "SINGLE_OPTIONS", ["gold"]),
        ("Hobby", "TEXT", None),
    ):
        make(
            state,
            {"name": name, "dataType": data_type, "model": "contact", **({"options": options} if options else {})},
        )
    monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", tables), sandbox)
    for name in ("inventory", "match"):
        step(ws, name)
    decide(ws, "match", "Ann", take_defaults=True)
    sheet = ws.sheet("fields", ["column"])
    for column, data_type in (
        ("Shoe Size", "NUMERICAL"),
        ("Plan", "SINGLE_OPTIONS"),
        ("Hobby", "TEXT"),
        ("Markets", "MULTIPLE_OPTIONS"),
    ):
        sheet.loc[sheet["column"] == column, ["decision", "label", "type", "who"]] = [
            "custom",
            column,
            data_type,
            "Ann",
        ]
    write_sheet(ws.sheets / "fields.csv", sheet)
    step(ws, "mapping")
    decide(ws, "mapping", "Ann", take_defaults=True)
    return ws, sandbox


def choose(ws, name: str, decision: str) -> None:
    frame = read_choices(ws)
    frame.loc[frame["name"] == name, "decision"] = decision
    write_sheet(ws.sheets / "schema.csv", frame)


def test_the_diff_says_what_is_made_fits_conflicts_and_cannot_be(seeded):
    """Each piece has its state; a conflict has its reason and its choice; what no business holds has a count and an alternative; nothing is sent."""
    ws, sandbox = seeded
    before = sandbox.state.dump()
    result = step(ws, "schema")
    assert sandbox.state.dump() == before
    diff = result.tables["diff"].set_index("name")
    assert diff.loc["Hobby", "state"] == "exists, fits" and diff.loc["Perfect Books ID"]["state"].eq("to make").all()
    assert diff.loc["Shoe Size (Perfect Books)", "state"] == "exists, conflict"
    assert "of type TEXT exists, NUMERICAL is needed" in diff.loc["Shoe Size (Perfect Books)", "detail"]
    assert "lacks 1 option: Silver" in diff.loc["Plan (Perfect Books)", "detail"]
    cannot = result.tables["diff"][lambda frame: frame["state"] == "cannot"].set_index("name")
    assert (cannot.loc["Markets", "type"], cannot.loc["Markets", "count"]) == ("MULTIPLE_OPTIONS", 2)
    assert "values joined by" in cannot.loc["Markets", "detail"]
    told = [problem for problem in result.problems if problem.code == "schema_conflict"]
    assert len(told) == 2 and all("sheets/schema.csv" in problem.treatment for problem in told)
    assert read_choices(ws)["decision"].tolist() == ["beside", "beside"]


def test_a_choice_is_honoured_and_nothing_there_is_altered(seeded):
    """`use` writes into the field that is there as far as it holds the values; `beside` makes another; both stay as chosen."""
    ws, sandbox = seeded
    step(ws, "check")
    step(ws, "schema")
    there = {key: field for key, field in sandbox.state.dump()["fields"].items()}
    choose(ws, "Shoe Size", "use")
    with pytest.raises(GateClosed, match=r"before this changed: sheets/schema\.csv"):
        decide(ws, "schema", "Ann")
    diff = step(ws, "schema").tables["diff"].set_index("name")
    assert (
        diff.loc["Shoe Size", "state"] == "exists, conflict: used"
        and "written as text" in diff.loc["Shoe Size", "detail"]
    )
    decide(ws, "schema", "Ann")
    step(ws, "schema", apply=True)
    step(ws, "sample")
    now = sandbox.state.dump()["fields"]
    assert {key: now[key] for key in there} == there
    ada = Arrived.of(sandbox).contact("ada@mill.example")["custom"]
    assert ada["shoe size"] == "42" and ada["Plan (Perfect Books)"] == "Gold" and "Plan" not in ada
    assert "Shoe Size (Perfect Books)" not in {field["name"] for field in now.values()}


def test_what_was_made_is_no_longer_to_make(migration):
    """Once the schema is applied its table and its page say `made` of each piece that was missing, and how many contacts bear each tag."""
    diff = StepResult.load(migration.ws.results("schema")).tables["diff"]
    assert set(diff["state"]) == {"made"} and {"custom field", "tag", "pipeline", "calendar"} <= set(diff["kind"])
    tags = diff[diff["kind"] == "tag"].set_index("name")["count"]
    assert tags.to_dict() == {"fair": 2, "vip": 1}
    assert not diff["count"].eq(0).any(), "what nobody has counted is no nought"
    made = StepResult.load(migration.ws.results("schema"))
    assert made.counts["made"] == len(diff) and "folder" in set(diff["kind"]), (
        "the folder of companies' fields is a piece as well"
    )
    told = [int(number) for number in re.findall(r"(\d+) (?:field|folder|tag|pipeline|calendar)s?", made.headline)]
    assert sum(told) == len(diff), made.headline


def test_the_choice_is_made_in_a_table(seeded):
    """The review table edits the sheet that the next proposal reads; without conflicts there is no table."""
    ws, _sandbox = seeded
    assert not schema_review(ws) and "Nothing to choose" in repr(schema_review(ws))
    step(ws, "schema")
    table = schema_review(ws, who="Ann")
    at = read_choices(ws)["name"].tolist().index("Shoe Size")
    table.edit([(at, "decision", "use")])
    assert table.save()
    row = read_choices(ws).loc[at]
    assert (row["decision"], row["who"]) == ("use", "Ann")
    assert step(ws, "schema").tables["diff"].set_index("name").loc["Shoe Size", "state"] == "exists, conflict: used"


@pytest.mark.slow
def test_an_option_that_is_not_there_is_refused_and_archived(seeded):
    """Using a list that lacks an option keeps what it knows; the rest is refused before sending, and archived."""
    ws, sandbox = seeded
    step(ws, "check")
    step(ws, "schema")
    choose(ws, "Plan", "use")
    result = step(ws, "schema")
    assert any(problem.code == "value_refused" and problem.count == 1 for problem in result.problems)
    decide(ws, "schema", "Ann")
    step(ws, "schema", apply=True)
    step(ws, "sample")
    decide(ws, "sample", "Ann")
    step(ws, "load")
    arrived = Arrived.of(sandbox)
    assert arrived.contact("ada@mill.example")["custom"]["Plan"] == "gold"
    assert "Plan" not in arrived.contact("max@quarry.example")["custom"]
    assert "Silver" in (ws.reports / "refused_cells.csv").read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_a_wrong_choice_is_a_clear_error(seeded):
    """File, row, what was seen and what is allowed."""
    ws, _ = seeded
    step(ws, "schema")
    choose(ws, "Plan", "overwrite")
    with pytest.raises(SheetError) as caught:
        step(ws, "schema")
    assert "schema.csv, row 3" in str(caught.value) or "schema.csv, row 2" in str(caught.value)
    assert "'overwrite' is unknown; allowed: beside, use" in str(caught.value)


def test_pieces_that_were_only_answered_are_refused_and_made_by_the_next(migration):
    """A tag, field, pipeline and calendar of which the location has nothing, whatever it answered: the step fails and says so, and
    the same command makes them."""
    state, kinds = migration.sandbox.state, ("tags", "fields", "pipelines", "calendars")
    before = {kind: len(state.collections[kind].records) for kind in kinds}
    with Ledger.open(migration.ws) as ledger:
        made = {entry.target: entry for entry in ledger.iterate(state=State.DONE) if entry.target in SCHEMA_TARGETS}
    for target, kind in zip((Target.TAG, Target.FIELD, Target.PIPELINE, Target.CALENDAR), kinds, strict=True):
        state.collections[kind].remove(made[target].destination_id)
    first = migration.run("schema", apply=True)
    assert first.status is Status.FAILED and first.counts["failed"] == 4 and "refused 4" in first.headline
    assert sum("is not there" in problem.message for problem in first.problems) == 4
    assert migration.run("schema", apply=True).status is Status.DONE
    assert {kind: len(state.collections[kind].records) for kind in kinds} == before
