"""The ledger in PostgreSQL: one writer, nothing lost with a connection, and from SQLite to PostgreSQL and back unchanged."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from pb2hl.errors import ConfigError, Pb2hlError, WorkspaceLocked
from pb2hl.ledger import Intent, Ledger, Outcome, State
from pb2hl.ledger.postgres import SCHEMA_FILE, PostgresLedger
from pb2hl.ledger.transfer import transfer
from pb2hl.workspace import Config, Workspace
from tests.ledger.test_ledger import make


@pytest.fixture
def schema() -> str:
    """A schema of its own."""
    return f"pb2hl_{uuid.uuid4().hex[:8]}"


def filled(ledger) -> None:
    """A run with operations in every state, facts, an approval and more rows than one page."""
    run = ledger.start_run("load", {"size": 3})
    ledger.record(
        run, [Intent(make(n, payload={"name": f"Ä'{n}%"}), {"name": f"Ä'{n}%"}, {"old": n}) for n in range(1200)]
    )
    ledger.finish(run, [Outcome(f"op{n}", State.DONE, f"C{n}", {"id": f"C{n}"}) for n in range(700)])
    ledger.finish(
        run, [Outcome("op700", State.REFUSED, error="no \0 such"), Outcome("op701", State.IN_DOUBT, error="lost")]
    )
    ledger.approve("mapping", "abc", "Jane", note="fine")
    ledger.remember("daily", {"day": "2026-01-01", "used": 3})
    ledger.end_run(run, "done")


def held(ledger) -> dict:
    """Everything that a ledger tells."""
    return {
        "entries": list(ledger.iterate()), "runs": ledger.runs(), "counts": ledger.counts(), "log": list(ledger.audit_log()),
        "head": ledger.log_head(), "approval": ledger.approval("mapping"), "fact": ledger.recall("daily"), "whole": ledger.verify_log(),
    }  # fmt: skip


def test_from_sqlite_to_postgres_and_back(postgres, schema, tmp_path):
    """Entries, runs, log, approvals and facts arrive as they were, and new ones go on behind them."""
    with (
        Ledger(tmp_path / "one.sqlite", "loc", "s") as first,
        PostgresLedger(postgres, schema, "loc", "s") as second,
        Ledger(tmp_path / "two.sqlite", "loc", "s") as third,
    ):
        filled(first)
        assert transfer(first, second) == 1200
        assert held(second) == held(first)
        with pytest.raises(ConfigError, match="in use"):
            transfer(first, second)
        for ledger in (first, second):
            ledger.finish("later", [Outcome("op702", State.DONE, "C702")])
            ledger.approve("schema", "def", "Jo")
        assert [e.op_id for e in second.iterate()] == [e.op_id for e in first.iterate()]
        transfer(second, third)
        assert held(third) == held(second) and third.approval("schema").who == "Jo"


def test_one_writer(postgres, schema, monkeypatch):
    """While one command writes another may look, not write; when it ends the other may."""
    monkeypatch.setattr("pb2hl.ledger.postgres.LOCK_WAIT_MS", 50)
    with PostgresLedger(postgres, schema, "loc", "s") as one, PostgresLedger(postgres, schema, "loc", "s") as two:
        run = one.start_run("load")
        assert [item.run_id for item in two.runs()] == [run]
        with pytest.raises(WorkspaceLocked):
            two.start_run("delta")
        one.close()
        two.start_run("delta")


def test_a_lost_connection_loses_no_record(postgres, schema):
    """The command stops; what was recorded is there, what was not is open, and the next command goes on."""
    ledger = PostgresLedger(postgres, schema, "loc", "s")
    run = ledger.start_run("load")
    ledger.intend(run, [Intent(make(1), {})])
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pb2hl'")
    with pytest.raises(Pb2hlError, match="cannot be written") as told:
        ledger.finish(run, [Outcome("op1", State.DONE, "C1")])
    assert "looked up" in told.value.hint
    with PostgresLedger(postgres, schema, "loc", "s") as again:
        assert again.operation("op1").state is State.INTENDED and again.verify_log() is None
        again.finish(run, [Outcome("op1", State.DONE, "C1")])


def test_opened_by_a_workspace(postgres, tmp_path):
    """`ledger_url` opens it, in a schema that the workspace names; a copy of the workspace has the same ledger."""
    ws = Workspace.create(tmp_path / "Äcme & Co", Config(export="x", location="loc", ledger_url=postgres))
    assert not Ledger.exists(ws)
    with Ledger.open(ws) as ledger:
        ledger.remember("a", 1)
    assert Ledger.exists(ws) and (ws.path / SCHEMA_FILE).read_text().startswith("pb2hl_acme_co_")
    with Ledger.open(Workspace(ws.path)) as again:
        assert again.recall("a") == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [("mysql://x/y", "mysql"), ("postgresql://me:secret@127.0.0.1:1/db", "password"), ("postgresql://127.0.0.1:1/db", "cannot be used")],
)  # fmt: skip
def test_what_cannot_be_used_is_told(url, says, schema):
    """Another database, a password in migration.toml, a server that is not there: a sentence each, and no secret in it."""
    with pytest.raises(ConfigError, match=says) as told:
        PostgresLedger(url, schema, "loc", "s")
    assert "secret" not in str(told.value)
