"""All notebooks driven in JupyterLab in Chromium: cells run, widgets used, buttons pressed, pictures kept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pb2hl.lab import command, notebook_copies
from pb2hl.ledger import Ledger
from pb2hl.register import EXPLORE, notebooks
from pb2hl.results import StepResult
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.workspace import Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import workspace
from tests.report import real
from tests.steps import small
from tests.steps.test_audit import call

pytestmark = pytest.mark.browser
SHOTS = Path(os.environ.get("PB2HL_ARTEFACTS", Path(__file__).parents[1] / "artifacts"))
PATIENCE_MS = 120_000
"""How long one notebook may take on a busy machine; on a quiet one each takes seconds."""
BUSY = """() => {
  const panel = jupyterapp.shell.currentWidget, cells = panel.content.widgets.filter((cell) => cell.model.type === "code");
  return cells.some((cell) => cell.model.executionState === "running" || cell.node.querySelector(".jp-InputPrompt")?.textContent.includes("*")) || panel.sessionContext.kernelDisplayStatus !== "idle";
}"""


class Lab:
    """JupyterLab in a browser tab, one notebook at a time."""

    def __init__(self, tab, ws: Workspace, location: Rehearsal):
        self.tab, self.ws, self.location = tab, ws, location

    def ready(self) -> None:
        """Wait until the page has what it showed before."""
        self.tab.wait_for_function("() => window.jupyterapp", timeout=PATIENCE_MS)
        self.tab.evaluate("async () => { await jupyterapp.restored; }")

    def open(self, name: str) -> None:
        """Show the notebook `name` with a kernel of its own."""
        self.tab.evaluate(
            "async (path) => { await jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' }); }",
            f"notebooks/{name}",
        )
        self.tab.wait_for_function(
            "(name) => jupyterapp.shell.currentWidget?.context?.path?.endsWith(name)", arg=name, timeout=PATIENCE_MS
        )
        self.tab.evaluate(
            "async () => { await Promise.all([jupyterapp.shell.currentWidget.context.ready, jupyterapp.shell.currentWidget.sessionContext.ready]); }"
        )

    def run(self, first: int = 0) -> None:
        """Run the cells from the code cell `first` on, and wait until the kernel rests."""
        self.tab.evaluate(
            """async (first) => {
          const notebook = jupyterapp.shell.currentWidget.content;
          const codes = notebook.widgets.map((cell, at) => [cell, at]).filter(([cell]) => cell.model.type === "code");
          notebook.activeCellIndex = codes.at(first)[1];
          await jupyterapp.commands.execute(first ? "notebook:run-all-below" : "notebook:run-all-cells");
        }""",
            first,
        )
        self.tab.wait_for_function(f"() => !({BUSY})()", timeout=PATIENCE_MS)

    def errors(self) -> list[str]:
        """What cells ended with instead of a result, also those that are out of sight."""
        return self.tab.evaluate("""() => jupyterapp.shell.currentWidget.content.widgets.filter((cell) => cell.model.type === "code")
          .flatMap((cell) => cell.model.outputs.toJSON()).filter((output) => output.output_type === "error" || output.name === "stderr")
          .map((output) => [output.traceback ?? output.text].flat().join("\\n"))""")

    def shown(self, selector: str):
        """Elements of the notebook in sight."""
        return self.tab.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) {selector}")

    def keep(self, name: str) -> None:
        """A picture of the notebook, and its kernel ended."""
        self.tab.screenshot(path=str(SHOTS / f"lab_{Path(name).stem}.png"))
        self.tab.evaluate(
            "async () => { const panel = jupyterapp.shell.currentWidget; await panel.context.save(); await panel.sessionContext.shutdown(); panel.close(); }"
        )

    def press(self, gate: str, who: str) -> bool:
        """Approve at the gate by its button; whether something was open, and a reason had to be given."""
        panel = self.shown(".cf").last
        panel.locator("input").first.fill(who)
        reason = panel.locator("input:visible").nth(1)
        forced = bool(reason.count())
        if forced:
            assert panel.locator("button").is_disabled() and panel.locator("li").count()
            reason.fill(REASON)
        panel.locator("button").click()
        panel.locator(".cf-good").wait_for(timeout=PATIENCE_MS)
        assert f"{gate} approved by {who}" in panel.locator("[role=status]").inner_text()
        return forced


@pytest.fixture
def lab(tmp_path, sandbox_server, browser) -> Iterator[Lab]:
    state = Sandbox(Scenario.default(rate=UNHURRIED, users=small.USERS, search_lag_s=0))
    sandbox_server.sandbox = state
    rehearsal = Rehearsal(sandbox_server.url, state.token, state.location, state)
    export = real.export(tmp_path / "export")
    notes = (export / "notes.csv").read_text(encoding="utf-8")
    gone = re.sub(r"<img [^>]*>", "<img src='http://127.0.0.1:9/gone.png'>", notes)  # keeps the sample's gate shut
    (export / "notes.csv").write_text(gone, encoding="utf-8")
    ws = workspace(tmp_path / "ws", export, rehearsal, fallback_owner="bo@agency.example")
    notebook_copies(ws)
    options = [
        "--no-browser",
        "--expose-app-in-browser",
        "--ServerApp.port=0",
        "--IdentityProvider.token=",
        "--allow-root",
        "--ServerApp.disable_check_xsrf=True",
    ]
    log = (tmp_path / "lab.log").open("w+")
    server = subprocess.Popen(
        [*command(ws), *options],
        stdout=log,
        stderr=log,
        env=os.environ | {"HIGHLEVEL_TOKEN": state.token},
        start_new_session=True,
    )
    try:
        tab = browser.new_page(viewport={"width": 1400, "height": 1000})
        tab.goto(_address(tmp_path / "lab.log"))
        Lab(tab, ws, rehearsal).ready()
        yield Lab(tab, ws, rehearsal)
    finally:
        os.killpg(server.pid, 15)
        server.wait(20)


def _address(log: Path) -> str:
    """Where JupyterLab answers, as its log says."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        found = re.search(r"http://127\.0\.0\.1:\d+/lab", log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(log.read_text(encoding="utf-8"))


REASON = "the picture is gone"
WAITS = {"05_schema.ipynb"}
"""Notebooks whose last cell waits for the approval that the one before it asks for."""


def test_every_notebook_by_hand(lab):
    """00 to 11 in JupyterLab: no cell fails but for a gate that is still closed, charts are drawn by JupyterLab itself, a cluster is
    decided by a key, what was changed on both sides too (and outlives kernel and page), each gate is approved by its button, that of a sample without its picture for a reason, the company's contacts are
    found in the browser by keys, and one typed confirmation takes everything back."""
    names = [step.notebook for step in notebooks()]
    back = next(name for name in names if "rollback" in name)
    SHOTS.mkdir(exist_ok=True)
    for name in [names[0], EXPLORE, *(other for other in names[1:] if other != back), back]:
        lab.open(name)
        lab.run()
        failed = lab.errors()
        assert bool(failed) == (name in WAITS), (name, failed)
        if "match" in name:
            _decide(lab)
        if name == EXPLORE:
            _explore(lab)
        if "delta" in name:
            _clash(lab)
        for step in (step for step in notebooks() if step.notebook == name and step.gate):
            assert lab.press(step.gate, "Ann") == (step.gate == "sample"), step.gate
        if name in WAITS:
            assert "is not approved" in failed[0] and "Traceback" not in failed[0]
            lab.run(first=-1)
            assert not lab.errors()
        if name == back:
            _take_back(lab)
        elif name == names[0]:
            assert lab.shown(".vega-embed svg").count() >= 1, "JupyterLab draws the charts"
        lab.keep(name)
    with Ledger.open(lab.ws) as ledger:
        given = {gate: ledger.approval(gate) for gate in ("mapping", "schema", "sample")}
    assert (
        all(given.values()) and given["sample"].forced and given["sample"].note.startswith(f"{REASON}; in spite of: ")
    )


def _explore(lab: Lab) -> None:
    """A company is searched among the facet's values and chosen by keys, and no key does anything to the notebook."""
    cells = lab.shown(".jp-Cell").count()
    facet = lab.shown(".tb fieldset").filter(has=lab.tab.locator("legend", has_text=re.compile("^company$"))).first
    facet.locator(".tb-value").first.focus()
    for key in ("x", "d", "d", "a", "b", "m", "Enter"):
        lab.tab.keyboard.press(key)
    facet.locator(".tb-value[aria-pressed=true]").first.wait_for(timeout=PATIENCE_MS)
    assert lab.shown(".jp-Cell").count() == cells
    lab.tab.screenshot(path=str(SHOTS / "lab_explore_company.png"))


def _decide(lab: Lab) -> None:
    """Merge the first cluster of each review by its key; a key that the review does not know stops at it; weights are drawn."""
    cells = lab.shown(".jp-Cell").count()
    assert lab.shown(".cr-fall i").count() >= 2
    for at in range(2):
        lab.shown(".cr").nth(at).focus()
        for key in "xm":
            lab.tab.keyboard.press(key)
        lab.shown(".cr-state").nth(at).filter(has_text="1 of 1 clusters decided").wait_for(timeout=PATIENCE_MS)
    assert lab.shown(".jp-Cell").count() == cells, "x would have cut the cell"
    assert "merge" in (lab.ws.sheets / "duplicates.csv").read_text(encoding="utf-8-sig")


def _clash(lab: Lab) -> None:
    """People and a later export change a city: the review says both, a key decides, kernel and page go meanwhile, and the export's arrives."""
    found = lab.location.state.dump()["contacts"].values()
    ada = next(contact for contact in found if contact.get("email") == "ada@mill.example")
    call(lab.location, "PUT", f"/contacts/{ada['id']}", json={"city": "Hull"})
    later = lab.ws.path.parent / "later"
    shutil.copytree(lab.ws.path.parent / "export", later)
    contacts = (later / "contacts.csv").read_text(encoding="utf-8")
    (later / "contacts.csv").write_text(contacts.replace("Ottawa", "Kanata", 1), encoding="utf-8")
    lab.tab.evaluate("""(at) => { const code = jupyterapp.shell.currentWidget.content.widgets.find((cell) => cell.model.type === "code").model.sharedModel;
      code.setSource(code.getSource().replace('export = ""', `export = "${at}"`)); }""", str(later))  # fmt: skip
    lab.run()
    row = lab.shown(".rt-row").first
    assert "Ottawa" in row.inner_text() and "Kanata" in row.inner_text() and "Hull" in row.inner_text()
    lab.shown(".rt-view").first.focus()
    lab.tab.keyboard.press("2")
    lab.shown(".rt-state").filter(has_text="1 unsaved edit").wait_for(timeout=PATIENCE_MS)
    lab.tab.screenshot(path=str(SHOTS / "lab_conflict.png"))
    lab.tab.evaluate(
        "async () => { const panel = jupyterapp.shell.currentWidget; await panel.context.save(); await panel.sessionContext.session.kernel.restart(); }"
    )
    lab.tab.once("dialog", lambda dialog: dialog.accept())
    lab.tab.reload()
    lab.ready()
    lab.open("08_delta.ipynb")
    assert (
        lab.tab.evaluate(
            """() => jupyterapp.shell.currentWidget.content.widgets.filter((cell) => cell.model.type === "code")
      .flatMap((cell) => cell.model.outputs.toJSON()).filter((output) => output.data?.["application/vnd.jupyter.widget-view+json"]).length"""
        )
        == 0
    ), "what no kernel answers is shown as it stood"
    lab.run()
    lab.tab.get_by_role("button", name="Bring back 1 unsaved edit").click()
    lab.shown(".rt-view").first.focus()
    lab.tab.keyboard.press("Control+s")
    lab.shown(".rt-state").filter(has_text="saved").wait_for(timeout=PATIENCE_MS)
    lab.run(first=-2)
    assert not lab.errors() and lab.location.state.dump()["contacts"][ada["id"]]["city"] == "Kanata"


def _take_back(lab: Lab) -> None:
    panel = lab.shown(".cf").last
    panel.locator("input:visible").fill("yes")
    assert panel.locator("button").is_disabled()
    panel.locator("input:visible").fill(lab.ws.config.location)
    panel.locator("button").click()
    panel.locator(".cf-good").wait_for(timeout=PATIENCE_MS)
    result = StepResult.load(lab.ws.results("rollback"))
    assert result is not None and result.counts["undone"] and not result.counts.get("dry_run")
