"""The inventory reads an export, stages it, keeps decisions, and refuses what it must."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.errors import ExportError, Severity
from pb2hl.results import StepResult
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.steps.prepare.inventory import inventory, restage
from pb2hl.workspace import Config, Workspace


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "contacts.csv").write_text(
        "ID,First Name,Last Name,Email,Phone,Shoe Size\n1,Jane,Roe,jane@acme.com,613-237-5000,38\n2,Bob,Ray,bob@acme.com,,40\n1,Jane,Roe,jane@acme.com,613-237-5000,38\n"
    )
    (folder / "deals.csv").write_text(
        'Deal ID,Deal Name,Contact,Stage,Amount\nD1,Big,jane@acme.com,New,"$1,200.50"\nD2,Small,99,New,5\n'
    )
    (folder / "zzz.csv").write_text("qwx,wvy\n17,18\n19,20\n")
    return folder


@pytest.fixture
def workspace(tmp_path, export):
    return Workspace.create(tmp_path / "ws", Config(export=str(export), location="l"))


def test_an_export_is_staged_and_every_row_accounted_for(workspace):
    """Tables, references, dropped rows and unassigned tables are all there, and saved."""
    result = inventory(workspace)
    assert result.counts["rows_contacts"] == 2 and result.counts["rows_deals"] == 2
    assert workspace.table("deals")["contact_id"].map(lambda ids: None if ids is None else list(ids)).tolist() == [
        ["1"],
        None,
    ]
    assert workspace.table("dropped")["reason"].tolist() == ["identical row"]
    assert workspace.table("unassigned")["file"].tolist() == ["zzz.csv"]
    assert "dangling reference" in workspace.table("not_converted")["reason"].tolist()
    saved = StepResult.load(workspace.results("inventory"))
    assert saved.counts == result.counts and saved.facts["edition"] == "crm"
    assert set(saved.tables) >= {
        "objects",
        "columns",
        "relations",
        "dropped",
        "not_converted",
        "unassigned",
        "cannot_hold",
        "workflows",
        "profile",
    }


def test_a_persons_decision_outlives_the_next_run(workspace):
    """What an analyst wrote into fields.csv counts when the tables are staged again."""
    inventory(workspace)
    path = workspace.sheets / "fields.csv"
    sheet = read_sheet(path, ("object", "column", "decision", "who"))
    mine = (sheet["object"] == "contacts") & (sheet["column"] == "Shoe Size")
    sheet.loc[mine, ["decision", "who"]] = ["ignore", "Ana"]
    write_sheet(path, sheet)
    restage(workspace)
    assert "custom.Shoe Size" not in workspace.table("contacts").columns
    again = read_sheet(path, ("object", "column", "decision"))
    assert again.loc[(again["object"] == "contacts") & (again["column"] == "Shoe Size"), "decision"].tolist() == [
        "ignore"
    ]


def test_a_table_that_was_left_out_waits_for_nobody(workspace):
    """What fits no object waits for a person; once somebody left it out that is said, by whom, and nothing waits."""
    waits = [str(problem) for problem in inventory(workspace).problems if problem.code == "unassigned_table"]
    assert len(waits) == 1 and "fits no object" in waits[0] and "until somebody decides" in waits[0]
    path = workspace.sheets / "tables.csv"
    sheet = read_sheet(path, ("file", "decision", "who"))
    sheet.loc[sheet["file"] == "zzz.csv", ["decision", "who"]] = ["leave out", "Ana"]
    write_sheet(path, sheet)
    (told,) = [problem for problem in inventory(workspace).problems if problem.code == "unassigned_table"]
    assert told.message == "left out by Ana" and told.severity is Severity.INFO and "until" not in told.treatment


def test_tables_of_an_earlier_export_go(workspace, export):
    """A second inventory leaves no table behind that the export no longer has."""
    inventory(workspace)
    (export / "deals.csv").unlink()
    inventory(workspace)
    assert workspace.table("deals").empty and len(workspace.table("contacts")) == 2


def test_two_inventories_are_the_same(workspace):
    """Staging is deterministic."""
    inventory(workspace)
    one = workspace.table("contacts")
    inventory(workspace)
    pd.testing.assert_frame_equal(one, workspace.table("contacts"))


def test_the_bookstores_catalogue_is_refused(tmp_path):
    """The wrong product stops here, with the evidence."""
    (tmp_path / "books.csv").write_text(
        "ISBN,Title,Author,Price,Stock\n9780140328721,Fantastic Mr Fox,Roald Dahl,9.99,3\n"
    )
    ws = Workspace.create(tmp_path / "ws", Config(export=str(tmp_path / "books.csv"), location="l"))
    with pytest.raises(ExportError, match="bookstore"):
        inventory(ws)


def test_an_export_of_nothing_known_is_refused_with_reasons(tmp_path):
    """Tables that fit nothing are named."""
    (tmp_path / "zzz.csv").write_text("qwx,wvy\n17,18\n19,20\n")
    ws = Workspace.create(tmp_path / "ws", Config(export=str(tmp_path / "zzz.csv"), location="l"))
    with pytest.raises(ExportError) as told:
        inventory(ws)
    assert told.value.problems


def test_a_decision_about_a_part_of_a_table_counts(workspace, export):
    """Deals in the rows of people that a person leaves out are not staged; the people are."""
    (export / "deals.csv").unlink()
    (export / "contacts.csv").write_text(
        "Name,Email,Phone,Deal Name,Deal Value,Deal Stage\nJane Roe,jane@acme.com,613-237-5000,Roof,1200,New\nBob Ray,bob@acme.com,613-237-5001,Wall,900,Won\n"
    )
    assert inventory(workspace).counts["rows_deals"] == 2
    path = workspace.sheets / "tables.csv"
    sheet = read_sheet(path, ["file", "sheet", "decision", "who"])
    sheet.loc[sheet["sheet"] == "deals", ["decision", "who"]] = ["leave out", "Ann"]
    write_sheet(path, sheet)
    counts = inventory(workspace).counts
    assert counts["rows_contacts"] == 2 and "rows_deals" not in counts
    assert len(workspace.table("deals")) == 0
