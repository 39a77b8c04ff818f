"""The status step: where a migration stands, from the ledger and the results alone."""

from __future__ import annotations

import json

import httpx
import pandas as pd
import pytest

from pb2hl.errors import TokenRefused
from pb2hl.results import Status, StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps.overview.status import _by_object, status
from pb2hl.workspace import Workspace, parse_config
from tests.cli.terminal import Terminal
from tests.steps import small


def test_a_finished_load_asks_for_the_audit(migration, monkeypatch):
    """Gates, records (links and files apart), runs and the next step, without a token and without a request."""
    monkeypatch.delenv("HIGHLEVEL_TOKEN")
    requests = migration.sandbox.state.faults.requests
    result = status(migration.ws)
    table = result.tables["outcomes"]
    by_target = table[table["state"] == "done"].groupby("target")["count"].sum()
    own = {"contacts": "contact", "companies": "business", "deals": "opportunity", "tasks": "task"}
    assert {name: result.counts[f"{name}_done"] for name in own} == {
        name: by_target[target] for name, target in own.items()
    }
    assert result.status is Status.DONE and result.next_step == "audit"
    assert {row["gate"]: row["state"] for row in result.facts["gates"]} == dict.fromkeys(
        ("mapping", "schema", "sample"), "approved"
    )
    assert result.counts["in_doubt_now"] == 0
    assert {"schema", "sample", "load"} <= set(result.tables["runs"]["step"])
    assert migration.sandbox.state.faults.requests == requests
    assert StepResult.load(migration.ws.results("status")).headline == result.headline


def test_a_lapsed_gate_is_the_next_step(migration):
    """After an edit of a sheet the mapping waits for a person again, whatever was loaded."""
    tags = migration.ws.sheet("tags", ["decision"])
    tags.loc[0, "decision"] = "drop"
    write_sheet(migration.ws.sheets / "tags.csv", tags)
    result = status(migration.ws)
    assert result.counts["gate_mapping"] == "lapsed" and result.next_step == "approve mapping"


def test_an_empty_workspace_begins_with_the_inventory(tmp_path):
    """Before anything was done, the first step is named and nothing is claimed."""
    ws = Workspace.create(tmp_path / "ws", parse_config({"export": "x", "location": "loc"}))
    result = status(ws)
    assert result.next_step == "inventory" and {row["state"] for row in result.facts["gates"]} == {"not reached"}
    assert result.counts["requests_used_today"] == 0 and result.tables["outcomes"].empty


def gone_after(migration, requests: int) -> None:
    """The server refuses our token from that many requests on."""
    faults = migration.sandbox.state.faults
    faults.replace(faults.settings.model_copy(update={"token_expires_after": requests}))


@pytest.mark.parametrize("requests", [20, pytest.param(45, marks=pytest.mark.slow)])
def test_a_rollback_that_was_cut_short_is_what_comes_next(migration, requests):
    """Stopped in the middle, `next` is the same rollback and not a step of a migration; followed, everything is taken back."""
    gone_after(migration, requests)
    with pytest.raises(TokenRefused):
        migration.run("rollback")
    gone_after(migration, 0)
    assert status(migration.ws).next_step == "rollback"
    assert migration.run("rollback").status is Status.DONE
    assert status(migration.ws).next_step == ""


@pytest.mark.slow
def test_a_delta_that_failed_is_what_comes_next(migration, monkeypatch, capsys):
    """Stopped while it reads or writes, `next` is the same delta with its export; followed, the audit comes next."""
    later = small.tables()
    small.row(later, "contacts", "12")["City"] = "Toronto"
    path = small.write(migration.folder / "later on", later)
    pb2hl = Terminal(capsys)
    for requests in (3, 25):
        gone_after(migration, requests)
        assert pb2hl("delta", migration.ws.path, "--export", path, "--yes").code == 4
        assert status(migration.ws).next_step == f"delta --export '{path}'"
    gone_after(migration, 0)
    migration.run("delta", export=path)
    assert status(migration.ws).next_step == "audit"


def test_after_a_rollback_no_earlier_audit_is_heard(migration):
    """What an audit found missing before everything was taken back is nothing to mend any more: the way has ended."""
    state = migration.sandbox.state
    headers = {"Authorization": f"Bearer {state.token}", "Version": "2021-07-28"}
    contact = next(iter(state.contacts.records))
    httpx.delete(f"{migration.sandbox.url}/contacts/{contact}", headers=headers).raise_for_status()
    assert migration.run("audit").status is Status.FAILED
    assert migration.run("rollback").status is Status.DONE
    result = status(migration.ws)
    assert result.next_step == "" and result.headline == "Everything was taken back."


def test_after_a_rollback_the_way_begins_anew(migration):
    """What was taken back is no step that was done: when its schema is made again, a sample comes next, not the audit."""
    for step in ("sample", "load"):
        path = migration.ws.results(step) / "result.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "at": "2026-01-02T03:04:05Z"}))  # was long ago
    assert migration.run("rollback").status is Status.DONE
    assert status(migration.ws).next_step == ""
    migration.run("schema", apply=True)
    assert status(migration.ws).next_step == "sample"


def test_what_waits_for_another_record_is_held():
    """Status calls what waits for a record that was refused as the pages do: held, and not planned."""
    rows = [("notes", "note", "planned", 2), ("notes", "note", "done", 3), ("contacts", "contact", "refused", 1)]
    table = pd.DataFrame(rows, columns=["object", "target", "state", "count"])
    assert _by_object(table) == {"notes": {"held": 2, "done": 3}, "contacts": {"refused": 1}}
