"""The wheel carries what a checkout has; importing the package does nothing; the README tells the truth."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer.main

from pb2hl.cli.main import application
from pb2hl.resources import resource

ROOT = Path(__file__).parent.parent
SHIPPED = set(".py .html .js .css .txt .csv .json .toml .jinja".split())
HEAVY = ("great_expectations", "matplotlib", "papermill", "pb2hl.sandbox", "pandas")


def test_import_does_nothing():
    """`import pb2hl` loads none of the heavy libraries."""
    code = f"import sys, pb2hl; print([name for name in {HEAVY} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_help_is_quick_to_import():
    """The command line loads Great Expectations and matplotlib only when a command needs them."""
    code = f"import sys, pb2hl.cli; print([name for name in {HEAVY[:4]} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_readme_commands_exist():
    """Every `pb2hl …` command and option that the README names is one of the command line."""
    commands = typer.main.get_command(application()).commands
    named = re.findall(r"pb2hl ([a-z]+)((?: [^`\n#]*)?)", (ROOT / "README.md").read_text(encoding="utf-8"))
    named = [(name, rest) for name, rest in named if name in commands or rest.strip().startswith(("acme", "--", "WS"))]
    assert len(named) >= 12
    for name, rest in named:
        assert name in commands, name
        known = {flag for parameter in commands[name].params for flag in parameter.opts}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= known, (name, rest)


def test_make_targets_of_the_readme_exist():
    """The README's make commands are targets of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"))) <= targets


@pytest.mark.slow
def test_wheel_has_everything(tmp_path):
    """A built wheel holds the notebooks, suites, templates and the example."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(tmp_path), str(ROOT)],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("notebooks", "expectations", "examples"):
        for path in resource(folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and ".ipynb_checkpoints" not in path.parts:
                assert f"pb2hl/_data/{folder}/{path.relative_to(resource(folder)).as_posix()}" in names
    for path in (ROOT / "pb2hl").rglob("*"):
        if path.is_file() and path.suffix in SHIPPED:
            assert path.relative_to(ROOT).as_posix() in names
