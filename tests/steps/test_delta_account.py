"""Zero-loss accounting after a delta: every row and cell of the later export in exactly one bucket."""

from __future__ import annotations

from pb2hl.results import Status
from tests.steps import small


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
