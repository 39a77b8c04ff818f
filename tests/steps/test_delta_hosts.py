"""Records that a later export hangs elsewhere: notes, tasks, appointments and deals on another contact, contacts without a company."""

from __future__ import annotations

import pytest

from pb2hl.results import Status
from pb2hl.steps.prepare.doctor import doctor
from tests.steps import small
from tests.steps.small import settings
from tests.steps.test_audit import call
from tests.steps.test_delta import decide

NEXT = {"Deal ID": "D9", "Deal Name": "Spoke", "Contact ID": "11", "Company ID": "C1", "Pipeline": "Sales", "Stage": "New", "Status": "open",
        "Amount": "50", "Owner": "1", "Created": "2023-01-01"}  # fmt: skip


def hosts(migration) -> dict[str, str]:
    """The e-mail of the contact that each of the small export's records hangs on."""
    found = migration.arrived()
    emails = {contact["id"]: contact["email"] for contact in found.contacts}
    (note,), (task,), (visit,) = (
        found.marked(kind, f"PB:{kind}:{one}")
        for kind, one in (("notes", "N1"), ("tasks", "T1"), ("appointments", "A1"))
    )
    return {
        "D1": emails[found.opportunity("Wheel")["contactId"]], "N1": emails[note["relations"][0]["recordId"]],
        "T1": emails[task["contactId"]], "A1": emails[visit["contactId"]],
    }  # fmt: skip


def on(contact: str) -> small.Tables:
    """The export with a deal, a note, a task and an appointment on this contact."""
    later = small.tables()
    for table, one in (("deals", "D1"), ("notes", "N1"), ("tasks", "T1"), ("appointments", "A1")):
        small.row(later, table, one)["Contact ID"] = contact
    return later


@pytest.mark.slow
def test_what_hangs_on_another_contact_moves(migration):
    """Each is on its new contact once and nowhere else, is updated there later, and all of it can be undone."""
    result = migration.delta(on("13"))
    assert set(hosts(migration).values()) == {"una@quarry.example"}, result.problems
    found = migration.arrived()
    assert len(found.opportunities) == 2 and len(found.dump["tasks"]) == len(found.dump["appointments"]) == 1
    assert migration.run("delta", export=migration.folder / "later").counts["sent"] == 0
    again = on("13")
    small.row(again, "notes", "N1")["Body"] = "Wants two"
    small.row(again, "tasks", "T1")["Completed"] = "Y"
    small.row(again, "deals", "D1")["Amount"] = "9"
    result = migration.delta(again, "again")
    assert not result.counts["refused"] and result.counts["sent"] == 3, result.tables["errors"].to_csv()
    assert migration.run("audit").status is Status.DONE
    assert migration.run("rollback").status is Status.DONE
    assert migration.sandbox.state.dump() == migration.before


@pytest.mark.slow
def test_what_people_edited_is_asked_about_before_it_moves(migration):
    """An edited deal stays with its edits and stands in conflicts.csv; decided for the export it moves; a note by hand stays said."""
    deal = migration.arrived().opportunity("Wheel")
    call(migration.sandbox, "PUT", f"/opportunities/{deal['id']}", json={"name": "Big wheel"})
    later = small.tables()
    small.row(later, "deals", "D1")["Contact ID"] = "13"
    result = migration.delta(later)
    (row,) = result.tables["conflicts"].to_dict("records")
    assert row["field"] == "contactId" and migration.arrived().opportunity("Big wheel")["id"] == deal["id"]
    decide(migration.ws, "source")
    migration.run("delta", export=migration.folder / "later")
    una = migration.arrived().contact("una@quarry.example")["id"]
    assert migration.arrived().opportunity("Wheel")["contactId"] == una and len(migration.arrived().opportunities) == 2
    assert not len(migration.ws.sheet("conflicts", ("field",)))


@pytest.mark.slow
def test_one_open_deal_a_contact(migration):
    """An older deal that turns up never displaces a loaded one; when that one ends, the other becomes an opportunity in its place."""
    later = small.tables()
    later["deals"].append(dict(NEXT))
    assert not migration.delta(later).counts["refused"]
    assert {deal["name"] for deal in migration.arrived().opportunities} == {"Wheel", "Cart"}
    small.row(later, "deals", "D1")["Status"] = "won"
    result = migration.delta(later, "third")
    assert not result.counts["refused"], result.tables["errors"].to_csv()
    assert {deal["name"]: deal["status"] for deal in migration.arrived().opportunities} == {"Wheel": "won", "Cart": "open", "Spoke": "open"}  # fmt: skip
    assert result.tables["removed"][["source_id", "target"]].values.tolist() == [["D9", "note"]], "what stood for it"
    audit = migration.run("audit")
    assert audit.status is Status.DONE and not len(audit.tables["unbalanced"]), audit.problems


@pytest.mark.slow
def test_a_contact_without_a_company_any_more(migration):
    """Where no business holds such contacts the link is taken away, unless people linked it to another one."""
    migration = settings(migration, unassigned_business="")
    later = small.tables()
    for number, mail in (("31", "gil@gmail.com"), ("32", "pia@gmail.com")):
        later["contacts"].append({**later["contacts"][0], "Contact ID": number, "Email": mail, "Phone": "", "First Name": mail[:3], "Last Name": mail[1:4]})  # fmt: skip
    migration.delta(later, approve_all="Jane")
    quarry, pia = migration.arrived().business("Quarry Inc")["id"], migration.arrived().contact("pia@gmail.com")["id"]
    body = {"locationId": migration.sandbox.location, "ids": [pia], "businessId": quarry}
    call(migration.sandbox, "POST", "/contacts/bulk/business", json=body)
    for number in ("31", "32"):
        small.row(later, "contacts", number)["Company ID"] = ""
    result = migration.delta(later, "cleared")
    assert not migration.arrived().contact("gil@gmail.com").get("businessId")
    assert migration.arrived().contact("pia@gmail.com")["businessId"] == quarry
    assert result.tables["conflicts"]["source_id"].tolist() == ["32"]
    decide(migration.ws, "keep")
    assert migration.run("delta", export=migration.folder / "cleared").counts["sent"] == 0
    audit = migration.run("audit")
    assert audit.counts["unlinked"] == 1, "what a person linked otherwise is said"


@pytest.mark.slow
def test_what_hangs_on_a_new_deal_comes_with_it(migration):
    """A new deal's own company, its task and its note are related to it by the same delta, where a probe saw that the location can."""
    migration.sandbox.state.behaviour.notes_on_opportunities = True
    doctor(migration.ws, probe=True)
    later = small.tables()
    later["deals"].append({**NEXT, "Company ID": "C2", "Status": "won"})
    later["notes"].append({**later["notes"][0], "Note ID": "N9", "Deal ID": "D9", "Contact ID": ""})
    later["tasks"].append({**later["tasks"][0], "Task ID": "T9", "Deal ID": "D9"})
    result = migration.delta(later, approve_all="Jane")
    assert not result.counts["held"] and not result.counts["account_held"], result.problems
    found = migration.arrived()
    deal = next(one for one in found.opportunities if one["name"] == "Spoke")
    (note,) = found.marked("notes", "PB:notes:N9")
    assert deal["id"] in {one["recordId"] for one in note["relations"]}
    related = [{one["firstRecordId"], one["secondRecordId"]} for one in found.dump["relations"].values()]
    assert sum(deal["id"] in pair for pair in related) == 2, "the company and the task"
