"""Zero-loss accounting after a delta: every row and cell of the later export in exactly one bucket."""

from __future__ import annotations

import pytest

from pb2hl import report
from pb2hl.diff.overlay import DELTA_PART
from pb2hl.errors import Severity
from pb2hl.ledger import Ledger, Outcome, State
from pb2hl.results import Status
from pb2hl.sandbox.scenario import Faults
from tests.steps import small
from tests.steps.test_audit import call


def test_the_later_export_is_accounted_for(migration):
    """Rows that are new, changed, merged and removed: the totals are those of the later export, object by object and column."""
    later = small.tables()
    small.row(later, "contacts", "11").update({"City": "Kanata", "Shoe Size": ""})
    later["contacts"].append({**later["contacts"][0], "Contact ID": "21", "City": "Kanata", "Tags": ""})
    later["notes"].pop()
    later["deals"].append({**later["deals"][0], "Deal ID": "D9", "Deal Name": "Spoke", "Stage": "New", "Status": "won"})
    migration.delta(later, approve_all="Jane")
    audit = migration.run("audit")
    assert audit.status is Status.DONE, [str(problem) for problem in audit.problems]
    rows = audit.tables["rows"].groupby("object")["rows"].sum()
    assert {name: rows[name] for name in ("contacts", "deals", "notes", "tasks", "companies")} == {
        name: len(later[name]) for name in ("contacts", "deals", "notes", "tasks", "companies")
    }
    merged = audit.tables["rows"].query("object == 'contacts' and bucket == 'merged into'")
    assert merged["rows"].sum() == 1 and not len(audit.tables["unbalanced"])
    cells = audit.tables["accounting"]
    for table in ("contacts", "deals", "notes"):
        for heading in later[table][0]:
            filled = sum(bool(row.get(heading, "").strip()) for row in later[table])
            counted = cells[(cells["object"] == table) & (cells["heading"] == heading)]["cells"].sum()
            assert counted == filled, (table, heading)


@pytest.mark.slow
def test_a_refused_change_has_not_landed(migration):
    """A value that HighLevel would not take of a delta is told as refused, not by the one that is there still."""
    later = small.tables()
    small.row(later, "contacts", "12")["City"] = "Wakefield"
    migration.delta(later)
    with Ledger.open(migration.ws) as ledger:
        (change,) = ledger.iterate(part=DELTA_PART)
        ledger.finish(ledger.start_run("delta"), [Outcome(change.op_id, State.REFUSED, error="no such city")])
    call(migration.sandbox, "PUT", f"/contacts/{change.destination_id}", json={"city": "Hull"})
    audit = migration.run("audit")
    (row,) = audit.tables["accounting"].query("heading == 'City' and bucket == 'refused'").to_dict("records")
    assert row["cells"] == 1 and "no such city" in row["where"] and not len(audit.tables["unbalanced"])


@pytest.mark.slow
def test_what_was_refused_was_not_brought_over(migration):
    """The headline counts what was carried out, refusals alike are one problem that stands in the way, and the index tells open decisions."""
    later = small.tables()
    towns = ("11", "12", "13")
    for key in towns:
        small.row(later, "contacts", key)["City"] = "Wakefield"
    migration.sandbox.state.faults.replace(Faults(refuse=["PUT /contacts/.*Wakefield"]))
    result = migration.delta(later)
    assert result.headline.startswith(f"0 new and 0 of {len(towns)} changed operations were brought over"), (
        result.headline
    )
    (refused,) = [problem for problem in result.problems if problem.code == "refused"]
    assert refused.count == len(towns) and refused.severity is Severity.CRITICAL
    page = report.write(migration.ws, "delta").read_text(encoding="utf-8")
    assert "must be mended" in page and "Nothing stands in the way" not in page
