"""What was added to contacts (links, tags, files): whether it stands there, by the contact as it is now.

The answers to these requests show nothing of what they did, and no record of ours holds it: only the contact tells.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pb2hl.diff.flatten import CUSTOM, flatten_record
from pb2hl.highlevel import Client
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import REMOVED_TAGS, Target
from pb2hl.steps.shared.readback import read_records
from pb2hl.values.fold import fold

ADDED = (Target.LINK, Target.CONTACT_TAGS, Target.FILE)
OTHER_COMPANY = "another company stands there"
"""Why a link does not stand where somebody linked the contact elsewhere."""


@dataclass(frozen=True)
class Additions:
    """What should stand on contacts: `entries` those that have to be seen, `tags` and `gone` (tags that a delta took off) each
    contact's last word, `files` how many are in a field."""

    entries: tuple[Entry, ...]
    tags: Mapping[str, frozenset[str]]
    gone: Mapping[str, frozenset[str]]
    files: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, ledger: LedgerPort, targets: Iterable[Target] = ADDED) -> Additions:
        """By the ledger: of links the last of each contact, of tags those that no later operation took off."""
        links: dict[str, Entry] = {}
        others: list[Entry] = []
        tags: dict[str, set[str]] = defaultdict(set)
        gone: dict[str, set[str]] = defaultdict(set)
        files: Counter[tuple[str, str]] = Counter()
        for target in targets:
            for entry in ledger.iterate(state=State.DONE, target=target):
                if target is Target.LINK:
                    links[contact_of(entry)] = entry
                    continue
                others.append(entry)
                if target is Target.FILE:
                    files[contact_of(entry), field_of(entry)] += 1
                else:
                    contact = contact_of(entry)
                    added, removed = (_folded(entry, name) for name in ("tags", REMOVED_TAGS))
                    tags[contact] = (tags[contact] | added) - removed
                    gone[contact] = (gone[contact] | removed) - added
        return cls((*links.values(), *others), _frozen(tags), _frozen(gone), files)

    @cached_property
    def whole(self) -> frozenset[str]:
        """The contacts of which more than their business has to be seen."""
        return frozenset({*self.tags, *(contact for contact, _ in self.files)})

    def stands(self, entry: Entry, contact: Mapping[str, Any]) -> bool:
        """Whether what `entry` added stands on the contact."""
        if entry.target is Target.LINK:
            return (contact.get("businessId") or "") == (entry.payload["businessId"] or "")
        if entry.target is Target.CONTACT_TAGS:
            held = {fold(str(tag)) for tag in contact.get("tags") or ()}
            added, removed = _folded(entry, "tags"), _folded(entry, REMOVED_TAGS)
            contact_id = contact_of(entry)
            return added & self.tags[contact_id] <= held and not removed & self.gone[contact_id] & held
        value = flatten_record(contact).get(f"{CUSTOM}{field_of(entry)}")
        there = len(value) if isinstance(value, list | Mapping) else int(bool(value))
        upload = entry.destination_id.rsplit("/", 1)[-1]
        return upload in str(value) or there >= self.files[contact_of(entry), field_of(entry)]

    def among(self, op_ids: Collection[str]) -> Additions:
        """The same of some operations only."""
        return replace(self, entries=tuple(entry for entry in self.entries if entry.op_id in op_ids))

    async def lacking(self, client: Client, known: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Op ids of the entries whose addition does not stand; with OTHER_COMPANY where a business of somebody else's choice does. `known`: contacts as they were read; where one does not show it, it is read by id."""
        doubtful = [entry for entry in self.entries if not self.stands(entry, known.get(contact_of(entry), NOTHING))]
        asked = {contact_of(entry): entry for entry in doubtful}
        read = await read_records(
            client,
            [
                replace(entry, op_id=contact, target=Target.CONTACT, destination_id=contact, payload={})
                for contact, entry in asked.items()
            ],
        )
        now = {entry.op_id: read[contact_of(entry)] or NOTHING for entry in doubtful}
        return {
            entry.op_id: _instead(entry, now[entry.op_id])
            for entry in doubtful
            if not self.stands(entry, now[entry.op_id])
        }


NOTHING: Mapping[str, Any] = {}


def _instead(entry: Entry, contact: Mapping[str, Any]) -> str:
    held, before = contact.get("businessId"), (entry.before_image or {}).get("businessId")
    return OTHER_COMPANY if entry.target is Target.LINK and held and held != before else ""


def _folded(entry: Entry, name: str) -> set[str]:
    return set(map(fold, entry.payload.get(name) or ()))


def _frozen(tags: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {contact: frozenset(names) for contact, names in tags.items()}


def contact_of(entry: Entry) -> str:
    """The contact that an entry added to."""
    ids = {**entry.payload, **(entry.payload.get("$url") or {})}
    return str(ids.get("contactId") or entry.destination_id)


def field_of(entry: Entry) -> str:
    """The field that a file was put into."""
    return str((entry.payload.get("$url") or {}).get("fieldId") or "")
