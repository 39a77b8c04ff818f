"""Values, tags and owners that the audit does not find are sent once more by a repair; what people put in their place is not."""

from __future__ import annotations

from pb2hl.errors import Severity
from pb2hl.highlevel.capabilities import PROBED
from pb2hl.ledger import Ledger, Outcome, State
from pb2hl.operations import Target
from pb2hl.results import Status
from pb2hl.steps.overview.cut_short import BROUGHT, sends_the_rest
from pb2hl.steps.overview.open_ends import after_audit
from pb2hl.steps.shared.additions import OTHER_COMPANY
from tests.steps import small


def test_what_was_not_kept_is_sent_once_more(migration):
    """A field, a custom field, a channel and a tag that are blank are named by the audit, brought by a repair, and found by the next audit."""
    contacts, deals = migration.sandbox.state.contacts, migration.sandbox.state.opportunities
    ada = contacts.get(migration.arrived().contact("ada@mill.example")["id"])
    assert ada["city"] and ada["tags"]
    contacts.put({**ada, "city": None, "tags": [*ada["tags"][1:], "theirs"]})
    deal = next(one for one in deals.records.values() if len(one["customFields"]) > 1)
    deals.put({**deal, "customFields": deal["customFields"][1:]})
    told = migration.run("audit")
    assert told.status is Status.FAILED
    assert after_audit(migration.ws) == ("what HighLevel did not keep is sent once more by: ", "repair")
    repaired = migration.run("repair", who="Jane")
    assert repaired.status is Status.DONE and repaired.counts["made_again"] == 3, repaired.headline
    now = contacts.get(ada["id"])
    assert now["city"] == ada["city"] and set(now["tags"]) == {*ada["tags"], "theirs"}
    assert len(deals.get(deal["id"])["customFields"]) == len(deal["customFields"])
    assert migration.run("audit").counts["wrong"] == 1, "only the tag that they put there"


def test_what_people_put_there_is_theirs(migration):
    """A value and an owner that somebody gave stay; the repair tells the owner as missing, as the audit does, and sends nothing."""
    contacts = migration.sandbox.state.contacts
    ada = contacts.get(migration.arrived().contact("ada@mill.example")["id"])
    theirs = {**ada, "city": "Hull", "assignedTo": migration.arrived().user("bo@agency.example")}
    contacts.put(theirs)
    told = migration.run("audit")
    (problem,) = [one for one in told.problems if "another owner stands there" in one.message]
    assert problem.treatment.startswith("give it back in HighLevel") and "pb2hl load" not in problem.treatment
    repaired = migration.run("repair", who="Jane")
    assert contacts.get(ada["id"]) == theirs
    assert repaired.counts["made_again"] == 0 and repaired.status is Status.INCOMPLETE
    assert repaired.counts["asked_missing"] == told.counts["asked_missing"] == 1
    assert after_audit(migration.ws)[1] == "audit"


def test_owners_of_the_sync_are_sent_again_once_it_is_off(migration):
    """What a probe saw the owner sync do is told as that; while it is on nothing is sent, and after it is off a repair gives the owners."""
    state = migration.sandbox.state
    ada, bo = migration.arrived().contact("ada@mill.example"), migration.arrived().user("bo@agency.example")
    deal = next(one for one in state.opportunities.records.values() if one["contactId"] == ada["id"])
    state.opportunities.put({**deal, "assignedTo": bo})
    state.contacts.put({**state.contacts.get(ada["id"]), "assignedTo": bo})
    with Ledger.open(migration.ws) as ledger:
        entry = next(one for one in ledger.by_destination([deal["id"]]) if one.target is Target.OPPORTUNITY)
        sent = Outcome(entry.op_id, State.DONE, deal["id"], payload={**entry.payload, "assignedTo": bo})
        ledger.finish(entry.run_id, [sent])
        ledger.remember(PROBED, {"owner_sync": True, "owner_synced": True})
    told = migration.run("audit")
    (problem,) = [one for one in told.problems if "changed by HighLevel's owner sync" in one.message]
    assert problem.severity is Severity.WARNING and told.counts["wrong"] == 0 and told.counts["asked_missing"] == 1
    assert "Allow different owners" in after_audit(migration.ws)[0] and after_audit(migration.ws)[1] == "repair"
    assert migration.run("repair", who="Jane").counts["asked_missing"] == 1
    assert state.contacts.get(ada["id"])["assignedTo"] == bo, "the sync would take it away again"
    with Ledger.open(migration.ws) as ledger:
        ledger.remember(PROBED, {"owner_sync": False, "owner_synced": True})
    repaired = migration.run("repair", who="Jane")
    assert repaired.counts["made_again"] == 1 and repaired.counts["asked_missing"] == 0, repaired.headline
    assert state.contacts.get(ada["id"])["assignedTo"] == ada["assignedTo"]
    assert not migration.run("audit").counts["asked_missing"]


def test_a_company_that_people_gave_is_theirs(migration):
    """A contact that somebody linked to another business stays there, told as that; one that nobody linked elsewhere is linked again."""
    contacts = migration.sandbox.state.contacts
    ada = next(one for one in contacts.records.values() if one.get("businessId"))
    contacts.put({**ada, "businessId": "theirs"})
    told = migration.run("audit")
    assert told.counts["unlinked"] == 1 and any(OTHER_COMPANY in one.message for one in told.problems)
    assert after_audit(migration.ws)[1] == "audit"
    repaired = migration.run("repair", who="Jane")
    assert contacts.get(ada["id"])["businessId"] == "theirs" and repaired.counts["made_again"] == 0
    contacts.put({**ada, "businessId": None})
    migration.run("audit")
    migration.run("repair", who="Jane")
    assert contacts.get(ada["id"])["businessId"] == ada["businessId"]


def test_what_people_wrote_over_a_change_is_theirs(migration):
    """Somebody writes over what a delta changed: the change was carried out, and no repair carries it out again."""
    later = small.tables()
    small.row(later, "deals", "D1")["Amount"] = "4321"
    migration.delta(later)
    deals = migration.sandbox.state.opportunities
    (deal,) = [one for one in deals.records.values() if one["monetaryValue"] == 4321]
    deals.put({**deal, "monetaryValue": 777})
    migration.run("audit")
    migration.run("repair", who="Jane")
    assert deals.get(deal["id"])["monetaryValue"] == 777


def test_what_a_delta_left_unsent_is_sent_by_that_delta(migration):
    """A load knows the first export only: after a delta its export is named, after a rollback the load again."""
    with Ledger.open(migration.ws) as ledger:
        assert sends_the_rest(ledger) == "load"
        ledger.remember(BROUGHT, "/exports/the later.zip")
        for step, command in (("delta", "delta --export '/exports/the later.zip'"), ("rollback", "load")):
            ledger.end_run(ledger.start_run(step, {}), "done")
            assert sends_the_rest(ledger) == command
