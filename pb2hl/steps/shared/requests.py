"""Requests planned and sent, step by step: what was promised before anything was written, against what it took."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pb2hl.ledger import LedgerPort
from pb2hl.plan.building.estimate import Budget
from pb2hl.steps.shared.session import sent

PLANNED = "planned_requests"
"""The fact that holds the budget of the latest proposal: step → requests."""

COLUMNS = ("step", "planned", "sent")


def keep(ledger: LedgerPort, budget: Budget) -> None:
    """Put the budget on record; steps that it does not hold, such as a delta, keep what they have."""
    ledger.remember(PLANNED, {**planned(ledger), **{step: sum(parts.values()) for step, parts in budget.steps.items()}})


def keep_more(ledger: LedgerPort, step: str, to_come: int) -> None:
    """Put on record what a step costs that comes after the plan: what it has sent, and `to_come`."""
    ledger.remember(PLANNED, {**planned(ledger), step: sent(ledger).get(step, 0) + to_come})


def planned(ledger: LedgerPort) -> dict[str, int]:
    """Requests of the whole migration by step; empty before the schema step proposed one."""
    return dict(ledger.recall(PLANNED) or {})


def to_come(ledger: LedgerPort) -> int:
    """Requests that the budget still holds; 0 when there is none."""
    done = sent(ledger)
    return sum(max(count - done.get(step, 0), 0) for step, count in planned(ledger).items())


def table(ledger: LedgerPort) -> pd.DataFrame:
    """Rows of step, planned (NA for steps that no budget holds), sent, and their sum in the last row."""
    budget, done = planned(ledger), sent(ledger)
    steps = list(dict.fromkeys([*budget, *done]))
    rows: list[tuple[Any, ...]] = [(step, budget.get(step), done.get(step, 0)) for step in steps]
    if rows:
        rows.append(("all", sum(budget.values()) if budget else None, sum(done.values())))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"planned": "Int64", "sent": "int64"})


def counts(ledger: LedgerPort) -> dict[str, int]:
    """The sums as flat figures."""
    found = {"requests_sent": sum(sent(ledger).values())}
    budget = planned(ledger)
    return {"requests_planned": sum(budget.values()), **found} if budget else found
