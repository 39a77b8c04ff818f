"""Reports: complete, self-contained, and deaf to whatever the data says."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl import report
from pb2hl.errors import Pb2hlError, Problem, Severity
from pb2hl.report.drawing import comparison
from pb2hl.report.drawing.cells import text_of
from pb2hl.report.drawing.charts import LAB_MIME, MEANT, figure_html, for_notebook, stacked, svg
from pb2hl.report.drawing.masking import Mask, shape, vocabulary
from pb2hl.report.drawing.page import Page, Section, moments, render
from pb2hl.report.drawing.tables import SHOWN, Evidence
from pb2hl.report.write import _first
from pb2hl.results import Status, StepResult
from pb2hl.workspace import Config, Workspace

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>"\'><svg onload=alert(1)> =HYPERLINK("http://evil","x")'


class Tags(HTMLParser):
    """Collects tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def parse(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    return tags


@pytest.fixture
def ws(tmp_path) -> Workspace:
    return Workspace.create(tmp_path / "ws", Config(export="export", location="LOC"))


def save(ws: Workspace, step: str = "load", **parts) -> None:
    given = {"step": step, "status": Status.DONE, "headline": "All is well.", **parts}
    StepResult(**given).save(ws.results(step))


def assert_harmless(html: str) -> None:
    tags = parse(html)
    assert [tag for tag, _ in tags.tags if tag == "script"] == ["script"]
    assert not [tag for tag, _ in tags.tags if tag in {"img", "iframe", "object", "embed", "form", "base"}]
    for tag, attrs in tags.tags:
        assert not [name for name in attrs if name.startswith("on")], tag
        for name in ("src", "href"):
            assert not re.match(r"(?i)\s*(javascript|data:(?!,)|https?:|//)", attrs.get(name) or ""), attrs
    assert "default-src 'none'" in html


def test_nothing_from_the_data_runs(ws):
    """Scripts in headlines, headings, cells, table names, facts and problems are shown as text."""
    save(
        ws,
        headline=EVIL,
        counts={EVIL: EVIL},
        tables={"rows": pd.DataFrame({EVIL: [EVIL, "=1+1"], "object": [EVIL, "b"], "value": [[EVIL], None]})},
        problems=(Problem("x", EVIL, Severity.CRITICAL, file=EVIL, field=EVIL, treatment=EVIL),),
        facts={EVIL: EVIL, "deep": [{EVIL: [EVIL]}]},
        next_step=EVIL,
    )
    html = report.write(ws, "load").read_text(encoding="utf-8")
    assert_harmless(html)
    assert "&lt;script&gt;alert" in html
    assert_harmless(report.write_index(ws).read_text(encoding="utf-8"))


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8")), st.text(alphabet="<>\"'&/=`script onload"))
def test_any_text_is_only_text(first, second):
    """Whatever characters the data holds, a page has the tags of the package and no other."""
    empty = [tag for tag, _ in parse(render(Page("t", "k", "h", sections=(Section("a", "b"),)))).tags]
    page = Page("t", first, second, sections=(Section(second, first or "b"),))
    tags = [tag for tag, _ in parse(render(page)).tags]
    assert [tag for tag in tags if tag != "p"] == [tag for tag in empty if tag != "p"]


def test_every_table_and_problem_is_shown(ws):
    """A table that no page knows is shown all the same, and long ones are whole in the CSV beside."""
    rows = SHOWN + 7
    save(
        ws,
        tables={
            "surprise": pd.DataFrame({"n": range(rows), "text": ["=1+1"] * rows}),
            "empty": pd.DataFrame({"a": []}),
        },
        problems=tuple(Problem("p", f"problem {i}") for i in range(250)),
    )
    path = report.write(ws, "load")
    html = path.read_text(encoding="utf-8")
    assert "Surprise" in html and f"The first {SHOWN} of {rows} rows" in html
    csv = path.parent / "load" / "surprise.csv"
    lines = csv.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == rows + 1 and lines[1] == '"0","\'=1+1"'
    assert 'href="load/surprise.csv"' in html
    assert len((path.parent / "load" / "problems.csv").read_text(encoding="utf-8-sig").splitlines()) == 251


def test_a_report_is_the_same_again(ws):
    """The same facts give the same bytes."""
    save(
        ws,
        tables={"t": pd.DataFrame({"a": [1.5, None], "when": pd.to_datetime(["2021-01-01", None])})},
        at="2026-01-01T00:00:00Z",
    )
    first = report.write(ws, "load").read_bytes()
    assert report.write(ws, "load").read_bytes() == first


def test_no_result_no_report(ws):
    """A step that has not run says which command to run."""
    with pytest.raises(Pb2hlError, match="pb2hl check"):
        report.write(ws, "check-before")


def test_the_index_tells_the_story(ws):
    """The index lists every step in order with its state and links the reports that exist."""
    save(ws, "inventory", counts={"contacts": 3})
    save(ws, "mapping", status=Status.WAITING, headline="Four columns are undecided.", next_step="pb2hl approve")
    report.write(ws, "inventory")
    html = report.write_index(ws).read_text(encoding="utf-8")
    assert 'href="inventory.html"' in html and 'href="mapping.html"' not in html
    assert "Waiting for a person at: Mapping" in html and "Four columns are undecided." in html
    assert html.index("Inventory") < html.index("Rollback")


def test_counts_in_tables_have_commas(tmp_path):
    """How many is written as in sentences and charts; rows of a file and ids are not counts."""
    frame = pd.DataFrame({"rows": [1155, 4], "source_row": [1042, 2], "expected": [1162.0, None]})
    cells = Evidence(tmp_path, Mask(), written=False).table("t", frame).rows
    assert [cell.text for cell in cells[0]] == ["1,155", "1042", "1,162"] and cells[0][0].sort == "1155"
    assert [cell.text for cell in cells[1]] == ["4", "2", ""]


def test_moments_of_a_series_differ():
    """Moments within a minute are told with their seconds where nothing else tells the rows of a table apart; elsewhere without."""
    near = ["2026-01-31T09:30:05Z", "2026-01-31T09:30:15Z"]
    assert moments(near) == ["2026-01-31 09:30:05 UTC", "2026-01-31 09:30:15 UTC"]
    assert moments([*near, near[0]])[0] == moments(["2026-01-31T09:30:05Z"])[0] == "2026-01-31 09:30 UTC"


def test_what_stops_the_way_is_told_in_the_order_of_its_causes():
    """A refused contact stands before what waits for it, however much that is; remarks stand by how many they tell of."""
    cause, waits = (
        Problem("a", "refused", Severity.CRITICAL, count=4),
        Problem("b", "held", Severity.CRITICAL, count=8),
    )
    few, many = (Problem("c", "few", Severity.INFO, count=1), Problem("d", "many", Severity.INFO, count=9))
    assert sorted([few, many, cause, waits], key=_first) == [cause, waits, many, few]


def test_records_side_by_side_are_of_every_object():
    """Records that differ come first, most differences before fewer; of equal ones each object has its turn."""
    names = [("companies", "1"), ("companies", "2"), ("contacts", "3"), ("contacts", "4"), ("notes", "5")]
    off = pd.Series([0, 0, 0, 2, 0], index=pd.MultiIndex.from_tuples(names))
    assert [key[1] for key in comparison._of_every_kind(off).index] == ["4", "1", "3", "5", "2"]


def test_masked_reports_hold_no_personal_value(ws):
    """Names, e-mails, phones and cell values of clients are nowhere in masked pages or their CSVs; figures stay."""
    ws.staged.mkdir()
    pd.DataFrame({"full_name": ["Jane Roe"], "email": ["jane@acme.com"], "phone": ["+16135550100"]}).to_parquet(
        ws.staged / "contacts.parquet"
    )
    save(
        ws,
        headline="Jane Roe (jane@acme.com) has 42 notes.",
        counts={"notes": 42},
        tables={
            "rows": pd.DataFrame(
                {
                    "object": ["contacts"],
                    "value": ["Jane Roe"],
                    "strange": ["jane@acme.com"],
                    "amount": [12.5],
                    "list": [["Jane Roe"]],
                }
            )
        },
        problems=(Problem("x", "Jane  Roe has the phone (613) 555-0100 and 'Secret Value'"),),
        facts={"who": {"name": "Jane Roe"}, "list": [{"email": "jane@acme.com"}]},
    )
    path = report.write(ws, "load", mask=True)
    texts = [file.read_text(encoding="utf-8-sig") for file in path.parent.rglob("*") if file.is_file()]
    texts.append(report.write_index(ws, mask=True).read_text(encoding="utf-8"))
    assert path.parent.name == "masked" and len(texts) == 3
    for text in texts:
        for secret in ("Jane", "jane@acme", "Roe", "555-0100", "Secret"):
            assert secret not in text
    assert "42" in texts[0] and "contacts" in "".join(texts) and "personal values hidden" in texts[0]
    plain = report.write(ws, "load").read_text(encoding="utf-8")
    assert "jane@acme.com" in plain


def test_shapes_keep_the_shape():
    """A masked value shows its form and nothing else."""
    assert shape("Jane Roe-7") == "Xxxx Xxx-9"
    words = vocabulary({"users": pd.DataFrame({"name": ["Ana Li"], "email": ["a@b.co"]})})
    assert (
        Mask(True, words).text("given to Ana Li at 2026-01-31T09:30:00Z") == "given to Xxx Xx at 2026-01-31T09:30:00Z"
    )


def test_values_as_text():
    """Missing values are blank, and no control or direction character reaches a page."""
    assert [text_of(v) for v in (None, pd.NA, float("nan"), pd.NaT, True, 3.0, 0.12345, ["a", None])] == [
        "", "", "", "", "yes", "3", "0.1235", "a, ",
    ]  # fmt: skip
    assert text_of("a\x00b\u202ec") == "abc"


def test_evidence_links_are_relative(tmp_path):
    """A report and its folder can be moved together."""
    table = Evidence(tmp_path / "load", Mask()).table("x", pd.DataFrame({"a": [1]}))
    assert table.csv == "load/x.csv" and (tmp_path / "load" / "x.csv").exists()
    assert not Path(table.csv).is_absolute()


def test_people_companies_and_owners_have_reports_of_their_own(ws):
    """One step's facts make several reports, each with its own part and no other."""
    both = pd.DataFrame(
        {"object": ["contacts", "companies"], "threshold": 0.9, "pairs": 3, "precision": 1.0, "recall": 1.0}
    )
    people, firms = pd.DataFrame({"cluster": ["ann-rows"]}), pd.DataFrame({"cluster": ["firm-rows"]})
    counts = {"contact_rows_to_merge": 41, "company_rows_to_merge": 43, "pairs_compared": 9}
    save(ws, "match", counts=counts, tables={"duplicates": people, "companies": firms, "thresholds": both})
    owners = pd.DataFrame(
        {"owner": ["kim", "lee"], "records": [7, 5], "user_email": ["kim@x.example", ""], "match": "email"}
    )
    save(ws, "mapping", tables={"owners": owners, "tags": pd.DataFrame({"tag": ["gold-tag"]})})
    pages = {path.stem: path.read_text(encoding="utf-8") for path in report.write_all(ws)}
    assert {"duplicates", "companies", "mapping", "owners"} <= set(pages)
    assert "ann-rows" in pages["duplicates"] and "firm-rows" not in pages["duplicates"]
    assert "firm-rows" in pages["companies"] and "ann-rows" not in pages["companies"]
    assert "41 of" in pages["duplicates"] and "43 of" in pages["companies"] and "41 of" not in pages["companies"]
    assert "gold-tag" in pages["mapping"] and "kim@x.example" not in pages["mapping"]
    assert "1 of 2 owners have their user in HighLevel; 5 records" in pages["owners"]
    assert all(f'href="{name}.html"' in pages["index"] for name in ("duplicates", "companies", "mapping", "owners"))


def test_a_step_that_is_past_names_no_next(ws):
    """Once a later step has run, an earlier page does not send its reader back; the last page says what really comes."""
    for day, step in enumerate(("inventory", "match", "mapping"), 1):
        save(ws, step, next_step="pb2hl whatever", at=f"2026-01-0{day}T00:00:00Z")
    following = "pb2hl approve WS mapping --by NAME"
    assert following in report.write(ws, "mapping").read_text(encoding="utf-8")
    save(ws, "schema", next_step="ask the admin first", at="2026-01-04T00:00:00Z")
    pages = {path.stem: path.read_text(encoding="utf-8") for path in report.write_all(ws)}
    assert "Next:" not in pages["mapping"] and "ask the admin first" in pages["schema"]
    assert "2026-01-04 00:00 UTC" in pages["schema"], "times are written for people"


def test_series_with_a_meaning_keep_their_colour():
    """What is good is drawn alike everywhere, whatever stands beside it."""
    first, second = (svg(stacked(["a"], of)) for of in ({"rule broken": [1], "passed": [2]}, {"passed": [2]}))
    assert MEANT["passed"] in first and MEANT["passed"] in second and MEANT["rule broken"] in first


def test_many_series_fit_a_chart():
    """A legend breaks into lines within the picture; more series than colours go together."""
    drawn = svg(stacked(["a", "b"], {f"a series with a long name {i}": [i, 1] for i in range(30)}))
    names = re.findall(r"<text [^>]*translate\((\d+),(\d+)[^>]*>(a series with a long name \d+|others)<", drawn)
    width = float(re.search(r'width="([\d.]+)"', drawn)[1])
    assert len(names) == 8 and names[-1][2] == "others" and drawn.count("others") == 1
    assert width < 1000


def test_a_chart_holds_text_and_nothing_that_acts():
    """Hostile names are text in a picture, whatever draws it, and what a notebook keeps is drawn without the network."""
    chart = stacked([EVIL, EVIL], {EVIL: [1, 2]})
    data, _how = for_notebook(chart, EVIL)
    for picture in (svg(chart), figure_html(chart, EVIL), data["image/svg+xml"]):
        assert "<script" not in picture and "<img src=x" not in picture and "href" not in picture
    assert LAB_MIME in data and "http" not in json.dumps(data[LAB_MIME]).replace(data[LAB_MIME]["$schema"], "").replace(
        "http://evil", ""
    )


def test_a_page_of_a_big_migration_stays_small(ws):
    """Long texts, many fields a record and many workflows: the page says how much it shows, and the CSV beside has all."""
    size, long = 3000, "lorem ipsum " * 100
    diff = pd.DataFrame(
        {"object": "contacts", "source_id": [str(i // 300) for i in range(size)], "field": [f"f{i % 300}" for i in range(size)],
         "source_value": long, "sent": long, "stored": long, "class": ["changed", "equal", "equal"] * 1000, "explanation": ""}
    )  # fmt: skip
    save(ws, "sample", tables={"diff": diff})
    path = report.write(ws, "sample")
    html = path.read_text(encoding="utf-8")
    assert len(html) < 8_000_000 and re.search(r"The first \d+ of 3000 rows are shown", html)
    assert "of 10, those with differences first" in html
    assert re.search(r"On paper: the first \d+ of 3000", html) and 'class="screen"' in html
    assert len((path.parent / "sample" / "diff.csv").read_text(encoding="utf-8-sig").splitlines()) == size + 1
    ws.staged.mkdir()
    pd.DataFrame({"name": [f"Flow {i}" for i in range(150)], "steps": "Wait -> Send SMS"}).to_parquet(
        ws.staged / "workflows.parquet"
    )
    report.write_index(ws)
    overview = (ws.reports / "workflows.html").read_text(encoding="utf-8")
    assert overview.count('href="workflows/') == 150 and 'type="checkbox"' not in overview


def test_the_csv_beside_a_report_is_quiet_too(ws):
    """Neither a formula in a spreadsheet nor an escape sequence in a terminal."""
    evil = ["=1+1", "@SUM(A1)", "-2+3", "\t=1+1", "\r=1+1", "a\x1b[31mred\x07", "\u202egnp.exe", None, "plain"]
    save(
        ws,
        "load",
        tables={
            "things": pd.DataFrame({"what": pd.Series(evil, dtype="str"), "list": [[item or ""] for item in evil]})
        },
    )
    report.write(ws, "load")
    with open(ws.reports / "load" / "things.csv", encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "plain" in cells and not [cell for cell in cells if cell[:1] in set("=@-+\t\r")]
    assert not set("\x1b\x07\u202e") & set("".join(cells))
