"""Owners of contacts that were there before and of their own opportunities, where HighLevel keeps both at one.

Writing an opportunity's owner writes its contact's too, and through it that of the contact's other opportunities; a record of which
we change nothing has no before-image of its own. So the opportunity's entry keeps the owners that they had (`HOST`), and taking the
opportunity back puts them back.
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
from pb2hl.highlevel.records.base import id_of
from pb2hl.highlevel.records.opportunities import DEALS as OPPORTUNITIES
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import OWNER, Kind, Operation, Target

HOST = "$host"
"""In the before-image of an opportunity: `{"id", "assignedTo"}` of its contact, and of the contact's other ones `"deals"`: id → owner."""

DEALS = "deals"
ROUNDS = 3
"""Times that owners which write each other are gone through: a contact and its opportunity may each undo what the other was given."""


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
        found = await OPPORTUNITIES.all(self._client, more={"contactId": contact})
        deals = {id_of(deal): str(deal.get(OWNER) or "") for deal in found}
        ours = {entry.destination_id for entry in self._ledger.by_destination(deals) if entry.kind is Kind.CREATE}
        theirs = {id: owner for id, owner in deals.items() if id not in ours}
        host = {"id": contact, OWNER: held.get(OWNER) or ""} | ({DEALS: theirs} if theirs else {})
        return {**(before or {}), HOST: host}


def made_contact(entry: Entry) -> bool:
    """Whether an operation made a contact."""
    return entry.target is Target.CONTACT and entry.kind is Kind.CREATE


class Owners:
    """What becomes of those owners when the opportunities among `going` (op ids) are taken back. `ours` are the contacts that we made."""

    def __init__(self, ledger: LedgerPort, going: Callable[[str], bool], ours: Collection[str]):
        self.before: dict[str, dict[tuple[Target, str], str]] = {}
        self.written: dict[str, set[str]] = {}
        """By contact: the owners that it and its own opportunities had, and those that we had HighLevel write."""
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
                self.before[contact] = owners = owners_of(_host(group[0]))
                last = max(group, key=lambda entry: entry.sequence)
                other = sum(owner != str(last.payload[OWNER]) for owner in owners.values())
                again = len(owners) * bool(other) if len(owners) > 1 else 0
                self.requests += len(group) * len(owners) + 2 * other + again


class OwnersBack:
    """Puts those owners back; `going` and `ours` as in `Owners`."""

    def __init__(
        self, context: RunContext, ports: Mapping[Target, Any], going: Callable[[str], bool], ours: Collection[str]
    ):
        self._context, self._ports = context, ports
        self._owners = Owners(context.ledger, going, ours)
        self.left: list[str] = []
        """Contacts and opportunities whose owner HighLevel keeps."""

    async def put_back(self, entry: Entry) -> None:
        """After `entry` was taken back: its contact's owner as before it, unless a person gave another since.

        Where a later opportunity stays, that takes over what was there before.
        """
        contact = synced_contact(entry)
        if entry.op_id in self._owners.handed:
            later, host = self._owners.handed[entry.op_id]
            self._context.ledger.keep_before(self._context.run, later.op_id, {**(later.before_image or {}), HOST: host})
        elif owners := self._owners.before.get(contact):
            ours = self._owners.written[contact].union(owners.values())
            for _ in range(ROUNDS if len(owners) > 1 else 1):
                if not sum([await self._given(record, owner, ours) for record, owner in owners.items()]):
                    break

    async def _given(self, record: tuple[Target, str], owner: str, ours: Collection[str]) -> bool:
        """Whether its owner was written; not, where it is right or a person's (none of `ours`)."""
        now = await self._owner_of(record)
        if now is None or now == owner or now not in ours:
            return False
        target, id = record
        for value in (owner,) if owner else (None, ""):  # which of the two clears is not documented
            with suppress(Refused, NotFound):
                await self._ports[target].update(self._context.client, id, {OWNER: value})
            if await self._owner_of(record) == owner:
                self.left = [one for one in self.left if one != id]
                return True
        self.left += [id] * (id not in self.left)
        return True

    async def _owner_of(self, record: tuple[Target, str]) -> str | None:
        target, id = record
        with suppress(NotFound):
            return str((await self._ports[target].get(self._context.client, id)).get(OWNER) or "")
        return None


class Bystanders:
    """Records of which we wrote nothing and that have another owner than before: the one that we gave an opportunity beside them."""

    def __init__(self, ledger: LedgerPort):
        owners = Owners(ledger, lambda _: True, ())
        self._known = {
            record: (owner, owners.written[contact])
            for contact, held in owners.before.items()
            for record, owner in held.items()
        }
        self.moved: set[tuple[Target, str]] = set()

    def see(self, target: Target, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Note which of these are such."""
        for id, record in records.items():
            before, written = self._known.get((target, id), ("", frozenset()))
            if str(record.get(OWNER) or "") in written - {before}:
                self.moved.add((target, id))


def owners_of(host: Mapping[str, Any]) -> dict[tuple[Target, str], str]:
    """The owner that a contact and its own opportunities had, by record."""
    deals = host.get(DEALS) or {}
    return {(Target.CONTACT, str(host["id"])): str(host[OWNER])} | {
        (Target.OPPORTUNITY, id): owner for id, owner in deals.items()
    }


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
