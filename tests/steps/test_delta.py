"""Deltas: everything that changed comes over, and nothing that people did in HighLevel is lost."""

from __future__ import annotations

import re

import pytest

from pb2hl import report
from pb2hl.apply.freshness import LedgerBehind
from pb2hl.errors import GateClosed
from pb2hl.ledger import Ledger
from pb2hl.register import bring_over
from pb2hl.report.status import state_of
from pb2hl.results import Status
from pb2hl.sheets import write_sheet
from pb2hl.steps.delta.conflicts import CONFLICT_COLUMNS
from pb2hl.steps.overview.status import status
from tests.steps import small
from tests.steps.test_audit import call


def edit(migration, email: str, body: dict) -> dict:
    """Somebody edits a contact in HighLevel."""
    contact = migration.arrived().contact(email)
    call(migration.sandbox, "PUT", f"/contacts/{contact['id']}", json=body)
    return contact


def decide(ws, decision: str) -> None:
    """Somebody decides every conflict."""
    sheet = ws.sheet("conflicts", CONFLICT_COLUMNS)
    write_sheet(ws.sheets / "conflicts.csv", sheet.assign(decision=decision, who="Jane"))


def test_the_same_export_changes_nothing(migration):
    """A delta of the export that was loaded sends nothing."""
    dump = migration.sandbox.state.dump()
    result = migration.delta(small.tables())
    assert result.status is Status.NOTHING_TO_DO, result.headline
    assert migration.sandbox.state.dump() == dump


def test_changes_of_every_kind(migration):
    """Values, cleared values, tags, links, notes, tasks, appointments and new records that refer to each other."""
    later = small.tables()
    ada, max_ = small.row(later, "contacts", "11"), small.row(later, "contacts", "12")
    ada.update({"City": "Kanata", "Tags": "vip; spring", "Shoe Size": "", "Updated": "2024-06-01 10:00"})
    max_.update({"Company ID": "C3"})
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
    small.row(later, "tasks", "T1")["Completed"] = "Y"
    small.row(later, "appointments", "A1").update({"Start": "2024-05-02 09:00", "End": "2024-05-02 10:00"})
    small.row(later, "deals", "D1").update({"Amount": "1500", "Stage": "New", "Owner": "2"})
    result = migration.delta(later, approve_all="Jane")
    assert result.status is Status.DONE and not result.counts["conflicts"], result.tables["conflicts"]
    found = migration.arrived()
    one, two = found.contact("ada@mill.example"), found.contact("max@quarry.example")
    assert one["city"] == "Kanata" and sorted(one["tags"]) == ["spring", "vip"]
    assert not one["custom"].get("Shoe Size"), "a value that the export no longer has is cleared"
    kiln = found.business("Kiln Ltd")["id"]
    assert two["businessId"] == kiln and found.contact("neo@kiln.example")["businessId"] == kiln
    (note,) = found.marked("notes", "PB:notes:N1")
    assert "two wheels" in note["body"] and len(found.marked("notes", "PB:notes:N3")) == 1
    (task,) = found.marked("tasks", "PB:tasks:T1")
    (visit,) = found.marked("appointments", "PB:appointments:A1")
    assert task["completed"] is True
    assert "05-02" in visit["startTime"], result.problems
    assert found.opportunity("Wheel")["monetaryValue"] == 1500
    again = migration.run("delta", export=migration.folder / "later")
    assert again.status is Status.NOTHING_TO_DO, again.tables["updates"].iloc[:, 3:].to_csv()
    audit = migration.run("audit")
    assert audit.status is Status.DONE, audit.problems
    assert not any(audit.counts[name] for name in ("missing", "extra", "wrong", "unlinked", "unbalanced_columns"))


@pytest.mark.slow
def test_back_and_forth(migration):
    """A value that goes, comes back and goes again arrives every time."""
    for number, city in enumerate(("Kanata", "Ottawa", "Kanata")):
        later = small.tables()
        small.row(later, "contacts", "11")["City"] = city
        migration.delta(later, f"later{number}")
        assert migration.arrived().contact("ada@mill.example")["city"] == city


@pytest.mark.parametrize(
    ("decision", "city"),
    [pytest.param("source", "Kanata", marks=pytest.mark.slow), pytest.param("keep", "Perth", marks=pytest.mark.slow)],
)
def test_conflict_and_its_decision(migration, decision, city):
    """A field changed on both sides is kept and asked about; the next delta does what was decided, and asks no more."""
    edit(migration, "ada@mill.example", {"city": "Perth"})
    later = small.tables()
    small.row(later, "contacts", "11").update({"City": "Kanata", "Last Name": "King"})
    result = migration.delta(later)
    (row,) = result.tables["conflicts"].to_dict("records")
    assert (row["field"], row["sent"], row["later"], row["now"]) == ("city", "Ottawa", "Kanata", "Perth")
    arrived = migration.arrived().contact("ada@mill.example")
    assert arrived["city"] == "Perth" and arrived["lastName"] == "King", "everything else is updated"
    index = report.write_index(migration.ws).read_text(encoding="utf-8")
    assert re.search(
        r"\d+ of \d+ records that the export asks for are in HighLevel\. Waiting for a person at: Delta", index
    )
    assert "left_out" in result.tables, "the client's index tells merged from left out"
    command = bring_over(str(migration.folder / "later"))
    follows = state_of(migration.ws).following
    assert follows.startswith("decide what was changed on both sides") and command.removeprefix("delta") in follows
    assert report.next_of(migration.ws, result) == follows and status(migration.ws).next_step == command
    assert index.count("then: pb2hl delta WS --export") == 2, "the head and what remains name the same"
    decide(migration.ws, decision)
    assert status(migration.ws).next_step == command
    again = migration.run("delta", export=migration.folder / "later")
    assert status(migration.ws).next_step == "audit"
    assert again.counts["conflicts"] == 0 and migration.arrived().contact("ada@mill.example")["city"] == city
    audit = migration.run("audit")
    assert audit.status is Status.DONE and audit.counts["wrong"] == 0, audit.problems
    cells = audit.tables["accounting"].query("heading == 'City' and bucket == 'skipped by decision'")
    assert cells["cells"].sum() == (decision == "keep") and cells["where"].str.contains("conflicts.csv, by Jane").all()


@pytest.mark.slow
def test_a_kept_amount_passes_the_audit(migration):
    """The amount that people decided to keep is what the sums of the audit expect; before the decision the audit fails."""
    deal = migration.arrived().opportunity("Wheel")
    call(migration.sandbox, "PUT", f"/opportunities/{deal['id']}", json={"monetaryValue": 900})
    later = small.tables()
    small.row(later, "deals", "D1")["Amount"] = "1500"
    assert list(migration.delta(later).tables["conflicts"]["field"]) == ["monetaryValue"]
    assert migration.run("audit").status is Status.FAILED, "nobody decided yet"
    decide(migration.ws, "keep")
    migration.run("delta", export=migration.folder / "later")
    assert migration.arrived().opportunity("Wheel")["monetaryValue"] == 900
    audit = migration.run("audit")
    assert audit.status is Status.DONE, audit.problems


def test_consent_is_strictest(migration):
    """An opt-out comes over even where people edited the record; lifting one is asked about, not done."""
    edit(migration, "ada@mill.example", {"dndSettings": {"email": {"status": "inactive"}}, "city": "Perth"})
    later = small.tables()
    small.row(later, "contacts", "11")["Email Opt-Out"] = "Y"
    small.row(later, "contacts", "13")["Email Opt-Out"] = "N"
    result = migration.delta(later)
    found = migration.arrived()
    assert _email(found.contact("ada@mill.example")) == "active"
    assert _email(found.contact("una@quarry.example")) == "active", result.tables["updates"]


def _email(contact: dict) -> str:
    settings = {key.lower(): value for key, value in contact["dndSettings"].items()}
    return settings["email"]["status"]


@pytest.mark.slow
def test_removed_rows_are_reported_or_deleted(migration):
    """By default a row that is gone is told; on request its record is deleted, unless people touched it."""
    later = small.tables()
    later["contacts"].pop()
    later["notes"].pop()
    result = migration.delta(later)
    assert set(result.tables["removed"]["source_id"]) == {"13", "N2"} and result.counts["deleted"] == 0
    assert migration.arrived().contact("una@quarry.example")
    again = small.settings(migration, removed_rows="delete")
    result = again.run("delta", export=migration.folder / "later")
    assert result.counts["deleted"] >= 1, result.problems
    assert not [c for c in migration.arrived().contacts if c.get("email") == "una@quarry.example"]


def test_a_partial_export_deletes_nothing(migration):
    """An export without a table, or with less than half of the rows, is no reason to delete."""
    again = small.settings(migration, removed_rows="delete")
    later = {name: rows for name, rows in small.tables().items() if name in ("users", "companies", "contacts")}
    later["contacts"] = later["contacts"][:1]
    result = again.delta(later)
    assert result.counts["deleted"] == 0 and len(migration.arrived().opportunities) == 2
    assert {"no_table", "removed_kept"} <= {problem.code for problem in result.problems}


def test_new_column_lapses_the_mapping(migration):
    """A column that the mapping never saw stops the delta before anything is written, and is put to a decision."""
    later = small.tables()
    for item in later["contacts"]:
        item["Hat Size"] = "7"
    dump = migration.sandbox.state.dump()
    with pytest.raises(GateClosed, match="never saw") as stopped:
        migration.delta(later)
    assert "Hat Size" in str(stopped.value) and migration.sandbox.state.dump() == dump
    with pytest.raises(GateClosed, match="mapping"):
        migration.run("delta", export=migration.folder / "later")


def test_window_is_recorded(migration):
    """The window opens with the first delta, and status says where one stands."""
    migration.delta(small.tables())
    counts = migration.run("status").counts
    assert counts["delta_window_start"] < counts["delta_window_end"] and "left" in counts["delta_window"]


@pytest.mark.slow
def test_a_refused_change_that_no_export_asks_for_any_more_is_not_open(migration):
    """Its value was mended in the source, as the report advised: the next delta sends that one, and nothing stays refused for good."""
    faults = migration.sandbox.state.faults
    usual, later = faults.settings, small.tables()
    small.row(later, "contacts", "11")["City"] = "Toronto"
    faults.replace(usual.model_copy(update={"refuse": ["^PUT /contacts/"]}))
    assert migration.delta(later, "refused").counts["asked_refused"] == 1
    faults.replace(usual)
    small.row(later, "contacts", "11")["City"] = "Kanata"
    mended = migration.delta(later, "mended")
    assert mended.status is Status.DONE and mended.counts["asked_refused"] == 0, mended.headline
    assert migration.arrived().contact("ada@mill.example")["city"] == "Kanata"


def test_a_ledger_that_lost_its_end_is_noticed(migration):
    """The end of the log is cut behind the seal, as a power loss cuts it: nothing is written, and the way out is named."""
    later = small.tables()
    small.row(later, "contacts", "11")["City"] = "Toronto"
    migration.delta(later, "one")
    with Ledger.open(migration.ws) as ledger, ledger.transaction() as db:
        db.execute("DELETE FROM audit_log WHERE number >= (SELECT MAX(number) FROM audit_log) - 4")
    dump = migration.sandbox.state.dump()
    with pytest.raises(LedgerBehind, match="lost its end") as told:
        migration.run("load")
    assert "--rebuild" in told.value.hint and migration.sandbox.state.dump() == dump
