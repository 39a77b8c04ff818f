"""The audit log on the command line: exported whole as CSV and JSON Lines, and a changed entry is found."""

from __future__ import annotations

import csv
import json
import sqlite3

import pytest

from pb2hl.ledger import Ledger
from pb2hl.workspace import Workspace
from tests.cli.terminal import export


@pytest.fixture
def ws(pb2hl, tmp_path):
    """A workspace whose audit log holds three entries."""
    folder = tmp_path / "ws"
    said = pb2hl("init", folder, "--export", export(tmp_path / "export"), "--location", "sbLoc4t10nReh3ars4l0",
                 "--fallback-owner", "alice@rehearsal.example", "--json")  # fmt: skip
    assert said.code == 0, said.err
    with Ledger.open(Workspace(folder)) as ledger:
        run = ledger.start_run("load")
        ledger.log(run, "keep", "=cmd|' /C calc'!A0", object="contacts", source_id="7")
        ledger.end_run(run, "done")
    return folder


def test_a_whole_log_is_verified_and_exported(pb2hl, ws, tmp_path):
    """Both files hold every entry with its hash; a spreadsheet runs nothing of the CSV."""
    assert pb2hl("audit", ws, "--verify-log", "--json").json["counts"]["first_broken"] == 0
    for name in ("log.csv", "log.jsonl"):
        said = pb2hl("audit", ws, "--export-log", tmp_path / name, "--json")
        assert said.code == 0 and said.json["counts"]["entries"] == 3
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["action"] for line in lines] == ["run started", "keep", "run ended"]
    with open(tmp_path / "log.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["hash"] for row in rows] == [line["hash"] for line in lines]
    assert not rows[1]["detail"].startswith("=")


@pytest.mark.parametrize(
    ("attack", "entry"),
    [
        ("UPDATE audit_log SET detail = 'nothing' WHERE number = 2", 2),
        ("DELETE FROM audit_log WHERE number = 2", 2),
        ("DELETE FROM audit_log WHERE number = 3", 3),
        ("DELETE FROM audit_log WHERE number > 1", 2),
        ("DELETE FROM audit_log", 1),
        (
            "INSERT INTO audit_log SELECT 4, at, run_id, op_id, action, object, source_id, target, destination_id, trace_id, detail,"
            " hash, previous_hash FROM audit_log WHERE number = 3",
            4,
        ),
        (
            "UPDATE audit_log SET number = -number WHERE number < 3; UPDATE audit_log SET number = 3 + number WHERE number < 0",
            1,
        ),
    ],
)
def test_a_log_that_was_tampered_with_is_found(pb2hl, ws, attack, entry):
    """The command fails and names the first entry that does not hold: changed, removed, cut off at the end, added, put in another order."""
    with sqlite3.connect(ws / "ledger.sqlite") as database:
        database.executescript(attack)
    said = pb2hl("audit", ws, "--verify-log", "--json")
    assert said.code != 0
    assert said.json["counts"]["first_broken"] == entry


def test_another_kind_of_file_is_refused(pb2hl, ws, tmp_path):
    """A name that ends otherwise is a mistake that is told."""
    said = pb2hl("audit", ws, "--export-log", tmp_path / "log.xlsx")
    assert said.code != 0 and ".jsonl" in said.err
