"""Every file of a workspace cut off, emptied, garbled or missing: a clear word with the way out, never a traceback, nothing doubled."""

from __future__ import annotations

import itertools
import random
import shutil
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pb2hl.cli.main import main
from pb2hl.report import write_all
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.workspace import Workspace
from tests.steps import small

COMMANDS = {
    "status": ["--json"],
    "report": [],
    "load": ["--yes"],
    "audit": [],
    "rollback": ["--yes"],
}
DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "emptied": lambda held: b"",
    "cut": lambda held: held[: len(held) // 2],
    "garbled": lambda held: random.Random(7).randbytes(max(len(held), 64)),
    "missing": lambda held: None,
}
NOT_READ = {".lock", ".lock.json", ".gitignore"}
PAGES = {".html", ".ipynb"}


def kind_of(file: Path) -> str:
    """What kind of file it is: a result's tables, a folder's pages, a folder's sheets are each of a kind; any other stands for itself."""
    if file.parts[0] == "results" and file.suffix == ".parquet":
        return f"{file.parts[1]} tables"
    if file.suffix in PAGES or file.parts[0] in {"reports", "sheets", "files"}:
        return f"{file.parent} {file.suffix}"
    return str(file)


@pytest.fixture
def finished(migration) -> Workspace:
    """A workspace with everything in it: loaded, brought up to date by a delta, audited, reported."""
    later = small.tables()
    small.row(later, "contacts", "11")["City"] = "Toronto"
    migration.delta(later)
    migration.run("audit")
    write_all(migration.ws)
    return migration.ws


def representatives(ws: Workspace) -> list[str]:
    """One file a kind, from the workspace's root."""
    found = [path.relative_to(ws.path) for path in sorted(ws.path.rglob("*")) if path.is_file()]
    return list({kind_of(path): str(path) for path in found if path.name not in NOT_READ}.values())


def damaged(ws: Workspace, file: str, how: str, place: Path) -> Path:
    """A copy of the workspace with that file damaged."""
    copy = place / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ws.path, copy)
    left = DAMAGES[how]((copy / file).read_bytes())
    if left is None:
        (copy / file).unlink()
    else:
        (copy / file).write_bytes(left)
    return copy


def code_of(*arguments: str) -> int | str:
    """The exit code of a command; what was raised in place of one, and where."""
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException as error:
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/pb2hl/" in frame.filename]
        return f"{type(error).__name__} {str(error)[:80]} at {ours[-1].filename[-60:]}:{ours[-1].lineno}"
    return 0


def trouble(migration, file: str, how: str, name: str, capsys) -> Iterator[str]:
    """What goes wrong when this command meets this damage."""
    saved = to_state(migration.sandbox.state)
    dump = migration.sandbox.state.dump()
    copy = damaged(migration.ws, file, how, migration.folder)
    code = code_of(name, str(copy), *COMMANDS[name])
    said = capsys.readouterr()
    if not isinstance(code, int):
        yield f"{file} {how}: {name}: {code}"
    elif code and not (said.err + said.out).strip():
        yield f"{file} {how}: {name}: exit {code} without a word"
    if name != "rollback" and migration.sandbox.state.dump() != dump:
        yield f"{file} {how}: {name} wrote to the location"
    from_state(migration.sandbox.state, saved)


@pytest.mark.exhaustive
def test_a_damaged_file_is_told(migration, finished, capsys):
    """One damage and one command a kind of file, in turn."""
    turns = zip(
        representatives(finished)[::3],
        itertools.cycle(DAMAGES),
        itertools.cycle(["status", "load", "audit"]),
        strict=False,
    )
    assert [line for turn in turns for line in trouble(migration, *turn, capsys)] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("how", DAMAGES)
def test_every_damaged_file_is_told(migration, finished, capsys, how, name):
    """Every kind of file, every damage, every command."""
    found = (line for file in representatives(finished) for line in trouble(migration, file, how, name, capsys))
    assert list(found) == []


@pytest.mark.exhaustive
def test_a_copy_never_writes_into_the_original(migration, capsys):
    """Whatever is run in a copied workspace, or in a moved one, no file of the first one changes."""
    shutil.copytree(migration.ws.path, migration.folder / "copy")
    before = {path: path.read_bytes() for path in migration.ws.path.rglob("*") if path.is_file()}
    for name in ("mapping", "schema", "load", "report", "rollback"):
        assert isinstance(code_of(name, str(migration.folder / "copy"), *COMMANDS.get(name, [])), int)
    capsys.readouterr()
    assert {path: path.read_bytes() for path in migration.ws.path.rglob("*") if path.is_file()} == before
