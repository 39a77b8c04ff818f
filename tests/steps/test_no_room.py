"""A full disk, a read-only workspace and a clock that jumps, at every step: a clear word, nothing half-written, and on it goes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pb2hl import whole
from pb2hl.cli.main import main
from pb2hl.clock import Clock
from pb2hl.errors import Unwritable
from pb2hl.results import Status
from tests.steps import small

LATER = "a later export"
STEPS = {
    "inventory": [],
    "match": [],
    "mapping": [],
    "check": [],
    "schema": [],
    "load": ["--yes"],
    "doctor": [],
    "preview": ["--export", LATER],
    "delta": ["--export", LATER, "--yes"],
    "audit": [],
    "repair": ["--by", "Jane Roe", "--yes"],
    "report": [],
    "rollback": ["--yes"],
}
"""With --yes where a command asks; every one of them writes files at its end or before."""
WORKING_COPIES = ("delta/", "preview/")
"""Made anew of a later export by each command that reads one."""


def code_of(*arguments: str) -> int:
    """The exit code of a command; a traceback is raised."""
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return int(end.value.code or 0)


@pytest.fixture
def no_room(monkeypatch) -> Callable[[int, int], None]:
    """`no_room(code, after)`: from now on only so many files can still be written, the next ones fail with this error."""
    real = whole._to_disk

    def arm(code: int, after: int) -> None:
        left = [after]

        def to_disk(path: Path) -> None:
            left[0] -= 1
            if code and left[0] < 0:
                raise OSError(code, os.strerror(code), str(path))
            real(path)

        monkeypatch.setattr(whole, "_to_disk", to_disk)

    return arm


def files(folder: Path) -> dict[str, bytes]:
    """Every file but the ledger, which has transactions of its own, by name."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(("ledger.", ".lock")))
    inside = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in inside.items() if not name.startswith(WORKING_COPIES)}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("code", "says"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only")])
def test_no_room_at_any_step(migration, no_room, capsys, code, says):
    """The first file fails, or one in the middle: told in words, no temporary file stays, old files are as they were, and once there
    is room the same command ends well."""
    later = small.tables()
    small.row(later, "contacts", "11")["City"] = "Elsewhere"
    export = str(small.write(migration.folder / "later", later))
    for name, options in STEPS.items():
        arguments = (name, str(migration.ws.path), *(export if option == LATER else option for option in options))
        for after in (0, 1):
            before = files(migration.ws.path)
            no_room(code, after)
            told = code_of(*arguments)
            said = capsys.readouterr()
            no_room(0, 0)
            after_it = files(migration.ws.path)
            assert told == Unwritable.exit_code, (
                f"{name} after {after}: exit {told}: {said.out[-300:]}{said.err[-300:]}"
            )
            assert says in said.err + said.out, name
            assert not [file for file in after_it if file.endswith((".tmp", ".part"))], name
            assert len([file for file in before if after_it.get(file) != before[file]]) <= after, name
        assert code_of(*arguments) in (0, 1), f"{name}: {capsys.readouterr().err[-400:]}"
        capsys.readouterr()


class Jumping(Clock):
    """A clock that is days off."""

    days = 0


@pytest.mark.exhaustive
def test_a_clock_that_jumps(migration, monkeypatch):
    """Back three days, ahead a year, back two: nothing is sent twice, the log is whole, and everything can be taken back."""

    def now(self: Clock) -> datetime:
        return datetime.now(UTC) + timedelta(days=Jumping.days)

    monkeypatch.setattr(Clock, "now", now)
    for number, Jumping.days in enumerate((-3, 400, -700)):
        later = small.tables()
        small.row(later, "contacts", "11")["City"] = f"Town {number}"
        later["notes"].append({**later["notes"][0], "Note ID": f"N9{number}", "Body": f"Said {number}"})
        assert migration.delta(later, f"later{number}").status is not Status.FAILED
        notes = [note for note in migration.sandbox.state.notes.records.values() if "Said" in note["body"]]
        assert len(notes) == number + 1
        dump = migration.sandbox.state.dump()
        assert migration.run("load").status is Status.NOTHING_TO_DO and migration.sandbox.state.dump() == dump
    Jumping.days = 30
    assert migration.run("rollback").status is Status.DONE
    assert migration.sandbox.state.dump() == migration.before
