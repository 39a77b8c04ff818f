"""A delta's requests are told before it writes anything, reads and writes together, and kept to."""

from __future__ import annotations

import pytest

from tests.steps import small
from tests.steps.test_delta import edit
from tests.steps.test_delta_hosts import on

pytestmark = pytest.mark.slow


def every_kind() -> small.Tables:
    """New records, changes, a moved link, tags, a cleared value, a lost deal."""
    later = small.tables()
    small.row(later, "contacts", "11").update(
        {"City": "Kanata", "Tags": "vip; spring", "Shoe Size": "", "Last Name": "King"}
    )
    small.row(later, "contacts", "12").update({"Company ID": "C3"})
    later["companies"].append(
        {
            "Company ID": "C3",
            "Company Name": "Kiln Ltd",
            "Website": "https://kiln.example",
            "City": "Ottawa",
            "Created": "2024-06-01",
        }
    )
    later["contacts"].append(
        {
            "Contact ID": "14",
            "First Name": "Neo",
            "Last Name": "Park",
            "Email": "neo@kiln.example",
            "Company ID": "C3",
            "Owner": "1",
            "Created": "2024-06-02 10:00",
        }
    )
    later["notes"].append({"Note ID": "N3", "Body": "New here", "Contact ID": "14", "Created": "2024-06-03 09:00"})
    small.row(later, "notes", "N1")["Body"] = "Wants two wheels"
    small.row(later, "deals", "D1").update({"Amount": "1500", "Owner": "2"})
    small.row(later, "deals", "D2").update({"Status": "lost", "Lost Reason": "Price"})
    return later  # fmt: skip


@pytest.mark.parametrize(
    ("later", "policy"),
    [
        (every_kind(), {}),
        (on("13"), {}),
        (
            {**small.tables(), "notes": small.tables()["notes"][:1], "tasks": small.tables()["tasks"]},
            {"removed_rows": "delete"},
        ),
    ],
    ids=["every kind", "moved", "gone"],
)
def test_a_delta_costs_what_it_told(migration, later, policy):
    """Planned and sent differ by 3 % at most, whatever people edited meanwhile, and the ledger counts what the location saw."""
    if policy:
        migration = small.settings(migration, **policy)
    edit(migration, "ada@mill.example", {"city": "Perth"})
    before = len(migration.sandbox.state.log)
    result = migration.delta(later, approve_all="Judge")
    row = result.tables["requests"].set_index("step").loc["delta"]
    seen = len(migration.sandbox.state.log) - before
    assert row["sent"] == seen
    assert abs(row["planned"] - seen) <= 0.03 * seen, (row["planned"], seen)
