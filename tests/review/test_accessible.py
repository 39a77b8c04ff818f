"""Every widget of the notebooks, for people with a screen reader and in JupyterLab's light and dark theme, judged by axe-core."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anywidget
import pandas as pd
import pytest

from pb2hl.analyst.browser import TableBrowser
from pb2hl.mapper.knowledge.sheet_layout import blank
from pb2hl.matching.sheets import DUPLICATES
from pb2hl.matching.survivorship import default_rules
from pb2hl.review import ClusterReview, ReviewSpec, ReviewTable, mapping_spec
from pb2hl.review.behind import Behind
from pb2hl.review.confirm import Confirm
from pb2hl.sheets import write_sheet
from tests.accessible import RULES, violations

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>a notebook</title>
<body style="%s; background: var(--jp-layout-color0)"><div id="here" style="width:1200px"></div><script type="module">
%s
const state = %s;
const model = { get: (name) => state[name], set: () => {}, save_changes: () => {}, on: () => {}, off: () => {}, send: () => {} };
widget.render({ model, el: document.getElementById("here") }); window.ready = true;
</script></body></html>"""

LIGHT = {
    "layout-color0": "#fff", "layout-color1": "#fff", "layout-color2": "#eee", "border-color1": "#bdbdbd", "border-color2": "#e0e0e0",
    "ui-font-color1": "rgba(0,0,0,.87)", "ui-font-color2": "rgba(0,0,0,.54)", "brand-color1": "#1976d2", "error-color0": "#b71c1c",
    "success-color0": "#1b5e20", "content-font-color1": "rgba(0,0,0,.87)", "warn-color0": "#e65100", "ui-font-color0": "#000",
}  # fmt: skip
DARK = {
    "layout-color0": "#111", "layout-color1": "#212121", "layout-color2": "#424242", "border-color1": "#616161", "border-color2": "#424242",
    "ui-font-color1": "rgba(255,255,255,.87)", "ui-font-color2": "rgba(255,255,255,.54)", "brand-color1": "#2196f3", "error-color0": "#ef9a9a",
    "success-color0": "#a5d6a7", "content-font-color1": "#fff", "warn-color0": "#ffcc80", "ui-font-color0": "#fff",
}  # fmt: skip
"""Colours of JupyterLab's two themes that the widgets use (its variables.css)."""


def table(folder: Path) -> ReviewTable:
    """Columns of an export, sure and unsure, one of them of an unknown type."""
    rows = [
        {"object": "contacts", "file": "c.csv", "column": f"Column {at}", "proposal": "custom", "confidence": (0.95, 0.7, 0.3)[at % 3],
         "label": f"Column {at}", "type": "TEXT" if at else "NONE", "examples": "a value", "reason": "no standard field takes it"}
        for at in range(30)
    ]  # fmt: skip
    write_sheet(folder / "fields.csv", blank("fields", rows))
    return ReviewTable(folder / "fields.csv", mapping_spec("fields"), who="Ann")


def clusters(folder: Path) -> ClusterReview:
    """Two persons who may be one, and three who may be two."""
    names = ("Bob Roe", "Robert Roe"), ("Jane Doe", "Jane Doe", "Jan Doe")
    rows = [
        {"cluster": str(at), "source_id": f"{at}{n}", "name": name, "email": "a@b.example", "score": "0.97", "why": "email same (+9.0)",
         "survivor": "" if n else "yes", "proposal": "merge"}
        for at, group in enumerate(names) for n, name in enumerate(group)
    ]  # fmt: skip
    sheet = pd.DataFrame(rows).reindex(columns=list(DUPLICATES)).fillna("").astype("str")
    write_sheet(folder / "duplicates.csv", sheet)
    ids = [row["source_id"] for row in rows]
    records = pd.DataFrame(
        {"source_id": ids, "first_name": "Ann", "birthday": "1970-01-01", "job_title": ids}, index=ids
    )
    behind = Behind(records, default_rules("contacts", list(records.columns)))
    spec = ReviewSpec(
        columns=DUPLICATES, editable=("survivor", "decision", "comment"), keyed_by="cluster", behind=lambda _ids: behind
    )
    return ClusterReview(folder / "duplicates.csv", spec, who="Ann")


def browser_of(folder: Path) -> TableBrowser:
    """A table with blanks, a long text, numbers, and a column of many values."""
    cities = ["Bern", "Wien", None] * 20
    frame = pd.DataFrame(
        {"company": [f"Hotel {n}" for n in range(60)], "city": cities, "n": range(60), "note": "long " * 30}
    )
    return TableBrowser(frame, title="contacts")


def decision(folder: Path) -> Confirm:
    """A gate with open points, which asks for a name and a reason, after a refusal."""
    facts = [["hash", "abc"], ["duplicates", "3 merged"]]
    points = [f"{n} of 20 columns are undecided" for n in range(12)]
    shown = {"facts": facts, "points": points, "although": "Why although 12 points are open?"}
    panel = Confirm("Approve: mapping", lambda *_: "", lambda: shown, prompt="Your name", button="Approve")
    panel.confirm("", "")
    return panel


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("make", [table, clusters, browser_of, decision])
def test_a_widget_is_accessible(browser, tmp_path, make: Callable[[Path], anywidget.AnyWidget], theme):
    """No role, name, state or contrast is wrong by WCAG 2.2 AA; whatever has the focus, no key is a command of the notebook."""
    widget = make(tmp_path)
    state = {
        name: getattr(widget, name)
        for name in widget.traits(sync=True)
        if not name.startswith("_") and name not in ("layout", "tooltip", "comm", "tabbable")
    }
    script = str(widget._esm)
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    colours = "; ".join(f"--jp-{name}: {value}" for name, value in theme.items())
    tab.set_content(
        PAGE % (colours, script.replace("export default", "const widget ="), json.dumps(state, default=str))
    )
    tab.wait_for_function("window.ready")
    heard = tab.evaluate("""() => [...document.querySelectorAll("#here :is(button, input, select, [tabindex])")].filter((node) => { node.focus(); return document.activeElement === node; })
      .filter((node) => !node.dataset.lmSuppressShortcuts).map((node) => node.outerHTML)""")
    assert heard == [], "in Notebook 7 x would delete the cell"
    found = violations(tab, {"type": "tag", "values": RULES}, "#here")
    tab.close()
    assert found == []
