"""Every state of a migration as its reports tell it: begun, waiting, approved, edited since, failed, cut off, proven, taken back, loaded again."""

from __future__ import annotations

import html
import re

import pytest

from pb2hl import report
from pb2hl.errors import Pb2hlError
from pb2hl.ledger import Ledger
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sheets import write_sheet
from pb2hl.steps.gates.batch import decide
from pb2hl.workspace import TOKEN_VARIABLE, Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import step, workspace
from tests.steps import small

WHO = "Judge"


@pytest.fixture
def ws(sandbox_server, tmp_path, monkeypatch) -> Workspace:
    """A workspace that nothing has been run in, and a sandbox for it."""
    state = Sandbox(Scenario.default(rate=UNHURRIED, users=small.USERS, search_lag_s=0))
    sandbox_server.sandbox = state
    monkeypatch.setenv(TOKEN_VARIABLE, state.token)
    rehearsal = Rehearsal(sandbox_server.url, state.token, state.location, state)
    return workspace(tmp_path / "ws", small.write(tmp_path / "export", small.tables()), rehearsal)


def said(ws: Workspace, page: str = "index") -> str:
    """What a page says now, without its tags, style and script."""
    path = report.write_index(ws) if page == "index" else report.write(ws, page)
    text = path.read_text(encoding="utf-8")
    bare = re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", text, flags=re.S)
    return " ".join(html.unescape(bare).split())


@pytest.mark.slow
def test_every_state_is_told_as_it_is(ws):
    """One migration there, back and there again; after each turn the index, the page and the next step are true."""
    assert "Nothing has been run yet." in said(ws) and "Next: pb2hl inventory WS" in said(ws)

    for name in ("inventory", "match", "mapping"):
        step(ws, name)
    assert "Next: pb2hl approve WS mapping --by NAME" in said(ws) and "Waiting for a person at: " in said(ws)
    assert "Nobody has approved this yet." in said(ws, "mapping")

    decide(ws, "match", WHO, take_defaults=True)
    decide(ws, "mapping", WHO, take_defaults=True)
    step(ws, "mapping")
    mapping = said(ws, "mapping")
    assert "approved All" in mapping and "Approved by Judge on 20" in mapping and "can be approved" not in mapping
    assert "Next: pb2hl check WS" in said(ws)

    tags = ws.sheet("tags", ["decision"])
    edited = tags.copy()
    edited.loc[0, "decision"] = "drop"
    write_sheet(ws.sheets / "tags.csv", edited)
    assert "Needs attention: Mapping" in said(ws) and "approval lapsed" in said(ws, "mapping")
    assert "It has changed since: the approval has lapsed." in said(ws, "mapping")
    write_sheet(ws.sheets / "tags.csv", tags)

    step(ws, "check")
    report.write_failure(ws, "schema", Pb2hlError("no token is set", hint="set HIGHLEVEL_TOKEN"))
    assert "failed Schema no token is set. Set HIGHLEVEL_TOKEN" in said(ws) and "Needs attention: Schema" in said(ws)
    step(ws, "schema")
    assert "no token is set" not in said(ws), "a result ends the failure"
    decide(ws, "schema", WHO, take_defaults=True)
    step(ws, "schema", apply=True)
    step(ws, "sample")
    assert "Next: pb2hl approve WS sample --by NAME" in said(ws, "sample")
    decide(ws, "sample", WHO, take_defaults=True)
    sample = said(ws, "sample")
    assert "Approved by Judge on 20" in sample and "Next: pb2hl load WS" in sample

    with Ledger.open(ws) as ledger:
        run = ledger.start_run("load")
    assert "failed Load it began and has not ended. Run it again, it goes on where it stopped" in said(ws)
    with Ledger.open(ws) as ledger:
        ledger.end_run(run, "stopped")

    step(ws, "load")
    assert "Next: pb2hl audit WS" in said(ws) and "under way" in said(ws)
    step(ws, "rollback", dry_run=True)
    assert "Next: pb2hl audit WS" in said(ws), "a rehearsal changes nothing of what comes next"
    step(ws, "audit")
    assert "complete The migration is complete and proven." in said(ws) and "Next:" not in said(ws)

    step(ws, "rollback", dry_run=True)
    assert "complete The migration is complete and proven." in said(ws) and "rehearsed Rollback" in said(ws)
    assert "Next:" not in said(ws) and "Next:" not in said(ws, "rollback")
    step(ws, "rollback")
    assert "rolled back The migration was taken back." in said(ws) and "taken back Load" in said(ws)
    assert "To take back" in said(ws), "its figures are the rollback's, not those of the inventory"
    assert "This was taken back on 20" in said(ws, "load") and "Next:" not in said(ws)

    step(ws, "schema", apply=True)
    step(ws, "load")
    again = said(ws)
    assert "was taken back" not in again and "run the audit again" in again and "Next: pb2hl audit WS" in again
    step(ws, "audit")
    assert "The migration is complete and proven." in said(ws)
