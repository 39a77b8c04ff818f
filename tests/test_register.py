"""The register of steps: one place names them, and everything else follows it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from pb2hl import register, runner
from pb2hl.errors import Problem
from pb2hl.progress import SILENT
from pb2hl.register import STEPS, Chapter, Option, Step
from pb2hl.resources import resource
from pb2hl.results import Status, StepResult
from tests.cli.terminal import Terminal, export

PACKAGE = Path(__file__).parent.parent / "pb2hl"


def census(ws, *, deep=False, floor="ground", progress=SILENT, cancel=None):
    """A step that counts and leaves a result, as any other."""
    problems = (Problem("nobody", "nobody lives on the ground floor"),) if deep else ()
    result = StepResult("census", Status.DONE, f"7 live on the {floor} floor.", {"people": 7}, problems=problems)
    result.save(ws.results("census"))
    return result


NEW = Step(
    "census",
    "overview",
    "Count the people of the house.",
    (Option("deep", "Look into the cupboards."), Option("floor", "Which floor.", str, "ground", ("ground", "attic"))),
    notebook="12_census.ipynb",
    chapters=(Chapter("census", "Census", "Who lives here?"),),
)


@pytest.fixture
def registered(monkeypatch):
    """A step that nothing but the register names."""
    module = ModuleType("pb2hl.steps.overview.census")
    module.census = census  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    before = dict(STEPS)
    monkeypatch.setattr(register, "STEPS", STEPS)
    STEPS.clear()
    STEPS.update({register.INVENTORY.id: before.pop(register.INVENTORY.id), NEW.id: NEW, **before})
    yield NEW
    STEPS.clear()
    STEPS.update({register.INVENTORY.id: register.INVENTORY, **before})


def test_a_closed_gate_names_the_step_that_is_next(tmp_path, capsys):
    """In a fresh workspace the load leads to the inventory, not to an approval of what nobody has seen; a location's address is no id."""
    pb2hl, source = Terminal(capsys), export(tmp_path / "export")
    folder = tmp_path / "ws"
    pb2hl("init", folder, "--export", source, "--location", "here")
    said = pb2hl("load", folder, "--yes")
    assert said.code == 3 and f"To mend it: pb2hl inventory {folder}" in said.err
    wrong = pb2hl(
        "init", tmp_path / "other", "--export", source, "--location", "https://app.example/location/here/board"
    )
    assert wrong.code == 2 and "after /location/" in wrong.err and not (tmp_path / "other").exists()


def test_a_new_step_is_a_command_a_chapter_and_the_next_thing(registered, tmp_path, capsys):
    """A step that is in the register alone has its command with its options, its report, its place in index, status and run."""
    pb2hl = Terminal(capsys)
    folder = tmp_path / "ws"
    pb2hl("init", folder, "--export", export(tmp_path / "export"), "--location", "here")
    assert pb2hl("inventory", folder).code == 0
    assert pb2hl("status", folder, "--json").json["next_step"] == "census"
    assert "Count the people of the house." in pb2hl("--help").out
    assert pb2hl("census", folder, "--floor", "cellar").code == 2
    said = pb2hl("census", folder, "--floor", "attic", "--deep", "--json")
    assert said.code == 0 and said.json["headline"] == "7 live on the attic floor."
    assert said.json["problems"][0]["code"] == "nobody"
    assert Path(said.json["report"]).name == "census.html"
    index = (folder / "reports" / "index.html").read_text(encoding="utf-8")
    assert "Census" in index and "7 live on the attic floor." in index and "census.html" in index
    assert pb2hl("status", folder, "--json").json["next_step"] == "match"
    assert [step.id for step in runner.steps_between("inventory", "match")] == ["inventory", "census", "match"]


def test_what_comes_next_is_the_order_of_the_register():
    """Each step's next is the following one that a migration cannot do without; what undoes has none."""
    assert [STEPS[name].next for name in ("inventory", "mapping", "sample", "load", "delta")] == [
        "match", "check", "load", "audit", "audit",
    ]  # fmt: skip
    assert not STEPS["rollback"].next and not STEPS["audit"].next


@pytest.mark.parametrize("step", register.notebooks(), ids=lambda step: step.id)
def test_each_notebook_leads_to_the_next(step):
    """A notebook ends with a link to another notebook of the register, and every step's own is shipped."""
    notebook = nbformat.read(resource("notebooks") / step.notebook, as_version=4)
    files = {other.notebook for other in register.notebooks()}
    linked = [name for name in files if f"({name})" in notebook.cells[-1].source]
    assert linked or step is register.REPORT


def test_every_step_can_be_called():
    """What the register says of a step's function is true: it is there, and takes every option."""
    for step in STEPS.values():
        if not step.room:
            continue
        code = step.function().__code__
        taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        assert {option.parameter or option.name for option in step.options} <= set(taken), step.id
        assert {"ws", "progress", "cancel"} <= set(taken), step.id


def test_nobody_else_names_the_steps():
    """No module but the register names three or more steps as literals."""
    names = set(STEPS)
    found = {}
    for path in PACKAGE.rglob("*.py"):
        literals = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if len(literals & names) >= 3 and path.name != "register.py":
            found[str(path.relative_to(PACKAGE))] = sorted(literals & names)
    assert not found, found
