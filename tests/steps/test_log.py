"""The end of the audit log stands outside of the ledger, so that a log which was cut and sealed anew is found."""

from __future__ import annotations

import json
import shutil
import sqlite3

from pb2hl.ledger import Ledger
from pb2hl.report import present
from pb2hl.results import Status, StepResult
from pb2hl.steps.overview.log import log


def cut(ws, by: int) -> None:
    """Somebody with the database takes the last entries away and mends the head that the ledger remembers."""
    with sqlite3.connect(ws.ledger_path) as database:
        (number,) = database.execute("SELECT MAX(number) FROM audit_log").fetchone()
        database.execute("DELETE FROM audit_log WHERE number > ?", (number - by,))
        head = database.execute("SELECT number, hash FROM audit_log ORDER BY number DESC LIMIT 1").fetchone()
        database.execute("UPDATE meta SET value = ? WHERE key = 'audit_head'", (json.dumps(head),))


def test_a_log_cut_and_sealed_anew_is_found(migration):
    """By the end that the load's result and report tell; and by one that a person kept, when the results went along."""
    told = StepResult.load(migration.ws.results("load"))
    with Ledger.open(migration.ws) as ledger:
        assert (told.counts["audit_log_entries"], told.counts["audit_log_head"]) == ledger.log_head()
    assert told.counts["audit_log_head"] in present(migration.ws, told).read_text(encoding="utf-8"), (
        "the report says it"
    )
    assert log(migration.ws, verify=True, head=told.counts["audit_log_head"]).status is Status.DONE
    cut(migration.ws, by=2)
    found = log(migration.ws, verify=True)
    assert found.status is Status.FAILED and found.counts["first_broken"] == told.counts["audit_log_entries"] - 1
    shutil.rmtree(migration.ws.path / "results")
    assert log(migration.ws, verify=True).status is Status.DONE, "nobody is left to tell"
    assert log(migration.ws, verify=True, head=told.counts["audit_log_head"]).status is Status.FAILED
