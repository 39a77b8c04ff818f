"""Company names of contacts that were there before, where HighLevel writes the name of the business over them that a contact is linked to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pb2hl import plan
from pb2hl.errors import Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import LedgerPort
from pb2hl.operations import Kind, Operation, Target
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold

BACK = "a rollback puts a name of the contact's own back where it can, and names the contacts of which it cannot"


def overwritten(folder: Path, place: Destination) -> int:
    """Contacts of `place` that the plan in `folder` links to a business of another name than their company name."""
    held = _by_id(place.contacts, "companyName")
    if not held:
        return 0
    there = {op.op_id: op.existing_id for op in plan.read(folder, [Target.CONTACT]) if op.existing_id}
    names = _business_names(folder, place)
    links = (op for op in plan.read(folder, [Target.LINK]) if op.kind is not Kind.SKIP)
    pairs = ((_key(op, "contactId"), _key(op, "businessId")) for op in links)
    return sum(
        fold(held[contact]) != fold(names.get(business, ""))
        for contact, business in ((there.get(one, one), other) for one, other in pairs)
        if contact in held and business
    )


def problems(ledger: LedgerPort, folder: Path, place: Destination) -> tuple[Problem, ...]:
    """What the links would write over, before anything is loaded; nothing where a probe saw that they write no names."""
    known = Capabilities.of(ledger).link_names
    if known is False or not (count := overwritten(folder, place)):
        return ()
    have = agree(count, "has", "have")
    text = f"{counted(count, 'contact')} that {agree(count, 'is', 'are')} in the location already {have} another company name than the company they are linked to"
    if known:
        text += ", and this location writes the company's name over it"
        return (Problem("company_names", text, Severity.WARNING, count=count, treatment=BACK),)
    text += "; some locations write the company's name over it, and whether this one does was not probed"
    return (Problem("company_names", text, Severity.INFO, count=count, treatment="pb2hl doctor --probe tells it"),)


def _by_id(frame: Any, column: str) -> dict[str, str]:
    return dict(zip(frame["id"].astype(str), frame[column].fillna("").astype(str), strict=True)) if len(frame) else {}


def _business_names(folder: Path, place: Destination) -> dict[str, str]:
    """Name by business, known by its operation and by its id where it was there before."""
    found = _by_id(place.businesses, "name")
    for op in plan.read(folder, [Target.BUSINESS]):
        found[op.op_id] = found.get(op.existing_id) or str(op.payload.get("name") or "")
    return found


def _key(op: Operation, name: str) -> str:
    value = op.payload.get(name)
    return str(value["$ref"] if isinstance(value, Mapping) else value or "")
