"""The cluster review, driven as the browser drives it: by messages; in a real browser where Chromium is."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pb2hl import review
from pb2hl.matching.sheets import COMPANIES, DUPLICATES
from pb2hl.review import ClusterReview, ReviewSpec, clusters
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.workspace import Config, Workspace
from tests.review.test_browser import PAGE, Quiet

SPEC = ReviewSpec(columns=DUPLICATES, editable=("survivor", "decision", "comment"), keyed_by="cluster")


def rows(*clusters_: tuple[str, list[tuple[str, str]]]) -> pd.DataFrame:
    """A duplicates sheet: clusters of (name, proposal), source ids 1, 2, …"""
    made = []
    for cluster, members in clusters_:
        for at, (name, proposal) in enumerate(members):
            made.append({"cluster": cluster, "source_id": str(len(made) + 1), "name": name, "email": f"{name.split()[0].lower()}@roe.ca",
                         "score": "0.97", "why": "email same (+9.0)", "survivor": "" if at else "yes", "proposal": proposal})  # fmt: skip
    return pd.DataFrame(made).reindex(columns=list(DUPLICATES)).fillna("").astype("str")


@pytest.fixture
def path(tmp_path) -> Path:
    sheet = rows(
        ("a", [("Bob Roe", "merge"), ("Robert Roe", "merge")]),
        ("b", [("Jane <b>Doe", "merge"), ("Jane Doe", "merge"), ("Jan Doe", "keep apart")]),
        ("c", [("Mary Poe", "keep apart"), ("Marie Poe", "keep apart")]),
        ("d", [("Single", "")]),
    )
    write_sheet(tmp_path / "duplicates.csv", sheet)
    return tmp_path / "duplicates.csv"


def widget(path: Path) -> ClusterReview:
    return ClusterReview(path, SPEC, who="Ann")


def tell(review_: ClusterReview, **message) -> None:
    review_._handle_custom_msg(message, [])


def on_disk(path: Path) -> pd.DataFrame:
    return read_sheet(path, DUPLICATES)


def test_decisions_reach_the_sheet_at_once_and_nothing_else_does(path):
    """Merge, keep apart and skip are cells of the sheet, with who and when; every other cell stays as it was."""
    before, it = on_disk(path), widget(path)
    for decision in ("merge", "keep apart", "skip"):
        tell(it, type="decide", decision=decision)
    after = on_disk(path)
    assert after["decision"].tolist() == ["merge"] * 2 + ["keep apart"] * 3 + ["skip"] * 2 + [""]
    assert after["who"].tolist() == ["Ann"] * 7 + [""] and (after["when"][:7] != "").all()
    kept = [column for column in DUPLICATES if column not in ("decision", "who", "when")]
    pd.testing.assert_frame_equal(after[kept], before[kept])
    assert it.progress == {"of": 3, "waiting": 0, "skipped": 1} and it.view["rows"] == []


def test_a_new_kernel_goes_on_where_one_stopped(path):
    """The first cluster that waits is shown; one alone in its cluster never is."""
    tell(widget(path), type="decide", decision="merge")
    again = widget(path)
    assert again.view["cluster"] == "b" and again.progress == {"of": 3, "waiting": 2, "skipped": 0}
    tell(again, type="choose", filter="decided", search="")
    assert (again.view["cluster"], again.view["of"]) == ("a", 1)


def test_side_by_side_with_differences_marked(path):
    """Each field across the rows, told apart from the survivor's; fields that are blank everywhere are left out."""
    it = widget(path)
    fields = {item["name"]: item for item in it.view["fields"]}
    assert fields["name"]["cells"] == ["Bob Roe", "Robert Roe"] and fields["name"]["differs"] == [False, True]
    assert "phone" not in fields
    tell(it, type="survive", row=1)
    assert next(item for item in it.view["fields"] if item["name"] == "name")["differs"] == [True, False]
    assert on_disk(path)["survivor"][:2].tolist() == ["", "yes"]


def test_undo_shows_the_cluster_and_takes_the_decision_from_the_sheet(path):
    """Undo reaches back over several clusters, on disk as well."""
    it = widget(path)
    tell(it, type="decide", decision="merge")
    tell(it, type="proposal")
    assert on_disk(path)["decision"][2:5].tolist() == ["merge", "merge", "keep apart"]
    tell(it, type="undo")
    assert it.view["cluster"] == "b" and on_disk(path)["decision"][2:5].tolist() == ["", "", ""]
    tell(it, type="undo")
    assert it.view["cluster"] == "a" and (on_disk(path)["decision"] == "").all()
    assert on_disk(path)["who"].tolist() == [""] * 8
    tell(it, type="undo")
    assert it.progress["waiting"] == 3


def test_one_row_of_a_cluster(path):
    """A single row can be turned; the view stays; rows of other clusters are out of reach."""
    it = widget(path)
    tell(it, type="decide", decision="keep apart", rows=[1, 4])
    assert on_disk(path)["decision"].tolist() == ["", "keep apart", *[""] * 6]
    assert it.view["cluster"] == "a" and it.progress["waiting"] == 3
    tell(it, type="decide", decision="merg")
    assert "none of" in it.message and on_disk(path)["decision"][0] == ""


def test_filters_and_moving(path):
    """Close calls, a search over all cells, and moving without deciding."""
    it = widget(path)
    tell(it, type="choose", filter="close calls", search="")
    assert (it.view["of"], it.view["cluster"]) == (2, "b")
    tell(it, type="move", by=5)
    assert it.view["cluster"] == "c"
    tell(it, type="choose", filter="all", search="ROBERT")
    assert (it.view["of"], it.view["cluster"]) == (1, "a")
    tell(it, type="choose", filter="nonsense", search="nobody")
    assert it.view["rows"] == [] and it.view["filter"] == clusters.FILTERS[0]
    tell(it, type="decide", decision="merge")
    assert (on_disk(path)["decision"] == "").all()


def test_a_sheet_changed_elsewhere_is_merged(path):
    """Excel saved meanwhile: its comments and the decision taken here stand side by side."""
    it = widget(path)
    other = on_disk(path)
    other["comment"] = "mine"
    write_sheet(path, other)
    tell(it, type="decide", decision="merge")
    assert on_disk(path)["decision"][0] == "merge" and on_disk(path)["comment"][0] == "mine"


def test_large_sheets_are_written_now_and_then(tmp_path, monkeypatch):
    """Above the limit a decision waits for the next save, which comes by itself after some."""
    monkeypatch.setattr(clusters, "SAVED_AT_ONCE", 10)
    write_sheet(tmp_path / "d.csv", rows(*((f"c{at}", [("A B", "merge"), ("A C", "merge")]) for at in range(40))))
    it = widget(tmp_path / "d.csv")
    for _ in range(clusters.SAVED_EVERY - 1):
        tell(it, type="decide", decision="merge")
    assert it.unsaved == clusters.SAVED_EVERY - 1 and (on_disk(tmp_path / "d.csv")["decision"] == "").all()
    tell(it, type="decide", decision="merge")
    assert it.unsaved == 0 and (on_disk(tmp_path / "d.csv")["decision"] == "merge").sum() == 2 * clusters.SAVED_EVERY


def test_static_html_without_a_kernel(path):
    """An executed notebook shows the clusters, differences marked, markup of the data escaped."""
    page = widget(path).static_html()
    assert "3 clusters, 3 waiting" in page and "<mark>Robert Roe</mark>" in page
    assert "<b>Doe" not in page and "&lt;b&gt;Doe" in page
    assert "2 clusters more" in widget(path).static_html(1)
    empty = path.with_name("none.csv")
    write_sheet(empty, rows().reindex(columns=list(DUPLICATES)))
    assert "0 clusters" in widget(empty).static_html()


def staged(ws: Workspace) -> None:
    """The records behind two rows of one person: equal birthdays, an older and a newer title, phones of one of them."""
    frame = pd.DataFrame(
        {
            "source_id": ["1", "2", "3"],
            "row_hash": ["x", "y", "z"],
            "first_name": ["Bob", "Robert", "Jane"],
            "last_name": ["Roe", "Roe", "Doe"],
            "email": ["bob@roe.ca", "robert@roe.ca", "jane@doe.ca"],
            "mobile": [None, "+16135550100", None],
            "birthday": ["1970-01-01", "1970-01-01", None],
            "job_title": ["CFO", "Director", None],
            "updated_at": pd.to_datetime(["2024-01-01", "2025-01-01", None], utc=True),
            "raw.Given": ["bob", "robert", "jane"],
        }
    )
    ws.staged.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(ws.staged / "contacts.parquet")


def test_a_cluster_shows_whole_records_and_what_they_become(tmp_path):
    """Every filled field of the records stands side by side, the birthday that is the same too, and beside them the record that they
    become: it follows the survivor that is chosen, says what is kept beside it, and goes where fewer than two are to merge."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="l"))
    staged(ws)
    write_sheet(ws.sheets / "duplicates.csv", rows(("a", [("Bob Roe", "merge"), ("Robert Roe", "merge")])))
    widget_ = review.duplicates_review(ws, who="Ann")
    by_name = {item["name"]: item for item in widget_.view["fields"]}
    assert by_name["birthday"]["cells"] == ["1970-01-01"] * 2 and not any(by_name["birthday"]["differs"])
    assert "raw.Given" not in by_name and "row_hash" not in by_name and "name" not in by_name
    made = {name: item["together"] for name, item in by_name.items()}
    assert (made["email"], made["job_title"], made["mobile"]) == ("bob@roe.ca", "Director", "+16135550100")
    assert "email: robert@roe.ca" in widget_.view["beside"] and "merged record" in widget_.static_html()
    tell(widget_, type="survive", row=1)
    assert {item["name"]: item["together"] for item in widget_.view["fields"]}["email"] == "robert@roe.ca"
    tell(widget_, type="decide", decision="keep apart", rows=[0])
    assert not widget_.view["merged"] and not widget_.view["beside"]


def test_a_company_is_called_as_the_sheet_says(tmp_path):
    """The merged company has the sheet's canonical name, whatever its rows say; a record that is not staged leaves the sheet's cells."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="l"))
    ws.staged.mkdir(parents=True, exist_ok=True)
    named = {"source_id": ["1", "2"], "name": ["Acme Inc", "ACME"], "website": ["acme.ca", None]}
    pd.DataFrame(named).to_parquet(ws.staged / "companies.parquet")
    sheet = rows(("a", [("Acme Inc", "merge"), ("ACME", "merge")]), ("b", [("Gone", "merge"), ("Gone Ltd", "merge")]))
    sheet = sheet.assign(canonical_name="Acme", domain="acme.ca").reindex(columns=list(COMPANIES)).fillna("")
    write_sheet(ws.sheets / "companies.csv", sheet)
    widget_ = review.companies_review(ws)
    made = {item["name"]: item["together"] for item in widget_.view["fields"]}
    assert made["name"] == "Acme" and made["website"] == "acme.ca" and made["domain"] == ""
    widget_.move(1)
    assert {item["name"] for item in widget_.view["fields"]} >= {"name", "domain"} and not widget_.view["merged"]


@contextmanager
def in_chromium(it: ClusterReview, tmp_path) -> Iterator[tuple[Any, Callable[..., None]]]:
    """The review in Chromium: (its tab, a function that presses keys and lets the widget hear what the page sends)."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("Debian's Chromium is not installed")
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE.replace("review_table.js", "cluster_review.js"), encoding="utf-8")
    shutil.copy(Path(review.__file__).with_name("cluster_review.js"), site)
    names = ("title", "view", "progress", "unsaved", "can_undo", "message")
    late = {"view": {}, "progress": {}}  # as a busy kernel sends them: after the widget itself
    (site / "state.json").write_text(json.dumps({name: getattr(it, name) for name in names} | late), encoding="utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 640})
        tab.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        tab.wait_for_function("window.ready")
        assert "NaN" not in tab.locator(".cr").inner_text()
        for name in late:
            tab.evaluate("([name, value]) => model.set(name, value)", [name, getattr(it, name)])
        it.observe(
            lambda change: tab.evaluate("([name, value]) => model.set(name, value)", [change["name"], change["new"]]),
            list(names[1:]),
        )

        def press(*keys: str) -> None:
            for key in keys:
                tab.keyboard.press(key)
                for message in tab.evaluate("window.sent.splice(0)"):
                    tell(it, **message)

        yield tab, press
        browser.close()
    server.shutdown()


@pytest.mark.browser
def test_a_value_is_clicked_for_the_merged_record(tmp_path):
    """A click on a value takes it, by keys as well; the page shows whose it is, and values that are the same offer no choice."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="l"))
    staged(ws)
    sheet = rows(("a", [("Bob Roe", "merge"), ("Robert Roe", "merge")])).assign(gives="")
    write_sheet(ws.sheets / "duplicates.csv", sheet)
    it = review.duplicates_review(ws, who="Ann")
    with in_chromium(it, tmp_path) as (tab, press):
        line = tab.locator("tr", has=tab.locator("th.cr-name", has_text="job_title"))
        assert line.locator(".cr-made").inner_text() == "Director"
        assert not tab.locator("tr", has=tab.locator("th.cr-name", has_text="birthday")).locator("button").count()
        line.get_by_role("button", name="CFO").click()
        press("Shift")
        assert line.locator(".cr-made").inner_text() == "CFO" and line.locator("[aria-pressed=true]").count() == 1
        tab.screenshot(path=str(Path(os.environ.get("PB2HL_ARTEFACTS", tmp_path)) / "cluster_take.png"))
        line.get_by_role("button", name="Director").focus()
        press("Enter")
        assert line.locator(".cr-made").inner_text() == "Director"
        press("u", "u")
        assert line.locator("[aria-pressed=true]").count() == 0
        assert set(read_sheet(ws.sheets / "duplicates.csv", ["gives"])["gives"]) == {""}


@pytest.mark.browser
def test_everything_by_keyboard_in_a_browser(path, tmp_path):
    """Side by side in Chromium: merge, undo, as proposed, turn a row, survivor, filter; the sheet follows every key."""
    it = widget(path)
    with in_chromium(it, tmp_path) as (tab, press):
        assert tab.locator("mark").first.inner_text() and "0 of 3 clusters" in tab.locator(".cr-state").inner_text()
        tab.locator(".cr").focus()
        press("m")
        assert (
            on_disk(path)["decision"][:2].tolist() == ["merge", "merge"]
            and "1 of 3" in tab.locator(".cr-state").inner_text()
        )
        assert tab.locator("td b").count() == 0, "values are text, never markup"
        tab.screenshot(path=str(Path(os.environ.get("PB2HL_ARTEFACTS", tmp_path)) / "cluster_review.png"))
        press("u")
        assert (on_disk(path)["decision"] == "").all()
        press("Shift+Digit2", "2", "ArrowRight", "Enter", "k")
        sheet = on_disk(path)
        assert sheet["survivor"][:2].tolist() == ["", "yes"]
        assert sheet["decision"].tolist() == [
            "",
            "keep apart",
            "merge",
            "merge",
            "keep apart",
            "keep apart",
            "keep apart",
            "",
        ]
        tab.locator("select").select_option("all")
        press("/", *"robert", "Enter")
        assert tab.locator(".cr-card").count() == 2 and "cluster 1 of 1" in tab.locator(".cr-state").inner_text()


def test_a_field_is_taken_from_a_row_by_a_click(tmp_path):
    """The row gives the field in the sheet, the merged record shows it, a second click leaves it to the rule, another row takes over."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    ws.staged.mkdir()
    people = {
        "source_id": ["1", "2"],
        "first_name": ["Bob", "Robert"],
        "last_name": ["Roe", "Roe"],
        "city": ["Ottawa", "Kanata"],
        "postal_code": ["K1A", None],
    }
    pd.DataFrame(people).to_parquet(ws.staged / "contacts.parquet")
    sheet = rows(("1", [("Bob Roe", "merge"), ("Robert Roe", "merge")])).assign(gives="")
    ws.sheets.mkdir(exist_ok=True)
    write_sheet(ws.sheets / "duplicates.csv", sheet)
    it = review.duplicates_review(ws, who="Ann")

    def city() -> tuple[str, list[bool]]:
        found = next(item for item in it.view["fields"] if item["name"] == "city")
        return found["together"], found["given"]

    assert city() == ("Ottawa", [False, False])
    tell(it, type="take", row=1, field="city")
    assert city() == ("Kanata", [False, True])
    saved = read_sheet(ws.sheets / "duplicates.csv", (*DUPLICATES, "gives"))
    assert saved["gives"].tolist() == ["", "city"] and saved["who"].tolist() == ["", "Ann"]
    tell(it, type="take", row=0, field="postal_code")
    assert city() == ("Ottawa", [True, False]), "an address is one thing: one row gives it"
    tell(it, type="take", row=0, field="city")
    assert city() == ("Ottawa", [False, False]) and set(read_sheet(it._path, ["gives"])["gives"]) == {""}
    tell(it, type="take", row=0, field="no such field")
    assert "cannot be taken" in it.message


def test_a_sheet_of_an_earlier_version_offers_no_choice_of_fields(path):
    """Where the sheet has no column for it nothing can be taken, and nothing fails."""
    it = widget(path)
    assert not any(any(item["gives"]) for item in it.view["fields"])
