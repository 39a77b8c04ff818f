"""Owners where HighLevel keeps contacts and opportunities at one: how many pairs differ, and the order that keeps the contact's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pb2hl import plan
from pb2hl.errors import Problem, Severity
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import LedgerPort
from pb2hl.operations import OWNER, Operation, Target
from pb2hl.values.counting import agree, counted

SWITCH = (
    "an admin turns on 'Allow different owners of Contacts and their Opportunities' in the location's settings, then runs "
    "pb2hl doctor --probe"
)


def differing(folder: Path) -> int:
    """Opportunities of the plan in `folder` that have another owner than their contact."""
    owners = _owners(folder)
    return sum(_differs(op, owners) for op in plan.read(folder, [Target.OPPORTUNITY], saying=f'"{OWNER}"'))


def problems(ledger: LedgerPort, folder: Path) -> tuple[Problem, ...]:
    """What the sync would change, before anything is loaded; nothing where a probe saw that it is off."""
    known = Capabilities.of(ledger).owner_sync
    if known is False or not (count := differing(folder)):
        return ()
    pairs = f"{counted(count, 'opportunity')} {agree(count, 'has', 'have')} another owner than {agree(count, 'its', 'their')} contact"
    if known:
        text = f"{pairs}, and this location gives both the same: the contact's owner is kept where one of its opportunities has it"
        return (Problem("owner_sync", text, Severity.WARNING, count=count, treatment=SWITCH),)
    text = f"{pairs}; many locations give both the same owner, and whether this one does was not probed"
    return (Problem("owner_sync", text, Severity.INFO, count=count, treatment="pb2hl doctor --probe tells it"),)


def in_order(ledger: LedgerPort, folder: Path, operations: Iterable[Operation]) -> Iterator[Operation]:
    """`operations` of the plan in `folder`, opportunities with their contact's owner last among them where owners are kept at one.

    The last opportunity that is made decides the contact's owner then.
    """
    if not Capabilities.of(ledger).owner_sync:
        yield from operations
        return
    owners = _owners(folder)
    for target, group in groupby(operations, key=lambda op: op.target):
        if target is not Target.OPPORTUNITY:
            yield from group
            continue
        last = set()
        for op in group:
            if op.payload.get(OWNER) and not _differs(op, owners):
                last.add(op.op_id)
            else:
                yield op
        yield from (op for op in plan.read(folder, [Target.OPPORTUNITY]) if op.op_id in last)


def _owners(folder: Path) -> dict[str, str]:
    """Owner by contact, known by its operation and by its id where it was there before."""
    found = {}
    for op in plan.read(folder, [Target.CONTACT], saying=f'"{OWNER}"'):
        if owner := op.payload.get(OWNER):
            found[op.op_id] = str(owner)
            if op.existing_id:
                found[op.existing_id] = str(owner)
    return found


def _differs(deal: Operation, owners: dict[str, str]) -> bool:
    owner, contact = deal.payload.get(OWNER), _key(deal.payload.get("contactId"))
    return bool(owner) and contact in owners and owners[contact] != owner


def _key(contact: Any) -> str:
    return str(contact["$ref"] if isinstance(contact, dict) else contact)
