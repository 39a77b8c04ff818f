"""The command line's contract: exit codes, JSON alone on stdout, gates, questions, the lock."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from pb2hl.cli.main import application
from pb2hl.highlevel import retry
from pb2hl.register import STEPS
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.workspace import Workspace


@pytest.mark.slow
def test_a_migration_step_by_step(pb2hl, made):
    """Every command in its order; each gate holds (3) until it is approved, a second load sends nothing, rollback undoes all."""
    sandbox, ws = made
    before = sandbox.state.dump()
    for step in ("inventory", "match", "mapping"):
        said = pb2hl(step, ws, "--json")
        assert said.code == 0 and said.json["step"] == step
    assert pb2hl("schema", ws, "--json").code == 0
    assert sandbox.state.dump() == before, "nothing is written before the schema is approved"
    assert pb2hl("schema", ws, "--apply", "--yes", "--json").code == 3
    _decide(pb2hl, ws, "mapping")
    assert pb2hl("schema", ws, "--apply", "--yes", "--json").json["error"] == "GateClosed"
    _decide(pb2hl, ws, "schema")
    assert "never run" in pb2hl("schema", ws, "--apply", "--yes", "--json").json["message"]
    assert pb2hl("check", ws, "--json").code == 0
    assert pb2hl("schema", ws, "--apply", "--yes", "--json").json["status"] == "done"
    assert pb2hl("load", ws, "--yes").code == 3
    assert pb2hl("sample", ws, "--size", 100, "--yes", "--json").code == 0
    assert "sample" in pb2hl("load", ws, "--yes").err
    _decide(pb2hl, ws, "sample")
    assert pb2hl("load", ws, "--yes", "--json").code == 0
    writes = sandbox.state.dump()
    assert pb2hl("load", ws, "--yes", "--json").json["counts"]["sent"] == 0
    assert sandbox.state.dump() == writes
    status = pb2hl("status", ws, "--json").json
    assert status["facts"]["by_object"]["contacts"]["done"] >= 2 and status["counts"]["in_doubt_now"] == 0
    assert {row["state"] for row in status["facts"]["gates"]} == {"approved"}
    assert pb2hl("audit", ws, "--json").json["counts"]["missing"] == 0
    assert pb2hl("rollback", ws, "--dry-run", "--json").code == 0
    assert sandbox.state.dump() == writes, "a dry run writes nothing"
    assert pb2hl("rollback", ws, "--yes", "--json").json["status"] == "done"
    assert sandbox.state.dump() == before


def _decide(pb2hl, ws, gate):
    said = pb2hl("approve", ws, gate, "--by", "Jane Roe", "--force", "--json")
    assert said.code == 0 and said.json["by"] == "Jane Roe" and said.json["hash"]


def test_every_command_that_draws_reports_can_mask_them():
    """`--mask` is one option with one meaning, wherever pages are written."""
    taking = {
        command.name or command.callback.__name__.replace("_", "-")
        for command in application().registered_commands
        if "mask" in inspect.signature(command.callback).parameters
    }
    steps = {step.id for step in STEPS.values() if step.help and step.masks}
    assert taking == steps | {"approve", "report", "run", "demo"}


def test_an_approval_lapses_when_its_sheets_change(pb2hl, made):
    """It names the hash of what was approved: another decision in a sheet closes the gate again."""
    _, ws = made
    for step in ("inventory", "match", "mapping"):
        pb2hl(step, ws)
    _decide(pb2hl, ws, "mapping")
    path = ws / "sheets" / "fields.csv"
    from pb2hl import mapper

    sheet = read_sheet(path, mapper.SHEETS["fields"])
    sheet.loc[sheet["column"] == "Shoe Size", "decision"] = "ignore"
    write_sheet(path, sheet)
    gates = {row["gate"]: row["state"] for row in pb2hl("status", ws, "--json").json["facts"]["gates"]}
    assert gates["mapping"] == "lapsed"
    assert "changed since" in pb2hl("schema", ws, "--apply", "--yes").err


def test_approve_refuses_while_something_is_undecided(pb2hl, made):
    """Exit 3, naming what is open; a gate without anything to approve says so."""
    _, ws = made
    assert pb2hl("approve", ws, "mapping", "--by", "Jane").code == 3
    for step in ("inventory", "match", "mapping"):
        pb2hl(step, ws)
    path = ws / "sheets" / "fields.csv"
    from pb2hl import mapper

    sheet = read_sheet(path, mapper.SHEETS["fields"])
    sheet.loc[sheet["column"] == "Shoe Size", "decision"] = ""
    write_sheet(path, sheet)
    said = pb2hl("approve", ws, "mapping", "--by", "Jane")
    assert said.code == 3 and "Shoe Size" in said.err
    assert pb2hl("approve", ws, "sample", "--by", "Jane").code == 3


@pytest.mark.parametrize("command", ["schema --apply", "sample", "load", "rollback", "run"])
def test_what_writes_asks_first(pb2hl, made, command):
    """Without a terminal and without --yes nothing is written: exit 2, and the message names --yes."""
    sandbox, ws = made
    before = sandbox.state.dump()
    step, *options = command.split()
    said = pb2hl(step, ws, *options)
    assert said.code == 2 and "--yes" in said.err
    assert sandbox.state.dump() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch"], "No such command"),
        (["inventory", "/nowhere/at/all"], "no workspace"),
        (["load", "/nowhere/at/all"], "no workspace"),
        (["run", "WS", "--from", "load", "--to", "match", "--yes"], "comes after"),
        (["run", "WS", "--to", "rollback", "--yes"], "no step"),
        (["run", "WS", "--approve-all"], "name"),
        (["run", "WS", "--by", "Jane", "--yes"], "--approve-all"),
        (["approve", "WS", "nogate", "--by", "Jane"], "gate"),
        (["approve", "WS", "mapping"], "--by"),
        (["check", "WS", "--stage", "later"], "--stage"),
        (["schema", "WS"], "inventory"),
        (["match", "WS"], "inventory"),
        (["init", "WS", "--export", "/nowhere", "--location", "x"], "does not exist"),
        (["init", "WS", "--export", "EXPORT", "--location", "x"], "already a workspace"),
        (["init", "NEW", "--export", "EXPORT", "--location", "x", "--timezone", "Mars/Base"], "time zone"),
        (["init", "NEW", "--export", "EXPORT", "--location", "x", "--country", "Narnia"], "is no country"),
        (["init", "EXPORT", "--export", "EXPORT", "--location", "x"], "another folder"),
        (["delta", "WS", "--export", "/nowhere", "--yes"], "/nowhere"),
    ],
)
def test_wrong_usage_is_exit_2(pb2hl, made, tmp_path, arguments, says):
    """Wrong usage or input says what is wrong."""
    places = {"WS": made[1], "NEW": tmp_path / "new", "EXPORT": tmp_path / "export"}
    said = pb2hl(*(places.get(argument, argument) for argument in arguments))
    assert said.code == 2 and says in said.err, said


def test_a_missing_token_is_said(pb2hl, made, monkeypatch):
    """Exit 2, naming the variable, in JSON as well."""
    _, ws = made
    pb2hl("inventory", ws)
    monkeypatch.delenv("HIGHLEVEL_TOKEN")
    said = pb2hl("schema", ws, "--json")
    assert said.code == 2 and said.json["error"] == "TokenMissing" and "HIGHLEVEL_TOKEN" in said.err


@pytest.mark.parametrize("wrong", ["token", "location", "nobody home"])
def test_a_location_that_refuses_is_exit_4(pb2hl, made, monkeypatch, wrong):
    """A wrong token, a token of another location, nothing listening: exit 4, soon, with the reason."""
    _, ws = made
    pb2hl("inventory", ws)
    path = ws / "migration.toml"
    text = path.read_text(encoding="utf-8")
    config = Workspace(ws).config
    monkeypatch.setattr(retry, "FIRST_CONTACT_S", 1.0)
    if wrong == "token":
        monkeypatch.setenv("HIGHLEVEL_TOKEN", "pit-WRONG-MARKER")
    elif wrong == "location":
        path.write_text(text.replace(config.location, "someoneElsesLocation"), encoding="utf-8")
    else:
        path.write_text(text.replace(config.base_url, "http://127.0.0.1:9"), encoding="utf-8")
    said = pb2hl("schema", ws, "--json")
    assert said.code == 4 and said.json["exit_code"] == 4
    assert "WRONG-MARKER" not in said.out + said.err
    assert ("unreachable" if wrong == "nobody home" else "HIGHLEVEL_TOKEN") in said.err


def test_the_lock_names_its_holder(pb2hl, made):
    """A second writer is refused and told who writes; reading goes on."""
    _, ws = made
    with Workspace(ws).lock("load"):
        said = pb2hl("inventory", ws)
        assert said.code == 2 and '"command": "load"' in said.err and '"pid"' in said.err
        assert pb2hl("status", ws).code == 0
    assert pb2hl("inventory", ws).code == 0


def test_help_does_not_wait_for_what_steps_need():
    """Reports, matching and the notebooks' runner are imported by the commands that use them; a bar is up before."""
    heavy = ("pb2hl.report", "pb2hl.runner", "pb2hl.matching", "pb2hl.mapper", "great_expectations", "matplotlib")
    code = f"import sys, pb2hl.cli; assert not [name for name in {heavy} if name in sys.modules]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
