"""Notes and activities become notes: converted body, files linked, provenance line last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from html import escape

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, duration, local_iso, text
from pb2hl.plan.records import provenance
from pb2hl.plan.records.attachments import Attachments
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.deals import Deals
from pb2hl.plan.records.joined_notes import JoinedNotes, Section
from pb2hl.plan.records.meetings import is_meeting
from pb2hl.plan.records.messages import Messages
from pb2hl.plan.records.parents import Parents
from pb2hl.plan.records.relations import further_hosts
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.statuses import activity_type, direction, word_key

EMPTY = "(empty note)"
ACTIVITIES = "activities"
_PERSON = {"notes": "author", ACTIVITIES: "owner"}
"""The column that names the author of a note."""


@dataclass(frozen=True)
class Notes:
    """Plans every note of the migration: notes, activities, links to files, and deals that may not be opportunities."""

    ctx: Context
    parents: Parents
    unconverted: Unconverted
    bodies: Bodies
    attachments: Attachments
    deals: Deals
    messages: Messages

    def operations(self) -> Iterator[Operation]:
        """Notes and activities oldest first, then notes that link files, then notes of blocked deals."""
        for row in self.ctx.rows("notes"):
            yield self._operation("notes", row)
        yield from self._activities()
        for row in self.ctx.rows("attachments", "uploaded_at"):
            if self.attachments.link_of(row):
                yield self._operation("attachments", row)
        yield from self._blocked_deals()

    def _activities(self) -> Iterator[Operation]:
        if JoinedNotes.needed(self.ctx):
            section, alone = partial(self._section, ACTIVITIES), partial(self._alone, ACTIVITIES)
            yield from JoinedNotes(self.ctx, self.parents, self.deals, self._is_noted, section, alone).operations()
            return
        for row in self.ctx.rows(ACTIVITIES, "at"):
            if self._is_noted(row):
                yield self._operation(ACTIVITIES, row)

    def _is_noted(self, row: Row) -> bool:
        """Whether an activity becomes a note."""
        return not (self.messages.instead_of_note(row) or is_meeting(self.ctx, row))

    def _operation(self, object_: str, row: Row) -> Operation:
        return self._alone(object_, self._section(object_, row))

    def _section(self, object_: str, row: Row) -> Section:
        """What a note says of a row."""
        host, person = self.parents.host(object_, row, on_business=True), _PERSON.get(object_)
        further = further_hosts(self.ctx, self.deals, row, host.kind)
        draft = self.ctx.draft(object_, row, {"$url": {f"{host.kind}Id": host.reference, **further}})
        host.note(draft)
        html = self._html_of(object_)(row, draft)
        facts = host.facts if object_ != ACTIVITIES else (*host.facts, *_when(self.ctx, row))
        line = provenance.line(self.ctx, self.unconverted, draft, (object_, row), facts)
        return Section(row, host, draft, html, line, self.ctx.owners.find(text(row, person) if person else ""))

    def _html_of(self, object_: str) -> Callable[[Row, Draft], str]:
        return {"notes": self._note_html, ACTIVITIES: self._activity_html}.get(object_, self._link_html)

    def _alone(self, object_: str, section: Section) -> Operation:
        """The note of one row."""
        draft, html, source = section.draft, section.html, (object_, section.source_id)
        title = text(section.row, "title") if object_ == "notes" else ""
        if title and section.host.kind == "business":
            html, title = f"<p><strong>{escape(title)}</strong></p>{html}", ""
            draft.uses("body", "title")
        draft.put("body", f"{html}<p>{escape(section.line, quote=False)}</p>")
        if section.owner.user_id:
            mapped = section.owner.how == "mapped"
            draft.put("userId", section.owner.user_id, *((_PERSON[object_],) if mapped else ()))
        if title:
            draft.put("title", title, "title")
        draft.close()
        marker = provenance.marker(self.ctx, *source)
        return self.ctx.operation(Kind.CREATE, Target.NOTE, *source, draft.body, marker=marker)

    def _link_html(self, row: Row, draft: Draft) -> str:
        return self.attachments.link_of(row)

    def _note_html(self, row: Row, draft: Draft) -> str:
        draft.uses("body", "body")
        html = self.bodies.html(draft, ("notes", row["source_id"]), text(row, "body"))
        html += self.attachments.links_in(row["source_id"])
        if html.strip():
            return html
        self.ctx.findings.problem(
            "note_empty", "notes", "notes are empty", source_id=row["source_id"], treatment=f"created as {EMPTY!r}"
        )
        return f"<p>{EMPTY}</p>"

    def _activity_html(self, row: Row, draft: Draft) -> str:
        draft.uses("body", "type", "direction", "at", "duration", "outcome", "subject", "body")
        head = [
            _worded(text(row, "type"), activity_type).capitalize() or "Activity",
            _worded(text(row, "direction"), direction),
        ]
        head += [*_when(self.ctx, row), duration(row.get("duration")), text(row, "outcome")]
        subject = f"<p>{escape(text(row, 'subject'), quote=False)}</p>" if text(row, "subject") else ""
        body = self.bodies.html(draft, ("activities", row["source_id"]), text(row, "body"))
        return (
            f"<p><strong>{escape(' · '.join(item for item in head if item), quote=False)}</strong></p>{subject}{body}"
        )

    def _blocked_deals(self) -> Iterator[Operation]:
        if self.deals.policy != "custom field + note" or not self.deals.blocked:
            return
        for row in self.ctx.rows("deals"):
            if row["source_id"] in self.deals.blocked:
                yield self._blocked_deal(row)

    def _blocked_deal(self, row: Row) -> Operation:
        source = ("deals", row["source_id"])
        contact = self.ctx.ref(Target.CONTACT, *self.deals.hosts[row["source_id"]])
        draft = self.ctx.draft("deals", row, {"$url": {"contactId": contact}})
        facts = "".join(f"<p>{escape(fact, quote=False)}</p>" for fact in self.deals.facts(row))
        said = ["not an opportunity: the location allows no second one"]
        line = provenance.line(self.ctx, self.unconverted, draft, ("deals", row), said)
        draft.put("body", f"{facts}<p>{escape(line, quote=False)}</p>")
        if user := self.ctx.owners.find(row.get("owner")).user_id:
            draft.put("userId", user)
        marker = provenance.marker(self.ctx, *source)
        return self.ctx.operation(Kind.CREATE, Target.NOTE, *source, draft.body, marker=marker)


def _when(ctx: Context, row: Row) -> list[str]:
    return [local_iso(row["at"], ctx.zone)] if row.get("at") is not None else []


def _worded(word: str, meaning: Callable[[str], str]) -> str:
    """An export's own word, with ours behind it where its language is another (`Anruf (call)`)."""
    words, known = word.replace("_", " "), meaning(word)
    return f"{words} ({known})" if known and known not in word_key(word) else words
