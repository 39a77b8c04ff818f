"""Proof by mutation: whatever cell is changed, either something that is sent changes or the accounting says that it did not land."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import pandas as pd
import pytest

from pb2hl.model import OBJECTS
from pb2hl.plan.cells.lineage import BLANK
from pb2hl.plan.fields.findings import Bucket
from tests.plan.frames import at
from tests.plan.mutation import World

HANGING = ("tasks", "notes", "appointments", "activities")
APART = (
    *HANGING,
    "tags",
    "custom_fields",
    "workflows",
    "trust_accounts",
    "trust_transactions",
    "time_entries",
    "rates",
)
"""Objects whose rows change nothing of each other: one cell of each is changed at once."""
RECORDS = ("contacts", "companies", "deals")
NOT_LANDED = {str(bucket) for bucket in (Bucket.SKIPPED, Bucket.REFUSED, Bucket.REPORTED)}
NO_HOST = {"contact_id": None, "company_id": None, "deal_id": None}
SAID = {BLANK, "unsafe HTML removed"}
ID = {
    model: {"id": f"{model}-id", "name": "Perfect Books ID", "fieldKey": f"{model}.perfect_books_id", "dataType": "TEXT", "model": model, "options": []}
    for model in ("contact", "business", "opportunity")
}  # fmt: skip


def there(policy: str, **filled: Any) -> World:
    """A world whose first contact, company and deal are in the location already, with the properties `filled`."""
    found = {"contact": "con1", "business": "com1", "opportunity": "dea1"}
    fields = {model: [ID[model]] for model in found}
    contact = {"id": "L-1", "customFields": [{"id": "contact-id", "value": "con1"}], "email": "", "phone": "", **filled}
    business = {
        "id": "B-1",
        "name": "name of one",
        "customFields": [{"id": "business-id", "value": "com1"}],
        **{name: value for name, value in filled.items() if name in ("website", "city", "phone")},
    }
    deal = {
        "id": "O-1",
        "name": "name of one",
        "contactId": "L-1",
        "pipelineId": "P",
        "status": "open",
        "customFields": [{"id": "opportunity-id", "value": "dea1"}],
    }
    location = {"fields": fields, "contacts": [contact], "businesses": [business], "opportunities": [deal]}
    names = ("existing_contacts", "existing_businesses", "existing_opportunities")
    return World(
        f"existing, {policy}, {'filled' if filled else 'blank'}",
        location=location,
        policy=dict.fromkeys(names, policy),
        objects=RECORDS,
    )


FULL = {"firstName": "There", "lastName": "Already", "email": "there@x.example", "phone": "+16135550111", "city": "Bonn", "website": "https://there.example",
        "source": "web", "businessId": "B-9", "dnd": True, "assignedTo": "u-ann"}  # fmt: skip
NO_DUPLICATES = {"settings": {"allow_duplicate_opportunity": False}}
_EARLIER = at("2019-01-01")


def blocked(policy: str) -> World:
    """A world whose first deal is the second open one of its contact."""
    rows = ({"status": "open"}, {"status": "open", "source_id": "dea0", "id": "dea0", "created_at": _EARLIER})
    return World(
        f"second open deal, {policy}",
        {"deals": rows},
        NO_DUPLICATES,
        {"duplicate_opportunity": policy},
        objects=("deals",),
    )


TWIN = {"source_id": "con0", "id": "con0", "first_name": "Same"}
FURTHER = (
    replace(there("fill"), name="survivor of a merge that exists, blank", rows={"contacts": ({}, TWIN)}, merge=("con1", "con0"), objects=("contacts",)),
    replace(there("fill", **FULL), name="merged into one that exists, filled", rows={"contacts": ({}, TWIN)}, merge=("con0", "con1"), objects=("contacts",)),
    World("merged, no company", {"contacts": ({"company_id": None}, TWIN | {"company_id": None})}, merge=("con1", "con0"), objects=("contacts",)),
    World("company by its name alone", {"contacts": ({"company_id": None, "company_name": "Nobody Knows"},)}, objects=("contacts",)),
    World("deal of a company alone", {"deals": ({"contact_id": None, "contact_email": None},)}, objects=("deals",)),
    World("columns into a note", policy={"unmapped_columns": "note"}, objects=RECORDS),
    World("tags with their groups", policy={"tag_groups": "prefix"}, objects=("contacts", "tags")),
    World("lost reasons in a field", policy={"lost_reasons": "custom field"}, objects=("deals",)),
    World("meetings without a host", {"activities": ({"type": "meeting"} | NO_HOST,)}, policy={"meetings": "appointment"}, objects=("activities",)),
    World("messages of a company", {"activities": ({"type": "email"} | NO_HOST | {"company_id": "com1"},)}, policy={"activities": "conversation"}, objects=("activities",)),
    World("files left out", {"attachments": ({"path": "gone.pdf", "url": None},)}, policy={"unreachable_files": "leave out"}, objects=("attachments",)),
)  # fmt: skip
"""Merges, hosts and policies crossed with each other: walked at length."""

WORLDS = (
    World("everything linked"),
    World("hosts missing", {name: (NO_HOST,) for name in (*HANGING, "attachments")}, objects=(*HANGING, "attachments")),
    World("on the deal's contact", {name: (NO_HOST | {"deal_id": "dea1"},) for name in (*HANGING, "attachments")}, objects=(*HANGING, "attachments")),
    World("on the company", {name: (NO_HOST | {"company_id": "com1"},) for name in (*HANGING, "attachments")}, objects=(*HANGING, "attachments")),
    World("a file of a contact alone", {"attachments": ({"company_id": None, "deal_id": None, "note_id": None},)}, objects=("attachments",)),
    World("a file by address", {"attachments": ({"path": None, "file_name": None, "note_id": None},)}, objects=("attachments",)),
    World("a file of a note", {"attachments": ({},)}, objects=("attachments",)),
    World("a file that is nowhere", {"attachments": ({"path": "gone.pdf", "url": None},)}, objects=("attachments",)),
    World("alone", {"contacts": ({"company_id": None},), "deals": ({"contact_id": None, "contact_email": None},), "companies": ({"parent_id": None},)}, objects=RECORDS),
    World("names in one cell", {"contacts": ({"first_name": None, "last_name": None, "email": None, "phone": None},)}, objects=("contacts",)),
    World("no name at all", {"contacts": ({"first_name": None, "last_name": None, "full_name": None, "email": None, "email_2": None, "more_emails": None, "phone": None, "mobile": None, "more_phones": None},), "companies": ({"name": None, "website": None},)}, objects=("contacts", "companies")),
    World("refused nothing", {"contacts": ({"do_not_contact": False, "email_opt_out": False, "sms_opt_out": False, "call_opt_out": False, "whatsapp_opt_out": False, "facebook_opt_out": False, "google_opt_out": False},)}, objects=("contacts",)),
    World("owners unknown, no fallback", {name: ({"owner": "ben"},) for name in (*RECORDS, "tasks", "appointments", "activities")} | {"notes": ({"author": "ben"},)}, fallback="", objects=(*RECORDS, *HANGING)),
    World("owners unknown, fallback", {name: ({"owner": "ben"},) for name in (*RECORDS, "tasks", "appointments", "activities")}, objects=(*RECORDS, *HANGING)),
    World("no start", {"appointments": ({"start_at": None},)}, objects=("appointments",)),
    World("all day", {"appointments": ({"all_day": True, "recurrence": None},)}, objects=("appointments",)),
    World("no end", {"appointments": ({"end_at": None, "recurrence": None, "exceptions": None},)}, objects=("appointments",)),
    World("tasks without due date", {"tasks": ({"due_at": None, "title": None, "completed": None},)}, objects=("tasks",)),
    World("status words unknown", {"deals": ({"status": "who knows"},)}, objects=("deals",)),
    World("a stage that ended", {"deals": ({"status": "open", "stage": "Won"},)}, objects=("deals",)),
    World("lost for a known reason", location={"lost_reasons": [{"id": "R", "name": "lost_reason of one"}]}, objects=("deals",)),
    World("pipelines there", location={"pipelines": [{"id": "P", "name": "Sales", "stages": [{"id": "S1", "name": "New"}, {"id": "S2", "name": "Won"}]}]}, objects=("deals", "pipelines")),
    World("shared mailbox", {"contacts": ({}, {"source_id": "con0", "id": "con0", "first_name": "Twin", "created_at": _EARLIER})}, objects=("contacts",)),
    World("merged into another", {"contacts": ({}, {"source_id": "con0", "id": "con0", "first_name": "Same"})}, merge=("con0", "con1"), objects=("contacts",)),
    World("survivor of a merge", {"contacts": ({}, {"source_id": "con0", "id": "con0", "first_name": "Same"})}, merge=("con1", "con0"), objects=("contacts",)),
    blocked("stop"), blocked("separate contact"), blocked("custom field + note"),
    *(there(policy, **filled) for policy in ("fill", "overwrite", "skip", "separate") for filled in ({}, FULL)),
    World("custom objects", policy={"legal_objects": "custom objects"}, objects=("trust_accounts", "trust_transactions", "time_entries", "rates")),
    *(World(f"logged: {kind}", {"activities": ({"type": kind},)}, policy={"activities": "conversation"}, objects=("activities",)) for kind in ("sms", "email", "call")),
    World("meetings", {"activities": ({"type": "meeting"},)}, policy={"meetings": "appointment"}, objects=("activities",)),
    World("no business for those without", policy={"unassigned_business": ""}, objects=("contacts",)),
    *FURTHER,
)  # fmt: skip


def batches(world: World) -> Iterator[list[tuple[str, str, Any]]]:
    """The cells of a world: those of records one by one, of objects that change nothing of each other one each at a time."""
    by_object: dict[str, list[tuple[str, str, Any]]] = {}
    for cell in world.cells():
        if cell[0] in APART:
            by_object.setdefault(cell[0], []).append(cell)
        else:
            yield [cell]
    for group in zip_longest(*by_object.values()):
        yield [cell for cell in group if cell is not None]


def _same(held: Any, value: Any) -> bool:
    return value is pd.NaT and bool(pd.isna(held)) if not isinstance(held, str) else held == value


def unseen(world: World) -> Iterator[tuple[str, str, Any]]:
    """Every cell whose change shows nowhere in what is sent."""
    before = world.sent()
    for cells in batches(world):
        after = world.changed({(object_, column): value for object_, column, value in cells}).sent()
        for object_, column, value in cells:
            if _same(world.tables[object_].iloc[0][column], value):
                continue  # it held this already, or is blank before and after: nothing was changed
            own = (object_, str(world.tables[object_].iloc[0]["source_id"]))
            alone = len(cells) == 1
            same = after == before if alone else after.get(own) == before.get(own)
            if same and (alone or world.changed({(object_, column): value}).sent() == before):
                yield object_, column, value


def lies(world: World) -> list[str]:
    """The cells of a world whose change shows nowhere, and which the accounting tells as landed all the same."""
    found = []
    for object_, column, value in unseen(world):
        bucket, where = world.changed({(object_, column): value}).fate(object_, column)
        if bucket not in NOT_LANDED or not where:
            found.append(f"{object_}.{column} → {value!r}: nothing sent changes, and it is said: {bucket}, {where}")
    return found


SEEN_ALWAYS, SEEN_AT_LENGTH = {"no start"}, {"existing, skip, blank", *(world.name for world in FURTHER)}
QUICK_OR_SLOW = [
    pytest.param(
        world,
        id=world.name,
        marks=()
        if world.name in SEEN_ALWAYS
        else pytest.mark.exhaustive
        if world.name in SEEN_AT_LENGTH
        else pytest.mark.slow,
    )
    for world in WORLDS
]


@pytest.mark.parametrize("world", QUICK_OR_SLOW)
def test_no_cell_vanishes(world):
    """A changed cell changes what is sent, or is accounted for as left out, refused or reported."""
    found = lies(world.made())
    assert not found, "\n".join(found)


@pytest.mark.parametrize("world", QUICK_OR_SLOW)
def test_the_map_names_every_place(world):
    """Where planners say that a cell ended is a place that the field map gives for it, and nothing is lost."""
    world = world.made()
    rules, apart = world.plan.tables["lineage_rules"], world.plan.tables["lineage_exceptions"]
    wrong = []
    for table in (rules, apart):
        for row in table.itertuples(index=False):
            if row.bucket == str(Bucket.LOST):
                wrong.append(f"{row.object}.{row.column} is lost")
            known = {spec.name: {item.place for item in spec.endings} for spec in OBJECTS[row.object].columns}
            landed = row.bucket == str(Bucket.LANDED) or (
                row.bucket == str(Bucket.NORMALISED) and row.where not in SAID
            )
            if row.column in known and landed and row.where not in known[row.column]:
                wrong.append(f"{row.object}.{row.column} landed at {row.where}, which the map does not name")
    assert not wrong, "\n".join(wrong)
