"""Owners of contacts that were there before, where HighLevel gives a contact the owner of its opportunity.

Writing an opportunity's owner writes its contact's too, and a contact of which we change nothing has no before-image of its own. So
the opportunity's entry keeps the owner that its contact had (`HOST`), and taking the opportunity back puts that owner back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.diff.owner_sync import synced_contact
from pb2hl.errors import NotFound, Refused
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import OWNER, Kind, Operation, Target

HOST = "$host"
"""In the before-image of an opportunity: `{"id", "assignedTo"}` of its contact."""


class HostOwners:
    """Reads the owner of an opportunity's contact before the opportunity's owner is written: of contacts that were there before, unless
    a probe saw that owners are not synced. Where nobody probed, the contact's owner is the client's own all the same."""

    def __init__(self, ledger: LedgerPort, client: Any, port: Any):
        self._ledger, self._client, self._port = ledger, client, port
        self._synced = Capabilities.of(ledger).may_sync_owners

    async def beside(
        self, operation: Operation, payload: Mapping[str, Any], before: Mapping[str, Any] | None
    ) -> Mapping[str, Any] | None:
        """`before`, with the owner of the contact that `operation` is going to write too."""
        contact = str(payload.get("contactId") or (before or {}).get("contactId") or "")
        if not self._synced or operation.target is not Target.OPPORTUNITY or not payload.get(OWNER) or not contact:
            return before
        if any(made_contact(entry) for entry in self._ledger.by_destination([contact])):
            return before
        held = await self._port.get(self._client, contact)
        return {**(before or {}), HOST: {"id": contact, OWNER: held.get(OWNER) or ""}}


def made_contact(entry: Entry) -> bool:
    """Whether an operation made a contact."""
    return entry.target is Target.CONTACT and entry.kind is Kind.CREATE


class Owners:
    """What becomes of those owners when the opportunities among `going` (op ids) are taken back. `ours` are the contacts that we made."""

    def __init__(self, ledger: LedgerPort, going: Callable[[str], bool], ours: Collection[str]):
        self.before: dict[str, str] = {}
        self.written: dict[str, set[str]] = {}
        """By contact: the owner that it had, and those that we had HighLevel write."""
        self.handed: dict[str, tuple[Entry, Any]] = {}
        """By op id of an opportunity that goes: the first later one of the contact that stays, and what it takes over."""
        self.requests = 0
        """That putting them back takes if nobody gave an owner since: a look an opportunity, and two where one is put back."""
        for contact, entries in _by_contact(ledger, ours).items():
            self.written[contact] = {str(entry.payload[OWNER]) for entry in entries}
            group: list[Entry] = []
            for entry in entries:
                if going(entry.op_id):
                    group.append(entry)
                else:
                    self.handed |= {gone.op_id: (entry, _host(group[0])) for gone in group}
                    group = []
            if group:
                self.before[contact] = str(_host(group[0])[OWNER])
                last = max(group, key=lambda entry: entry.sequence)
                self.requests += len(group) + 2 * (self.before[contact] != str(last.payload[OWNER]))


class OwnersBack:
    """Puts those owners back; `going` and `ours` as in `Owners`."""

    def __init__(self, context: RunContext, port: Any, going: Callable[[str], bool], ours: Collection[str]):
        self._context, self._port = context, port
        self._owners = Owners(context.ledger, going, ours)
        self.left: list[str] = []
        """Contacts whose owner HighLevel keeps."""

    async def put_back(self, entry: Entry) -> None:
        """After `entry` was taken back: its contact's owner as before it, unless a person gave another since.

        Where a later opportunity stays, that takes over what was there before.
        """
        contact = synced_contact(entry)
        if entry.op_id in self._owners.handed:
            later, host = self._owners.handed[entry.op_id]
            self._context.ledger.keep_before(self._context.run, later.op_id, {**(later.before_image or {}), HOST: host})
        elif contact in self._owners.before:
            with suppress(NotFound):
                await self._give(contact, self._owners.before[contact])

    async def _give(self, contact: str, owner: str) -> None:
        now = await self._owner_of(contact)
        if now == owner or now not in self._owners.written[contact]:
            return
        for value in (owner,) if owner else (None, ""):  # which of the two clears is not documented
            with suppress(Refused):
                await self._port.update(self._context.client, contact, {OWNER: value})
            if await self._owner_of(contact) == owner:
                return
        if contact not in self.left:
            self.left.append(contact)

    async def _owner_of(self, contact: str) -> str:
        return str((await self._port.get(self._context.client, contact)).get(OWNER) or "")


def _host(entry: Entry) -> Mapping[str, Any]:
    return dict((entry.before_image or {})[HOST])


def _by_contact(ledger: LedgerPort, ours: Collection[str]) -> dict[str, list[Entry]]:
    """The opportunities that wrote an owner over a contact that was there before, oldest first."""
    found: dict[str, list[Entry]] = defaultdict(list)
    if Capabilities.of(ledger).may_sync_owners:
        for entry in ledger.iterate(target=Target.OPPORTUNITY, state=State.DONE):
            if HOST in (entry.before_image or {}) and synced_contact(entry) not in ours:
                found[synced_contact(entry)].append(entry)
    return {contact: sorted(entries, key=lambda entry: entry.intended_at) for contact, entries in found.items()}
