"""HighLevel's owner sync: where it is on, a contact takes the owner of its opportunity and the other way round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import OWNER, Target

WHY = "changed by HighLevel's owner sync"
_SYNCED = (Target.CONTACT, Target.OPPORTUNITY)


class OwnerSync:
    """Which owners the sync can have put on a contact and its deals: those that we sent for any of them.

    Knows nothing, and explains nothing, of a location where no probe ever saw the sync.
    """

    def __init__(self, ledger: LedgerPort):
        self._owners: dict[str, set[str]] = defaultdict(set)
        if not (known := Capabilities.of(ledger)).owner_sync and not known.owner_synced:
            return
        for target in _SYNCED:
            for entry in ledger.iterate(target=target, state=State.DONE):
                if owner := entry.payload.get(OWNER):
                    self._owners[_contact(entry, {})].add(str(owner))

    def explains(self, entry: Entry, name: str, record: Mapping[str, Any]) -> bool:
        """Whether the sync may have put the owner that `record` has in place of the one that was sent."""
        if name != OWNER or entry.target not in _SYNCED:
            return False
        return str(record.get(OWNER) or "") in self._owners.get(_contact(entry, record), ())


def synced_contact(entry: Entry) -> str:
    """The contact that an opportunity hangs on, by the ledger."""
    return _contact(entry, {})


def _contact(entry: Entry, record: Mapping[str, Any]) -> str:
    if entry.target is Target.CONTACT:
        return entry.destination_id
    said = (record, entry.payload, entry.before_image or {})  # an update of a deal does not name its contact
    return next((str(held["contactId"]) for held in said if held.get("contactId")), "")
