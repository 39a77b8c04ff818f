"""What other people have in the location that hangs on records of ours: deleting those would take it along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pb2hl.highlevel.records.notes import notes_of
from pb2hl.highlevel.records.tasks import tasks_of
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import Kind, Target


@dataclass
class Foreign:
    """Opportunities of others by pipeline and contact; `ours` are ids of everything this migration made.

    `needs` says, for each record we made, the ids of ours it refers to.
    """

    ours: set[str]
    pipelines: Counter[str] = field(default_factory=Counter)
    contacts: Counter[str] = field(default_factory=Counter)
    needs: dict[str, set[str]] = field(default_factory=dict)

    async def on_contact(self, client: Any, contact_id: str) -> str:
        """What hangs on the contact that we did not make: `2 notes and 1 task`; "" when nothing does."""
        notes = [note for note in await notes_of(client, contact_id) if note.get("id") not in self.ours]
        tasks = [task for task in await tasks_of(client, contact_id) if task.get("id") not in self.ours]
        parts = [f"{len(items)} {name}" for name, items in (("notes", notes), ("tasks", tasks)) if items]
        return " and ".join(parts)


async def foreign_records(
    client: Any, ports: Mapping[Target, Any], ledger: LedgerPort, entries: Collection[Entry]
) -> Foreign:
    """Read the opportunities once, in pages, if a contact or a pipeline of ours is about to be deleted."""
    made = ledger.columns(["destination_id", "kind"], state=(State.DONE, State.UNDONE))
    ours = {destination for destination, kind in made if kind != Kind.UPDATE}
    foreign = Foreign(ours)
    known = {entry.destination_id for entry in entries}
    for entry in entries:
        foreign.needs.setdefault(entry.destination_id, set()).update(known.intersection(_texts(entry.payload)))
    if any(entry.target in (Target.PIPELINE, Target.CONTACT) and entry.kind is Kind.CREATE for entry in entries):
        async for page in ports[Target.OPPORTUNITY].pages(client):
            for record in page:
                if record.get("id") not in ours:
                    foreign.pipelines[str(record.get("pipelineId"))] += 1
                    foreign.contacts[str(record.get("contactId") or (record.get("contact") or {}).get("id"))] += 1
    return foreign


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
