"""FLEET.csv: all that is wrong with it at once, by row; made from a folder of exports; no token in it or in what is said of it."""

from __future__ import annotations

import os

import pytest

from pb2hl.clock import Clock
from pb2hl.errors import DailySpent, SheetError, TokenMissing
from pb2hl.fleet import init_fleet, read_fleet
from pb2hl.highlevel import run
from pb2hl.highlevel.daily import Daily, not_waiting
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.workspace import CONFIG_NAME, Config, Workspace, token_from
from tests.cli.terminal import Terminal, export
from tests.fleet.conftest import write_csv

TOKEN = "pit-0123-secret-4567"


def test_every_problem_at_once_by_row(tmp_path):
    """A workspace and a location twice, a token instead of its variable's name, no export, bad options, another location: each is
    named by row and column, the token is not repeated, and nothing is made."""
    export(tmp_path / "a")
    Workspace.create(tmp_path / "old", Config(export="x", location="OTHER"))
    path = write_csv(tmp_path / "fleet.csv", [
        {"workspace": "w/one", "location": "L1", "token_variable": "T_ONE", "export": "a"},
        {"workspace": "w/one", "location": "L1", "token_variable": TOKEN, "export": "a"},
        {"workspace": "w/two", "location": "", "token_variable": "", "export": "gone"},
        {"workspace": "w/three", "location": "L3", "token_variable": "T", "export": "a", "options": "country=Nowhere; policy.no_owner=maybe; fast"},
        {"workspace": "old", "location": "L4", "token_variable": "T"},
    ])  # fmt: skip
    with pytest.raises(SheetError) as caught:
        read_fleet(path)
    found = {(problem.row, problem.field) for problem in caught.value.problems}
    assert found == {
        (3, "workspace"), (3, "location"), (3, "token_variable"), (4, "location"), (4, "token_variable"), (4, "export"), (5, "options"), (6, "location"),
    }  # fmt: skip
    assert sum(problem.row == 5 for problem in caught.value.problems) == 3
    assert TOKEN not in str(caught.value) and "OTHER" in str(caught.value)
    assert not (tmp_path / "w").exists()


def test_made_from_a_folder_of_exports(tmp_path, capsys):
    """A row an export, with a workspace and a variable of its own; run again it adds what is new and keeps what people filled in."""
    for name in ("Äcme & Co", "zeta"):
        export(tmp_path / name)
    path, fresh = init_fleet(tmp_path)
    assert fresh == 2
    sheet = read_sheet(path, ())
    assert list(sheet["workspace"]) == ["workspaces/zeta", "workspaces/acme-co"]
    assert set(sheet["token_variable"]) == {"HIGHLEVEL_TOKEN_ZETA", "HIGHLEVEL_TOKEN_ACME_CO"}
    sheet["location"] = ["L1", "L2"]
    sheet["options"] = ["country=DE; timezone=Europe/Berlin; policy.no_owner=accept", ""]
    write_sheet(path, sheet)
    members = read_fleet(path)
    assert [member.row for member in members] == [2, 3]
    config = members[0].open().config
    assert (config.country, config.timezone, config.policy.no_owner) == ("DE", "Europe/Berlin", "accept")
    assert (tmp_path / "workspaces" / "acme-co" / CONFIG_NAME).exists()
    export(tmp_path / "third")
    pb2hl = Terminal(capsys)
    assert pb2hl("fleet", "init", tmp_path, "--json").json["new"] == 1
    assert list(read_sheet(path, ())["location"]) == ["L1", "L2", ""]
    assert "row 4, location: is empty" in pb2hl("fleet", path, "--yes").err
    assert pb2hl("fleet", path, "--scheduler", "here", "--yes").code == 2


def test_a_token_comes_from_the_variable_of_its_row(tmp_path, monkeypatch):
    """Each thread reads its own; a missing one is told by the variable's name."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    monkeypatch.setenv("T_ONE", TOKEN)
    with token_from("T_ONE"):
        assert ws.token() == TOKEN
        with token_from("T_TWO"), pytest.raises(TokenMissing, match="T_TWO is not set"):
            ws.token()
    assert "T_ONE" not in os.environ.get("HIGHLEVEL_TOKEN", "")


def test_a_spent_day_is_an_error_where_nobody_waits():
    """It says when to go on; a later attempt may ask once, and no more when the day is still spent."""
    daily = Daily(Clock())

    async def once() -> None:
        await daily.wait(None)

    daily.read(1000, 0)
    with not_waiting(asks=False), pytest.raises(DailySpent) as caught:
        run(once())
    assert caught.value.resumes_at.endswith("Z")
    with not_waiting(asks=True):
        run(once())
        daily.refused()
        with pytest.raises(DailySpent):
            run(once())
