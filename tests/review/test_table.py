"""The review table, driven as the browser drives it: by messages."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.review import ReviewTable, mapping_spec
from pb2hl.review.preview import field_previews
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.workspace import Config, Workspace


@pytest.fixture
def path(tmp_path):
    sheet = mapper.fields_sheet([(RAW, "contacts")])
    sheet.loc[sheet["column"] == "Plan", ["decision", "who", "when"]] = ""
    write_sheet(tmp_path / "fields.csv", sheet)
    return tmp_path / "fields.csv"


FRAME = pd.DataFrame({"Email": ["a@b.org"], "Plan": ["<b>Gold</b>"], "007": ["x"]}, dtype="str")
RAW = SimpleNamespace(file="c.csv", sheet="", frame=FRAME, headings=list(FRAME.columns))


def table(path) -> ReviewTable:
    return ReviewTable(path, mapping_spec("fields"), who="Ann")


def tell(widget: ReviewTable, **message) -> None:
    widget._handle_custom_msg(message, [])


def on_disk(path) -> pd.DataFrame:
    return read_sheet(path, mapper.SHEETS["fields"])


def test_an_edit_stays_unsaved_until_saved(path):
    """An edit shows as unsaved, is stamped with who and when, and reaches the sheet with save only."""
    widget = table(path)
    tell(widget, type="edit", changes=[[1, "decision", "ignore"]])
    assert widget.unsaved == 1 and on_disk(path).at[1, "decision"] == ""
    tell(widget, type="save")
    saved = on_disk(path)
    assert (saved.at[1, "decision"], saved.at[1, "who"]) == ("ignore", "Ann") and saved.at[1, "when"]
    assert widget.unsaved == 0


def test_a_new_widget_shows_the_sheet(path):
    """After a kernel restart the sheet is the state."""
    widget = table(path)
    tell(widget, type="edit", changes=[[1, "comment", "=later"]])
    tell(widget, type="save")
    assert table(path).frame.at[1, "comment"] == "=later"


def test_undo_takes_back_edits_one_by_one(path):
    """Undo restores cells and their stamps, in reverse order."""
    widget = table(path)
    before = widget.frame
    tell(widget, type="edit", changes=[[0, "decision", "custom"], [1, "decision", "custom"]])
    tell(widget, type="accept", rows=[0])
    tell(widget, type="undo")
    assert widget.frame.at[0, "decision"] == "custom"
    tell(widget, type="undo")
    pd.testing.assert_frame_equal(widget.frame, before)
    assert (widget.unsaved, widget.can_undo) == (0, False)


def test_many_rows_are_accepted_at_once(path):
    """Accept writes the proposal of every selected row."""
    widget = table(path)
    tell(widget, type="accept", rows=[0, 1, 2])
    assert list(widget.frame["decision"]) == list(widget.frame["proposal"])


def test_bad_edits_are_shown_and_forbidden_ones_refused(path):
    """A wrong decision is marked with what is allowed; a fact of the export cannot be edited."""
    widget = table(path)
    tell(widget, type="edit", changes=[[0, "decision", "e-mail"]])
    assert "allowed: custom, ignore" in widget.problems["0"]["decision"]
    tell(widget, type="edit", changes=[[0, "column", "X"]])
    assert widget.frame.at[0, "column"] == "Email" and "cannot be edited" in widget.message


def test_two_editors_of_a_sheet_merge(path):
    """What Excel or another page saved meanwhile stands beside what was edited here; nothing of either is lost."""
    widget = table(path)
    tell(widget, type="edit", changes=[[1, "decision", "ignore"]])
    other = on_disk(path)
    other.at[0, "comment"] = "by hand"
    write_sheet(path, other)
    assert widget.save() is True
    assert on_disk(path).at[0, "comment"] == "by hand" and on_disk(path).at[1, "decision"] == "ignore"
    assert widget.frame.at[0, "comment"] == "by hand" and widget.unsaved == 0


def test_two_editors_of_a_cell_are_asked(path):
    """A cell that both changed is named with what stands there; saving again keeps ours, reload takes theirs, the rest is merged."""
    for again in ("save", "reload"):
        widget = table(path)
        tell(widget, type="edit", changes=[[1, "comment", f"mine {again}"]])
        other = on_disk(path)
        other.at[1, "comment"], other.at[0, "comment"] = f"theirs {again}", "beside"
        write_sheet(path, other)
        assert widget.save() is False and on_disk(path).at[1, "comment"] == f"theirs {again}"
        assert "row 3 comment" in widget.message and f"theirs {again}" in widget.message and widget.unsaved
        tell(widget, type=again)
        assert on_disk(path).at[1, "comment"] == ("mine save" if again == "save" else "theirs reload")
        assert on_disk(path).at[0, "comment"] == "beside" == widget.frame.at[0, "comment"] and not widget.unsaved


def test_rows_that_came_or_went_elsewhere_are_not_overwritten(path):
    """Other rows than the widget knows are shown first, with the edits of those that are still there; what is gone is said."""
    widget = table(path)
    column = widget.frame.at[1, "column"]
    tell(
        widget,
        type="edit",
        changes=[[0, "comment", "of a row that goes"], [1, "decision", "ignore"], [1, "comment", "mine"]],
    )
    write_sheet(path, on_disk(path).iloc[1:])
    assert widget.save() is False and "edits of 1 row that is gone" in widget.message and widget.unsaved == 1
    assert (widget.frame.at[0, "column"], widget.frame.at[0, "decision"]) == (column, "ignore")
    assert on_disk(path).at[0, "decision"] != "ignore", "not before it was seen"
    assert widget.save() and on_disk(path).at[0, "comment"] == "mine" and not widget.unsaved


def test_who_comes_back_sees_what_was_saved_elsewhere(path):
    """A page that gets the focus shows the sheet as it is now; unsaved edits stay, and are not taken for those of another."""
    widget, other, sent = table(path), table(path), []
    widget.send = lambda content, buffers=None: sent.append(content)
    tell(other, type="edit", changes=[[0, "decision", "ignore"]])
    other.save()
    tell(widget, type="rows")
    assert widget.frame.at[0, "decision"] == "ignore" and sent[-1]["rows"] == other.rows
    tell(widget, type="edit", changes=[[1, "comment", "mine"]])
    tell(other, type="edit", changes=[[2, "comment", "theirs"]])
    other.save()
    tell(widget, type="rows")
    assert widget.frame.at[1, "comment"] == "mine" and "changed elsewhere" in widget.message
    assert widget.save() and widget.frame.at[2, "comment"] == "theirs"
    assert [said for said in sent if said.get("theirs")][-1]["changes"] == [[2, "comment", "theirs"]]


def test_deciding_anew_for_what_stood_there_is_a_decision(path):
    """Where one changed a decision and another confirmed it meanwhile, they are asked."""
    first = table(path)
    tell(first, type="edit", changes=[[0, "decision", "ignore"]])
    first.save()
    widget, other = table(path), table(path)
    tell(widget, type="edit", changes=[[0, "decision", "custom"]])
    write_sheet(path, other.frame.assign(when=["2030-01-01", *other.frame["when"].iloc[1:]]))
    assert widget.save() is False and "row 2 decision (there: ignore)" in widget.message
    assert widget.save() and on_disk(path).at[0, "decision"] == "custom"


def test_a_reloaded_page_gets_what_the_sheet_holds(path):
    """The state that a new page or a second display asks for has every edit, saved or not, and an undo takes it out again."""
    widget = table(path)
    tell(widget, type="edit", changes=[[1, "decision", "ignore"]])
    place = widget.columns.index("decision")
    assert widget.get_state("rows")["rows"][1][place] == "ignore"
    widget.save()
    assert widget.get_state("rows")["rows"][1][place] == "ignore"
    tell(widget, type="undo")
    assert widget.get_state("rows")["rows"][1][place] == widget.frame.at[1, "decision"] != "ignore"


def test_executed_notebooks_hold_a_static_table(path):
    """The cell's output carries escaped, read-only HTML beside the widget."""
    bundle = table(path)._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "&lt;b&gt;Gold" in data["text/html"] and "<b>Gold" not in data["text/html"]


def test_the_target_follows_and_the_static_table_has_marks(path):
    """Deciding another field shows HighLevel's name for it at once; without a kernel, marks say what colours say."""
    widget = table(path)
    row = int(widget.frame.index[widget.frame["column"] == "Plan"][0])
    tell(widget, type="edit", changes=[[row, "decision", "first_name"]])
    assert widget.frame.at[row, "target"] == "firstName"
    tell(widget, type="undo")
    static = widget.static_html()
    assert "<i>undecided</i>" in static and "✓ " in static and widget.columns[0] == "column"
    assert list(on_disk(path).columns) == list(mapper.SHEETS["fields"]), "the sheet keeps its own order"


def test_a_preview_shows_real_values_before_and_after(tmp_path):
    """The row in focus is tried on the staged raw text, with its unsaved transform; what is lost comes first; a wrong transform is said."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="loc"))
    ws.staged.mkdir()
    pd.DataFrame({"raw.Since": ["03/04/2021", "31/12/2020", "someday", ""]}).to_parquet(ws.staged / "contacts.parquet")
    shows = field_previews(ws)
    row = {
        "object": "contacts",
        "column": "Since",
        "decision": "custom",
        "proposal": "custom",
        "type": "DATE",
        "transform": "parse date: day first",
    }
    found = shows(row)
    assert found.pairs == [
        ("someday", "—", True),
        ("03/04/2021", "2021-04-03", False),
        ("31/12/2020", "2020-12-31", False),
    ]
    assert found.lost == 1 and "1 of 3 cells does not convert: not a date" in found.note
    assert "is unknown" in shows(row | {"transform": "shout"}).note
    assert shows(row | {"decision": "ignore"}) is None
