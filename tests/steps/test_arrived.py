"""What is listed of each expected record: there or not, how often, owner, links, consent, marker, money, and who was told."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pb2hl.diff import Class
from pb2hl.ledger import Entry, State
from pb2hl.operations import Kind, Target
from pb2hl.resources import resource
from pb2hl.steps.audit.arrived import COLUMNS, Arrived
from pb2hl.suites import load_suite, validate
from pb2hl.suites.validate import FAILED, PASSED


def entry(target: Target, object_: str, source_id: str, payload: dict[str, Any], **more: Any) -> Entry:
    """A done operation as the ledger gives it."""
    plain = dict(
        op_id=source_id, state=State.DONE, kind=Kind.CREATE, target=target, object=object_, source_id=source_id, part="", payload=payload,
        payload_hash="", marker="", existing_id="", destination_id=f"hl-{source_id}", answer={}, before_image=None, run_id="r", attempts=1,
        error="", trace_id="", losses=(), sequence=1, intended_at="", finished_at="", undone_by="",
    )  # fmt: skip
    return Entry(**{**plain, **more})


def listed(*records: tuple) -> dict[str, pd.DataFrame]:
    """The tables of (entry, record as stored or None, compared fields)."""
    found = Arrived()
    for item, record, compared in records:
        found.record(item, item.payload, record, compared)
    return {name: frame.set_index("source_id") for name, frame in found.tables().items()}


def test_a_record_that_arrived_and_one_that_did_not():
    """Owner, consent and fields by the classes of the comparison; what is not there has no id and counts none."""
    jane = entry(Target.CONTACT, "contacts", "1", {"assignedTo": "U", "dnd": True})
    bob = entry(Target.CONTACT, "contacts", "2", {"assignedTo": "U"})
    eve = entry(Target.CONTACT, "contacts", "3", {"assignedTo": "U", "dnd": True})
    table = listed(
        (jane, {"id": "hl-1"}, [("assignedTo", Class.EQUAL), ("dnd", Class.EQUAL), ("email", Class.NORMALISED)]),
        (bob, None, []),
        (eve, {"id": "hl-3"}, [("assignedTo", Class.CHANGED), ("dnd", Class.MISSING)]),
    )["arrived_contacts"]
    assert table.columns.tolist() == list(COLUMNS[1:])
    assert table["count"].to_dict() == {"1": 1, "2": 0, "3": 1} and table["record_id"].isna().to_dict()["2"]
    assert table.loc["1", ["owner_ok", "consent_ok", "fields_wrong"]].tolist() == [True, True, 0]
    assert table.loc["3", ["owner_ok", "consent_ok", "fields_wrong"]].tolist() == [False, False, 2]
    assert pd.isna(table["owner_ok"]["2"])


def test_links_and_copies_are_found_over_all_pages():
    """A contact's business link is judged by its id; a record that the ledger does not know counts as a second one."""
    found = Arrived()
    for source_id in ("1", "2"):
        item = entry(Target.CONTACT, "contacts", source_id, {})
        found.record(item, item.payload, {"id": item.destination_id}, [])
    found.link("hl-1", False)
    found.twice("contacts", ["2"])
    table = found.tables()["arrived_contacts"].set_index("source_id")
    assert table["links_ok"]["1"] == False and pd.isna(table["links_ok"]["2"])  # noqa: E712 - not NA
    assert table["count"].to_dict() == {"1": 1, "2": 2}


def test_money_and_places_as_sent_and_as_stored():
    """A deal lists both sides, so that sums can be compared per pipeline, stage and owner."""
    payload = {"monetaryValue": 10.5, "pipelineId": "P", "pipelineStageId": "S", "assignedTo": "U", "contactId": "hl-1"}
    deal = entry(Target.OPPORTUNITY, "deals", "d", payload)
    stored = {**payload, "id": "hl-d", "monetaryValue": 10, "pipelineStageId": "T", "contactId": "other"}
    row = listed((deal, stored, []))["arrived_deals"].loc["d"]
    assert (row["amount"], row["amount_sent"], row["stage"], row["stage_sent"]) == (10, 10.5, "T", "S")
    assert row["links_ok"] == False  # noqa: E712 - not NA


def test_markers_are_looked_for_in_texts_and_fields():
    """A record without its marker is told; one that asked for none is not judged."""
    marked, bare = (entry(Target.NOTE, "notes", i, {"body": "x"}, marker="[pb2hl:note:1]") for i in "12")
    plain = entry(Target.NOTE, "notes", "3", {"body": "x"})
    table = listed(
        (marked, {"id": "a", "body": "x <p>[pb2hl:note:1]</p>"}, []),
        (bare, {"id": "b", "body": "x"}, []),
        (plain, {"id": "c", "body": "x"}, []),
    )["arrived_notes"]
    assert table["marker_ok"].tolist()[:2] == [True, False] and pd.isna(table["marker_ok"]["3"])


def test_who_was_told_is_read_from_what_was_sent():
    """A booking that did not say `toNotify: false` was announced, whatever became of it; the rule on it bites."""
    quiet = entry(Target.APPOINTMENT, "appointments", "1", {"toNotify": False})
    silent_about_it = entry(Target.APPOINTMENT, "appointments", "2", {"title": "x"})
    loud = entry(Target.APPOINTMENT, "appointments", "3", {"toNotify": True}, kind=Kind.UPDATE)
    changed = entry(Target.APPOINTMENT, "appointments", "4", {"title": "x"}, kind=Kind.UPDATE)
    table = listed(
        (quiet, {"id": "1"}, []), (silent_about_it, None, []), (loud, {"id": "3"}, []), (changed, {"id": "4"}, [])
    )["arrived_appointments"]
    assert table["notified"].to_dict() == {"1": False, "2": True, "3": True, "4": False}
    suite = load_suite(resource("expectations/after") / "appointments.json")
    rule = tuple(item for item in suite.rules if item.title.startswith("nobody was notified"))
    only = type(suite)(suite.name, suite.object, suite.file, rule)
    assert validate(only, table.reset_index())[0].verdict == FAILED
    assert validate(only, table.loc[["1", "4"]].reset_index())[0].verdict == PASSED


def test_a_stand_in_contact_is_listed_apart():
    """The contact made for a deal without one is no row of the contacts table."""
    table = listed((entry(Target.CONTACT, "deals", "12", {}), {"id": "x"}, []))["arrived_contacts"]
    assert table.index.tolist() == ["deal:12"]
