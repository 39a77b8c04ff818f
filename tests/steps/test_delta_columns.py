"""A later export of another make: other kind of file, notation, headings, fewer columns. Only what really changed counts."""

from __future__ import annotations

from datetime import datetime

import pytest

from pb2hl.errors import GateClosed
from pb2hl.results import Status
from pb2hl.steps.gates import gates
from tests.e2e import write
from tests.steps import small

pytestmark = pytest.mark.slow

_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d")


def moment(cell: str) -> datetime | None:
    """The moment that a cell of the small export writes; None for other cells."""
    for form in _FORMS:
        try:
            return datetime.strptime(cell, form)
        except ValueError:
            continue
    return None


def rewritten(tables: small.Tables, form) -> dict[str, list[dict]]:
    """The tables with every date written by `form`."""
    return {
        name: [{key: form(at) if (at := moment(cell)) else cell for key, cell in row.items()} for row in rows]
        for name, rows in tables.items()
    }


def renamed(tables: small.Tables, names: dict[str, str]) -> small.Tables:
    """The tables under other headings."""
    return {name: [{names.get(k, k): v for k, v in row.items()} for row in rows] for name, rows in tables.items()}


def told(result, code: str) -> set[str]:
    """The fields that problems of this code name."""
    return {problem.field for problem in result.problems if problem.code == code}


@pytest.mark.slow
def test_three_kinds_of_files_in_a_row(migration):
    """A workbook with real dates and numbers, a database, JSON: only the city that changed is written, once."""
    later = small.tables()
    small.row(later, "contacts", "11")["City"] = "Kanata"
    book = write.workbook(migration.folder / "later.xlsx", rewritten(later, lambda at: at), titles=True)
    first = migration.run("delta", export=book)
    assert list(first.tables["updates"]["field"]) == ["city"], first.tables["updates"].to_csv()
    database = write.database(migration.folder / "later.sqlite", later)
    assert migration.run("delta", export=database).status is Status.NOTHING_TO_DO
    assert migration.run("delta", export=write.json_lines(migration.folder / "j", later)).counts["sent"] == 0
    assert migration.run("audit").status is Status.DONE


@pytest.mark.slow
def test_another_notation_is_no_change(migration):
    """Days before months that fit both orders, and comma decimals, are read as what they were; a real change still shows."""
    later = rewritten(small.tables(), lambda at: at.strftime("%d/%m/%Y %H:%M" if at.hour else "%d/%m/%Y"))
    for row in later["deals"]:
        row["Amount"] = {"1200.50": "1.200,50", "300": "350,00"}[row["Amount"]]
    result = migration.delta(later)
    assert list(result.tables["updates"]["field"]) == ["amount"], result.tables["updates"].to_csv()
    assert migration.arrived().opportunity("Cart")["monetaryValue"] == 350


def test_missing_columns_clear_nothing(migration):
    """Owners, tags, consent, links, custom fields, amounts and pipelines that an export has no column for stay, and are told."""
    later = small.tables()
    small.row(later, "contacts", "13")["Phone"] = "613-555-0199"
    gone = {"contacts": ("City", "Tags", "Shoe Size", "Owner", "Updated", "Email Opt-Out", "Company ID"), "deals": ("Amount", "Pipeline")}  # fmt: skip
    for table, names in gone.items():
        later[table] = [{k: v for k, v in row.items() if k not in names} for row in later[table]]
    result = migration.delta(later)
    assert list(result.tables["updates"]["field"]) == ["phone"], result.tables["updates"].to_csv()
    assert told(result, "no_column") == {"city", "tags", "Shoe Size", "owner", "updated_at", "email_opt_out", "company_id", "amount", "pipeline"}  # fmt: skip
    audit = migration.run("audit")
    assert audit.status is Status.DONE and not len(audit.tables["unbalanced"]), audit.problems
    back = migration.delta(small.tables(), "back")
    assert list(back.tables["updates"]["field"]) == ["phone"], "the columns are compared again once they are there"


def test_renamed_headings_are_the_same_columns(migration):
    """Other letters are taken as the same; other words wait for approval as what they were, and then nothing is written."""
    names = {"Contact ID": "Contact Id", "City": "Town", "Shoe Size": "Schuhgröße", "Owner": "Account Owner"}
    later = renamed(small.tables(), names)
    dump = migration.sandbox.state.dump()
    with pytest.raises(GateClosed, match="never saw") as stopped:
        migration.delta(later)
    assert "Contact Id" not in str(stopped.value), "case is no new column"
    sheet = migration.ws.sheet("fields", ("object", "column", "proposal", "reason"))
    size = sheet[sheet["column"] == "Schuhgröße"].iloc[0]
    assert size["proposal"] == "custom" and "'Shoe Size'" in size["reason"]
    result = migration.run("delta", export=migration.folder / "later", approve_all="Jane")
    assert result.status is Status.NOTHING_TO_DO, result.tables["updates"].to_csv()
    assert migration.sandbox.state.dump() == dump and not told(result, "no_column")
    assert gates.check(migration.ws, "mapping").who == "Jane"
    small.row(later, "contacts", "11")["Schuhgröße"] = "43"
    (row,) = migration.delta(later, "third").tables["updates"].to_dict("records")
    assert (row["was"], row["now"]) == ("42", "43")
