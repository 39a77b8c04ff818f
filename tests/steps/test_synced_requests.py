"""What HighLevel writes by itself costs requests to keep and to put back: told before, by load, delta and rollback."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pb2hl.steps.prepare.doctor import doctor
from tests.e2e.drive import in_budget, step, workspace
from tests.steps import small

MANY = 24
NAMES = ("Own Words", "", "Mill Ltd", "Old Firm")


def person(n: int) -> dict[str, str]:
    """A contact with a company."""
    return {"Contact ID": f"P{n}", "First Name": "Ann", "Last Name": f"Roe{n}", "Email": f"ann{n}@mill.example", "Company ID": "C1" if n % 3 else "C2",
            "Owner": "1", "City": "Hull", "Created": "2024-02-01 10:00"}  # fmt: skip


def deal(n: int, owner: str, name: str = "D") -> dict[str, str]:
    """A deal of a contact."""
    return {"Deal ID": f"{name}{n}", "Deal Name": f"Deal {name} {n}", "Contact ID": f"P{n}", "Pipeline": "Sales", "Stage": "New", "Status": "won", "Amount": "5",
            "Owner": owner, "Created": "2024-03-01"}  # fmt: skip


def export() -> small.Tables:
    """People with a company and a deal each, every second of another owner."""
    content = small.tables()
    contacts = [person(n) for n in range(MANY)]
    deals = [deal(n, "2" if n % 2 else "1") for n in range(MANY)]
    return {"users": content["users"], "companies": content["companies"], "contacts": contacts, "deals": deals}


def later() -> small.Tables:
    """Some deals have another owner now, some people further deals, and one is new with a deal."""
    content = export()
    for row in content["deals"][:10]:
        row["Owner"] = "1" if row["Owner"] == "2" else "2"
    content["deals"] += [deal(n, "2", "E") for n in range(6)] + [deal(MANY, "2")]
    content["contacts"].append(person(MANY))
    return content


def within(requests: pd.DataFrame, name: str, seen: int) -> bool:
    """Whether what a step told stands within 3 % of what the location saw."""
    told = int(requests.set_index("step").loc[name, "planned"])
    return abs(told - seen) <= 0.03 * seen


@pytest.mark.slow
@pytest.mark.parametrize("writes", [True, False], ids=["written", "not"])
def test_load_delta_and_rollback_cost_what_they_told(rehearse, tmp_path, monkeypatch, writes):
    """Owners and names of the client's own contacts are read before and put back after within 3 % of what was told."""
    theirs: list[dict[str, Any]] = [
        {"id": f"c{n}", "firstName": "Ann", "lastName": f"Roe{n}", "email": f"ann{n}@mill.example", "companyName": NAMES[n % 4]} for n in range(MANY)
    ]  # fmt: skip
    sandbox = rehearse(
        users=small.USERS, behaviour={"owner_sync": writes, "link_sets_company_name": writes}, search_lag_s=0,
        pipelines=[{"name": "Other", "stages": [{"name": "One", "position": 0}]}], contacts=theirs,
    )  # fmt: skip
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", export()), sandbox)
    doctor(ws, probe=True)
    results = small.migrate(ws)
    results["audit"] = step(ws, "audit")
    assert in_budget(results), results["audit"].tables["requests"].to_string()
    seen = len(sandbox.state.log)
    delta = step(ws, "delta", export=small.write(tmp_path / "later", later()), approve_all="Judge")
    assert within(delta.tables["requests"], "delta", len(sandbox.state.log) - seen), (delta.tables["requests"], len(sandbox.state.log) - seen)  # fmt: skip
    told = step(ws, "rollback", dry_run=True).counts["requests_told"]
    seen = len(sandbox.state.log)
    back = step(ws, "rollback")
    sent = len(sandbox.state.log) - seen
    assert back.counts["requests_told"] == told and back.counts["requests_sent"] == sent
    assert abs(told - sent) <= 0.03 * sent, (back.tables["requests"], told, sent)
