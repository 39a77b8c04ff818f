"""The documentation: its reference is the code's own, its links lead somewhere, and what it tells to type works."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import pb2hl
from pb2hl.cli.main import application
from pb2hl.mapper.knowledge.sheet_layout import SHEETS
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.workspace import Config
from tests.conftest import UNHURRIED
from tests.report import real
from tests.steps import small

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The reference pages as `make docs` writes them."""
    sys.path.insert(0, str(DOCS))
    import reference as pages

    sys.path.remove(str(DOCS))
    folder = tmp_path_factory.mktemp("reference")
    pages.write(folder)
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def settings_of(section: Any) -> Iterator[str]:
    """Every setting of migration.toml, those of its sections too."""
    for name, field in section.__pydantic_fields__.items():
        inner = hasattr(field.annotation, "__pydantic_fields__")
        yield from settings_of(field.annotation) if inner else [name]


def test_the_reference_is_whole(reference):
    """Every command, setting, sheet and public function has its place; messages come with what to do."""
    commands = typer.main.get_command(application()).commands
    assert not [
        name
        for name, command in commands.items()
        if f"## pb2hl {name}\n" not in reference["commands"] and not command.hidden
    ]
    assert not [name for name in settings_of(Config) if f"| `{name}` |" not in reference["settings"]]
    assert not [name for name in SHEETS if f"## {name}.csv" not in reference["sheets"]]
    assert not [name for name in pb2hl.__all__ if f"## {name}\n" not in reference["functions"]]
    assert "is not set" in reference["messages"] and reference["messages"].count("\n| ") > 100


def test_links_of_the_documentation_lead_somewhere(reference):
    """Every relative link of a page is a page, or one that the build writes."""
    known = {path.name for path in PAGES} | {f"reference/{name}.md" for name in reference}
    links = {
        (page.name, link)
        for page in PAGES
        for link in re.findall(r"\]\(([\w./-]+\.md)\)", page.read_text(encoding="utf-8"))
    }
    assert not [pair for pair in links if pair[1] not in known]
    listed = set(
        re.search(r"```{toctree}.*?```", (DOCS / "index.md").read_text(encoding="utf-8"), re.DOTALL)[0].split()
    )
    assert {name.removesuffix(".md") for name in known} - {"index"} <= listed, (
        "the build ends at a page that no list has"
    )


@pytest.mark.slow
def test_what_the_documentation_tells_to_type_works(sandbox_server, tmp_path, monkeypatch):
    """The tutorial and then the how-tos, line by line, against a sandbox; a small export stands where the example does."""
    scenario = Scenario.default(rate=UNHURRIED, users=small.USERS, search_lag_s=0)
    sandbox_server.sandbox = Sandbox(scenario)
    (tmp_path / "examples").mkdir()
    real.export(tmp_path / "examples" / "perfect-books")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", scenario.token)
    run, scope = 0, {}
    for name in ("tutorial.md", "how-to.md"):
        for kind, text in BLOCK.findall((DOCS / name).read_text(encoding="utf-8")):
            run += 1
            with contextlib.redirect_stdout(io.StringIO()):
                if kind == "python":
                    exec(text, scope)
                else:
                    _type(text.replace("LOCATION_ID", scenario.location.id).replace("BASE_URL", sandbox_server.url))
    assert run >= 10


def _type(text: str) -> None:
    for line in text.strip().splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "pb2hl"
        try:
            application()(arguments, standalone_mode=False)
        except SystemExit as ended:
            assert ended.code in (0, None), line
