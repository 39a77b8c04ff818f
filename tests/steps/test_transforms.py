"""Named transforms and what is left behind, from the sheet to the rehearsal HighLevel and back into the account."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.errors import GateClosed
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.steps.gates.batch import decide
from tests.conftest import Rehearsal
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small
from tests.steps.conftest import SCENARIO

pytestmark = pytest.mark.slow

CELLS: dict[str, tuple[str, str, str, tuple[str, str, str], Any]] = {
    # column: type, transform, what it lints as without an answer, the three cells, what HighLevel holds for the first
    "Member Since": (
        "DATE",
        "parse date: day first",
        "lossy_cast",
        ("03/04/2021", "31/12/2020", "someday"),
        "2021-04-03",
    ),
    "Fee": ("MONETORY", "parse money: comma", "", ("1,500", "2,25", ""), 1.5),
    "Signed By": ("TEXT", "split name: last", "no_answer", ("Dr. Jane van der Roe", "Prince", ""), "van der Roe"),
    "Interests": ("MULTIPLE_OPTIONS", "split list: /", "", ("golf/tea", "tea", ""), ["golf", "tea"]),
    "Grade": ("TEXT", "map: G=Gold | S=Silver", "no_answer", ("G", "X", "S"), "Gold"),
    "Bio": ("TEXT", "strip HTML", "", ("<p>Likes <b>tea</b></p><script>x()</script>", "", ""), "Likes tea"),
    "Paid": ("RADIO", "boolean words: member / guest", "lossy_cast", ("member", "guest", "perhaps"), "Yes"),
    "Fax": ("PHONE", "E.164: DE", "", ("030 1234567", "", ""), "+49301234567"),
    "Origin": ("TEXT", "constant: Perfect Books", "", ("", "", ""), "Perfect Books"),
    "Place": ("TEXT", 'concatenate: City with ", "', "", ("Mill Street", "", ""), "Mill Street, Ottawa"),
    "Level": ("TEXT", "default: none yet", "", ("", "top", ""), "none yet"),
    "Greeting": ("TEXT", "join names: First Name + Last Name", "", ("Dear", "", ""), "Dear Ada Byron"),
}


@pytest.fixture(scope="module")
def rehearsal(sandbox_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("transforms")
    tables = small.tables()
    for number, contact in enumerate(tables["contacts"]):
        contact |= {name: facts[3][number] for name, facts in CELLS.items()}
        contact["Scrap"] = f"scrap {number}"
    state = Sandbox(Scenario.default(**SCENARIO))
    sandbox_server.sandbox = state
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    ws = workspace(folder / "ws", small.write(folder / "export", tables), sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        for name in ("inventory", "match"):
            step(ws, name)
        decide(ws, "match", "Ann", take_defaults=True)
        sheet = ws.sheet("fields", mapper.SHEETS["fields"])
        for name, (data_type, transform, *_) in CELLS.items():
            rows = (sheet["object"] == "contacts") & (sheet["column"] == name)
            sheet.loc[rows, ["decision", "label", "type", "transform", "who"]] = [
                "custom",
                name,
                data_type,
                transform,
                "Ann",
            ]
        sheet.loc[sheet["column"] == "Scrap", ["decision", "who"]] = ["ignore", "Ann"]
        write_sheet(ws.sheets / "fields.csv", sheet)
        mapped = step(ws, "mapping")
        decide(ws, "mapping", "Ann", take_defaults=True)
        step(ws, "check")
        step(ws, "schema")
        decide(ws, "schema", "Ann", take_defaults=True)
        step(ws, "schema", apply=True)
        step(ws, "sample")
        decide(ws, "sample", "Ann", take_defaults=True)
        step(ws, "load")
        audited = step(ws, "audit")
    return ws, mapped, audited, Arrived.of(sandbox)


def test_every_transform_reaches_the_record(rehearsal):
    """HighLevel holds the transformed values, whatever the export said."""
    ada = rehearsal[3].contact("ada@mill.example")["custom"]
    assert {name: ada.get(name) for name in CELLS} == {name: facts[4] for name, facts in CELLS.items()}
    assert rehearsal[3].contact("max@quarry.example")["custom"]["Grade"] == "X", "what the map does not know stays"


def test_what_does_not_convert_is_listed_before_loading(rehearsal):
    """The mapping step shows before and after on real values and names each column that a transform has no answer for."""
    casts = rehearsal[1].tables["transforms"].set_index("column")
    assert casts.loc["Grade", "before"] == "G | S" and casts.loc["Grade", "after"] == "Gold | Silver"
    assert casts.loc["Origin", "after"] == "Perfect Books" and casts.loc["Member Since", "lost"] == "'someday'"
    told = next(
        problem for problem in rehearsal[1].problems if problem.field == "Paid" and problem.code == "lossy_cast"
    )
    assert casts.loc["Paid", "why"] in told.message and casts.loc["Paid", "why"] != ""
    assert "1 of 3 cells does not convert by the rule 'boolean words: member / guest'" in told.message
    assert "such as 'perhaps'" in told.message and "sheets/fields.csv" in told.treatment
    found = {(problem.code, problem.field) for problem in rehearsal[1].problems if problem.field in CELLS}
    assert found == {(facts[2], name) for name, facts in CELLS.items() if facts[2]}


def test_the_account_calls_them_normalised(rehearsal):
    """Cells that a transform rewrote have landed normalised; those that did not convert moved elsewhere; the sums balance."""
    cells = rehearsal[2].tables["accounting"]
    mine = cells[cells["object"] == "contacts"].set_index("heading")
    for name in ("Member Since", "Grade", "Interests", "Bio", "Fee"):
        assert "landed normalised" in set(mine.loc[[name], "bucket"]), name
        assert "landed" not in set(mine.loc[[name], "bucket"]), name
    assert "moved elsewhere" in set(mine.loc[["Member Since"], "bucket"])


def test_ignored_cells_are_archived_and_told(rehearsal):
    """What a person set to ignore is in a CSV beside the reports, cell by cell, and the result says where."""
    ws, mapped = rehearsal[:2]
    kept = read_sheet(ws.reports / "ignored_cells.csv", ["object", "source_id", "column", "value"])
    assert kept["value"].tolist() == ["scrap 0", "scrap 1", "scrap 2"]
    assert mapped.counts["ignored cells archived"] == 3


def test_a_wrong_transform_is_a_clear_error(rehearsal):
    """What is wrong, what it takes and an example stand at the gate."""
    ws = rehearsal[0]
    sheet = ws.sheet("fields", mapper.SHEETS["fields"])
    wrong = sheet.copy()
    wrong.loc[wrong["column"] == "Grade", "transform"] = "map: G"
    wrong.loc[wrong["column"] == "Fee", "transform"] = "parse date: sideways"
    write_sheet(ws.sheets / "fields.csv", wrong)
    try:
        with pytest.raises(GateClosed) as caught:
            decide(ws, "mapping", "Ann")
    finally:
        write_sheet(ws.sheets / "fields.csv", pd.DataFrame(sheet))
    assert "write old=new | old=new (takes old=new | old=new, such as map: G=Gold | S=Silver)" in str(caught.value)
    assert "does not suit a money column" in str(caught.value)
