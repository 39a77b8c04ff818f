"""What `import pb2hl` gives: little and quick at first, everything an analyst uses in one line, and drawn where it is made."""

from __future__ import annotations

import ast
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest

import pb2hl
from pb2hl.analyst import trace
from pb2hl.analyst.browser import MISSING, TableBrowser
from pb2hl.analyst.decisions import Told
from pb2hl.analyst.lines import Lines
from pb2hl.analyst.parameters import NO, YES, arguments, yes_or_no
from pb2hl.errors import Cancelled, ConfigError, without_hint
from pb2hl.ledger import Ledger
from pb2hl.register import EXPLORE, STEPS, notebooks
from pb2hl.resources import resource
from pb2hl.results import FAILURE, Failure
from pb2hl.review.confirm import BUSY, DONE, REFUSED, WAITING, Confirm
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sheets import read_sheet, write_sheet
from tests.cli.terminal import export
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import step, workspace
from tests.steps import small

HEAVY = ("pandas", "numpy", "great_expectations", "httpx", "pydantic", "jinja2", "papermill", "IPython", "anywidget")


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """A workspace of two contacts, one of them twice, and a deal, with its inventory."""
    folder = tmp_path_factory.mktemp("face")
    source = export(folder / "export") / "contacts.csv"
    source.write_text(source.read_text(encoding="utf-8").rstrip("\n") + "\n" + source.read_text(encoding="utf-8").splitlines()[1] + "\n", encoding="utf-8")  # fmt: skip
    made = pb2hl.init(folder / "ws", export=source.parent, location="here")
    pb2hl.inventory(made)
    return made


@pytest.fixture(scope="module")
def mapped(sandbox_server, tmp_path_factory):
    """A small migration up to its mapping, which nobody has approved."""
    folder = tmp_path_factory.mktemp("mapped")
    state = Sandbox(Scenario.default(rate=UNHURRIED, users=small.USERS, search_lag_s=0))
    sandbox_server.sandbox = state
    small.write(folder / "export", small.tables())
    rehearsal = Rehearsal(sandbox_server.url, state.token, state.location, state)
    made = workspace(folder / "ws", folder / "export", rehearsal, fallback_owner="bo@agency.example")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        for name in ("inventory", "match", "mapping"):
            step(made, name)
        yield made


@pytest.mark.parametrize("code", ["import pb2hl", "from pb2hl.cli.main import application; application()"])
def test_importing_brings_nothing_heavy(code):
    """Neither the package nor the whole command line with its help loads tables, checks, HTTP or notebooks."""
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print([name for name in {HEAVY} if name in sys.modules])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == "[]"


def test_public_names_are_there_and_told():
    """Every exported name can be used, has words of its own, and every step with a function is among them."""
    for name in pb2hl.__all__:
        assert (getattr(pb2hl, name).__doc__ or "").strip(), name
    assert {step.id for step in STEPS.values() if step.room} <= set(pb2hl.__all__)
    assert pb2hl.open is pb2hl.open_workspace and set(pb2hl.__all__) <= set(dir(pb2hl))
    with pytest.raises(AttributeError, match="nonsense"):
        pb2hl.nonsense  # noqa: B018


@pytest.mark.parametrize("file", [EXPLORE, *(step.notebook for step in notebooks())])
def test_notebooks_import_pb2hl_only_in_one_line(file):
    """A notebook has one import, of public names."""
    code = [cell.source for cell in nbformat.read(resource("notebooks") / file, 4).cells if cell.cell_type == "code"]
    (found,) = [node for node in ast.walk(ast.parse("\n".join(code))) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert isinstance(found, ast.ImportFrom) and found.module == "pb2hl"
    assert {alias.name for alias in found.names} <= set(pb2hl.__all__)


@pytest.mark.parametrize("word", [*sorted(YES), *sorted(NO), "False", " TRUE "])
def test_words_for_yes_and_no_are_understood(word):
    """Papermill hands text over: `false` is no."""
    assert yes_or_no(word, "take_defaults") is (word.strip().casefold() in YES)


@pytest.mark.parametrize("word", ["perhaps", "2", "yes please", "None"])
def test_anything_else_is_refused_before_a_step_runs(word, ws):
    """A word that is neither opens no workspace, decides nothing and runs nothing."""
    with pytest.raises(ConfigError, match="neither yes nor no"):
        pb2hl.open_workspace(ws.path, take_defaults=word)
    with pytest.raises(ConfigError, match="neither yes nor no"):
        pb2hl.decide(ws, "match", "Ann", take_defaults=word)
    for name in ("dry_run", "force"):
        with pytest.raises(ConfigError, match=name):
            pb2hl.rollback(ws, **{name: word})


def test_numbers_and_unknown_parameters_are_looked_at():
    """A size is a whole number within its limits; a parameter that the step does not know is refused."""
    assert arguments(STEPS["sample"], {"size": "300"}) == {"size": 300}
    for wrong in ({"size": "many"}, {"size": 0}, {"size": 501}, {"sice": 3}):
        with pytest.raises(ConfigError):
            arguments(STEPS["sample"], wrong)
    assert arguments(STEPS["rollback"], {"run": "", "dry_run": "yes"}) == {"run": None, "dry_run": True}


def test_a_result_draws_itself_and_hands_out_its_parts(ws):
    """The last line of a cell shows verdict, tables and charts; each is one call away, in full."""
    result = pb2hl.show(ws, "inventory")
    drawn = result._repr_html_()
    assert result.headline in drawn and "<table" in drawn and "data:image/svg+xml" in drawn
    assert set(result.table()["table"]) == set(result.tables)
    assert len(result.table("objects")) == len(result.tables["objects"])
    assert (
        result.chart() is not None
        and result.chart().to_dict()["title"] == "Objects"
        and {"severity", "message", "row"} <= set(result.problems.columns)
    )
    with pytest.raises(ConfigError, match="no table 'nothing'"):
        result.table("nothing")
    assert not list(ws.reports.glob("*.csv"))


def test_a_mistake_is_a_sentence_and_no_traceback(ws):
    """IPython shows what went wrong and what to do, in as many lines as that takes."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    ran = shell.run_cell(f"import pb2hl\npb2hl.mapping(pb2hl.open({str(ws.path)!r}), size=3)")
    assert isinstance(ran.error_in_exec, ConfigError)
    assert "\n".join(ran.error_in_exec._render_traceback_()) == str(ran.error_in_exec)
    InteractiveShell.clear_instance()


def test_a_record_is_traced_from_its_cell(ws):
    """The cells as exported come first with file and row, then as staged; an unknown record or object says what there is."""
    found = pb2hl.trace(ws, "contacts", "1")
    assert list(dict.fromkeys(found["stage"])) == ["fate", "exported", "staged"]
    assert found["value"].iloc[0].startswith("not planned yet")
    numbers = [trace._text(cell) for cell in (np.float64("nan"), np.float64(2.5), np.array(["a"]), np.int64(3))]
    assert numbers == ["", "2.5", '["a"]', "3"], "a missing number is no cell"
    email = found[found["value"] == "ann@a.example"]
    assert set(email["stage"]) == {"exported", "staged"} and email["where"].str.contains("contacts.csv").all()
    with pytest.raises(ConfigError, match="no record '9'"):
        ws.trace("contacts", "9")
    with pytest.raises(ConfigError, match="no object"):
        ws.trace("people", "1")


def test_a_record_is_traced_from_its_row(ws):
    """A row of the file, as a spreadsheet counts it, is the record that it became, or says why it became none; no row is a word."""
    assert pb2hl.trace(ws, "contacts", row=4).equals(pb2hl.trace(ws, "contacts", "1"))
    with pytest.raises(ConfigError, match=r'row 1\n.*ws.trace\("contacts", "1"\)'):
        ws.trace("contacts", row=1)
    assert pb2hl.trace(ws, "contacts", row=4, file="contacts.csv").equals(pb2hl.trace(ws, "contacts", "1"))
    left = ws.trace("contacts", row=2)
    assert left["value"].iloc[0] == "left out on reading: identical row; record 1 was kept"
    assert "ann@a.example" in set(left[left["stage"] == "exported"]["value"])
    for wrong in ({"row": 99}, {"row": 4, "file": "people.csv"}, {}, {"source_id": "1", "row": 4}):
        with pytest.raises(ConfigError, match="row"):
            ws.trace("contacts", **wrong)


def test_tables_say_where_they_come_from(ws):
    """The staged tables with their rows and files; the workspace says where it stands."""
    listed = pb2hl.tables(ws).set_index("table")
    assert listed.loc["contacts", "rows"] == 2 and listed.loc["contacts", "files"] == "contacts.csv"
    assert {"source_file", "source_row"} <= set(pb2hl.table(ws, "contacts").columns)
    assert "row_hash" not in pb2hl.table(ws, "contacts") and [*pb2hl.table(ws, "contacts", ["row_hash"])] == [
        "row_hash"
    ]
    assert "Next:" in ws._repr_html_() and str(ws.path) in repr(ws)
    with pytest.raises(ConfigError, match="contacts"):
        pb2hl.explore(ws, "nothing")


def test_facets_filter_each_other():
    """A facet counts what the others leave, not itself; the selection is a frame; only a page of rows travels."""
    rows = 1_000
    frame = pd.DataFrame({
        "city": pd.Series(["Perth", "Ottawa"] * (rows // 2), dtype="string"),
        "amount": pd.Series(np.arange(rows), dtype="float64").where(lambda n: n % 10 != 0),
        "tags": [["a"], ["b", "c"]] * (rows // 2),
    })  # fmt: skip
    browser = TableBrowser(frame, title="deals")
    assert browser.total == rows and len(browser.rows) == 50
    browser.choose("city", "Perth")
    counts = {facet["column"]: {v["label"]: v["count"] for v in facet["values"]} for facet in browser.facets}
    assert browser.total == rows / 2 and counts["city"] == {"Perth": 500, "Ottawa": 500}
    assert counts["amount"][MISSING] == 100 and counts["tags"] == {"a": 500}
    browser.choose("amount", MISSING)
    assert len(browser.selection) == 100 and browser.selection["amount"].isna().all()
    browser.choose("city")
    assert browser.total == 100 and not browser.choose("amount").chosen
    browser.page = 19
    assert browser.rows[-1][0] == "Ottawa"


def test_a_gate_without_a_name_shows_a_panel_with_a_button(ws, mapped):
    """What is approved and what is open stand there; the button approves under the name typed, or says why it cannot."""
    panel = pb2hl.decide(ws, "mapping")
    assert dict(panel.facts)["What is approved"].startswith("nothing yet") and panel.state == WAITING
    panel.confirm("Ann")
    assert panel.state == REFUSED and "nothing to approve" in panel.message
    panel = pb2hl.decide(mapped, "mapping")
    panel.confirm(" ")
    assert panel.state == REFUSED and panel.message.endswith("nothing was done")
    if panel.points:
        panel.confirm("Ann")
        assert panel.state == REFUSED and panel.message == f"{panel.although}: nothing was done"
        assert "although" in panel.button and panel.points[0] in panel.static_html()
        pb2hl.decide(mapped, "mapping", "Ann", take_defaults=True)
        panel = pb2hl.decide(mapped, "mapping")
        assert "Ann" in dict(panel.facts)["Until now"] and not panel.points
    panel.confirm("Bea")
    assert panel.state == DONE and "approved by Bea" in panel.message
    assert panel.title in panel._repr_mimebundle_()[0]["text/html"]
    assert isinstance(pb2hl.decide(ws, "match"), str)


def test_what_is_open_is_overridden_for_a_reason_on_record(mapped):
    """The panel of a gate does what `--force` does: for a reason, and for nothing that it did not show."""
    sheet = mapped.sheets / "fields.csv"
    before = sheet.read_bytes()
    frame = read_sheet(sheet, ())
    write_sheet(sheet, frame.assign(decision=frame["decision"].where(frame["column"] != "Shoe Size", "")))
    try:
        panel = pb2hl.decide(mapped, "mapping")
        write_sheet(
            sheet, frame.assign(decision=frame["decision"].where(~frame["column"].isin(["Shoe Size", "City"]), ""))
        )
        panel.confirm("Ann", "the client wants it")
        assert panel.state == REFUSED and "that this panel did not show" in panel.message
        assert sum("City" in point for point in panel.points), "it shows it now"
        panel.confirm("Ann", "the client wants it")
        assert panel.state == DONE and "although" in panel.message
        with Ledger.open(mapped) as ledger:
            approval = ledger.approval("mapping")
        assert (
            approval.forced and approval.who == "Ann" and approval.note.startswith("the client wants it; in spite of: ")
        )
    finally:
        sheet.write_bytes(before)


def test_after_a_failed_run_no_result_passes_for_the_latest(ws):
    """What an earlier run left says so, on screen and in a variable, once a later one failed or was stopped."""
    before = pb2hl.show(ws, "inventory")
    assert "did not end well" not in repr(before) + before._repr_html_()
    Failure("Stopped as asked", "run it again", "2999-01-01T00:00:00Z").save(ws.results("inventory"))
    try:
        for result in (before, pb2hl.show(ws, "inventory")):
            assert "a later run did not end well: Stopped as asked" in repr(result)
            assert "A later run did not end well: Stopped as asked" in result._repr_html_()
    finally:
        (ws.results("inventory") / FAILURE).unlink()


def test_a_panel_says_how_far_it_is_and_can_be_stopped():
    """While it works it is busy and says how far it is; the stop button leaves it ready to be pressed again."""
    seen = []

    def act(_typed, _reason):
        told = Told(panel)
        told.start("records", 10)
        told.note("waiting for the limit")
        seen.append((panel.state, panel.message))
        panel.confirm("here")
        raise KeyboardInterrupt

    panel = Confirm("Roll back", act, lambda: {"facts": []}, prompt="Type here", busy="working")
    panel.confirm("here")
    assert seen == [(BUSY, "records: 0 of 10 · waiting for the limit")]
    assert panel.state == REFUSED and "press the button again" in panel.message


def test_records_are_found_by_what_they_say(mapped):
    """A text anywhere, whatever its case and accents; None for nothing; names of what is referred to; the client's own columns."""
    found = pb2hl.find(mapped, "contacts", company="QUARRY", city=None)
    assert found["source_id"].tolist() == ["13"] and found["source_row"].tolist() == [4]
    assert found["company"].tolist() == ["Quarry Inc"]
    assert pb2hl.find(mapped, "deals", contact="áda", amount=1200.5)["name"].tolist() == ["Wheel"]
    assert (
        len(pb2hl.find(mapped, "contacts", shoe_size="4")) == 2
        and len(pb2hl.find(mapped, "contacts", birthday=None)) == 3
    )
    with pytest.raises(ConfigError, match="no column 'shoe'"):
        pb2hl.find(mapped, "contacts", shoe="4")
    browser = pb2hl.explore(mapped, "contacts").choose("company", "Quarry Inc")
    assert browser.selection["source_id"].tolist() == ["12", "13"]


def test_what_is_read_is_read_in_full(ws):
    """A cell shows long texts and many rows whole, also of what was selected from them; markup is text."""
    long = "HighLevel answered 422: " + "because " * 40 + "<b>so</b>"
    lines = Lines({"stage": ["fate"] * 120, "value": [long] * 120})
    for page in (lines._repr_html_(), lines[lines["stage"] == "fate"][["value"]]._repr_html_()):
        assert page.count("because " * 40) == 120 and "<b>so" not in page
    assert repr(lines).count(" ".join(["because"] * 40)) == 120
    short = repr(Lines({"value": ["a", "b" * 200], "where": ["x", "y"]})[["where", "value"]]).splitlines()
    assert short[0] == "where  value" and short[1] == "x      a", "a long text makes no other line wide"
    for frame in (pb2hl.settings(ws), pb2hl.tables(ws), pb2hl.trace(ws, "contacts", "1"), pb2hl.status(ws).problems):
        assert isinstance(frame, Lines)


def test_values_of_a_facet_are_searched():
    """A facet with more values than it shows is searched whole; bounds of whole numbers are whole."""
    names = [f"Hotel {n}" for n in range(40)] + ["Café Zürich"]
    browser = TableBrowser(pd.DataFrame({"company": pd.Series(names * 3, dtype="string"), "n": range(123)}))
    browser.searches = {"company": "zurich"}
    facets = {facet["column"]: facet for facet in browser.facets}
    assert [value["label"] for value in facets["company"]["values"]] == ["Café Zürich"] and facets["company"]["many"]
    assert not any("." in value["label"] for value in facets["n"]["values"])


def test_rollback_asks_for_the_location_to_be_typed(ws):
    """Anything else than the location's id does nothing; an unknown parameter is refused before anything is shown."""
    button = pb2hl.rollback_button(ws)
    for typed in ("", "yes", "Here"):
        button.confirm(typed)
        assert button.state == REFUSED and not (ws.results("rollback")).exists()
    with pytest.raises(ConfigError, match="neither yes nor no"):
        pb2hl.rollback_button(ws, force="perhaps")


def test_the_mapping_is_one_review(mapped):
    """A tab a sheet that counts what is open, and a column's exported values one click away."""
    review = pb2hl.mapping_review(mapped)
    assert set(review.reviews) == {"fields", "stages", "owners", "tags", "picklists"}
    before = review.open_counts()["fields"]
    review.reviews["fields"].edit([(0, "decision", "")])
    assert review.open_counts()["fields"] == before + 1 and f"fields · {before + 1} open" in review._tabs.titles
    review._receive(None, {"type": "explore", "row": 1}, [])
    (shown,) = review._column.children
    assert shown.every > 0 and review.reviews["fields"].frame.at[1, "column"] in shown.columns
    assert "fields.csv" in review._repr_mimebundle_()[0]["text/html"]


def test_a_stop_is_no_fault():
    """A stop says how to go on, a fault how it is mended; both are taken apart again, which reports and batch runs do."""
    assert str(Cancelled("Stopped.", hint="run it again")) == "Stopped.\nTo go on: run it again"
    for error in (Cancelled("Stopped.", hint="run it again"), ConfigError("Stopped.", hint="run it again")):
        assert without_hint(str(error)) == ("Stopped.", "run it again")
    assert str(ConfigError("Wrong.", hint="edit it")) == "Wrong.\nTo mend it: edit it"


def test_settings_and_heads(ws):
    """Every setting with what it may be and what it decides, limits too; the first rows of every table without the untouched texts."""
    listed = pb2hl.settings(ws).set_index("setting")
    assert listed["decides"].str.len().min() > 10 and listed.at["cell_mib", "section"] == "limits"
    assert (
        listed.loc["existing_contacts", "allowed"].startswith("fill, overwrite, skip")
        and listed.loc["location", "value"] == "here"
    )
    drawn = pb2hl.heads(ws)._repr_html_()
    assert "contacts" in drawn and "ann@a.example" in drawn and "raw." not in drawn


def test_a_table_is_sorted_by_a_click():
    """Numbers and shares sort as numbers, texts as texts, missing ones last; the selection keeps the order."""
    frame = pd.DataFrame({"share": ["9%", "100%", None, "85%"], "name": ["b", "A", "c", None]})
    browser = TableBrowser(frame)
    browser.order = ["share", True]
    assert browser.selection["share"].tolist()[:3] == ["100%", "85%", "9%"] and browser.rows[-1][0] == ""
    browser.order = ["name", False]
    assert browser.selection["name"].tolist()[:3] == ["A", "b", "c"]
    browser.order = []
    assert browser.selection.index.tolist() == [0, 1, 2, 3]


def test_any_column_can_be_chosen():
    """A column without a facet becomes one; what is not there is told with what there is."""
    browser = TableBrowser(pd.DataFrame({"email": ["a@x.example", "b@x.example"], "n": [1, 2]}))
    assert browser.choose("email", MISSING).total == 0
    assert browser.choose("email", "b@x.example").selection["n"].tolist() == [2]
    with pytest.raises(ConfigError, match="no column 'mail'"):
        browser.choose("mail")
    with pytest.raises(ConfigError, match="never is 'c'"):
        browser.choose("email", "c")
