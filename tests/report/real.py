"""A real migration for reports: every step of it, a delta with a conflict and a rollback, out of a small CSV export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sandbox.server import SandboxServer
from pb2hl.workspace import Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import Arrived, migrate, step, workspace
from tests.steps import small

PERSONAL = (
    "Ada", "Byron", "Lovelace", "ada@mill.example", "lovelace", "555-0111", "5550111", "1 Analytical Way", "Analytical", "K1A 0B1",
    "Max Stone", "Stone", "max@quarry.example", "Una", "Reed", "una@quarry.example", "555-0113", "5550113", "Perth", "Kanata",
    "Mill Ltd", "mill.example", "Quarry", "quarry.example", "555-0100", "5550100",
    "Anna", "Vogel", "anna@agency.example", "Bo Lang", "bo@agency.example", "gone@agency.example",
    "Wheel of Ada", "Cart for Max", "Wants a wheel", "divorce", "Call in spring", "Send offer", "Visit at home", "Maple Street",
    "ada-contract", "1815-12-10", "Scheidung", "Smithers", "Brass",
)  # fmt: skip
"""What a stranger must not read: values of the export (and of the location's users) that say who somebody is or what they said."""

EVIL = "<script>window.hacked = 1</script><img src=https://example.com/x onerror='window.hacked = 1'>"


def export(folder: Path) -> Path:
    """The small export with addresses, a duplicate, an owner without a user, an attachment, workflows and hostile text."""
    tables = small.tables()
    ada, max_, una = tables["contacts"]
    ada |= {"Street": "1 Analytical Way", "Postal Code": "K1A 0B1", "Birthday": "1815-12-10", "Province": "ON"}
    ada["Tags"] = "vip; Scheidung"
    max_["Job Title"] = EVIL
    una["Owner"] = "gone@agency.example"
    twin = ada | {
        "Contact ID": "14",
        "Last Name": "Byron",
        "Email": "lovelace@mill.example",
        "Tags": "",
        "Created": "2024-02-09 10:00",
    }
    tables["contacts"].append(twin)
    tables["companies"].append(tables["companies"][0] | {"Company ID": "C3", "Company Name": "Mill Limited"})
    tables["deals"][0]["Deal Name"], tables["deals"][1]["Deal Name"] = "Wheel of Ada", "Cart for Max"
    tables["notes"][0]["Body"] = f"Wants a wheel because of the divorce, Maple Street {EVIL}"
    tables["appointments"][0]["Subject"] = "Visit at home"
    tables["attachments"] = [
        {"File Name": "ada-contract.txt", "Path": "files/ada-contract.txt", "Contact ID": "11", "Attachment ID": "F1"}
    ]
    tables["workflows"] = [
        {"Workflow": "Welcome Smithers", "Trigger": "Contact created with tag Scheidung", "Conditions": "City is Brass", "Steps": "Send SMS to Smithers -> Wait 2 days -> Create task", "Active": "Y"},
        {"Workflow": "../Renewal / <b>yearly</b>", "Trigger": "Deal won", "Conditions": "", "Steps": "Send e-mail", "Active": "N"},
    ]  # fmt: skip
    small.write(folder, tables)
    (folder / "files").mkdir()
    (folder / "files" / "ada-contract.txt").write_text("a contract", encoding="utf-8")
    return folder


def _edit(sandbox: Rehearsal, email: str, body: dict[str, Any]) -> None:
    """Somebody edits a contact in HighLevel."""
    contact = Arrived.of(sandbox).contact(email)
    url = f"{sandbox.url}/contacts/{contact['id']}"
    assert httpx.put(url, headers=sandbox.headers, json=body).status_code < 300


def _later(folder: Path, first: Path) -> Path:
    """The same export with another city of one contact."""
    folder.mkdir()
    for path in first.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(text.replace("C1,Ottawa", "C1,Kanata"), encoding="utf-8")
    shutil.copytree(first / "files", folder / "files")
    return folder


def migration(folder: Path, server: SandboxServer) -> Workspace:
    """The workspace after inventory to audit, a delta that leaves a conflict, and a rollback that keeps what people edited."""
    state = Sandbox(Scenario.default(rate=UNHURRIED, users=small.USERS, search_lag_s=0))
    server.sandbox = state
    sandbox = Rehearsal(server.url, state.token, state.location, state)
    first = export(folder / "export")
    ws = workspace(folder / "ws", first, sandbox, fallback_owner="bo@agency.example")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        migrate(ws, "load")
        _edit(sandbox, "ada@mill.example", {"city": "Perth"})
        later = step(ws, "delta", export=_later(folder / "later", first))
        assert later.counts["conflicts"], "the report of a delta without a conflict shows less"
        step(ws, "audit")
        step(ws, "rollback")
    return ws
