"""Which records of ours need which: what stays keeps what it needs alive."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pb2hl.ledger import Entry
from pb2hl.operations import IN_CONVERSATION, Kind, Target
from pb2hl.values.counting import counted, listed
from pb2hl.values.fold import fold

NEEDED_BY: Mapping[Target, frozenset[Target]] = {
    Target.CONTACT: frozenset(
        {
            Target.OPPORTUNITY,
            Target.NOTE,
            Target.TASK,
            Target.APPOINTMENT,
            Target.FILE,
            Target.RELATION,
            *IN_CONVERSATION,
        }
    ),
    Target.BUSINESS: frozenset({Target.CONTACT, Target.NOTE, Target.LINK, Target.RELATION}),
    Target.OPPORTUNITY: frozenset({Target.RELATION}),
    Target.TASK: frozenset({Target.RELATION}),
    Target.PIPELINE: frozenset({Target.OPPORTUNITY}),
    Target.CALENDAR: frozenset({Target.APPOINTMENT}),
    Target.FIELD: frozenset({Target.CONTACT, Target.BUSINESS, Target.OPPORTUNITY, Target.FILE, Target.OBJECT_RECORD}),
    Target.TAG: frozenset({Target.CONTACT, Target.CONTACT_TAGS}),
    Target.FOLDER: frozenset({Target.FIELD}),
    Target.MEDIA: frozenset({Target.NOTE, Target.TASK, Target.CONTACT, Target.OPPORTUNITY, Target.BUSINESS}),
}
"""Deleting the record on the left takes the ones on the right along, or damages them."""

NAMES: Mapping[Target, str] = {
    Target.LINK: "linked contact",
    Target.CONTACT_TAGS: "tagged contact",
    Target.OBJECT_RECORD: "custom object record",
}
"""What one record of a kind is called, where that is not the kind's own name."""

_ADDRESS = re.compile(r"https?://[^\s\"'<>()]+")


def records(count: int, target: Target) -> str:
    """`1 note`, `2 opportunities`."""
    return counted(count, NAMES.get(target, str(target)))


class Dependents:
    """Counts, for each record that is about to be deleted, the records that stay and need it: each once, whatever it holds."""

    def __init__(self, doomed: Iterable[Entry]):
        self._kinds: dict[str, Target] = {}
        self._called: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._held: dict[str, dict[str, Target]] = defaultdict(dict)
        for entry in doomed:
            self._kinds[entry.destination_id] = entry.target
            for name in (entry.destination_id, entry.answer.get("fieldKey"), entry.answer.get("url")):
                if name:
                    self._called[str(name)] = entry.destination_id
            if entry.target is Target.TAG:
                self._tags[fold(entry.payload.get("name"))] = entry.destination_id

    def stays(self, target: Target, record_id: str, body: Mapping[str, Any]) -> None:
        """A record of ours of this kind, with this payload (or as HighLevel holds it), stays."""
        for needed in self.needs(target, body):
            known = self._held[needed].get(record_id)
            self._held[needed][record_id] = target if known is None or known in NAMES else known

    def needs(self, target: Target, body: Mapping[str, Any]) -> set[str]:
        """Ids of the doomed records without which a record of this kind would go, or be damaged."""
        names = {name for text in texts(body) for name in (text, *_addresses(text))}
        found = {self._called[name] for name in names if name in self._called}
        found |= {self._tags[tag] for tag in map(fold, body.get("tags") or ()) if tag in self._tags}
        return {record for record in found if target in NEEDED_BY.get(self._kinds[record], ())}

    def named(self, body: Mapping[str, Any]) -> set[str]:
        """Ids of the doomed records that `body` names anywhere, whatever they are to each other."""
        return {self._called[text] for text in texts(body) if text in self._called}

    def needing(self, record_id: str) -> Iterable[str]:
        """Ids of the records that stay and need this one."""
        return self._held.get(record_id, {}).keys()

    def why(self, record_id: str) -> str:
        """What keeps the record: `still needed by 1 contact and 2 notes of this migration that stay`; "" when nothing does."""
        held = self._held.get(record_id)
        if not held:
            return ""
        needy = listed(records(count, target) for target, count in sorted(Counter(held.values()).items()))
        return f"still needed by {needy} of this migration that {'stay' if len(held) > 1 else 'stays'}"


def children(chosen: Iterable[Entry], done: Iterable[Entry]) -> set[str]:
    """Op ids of what in `done` hangs on the contacts and businesses among `chosen`: HighLevel deletes it with them."""
    parents = [e for e in chosen if e.kind is Kind.CREATE and e.target in (Target.CONTACT, Target.BUSINESS)]
    dependents, ids = Dependents(parents), {entry.destination_id for entry in parents}
    return {
        entry.op_id
        for entry in done
        if dependents.needs(entry.target, entry.payload)
        or (entry.kind is not Kind.CREATE and entry.destination_id in ids)
    }


def texts(value: Any) -> Iterable[str]:
    """Every text in a JSON-able value."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def _addresses(text: str) -> list[str]:
    return _ADDRESS.findall(html.unescape(text)) if "://" in text else []
