"""The demo: the shipped example, migrated into a sandbox, end to end, by the same code that serves a client.

Only the base URL differs from a real migration. The sandbox's rate limit runs ten times faster, so that nobody waits.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pb2hl import runner
from pb2hl.errors import ConfigError
from pb2hl.progress import Bar
from pb2hl.resources import resource
from pb2hl.sandbox import Sandbox, Scenario, running
from pb2hl.workspace import TOKEN_VARIABLE, Config, Workspace

EXAMPLE = "examples/perfect-books"
SCENARIO = "examples/sandbox.toml"
WHO = "the demo"
_MARK = ".pb2hl-demo"


def demo(folder: Path, *, reports: Path | None = None, mask: bool = False, say: Callable[[str], None] = print) -> Path:
    """Make `folder` a workspace of the example, run the whole migration, return the path of its index.

    A demo that is already there is made anew; any other folder with something in it is refused. With `reports` the
    reports are copied there as well, and the index there is returned; with `mask` those with personal values hidden.
    """
    _clear(folder)
    export = folder / "export"
    shutil.copytree(resource(EXAMPLE), export)
    say(f"Export: the shipped example, copied to {export}")
    scenario = Scenario.load(resource(SCENARIO))
    before = os.environ.get(TOKEN_VARIABLE)
    os.environ[TOKEN_VARIABLE] = scenario.token
    try:
        with running(Sandbox(scenario)) as base_url:
            say(
                f"Sandbox: a rehearsal HighLevel at {base_url}; its rate limit runs {scenario.rate.speed:g} times faster than the real one"
            )
            config = Config(
                export="export",
                location=scenario.location.id,
                base_url=base_url,
                fallback_owner=scenario.users[0]["email"],
            )
            workspace = Workspace.create(folder, config)
            say("Migration: notebooks 01 to 11, one after the other")
            with Bar() as bar:
                outcome = runner.run(workspace, runner.steps_between(), who=WHO, mask=mask, progress=bar)
    finally:
        if before is None:
            del os.environ[TOKEN_VARIABLE]
        else:
            os.environ[TOKEN_VARIABLE] = before
    index = Path(outcome["index"])
    if reports is None:
        return index
    shutil.copytree(index.parent, reports, dirs_exist_ok=True)
    return reports / index.name


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise ConfigError(f"{folder} is not empty and no demo", hint="name another folder: pb2hl demo DIR")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("pb2hl demo makes this folder anew each time\n", encoding="utf-8")
