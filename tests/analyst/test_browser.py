"""The faceted table in a real browser: gone through by keys alone, and no key of it reaches the notebook around it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from pb2hl.analyst import browser as module
from pb2hl.analyst.browser import TableBrowser

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><meta charset="utf-8"><div class="jp-Notebook" tabindex="-1"><button id="before">before</button><div id="here" style="width:1200px"></div></div><script type="module">
%s
const state = %s, heard = {}; window.sent = []; window.heard_outside = [];
window.model = { get: (name) => state[name], set: (name, value) => { state[name] = value; window.sent.push([name, value]); }, save_changes: () => {},
  on: (name, run) => (heard[name] ||= []).push(run), off: () => {},
  take: (name, value) => { state[name] = value; (heard["change:" + name] || []).forEach((run) => run()); } };
document.body.addEventListener("keydown", (event) => { if (event.key !== "Tab") window.heard_outside.push(event.key); });
render({ model, el: document.getElementById("here") }); window.ready = true;
</script>"""
SYNCED = (
    "title",
    "columns",
    "facets",
    "rows",
    "chosen",
    "searches",
    "page",
    "total",
    "every",
    "order",
    "folded",
    "numbers",
)


class Shown:
    """A table in a tab; what the page sets reaches the Python side, and what that changes comes back, as through Jupyter."""

    def __init__(self, tab, table: TableBrowser):
        self.tab, self.table = tab, table
        state = {name: getattr(table, name) for name in SYNCED}
        script = (
            Path(module.__file__)
            .with_name("browser.js")
            .read_text(encoding="utf-8")
            .replace("export default { render };", "")
        )
        tab.set_content(PAGE % (script, json.dumps(state)))
        tab.wait_for_function("window.ready")
        table.observe(
            lambda change: tab.evaluate("([name, value]) => model.take(name, value)", [change["name"], change["new"]]),
            list(SYNCED),
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)
            self.carry()

    def carry(self) -> None:
        for name, value in self.tab.evaluate("window.sent.splice(0)"):
            setattr(self.table, name, value)

    @property
    def focus(self) -> str:
        return self.tab.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent")


@pytest.fixture
def shown(browser):
    hotels = [f"Hotel {n}" for n in range(20)] + ["Café Zürich"]
    frame = pd.DataFrame({"company": hotels * 4, "city": ["Bern", "Wien", None] * 28, "n": range(84)})
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    yield Shown(tab, TableBrowser(frame, title="contacts"))
    tab.close()


def test_a_table_is_gone_through_by_keys(shown):
    """A facet is one stop of Tab, arrows go through its values, Enter chooses, Escape takes back; what is left is announced."""
    shown.tab.locator("#before").focus()
    shown.press("Tab", "Tab", "Tab")
    assert shown.focus == "company: Hotel 0, 4 rows"
    shown.press("Tab", "ArrowDown", "Enter")
    assert shown.focus == "city: Wien, 28 rows" and shown.table.selection["city"].unique().tolist() == ["Wien"]
    assert shown.tab.locator(".tb [role=status]").inner_text().startswith("28 of 84 rows")
    assert shown.tab.locator(".tb-value[aria-pressed=true]").inner_text().split() == ["Wien", "28"]
    shown.press("Escape", "Shift+Tab", "Shift+Tab")
    assert shown.table.total == 84 and shown.focus == "company: find a value"
    shown.tab.keyboard.type("zurich")
    shown.tab.wait_for_function("window.sent.length", timeout=5_000)
    shown.carry()
    shown.press("ArrowDown", "Enter")
    assert shown.focus == "company: Café Zürich, 4 rows" and shown.table.total == 4


def test_headings_are_one_stop_and_sort(shown):
    """Arrows go from heading to heading, Enter sorts, and the focus stays where it was."""
    shown.tab.locator(".tb-rows").focus()
    shown.press("Tab", "ArrowRight", "ArrowRight", "Enter", "Enter")
    assert shown.table.order == ["n", True] and shown.focus == "n"
    assert shown.tab.locator(".tb th[aria-sort=descending]").inner_text().startswith("n")
    assert shown.tab.locator(".tb th button[tabindex='0']").count() == 1


def test_no_key_reaches_the_notebook(shown):
    """None of the keys that command JupyterLab is heard outside, wherever the focus stands; Escape goes back to the notebook."""
    for place in (".tb-value", ".tb fieldset input", ".tb-rows", ".tb th button"):
        shown.tab.locator(place).first.focus()
        for key in "abcdmxyzjkrvw0123456789 ":
            shown.tab.keyboard.press(key)
        shown.press("Shift+M", "Control+s", "ArrowDown", "ArrowUp", "Delete", "Backspace")
        assert shown.tab.evaluate("window.heard_outside") == [], place
        assert shown.tab.evaluate("!!document.activeElement.closest('[data-lm-suppress-shortcuts=true]')"), place
    shown.tab.locator(".tb-rows").focus()
    shown.press("Escape")
    assert shown.tab.evaluate("document.activeElement.className") == "jp-Notebook"
