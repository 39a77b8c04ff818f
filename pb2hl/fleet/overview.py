"""All locations at a glance: a row each with its step, the gate that waits, counts, errors, requests and days left; one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import Pb2hlError
from pb2hl.fleet.members import Member, described
from pb2hl.fleet.work import following
from pb2hl.highlevel.daily import DAILY_LIMIT
from pb2hl.ledger import DAILY, Ledger
from pb2hl.register import AUDIT, INVENTORY, gates
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Page, Section, render
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.status import state_of
from pb2hl.results import Failure, Status, StepResult
from pb2hl.steps.gates.gates import open_points
from pb2hl.steps.shared import outcomes, requests
from pb2hl.values.counting import counted
from pb2hl.whole import write_text
from pb2hl.workspace import Workspace

COLUMNS = (
    "workspace", "location", "state", "step", "gate", "open_points", "done", "refused", "in_doubt", "error", "requests_today",
    "requests_left", "days_left", "resumes_at",
)  # fmt: skip
"""`state`: waiting, failed, paused, proven, incomplete, under way, not begun. `gate`: the one that waits for a person, with
`open_points` to settle before. `days_left`: days of HighLevel's daily allowance that the planned requests still take."""

PAGE = "fleet.html"


def fleet_table(members: Sequence[Member]) -> pd.DataFrame:
    """One row a member, columns as in COLUMNS; reads workspaces and ledgers, and sends nothing."""
    return pd.DataFrame([_row(member) for member in members], columns=list(COLUMNS))


def _row(member: Member) -> dict[str, Any]:
    try:
        return _state_of(member, member.open())
    except Pb2hlError as error:  # a damaged workspace hides no other
        return _plain(member) | {"state": "failed", "error": error.message}


def _plain(member: Member) -> dict[str, Any]:
    numbers = ("open_points", "done", "refused", "in_doubt", "requests_today", "requests_left", "days_left")
    texts = {name: "" for name in COLUMNS}
    return texts | dict.fromkeys(numbers, 0) | {"workspace": member.name, "location": member.location}


def _state_of(member: Member, ws: Workspace) -> dict[str, Any]:
    row = _plain(member) | {"state": "not begun", "step": INVENTORY.id}
    if not Ledger.exists(ws):
        return row | _failure(ws, {})
    step = following(ws)
    gate = step.removeprefix("approve ") if step.startswith("approve ") else ""
    ledger: Any  # of either database
    with Ledger.open(ws) as ledger:
        states = outcomes.counts_of(outcomes.outcomes(ledger))
        daily = ledger.recall(DAILY) or {}
        today, left = ledger.requests_today(), requests.to_come(ledger)
    row |= {
        "step": step, "gate": gate, "open_points": len(open_points(ws, gate)) if gate else 0, "done": states.get("done", 0),
        "refused": states.get("refused", 0), "in_doubt": states.get("in_doubt", 0) + states.get("intended", 0),
        "requests_today": today, "requests_left": left,
        "days_left": round(left / int(daily.get("limit") or DAILY_LIMIT), 1), "resumes_at": _pause(daily),
    }  # fmt: skip
    row["state"] = "waiting" if gate else "paused" if row["resumes_at"] else "under way" if step else _proof(ws)
    return row | _failure(ws, state_of(ws).failures)


def _pause(daily: dict[str, Any]) -> str:
    at = str(daily.get("resumes_at") or "")
    return at if at > stamp(SYSTEM_CLOCK.now()) else ""


def _proof(ws: Workspace) -> str:
    result = StepResult.load(ws.results(AUDIT.result()))
    return "proven" if result is not None and result.status is Status.DONE else "incomplete"


def _failure(ws: Workspace, failures: Any) -> dict[str, str]:
    """What failed last and was not mended since."""
    found = dict(failures)
    if not found and (early := Failure.load(ws.results(INVENTORY.result()))):
        found = {INVENTORY.id: early}
    if not found:
        return {}
    last = max(found.values(), key=lambda failure: failure.at)
    return {"state": "failed", "error": last.sentence()}


def write_page(table: pd.DataFrame, path: Path) -> Path:
    """Draw the page of all locations to `path`."""
    states = table["state"].value_counts()
    waiting = int((table["gate"] != "").sum())
    figures = [
        ("Locations", str(len(table))),
        *((str(name).capitalize(), str(count)) for name, count in states.items()),
    ]
    evidence = Evidence(path.parent / path.stem, Mask())
    labels = {name: name.replace("_", " ").capitalize() for name in COLUMNS}
    shown = evidence.table("locations", table, caption="Every location", labels=labels, csv=False, most=len(table))
    by_gate = table[table["gate"] != ""].groupby("gate")["workspace"].count() if waiting else pd.Series(dtype=int)
    said = [
        f"{counted(int(by_gate[name]), 'location')} at the gate {name}" for name in gates() if name in by_gate.index
    ]
    failed = int(states.get("failed", 0))
    headline = f"{described(len(table))} in this fleet: {waiting} at a gate, {failed} failed, {int(states.get('proven', 0))} proven."
    page = Page(
        title="A fleet of migrations", kicker="Perfect Books to HighLevel", headline=headline,
        question="Where does each location stand, and whom does it wait for?",
        tone="bad" if failed else "warn" if waiting else "good", status="needs attention" if failed else "waiting" if waiting else "going well",
        summary=(f"Waiting for a person: {'; '.join(said)}.",) if said else (), figures=tuple(figures[:6]),
        sections=(Section("Locations", "A row a location. Each one's own reports are in its workspace.", table=shown),),
        at=stamp(SYSTEM_CLOCK.now()),
    )  # fmt: skip
    write_text(path, render(page))
    return path
