"""Every kind of report in a real browser: no console error, no request, usable by keyboard, dark and light."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from pb2hl import report
from pb2hl.errors import MEND, Problem, Severity
from pb2hl.profile import profile_tables
from pb2hl.register import chapters
from pb2hl.results import Status, StepResult
from pb2hl.source import resolve_references
from pb2hl.workspace import Config, Workspace

pytestmark = pytest.mark.browser
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
EVIL = "<script>window.hacked = 1</script><img src=https://example.com/x onerror='window.hacked = 1'>"


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Path:
    """Reports of every kind, with hostile values in every place."""
    ws = Workspace.create(tmp_path_factory.mktemp("b") / "ws", Config(export="x", location="LOC"))
    contacts = pd.DataFrame(
        {
            "source_id": [str(i) for i in range(300)],
            "full_name": [EVIL] * 300,
            "company_id": ["1", "9", None] * 100,
            "n": range(300),
        }
    )
    companies = pd.DataFrame({"source_id": ["1"], "name": [EVIL]})
    tables = {"contacts": contacts, "companies": companies}
    objects = pd.DataFrame({"object": ["contacts", "companies"], "rows": [300, 1]})
    ws.staged.mkdir()
    pd.DataFrame(
        {"name": [EVIL, "Two"], "trigger": [EVIL, "Deal won"], "steps": [f'[{{"do": "Send e-mail {EVIL}", "delay": "2 days"}}]', "Wait -> Send SMS"],
         "conditions": ["[]", None], "active": [True, False], "kind": ["workflow", "sequence"]}
    ).to_parquet(ws.staged / "workflows.parquet")  # fmt: skip
    diff = pd.DataFrame(
        {"object": "contacts", "source_id": [str(i // 5) for i in range(300)], "record_id": "r", "field": [f"f{i % 5}" for i in range(300)],
         "source_value": EVIL, "sent": EVIL, "stored": "x", "class": ["equal", "normalised", "changed"] * 100, "explanation": EVIL}
    )  # fmt: skip
    lineage = pd.DataFrame(
        {
            "object": ["contacts"] * 2,
            "column": [EVIL, "b"],
            "bucket": ["landed", "moved"],
            "where": ["", EVIL],
            "cells": [9, 1],
        }
    )
    rules = pd.DataFrame(
        [("contacts.1", "contacts.json", "contacts", EVIL, "critical", "data failed", 3, 1, EVIL, "", EVIL)],
        columns=[
            "rule_id",
            "suite",
            "object",
            "rule",
            "severity",
            "verdict",
            "checked",
            "failing",
            "sample",
            "reason",
            "treatment",
        ],
    )
    failing = pd.DataFrame({"rule_id": ["contacts.1"], "object": ["contacts"], "value": [EVIL]})
    problems = (Problem("x", EVIL, Severity.CRITICAL, file=EVIL), Problem("y", "a warning", treatment=EVIL))

    def save(step, tables, **more):
        StepResult(
            step, Status.DONE, f"{EVIL} is well.", {"records": 300}, tables, problems, {"hash": "abc"}, **more
        ).save(ws.results(step))

    save(
        "inventory", {"objects": objects, "relations": resolve_references(tables)[1], "profile": profile_tables(tables)}
    )
    save(
        "match",
        {
            "duplicates": contacts,
            "score_histogram": pd.DataFrame({"object": ["contacts"], "from": [0.9], "to": [1.0], "pairs": [3]}),
        },
    )
    save("check-before", {"rules": rules, "failing": failing})
    save("sample", {"diff": diff})
    save("audit", {"lineage": lineage, "diff": diff})
    for step in ("mapping", "schema", "load", "delta", "check-after", "rollback"):
        save(step, {"things": contacts})
    report.write_all(ws)
    report.write_all(ws, mask=True)
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(f"# Title\n\n{EVIL}"),
            nbformat.v4.new_code_cell(
                "secret_code()",
                outputs=[
                    nbformat.v4.new_output("display_data", {"text/html": f"<p>The verdict</p>{EVIL}"}),
                    nbformat.v4.new_output("display_data", {"application/javascript": "window.hacked = 1"}),
                    nbformat.v4.new_output("stream", text="a line"),
                ],
            ),
        ]
    )
    nbformat.write(notebook, ws.reports / "notebook.ipynb")
    report.notebook_html(ws.reports / "notebook.ipynb")
    return ws.reports


def visit(browser, path: Path, **options):
    page = browser.new_page(**options)
    errors, requests = [], []
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    return page, errors, [url for url in requests if url != path.as_uri() and not url.startswith("data:")]


def assert_clean(browser, path: Path, name: str) -> None:
    """The page loads without an error or a request, nothing in it runs, and it fits a telephone; a screenshot is kept."""
    page, errors, requests = visit(browser, path)
    assert (errors, requests) == ([], []), path.name
    assert page.evaluate("window.hacked") is None
    assert page.locator("h1").count() >= 1
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=path.stem in {"index", "inventory", "sample"})
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{path.name} is wider than a telephone"
    cut, small = page.evaluate(ON_A_PHONE)
    assert not cut, f"{path.name}: cut off on a telephone: {cut}"
    assert not small, f"{path.name}: hard to hit with a finger: {small}"
    page.close()


ON_A_PHONE = """() => {
  const seen = [...document.querySelectorAll("body *")].filter((node) => node.getClientRects().length && !node.closest("svg svg, .notebook"));
  const words = (node) => `${node.tagName} ${node.textContent.trim().slice(0, 40)}`;
  const cut = seen.filter((node) => node.matches(".chart svg, figure.cards td") && node.getBoundingClientRect().right > 361).map(words);
  const small = seen.filter((node) => node.matches("a:not(.skip), button, select, summary, input:not([type=checkbox])") && node.getBoundingClientRect().height < 24 && !node.closest("td, p")).map(words);
  return [cut.slice(0, 3), small.slice(0, 3)];
}"""
"""What of a page is not seen whole on a telephone, and what is lower than WCAG's least target (links in sentences and cells aside)."""


def test_no_report_errs_or_asks_the_network(browser, reports):
    """Every page of every kind out of hostile facts, masked or not, loads clean."""
    pages = sorted(reports.rglob("*.html"))
    assert len(pages) >= 26
    ARTIFACTS.mkdir(exist_ok=True)
    for path in pages:
        assert_clean(browser, path, "-".join(("hostile", *path.relative_to(reports).with_suffix("").parts)))


def test_no_report_of_a_real_migration_errs_or_asks_the_network(browser, migrated):
    """Every page of a migration with a conflict, a rollback, owners and companies, masked or not, and an executed notebook."""
    pages = sorted([*migrated.reports.rglob("*.html"), *migrated.runs.rglob("*.html")])
    plain = {path.stem for path in pages if "masked" not in path.parts}
    assert {item.file for item in chapters()} - {"preview", "watch"} | {"index", "workflows", "02_match"} <= plain
    assert "Perth" in (migrated.reports / "delta.html").read_text(encoding="utf-8"), "the conflict is told"
    ARTIFACTS.mkdir(exist_ok=True)
    for path in pages:
        assert_clean(browser, path, "-".join(path.relative_to(migrated.path).with_suffix("").parts))


def test_tables_sort_search_and_filter_by_keyboard(browser, reports):
    """A heading sorts, the search narrows, the filter picks a class, and the rest can be asked for."""
    page, errors, _ = visit(browser, reports / "sample.html")
    table = page.locator("figure.table", has=page.get_by_role("columnheader", name="Class")).last
    every = page.locator("figure.table").filter(has_text="All fields").first
    assert every.locator("tbody tr:visible").count() == 50
    every.get_by_role("button", name="Show all").press("Enter")
    assert every.locator("tbody tr:visible").count() == 300
    every.get_by_role("searchbox").fill("normalised")
    assert every.locator(".tools").inner_text().count("50 of 100 rows shown") == 1
    every.get_by_role("searchbox").fill("")
    every.get_by_role("combobox").last.select_option("changed")
    assert every.locator("tbody tr:visible").count() == 50
    heading = every.get_by_role("columnheader", name="Field")
    heading.get_by_role("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").press("Enter")
    shown = every.locator("tbody tr:visible").first.locator("> *").nth(heading.evaluate("cell => cell.cellIndex"))
    assert shown.inner_text() == "f4"
    assert table.count() == 1 and errors == []


def test_dark_and_print(browser, reports):
    """Dark pages are dark; paper gets the first rows of a table, and says how many of how many."""
    page, _, _ = visit(browser, reports / "inventory.html", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
    page.screenshot(path=ARTIFACTS / "inventory-dark.png", full_page=True)
    page, _, _ = visit(browser, reports / "load.html")
    page.emulate_media(media="print")
    printed = page.locator("tbody tr:visible").count()
    assert (
        0 < printed < 300 and f"On paper: the first {printed} of 300" in page.locator("figcaption .paper").inner_text()
    )
    assert page.locator(".tools:visible").count() == 0


def test_notebooks_show_outputs_and_no_code(browser, reports):
    """The verdict is there, the code is not, and no script of the notebook is."""
    html = (reports / "notebook.html").read_text(encoding="utf-8")
    assert "The verdict" in html and "secret_code" not in html and "<script" not in html.lower()


def test_a_failed_notebook_ends_with_what_to_do(browser, tmp_path):
    """The error is one box with its remedy; no traceback, nothing of the cells that never ran, and none of papermill's own words."""
    new = nbformat.v4
    evalue = f"3 rows have no owner {EVIL}\n  - row 7{MEND}set fallback_owner, then run this again"
    error = new.new_output("error", ename="ChecksFailed", evalue=evalue, traceback=["Traceback of ours"])
    notebook = new.new_notebook(
        cells=[
            new.new_markdown_cell("papermill says", metadata={"tags": ["papermill-error-cell-tag"]}),
            new.new_markdown_cell("# 4. Checks"),
            new.new_code_cell("check(ws)", outputs=[error]),
            new.new_markdown_cell("Next: [5. Schema](05_schema.ipynb)."),
        ]
    )
    nbformat.write(notebook, tmp_path / "04_check.ipynb")
    page, errors, requests = visit(browser, report.notebook_html(tmp_path / "04_check.ipynb"))
    text = page.locator("body").inner_text()
    assert (errors, requests) == ([], []) and page.evaluate("window.hacked") is None
    assert "failed 3 rows have no owner <script>" in text and "row 7" in text
    assert "What to do: set fallback_owner; then run the same command again." in text
    assert not [word for word in ("papermill", "Traceback", "Schema", "ChecksFailed") if word in text]
    assert page.title().startswith("4. Checks")


def test_every_control_has_a_name(browser, reports):
    """Screen readers find a name on every control, a caption on every table and a label on every picture."""
    for name in ("inventory", "sample", "workflows", "checks-before"):
        page, _, _ = visit(browser, reports / f"{name}.html")
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, [role=img], [role=region]')].filter(node =>
            !(node.getAttribute('aria-label') || node.textContent.trim() || node.closest('label')?.textContent.trim())).length"""
        )
        assert nameless == 0, name
        assert page.evaluate("[...document.querySelectorAll('table')].every(t => t.caption && t.caption.textContent)")
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
        assert all(after - before <= 1 for before, after in pairwise(levels))


_OVER = """() => [...document.querySelectorAll("table")].filter((table) => table.offsetParent && table.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((table) => table.caption.textContent)"""
_BROKEN = """() => [...document.querySelectorAll("td.short")].filter((cell) => cell.offsetParent && /^\\S+$/.test(cell.textContent)
  && cell.firstElementChild === null && cell.getClientRects().length && cell.textContent.length > 3).filter((cell) => {
    const range = document.createRange(); range.selectNodeContents(cell); return new Set([...range.getClientRects()].map((box) => box.top)).size > 1; })
  .map((cell) => cell.textContent)"""


def test_paper_shows_whole_words_and_whole_tables(browser, reports):
    """On the width of a sheet no table is cut off, no short word is broken, and columns that say nothing are left out."""
    page = browser.new_page(viewport={"width": 703, "height": 1000})
    page.emulate_media(media="print")
    for path in sorted(reports.glob("*.html")):
        page.goto(path.as_uri())
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(_OVER) == [], path.name
        assert page.evaluate(_BROKEN) == [], path.name
        bare = page.locator("tbody tr:not(.screen) td.screen").all_inner_texts()
        assert not "".join(bare).strip(), path.name
    page.close()


def test_a_print_takes_few_sheets(browser, reports):
    """The sample takes at most 12 sheets of paper, every other report 8, and each says what it left out."""
    page = browser.new_page()
    for path in sorted(reports.glob("*.html")):
        page.goto(path.as_uri())
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert not page.locator(".summary details[open]").count(), "six figures are enough for paper"
        assert not page.locator("section:not(.summary) details.fold:not([open], .figures)").count(), path.name
        assert not page.locator("details.figures[open]").count(), "a chart says what its table repeats"
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        printed = page.pdf(format="A4", prefer_css_page_size=True)
        sheets = max(int(count) for count in re.findall(rb"/Count (\d+)", printed))
        assert sheets <= (12 if path.stem == "sample" else 8), (path.name, sheets)
    page.goto((reports / "sample.html").as_uri())
    page.emulate_media(media="print")
    left_out = page.locator(".paper:visible").all_inner_texts()
    assert left_out and all("On paper: " in text for text in left_out)
    assert page.locator("tr.screen:visible").count() == 0
    page.close()
