"""The ledger remembers durably, refuses what is not its own, and its audit log betrays tampering."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
import threading
import uuid
from dataclasses import replace

import pytest

from pb2hl.apply import plan_undo
from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.errors import ConfigError, Pb2hlError
from pb2hl.ledger import DAILY, Intent, Ledger, Outcome, State
from pb2hl.ledger.chain import as_csv, as_jsonl
from pb2hl.ledger.postgres import PostgresLedger
from pb2hl.operations import Kind, Operation, Target
from pb2hl.workspace import Config, Workspace


def make(number: int, **values) -> Operation:
    """A create of contact `number`."""
    return Operation(f"op{number}", Kind.CREATE, Target.CONTACT, "contacts", str(number), **values)


@pytest.fixture
def file_ledger(tmp_path):
    """A fresh ledger in a file."""
    with Ledger(tmp_path / "ledger.sqlite", "loc", "perfect-books") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Opens the same ledger each time: in a file, or in a schema of PostgreSQL."""
    if request.param == "sqlite":
        return lambda location="loc": Ledger(tmp_path / "ledger.sqlite", location, "perfect-books")
    url, schema = request.getfixturevalue("postgres"), f"pb2hl_{uuid.uuid4().hex[:8]}"
    return lambda location="loc": PostgresLedger(url, schema, location, "perfect-books")


@pytest.fixture
def ledger(database):
    """A fresh ledger in either database."""
    with database() as opened:
        yield opened


def test_intent_then_outcome(ledger, database):
    """An intent is open until its outcome is recorded, and both survive reopening."""
    run = ledger.start_run("load")
    ledger.intend(run, [Intent(make(1, payload={"a": {"$ref": "x"}}), {"a": "X1"})])
    assert ledger.operation("op1").state is State.INTENDED
    ledger.finish(run, [Outcome("op1", State.DONE, "C1", {"id": "C1"}, trace_id="t")])
    with database() as again:
        entry = again.operation("op1")
    assert (entry.state, entry.destination_id, entry.payload, entry.answer) == (
        State.DONE,
        "C1",
        {"a": "X1"},
        {"id": "C1"},
    )
    assert entry.payload_hash == make(1, payload={"a": {"$ref": "x"}}).payload_hash


def test_group_is_one_transaction(ledger):
    """A group that fails in the middle leaves nothing behind."""
    run = ledger.start_run("load")
    with pytest.raises(AttributeError):
        ledger.record(run, intents=[Intent(make(1), {}), None])
    assert ledger.operation("op1") is None and ledger.verify_log() is None


def full(ledger):
    """A disk with room for no more."""
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count = {pages}")


def held(ledger):
    """Another program that writes to the database for good."""
    ledger._db.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


@pytest.mark.parametrize(("trouble", "says"), [(full, "full"), (held, "locked")])
def test_what_cannot_be_written_is_told_and_leaves_nothing(file_ledger, trouble, says):
    """A full disk or a database that another program holds: an error with its remedy, half of nothing, and it goes on after."""
    run = file_ledger.start_run("load")
    other = trouble(file_ledger)
    with pytest.raises(Pb2hlError, match=f"(?s)cannot be written.*{says}.*make room"):
        for number in range(200):
            file_ledger.intend(run, [Intent(make(number), {"text": "x" * 5000})])
    count = len(list(file_ledger.iterate()))
    if other is not None:
        other.close()
    file_ledger._db.execute("PRAGMA max_page_count = 1000000")
    file_ledger.intend(run, [Intent(make(999), {})])
    assert len(list(file_ledger.iterate())) == count + 1 and file_ledger.verify_log() is None


def test_before_image_of_first_attempt_wins(ledger):
    """A second attempt never replaces the before-image: the record may already hold what the first one wrote."""
    run = ledger.start_run("load")
    ledger.intend(run, [Intent(make(1), {}, {"city": "before"})])
    ledger.intend(run, [Intent(make(1), {}, {"city": "ours"})])
    assert ledger.operation("op1").before_image == {"city": "before"} and ledger.operation("op1").attempts == 2


@pytest.mark.parametrize("before", [State.SKIPPED, State.UNDONE, State.REFUSED, State.PLANNED, State.DONE])
@pytest.mark.parametrize(("first", "then"), [(Kind.SKIP, Kind.CREATE), (Kind.CREATE, Kind.UPDATE)])
def test_what_an_operation_does_now_is_what_is_taken_back(ledger, before, first, then):
    """An operation that was settled as one thing and is sent as another (left out, then made; made, then found and changed) counts as what
    was sent; while an earlier attempt's outcome is unknown, as what that was."""
    run = ledger.start_run("load")
    ledger.finish(run, [Outcome("op1", before, "R1", operation=replace(make(1), kind=first))])
    ledger.intend(run, [Intent(replace(make(1), kind=then), {})])
    assert ledger.operation("op1").kind is then
    ledger.intend(run, [Intent(replace(make(1), kind=first), {})])
    assert ledger.operation("op1").kind is then


def test_outcome_without_intent(ledger):
    """A skip is recorded with its operation although nothing was ever sent."""
    run = ledger.start_run("load")
    skip = Operation("s", Kind.SKIP, Target.CONTACT, "contacts", "9", existing_id="C9", reason="already there")
    ledger.finish(run, [Outcome("s", State.SKIPPED, "C9", error="already there", operation=skip)])
    assert ledger.destination_id("s") == "C9"
    assert [line.action for line in ledger.audit_log()] == ["run started", "skip"]


def test_iterate_both_ways_while_writing(ledger):
    """Operations come in the order of their outcomes, or against it, although states change under the walk."""
    run = ledger.start_run("load")
    for n in (3, 1, 2):
        ledger.record(run, [Intent(make(n), {})], [Outcome(f"op{n}", State.DONE, f"C{n}", operation=make(n))])
        ledger.finish(run, [Outcome(f"op{n}", State.DONE, f"C{n}")])
    assert [entry.op_id for entry in ledger.iterate(state=State.DONE)] == ["op3", "op1", "op2"]
    seen = []
    for entry in ledger.iterate(state=State.DONE, reverse=True):
        seen.append(entry.op_id)
        ledger.finish(run, [Outcome(entry.op_id, State.UNDONE)])
    assert seen == ["op2", "op1", "op3"] and not list(ledger.iterate(state=State.DONE))
    assert ledger.operation("op1").undone_by == run


def test_columns_are_read_without_decoding(ledger):
    """Single fields of thousands of operations come as stored, chosen as `iterate` chooses; an unknown field is refused."""
    run = ledger.start_run("load")
    parts = {1: "delta-abc", 2: "adelta-"}
    ledger.intend(run, [Intent(make(n, part=parts.get(n, "")), {"n": n}) for n in range(6_000)])
    ledger.finish(run, [Outcome(f"op{n}", State.DONE, f"C{n}") for n in range(5_500)])
    found = list(ledger.columns(["op_id", "destination_id"], state=State.DONE, target=Target.CONTACT, run=run))
    assert found == [(f"op{n}", f"C{n}") for n in range(5_500)]
    assert list(ledger.columns(["payload"], part="delta-")) == [('{"n":1}',)]
    assert [entry.op_id for entry in ledger.iterate(state=State.DONE, part="delta-")] == ["op1"]
    assert list(ledger.columns(["op_id"], run="another")) == []
    with pytest.raises(ValueError, match="nonsense"):
        next(ledger.columns(["op_id", "nonsense"]))


def test_a_rollback_is_planned_without_holding_entries(ledger):
    """Its plan walks the ledger: last made first within a kind, what hangs on records before them."""
    run = ledger.start_run("load")
    note = Operation("note", Kind.CREATE, Target.NOTE, "notes", "1")
    ledger.intend(run, [Intent(op, {}) for op in (make(1), note, make(2))])
    ledger.finish(run, [Outcome(op, State.DONE, op.upper()) for op in ("op1", "note", "op2")])
    entries = plan_undo(ledger).entries
    assert len(entries) == 3
    assert [entry.op_id for entry in entries] == ["note", "op2", "op1"] == [entry.op_id for entry in entries]
    assert [entry.op_id for entry in plan_undo(ledger, objects=["notes"]).entries] == ["note"]


@pytest.mark.parametrize("attack", ["UPDATE audit_log SET detail = 'x' WHERE number = 2", "DELETE FROM audit_log WHERE number = 2",
                                    "DELETE FROM audit_log WHERE number = 3"])  # fmt: skip
def test_tampering_is_found(file_ledger, attack):
    """A changed, a removed and a cut-off entry are each named."""
    for n in range(3):
        file_ledger.log("", "note", str(n))
    assert file_ledger.verify_log() is None
    with sqlite3.connect(file_ledger.path) as db:
        db.execute(attack)
    assert file_ledger.verify_log() == (3 if "number = 3" in attack else 2)


def test_log_exports(ledger):
    """CSV and JSON Lines hold every entry, and a formula in it stays text."""
    ledger.log("", "=cmd()", 'a "quoted"\nline')
    assert list(csv.reader("".join(as_csv(ledger.audit_log())).splitlines(keepends=True)))[1][4] == "'=cmd()"
    assert json.loads("".join(as_jsonl(ledger.audit_log())))["detail"] == 'a "quoted"\nline'


def test_other_location_is_refused(ledger, database):
    """A ledger that holds anything never serves another location or source: ids of one mean nothing in the other."""
    database("mistyped").close()
    database("loc").close()
    ledger.log("", "note", "something")
    with pytest.raises(ConfigError, match="belongs to location loc"):
        database("elsewhere")


def test_newer_and_broken_files_are_refused(tmp_path, file_ledger):
    """A ledger of a newer package and a file that is none are refused with a reason."""
    with sqlite3.connect(file_ledger.path) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(ConfigError, match="version 99"):
        Ledger(file_ledger.path, "loc", "perfect-books")
    (tmp_path / "bad").write_text("no database, just a text that is long enough to be read as a header " * 40)
    with pytest.raises(ConfigError, match="cannot be used"):
        Ledger(tmp_path / "bad", "loc", "perfect-books")


def test_approvals_requests_facts(ledger):
    """The latest approval counts; requests count for their UTC day only; facts come back as they were."""
    ledger.approve("mapping", "h1", "Ann")
    ledger.approve("mapping", "h2", "Bob", forced=True, note="late")
    assert (ledger.approval("mapping").who, ledger.approval("mapping").forced) == ("Bob", True)
    assert ledger.approval("schema") is None
    assert ledger.requests_today() == 0
    ledger.remember(DAILY, {"day": SYSTEM_CLOCK.now().date().isoformat(), "used": 12})
    assert ledger.requests_today() == 12
    ledger.remember(DAILY, {"day": "2020-01-01", "used": 12})
    assert ledger.requests_today() == 0
    ledger.remember("window", {"hours": 48})
    assert ledger.recall("window") == {"hours": 48} and ledger.recall("none") is None


def test_threads_share_it(ledger):
    """Writers in several threads lose nothing."""
    run = ledger.start_run("load")

    def work(base: int) -> None:
        for n in range(base, base + 25):
            ledger.intend(run, [Intent(make(n), {})])

    threads = [threading.Thread(target=work, args=(base,)) for base in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(row["count"] for row in ledger.counts()) == 75


def test_survives_sigkill(tmp_path):
    """What a returned call recorded is there after the process was killed."""
    script = (
        "import os, signal; from pathlib import Path; from pb2hl.ledger import *; from pb2hl.operations import *\n"
        f"l = Ledger(Path({str(tmp_path / 'l.sqlite')!r}), 'loc', 's'); r = l.start_run('load')\n"
        "l.intend(r, [Intent(Operation('o', Kind.CREATE, Target.NOTE, 'notes', '1'), {'body': 'x'})])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == -9
    with Ledger(tmp_path / "l.sqlite", "loc", "s") as ledger:
        assert ledger.operation("o").state is State.INTENDED and ledger.verify_log() is None
        assert ledger.runs()[0].ended_at == ""


def test_open_by_workspace(tmp_path):
    """A workspace's ledger is its own file; a database this package has no driver for is refused."""
    ws = Workspace.create(tmp_path / "w", Config(export="e", location="loc"))
    with Ledger.open(ws) as ledger:
        assert ledger.path == ws.ledger_path
    other = Workspace.create(tmp_path / "w2", Config(export="e", location="loc", ledger_url="mysql://h/d"))
    with pytest.raises(ConfigError, match="of mysql"):
        Ledger.open(other)
