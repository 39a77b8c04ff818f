"""Notes and activities become notes: converted body, files linked, provenance line last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, duration, local_iso, text
from pb2hl.plan.records import provenance
from pb2hl.plan.records.attachments import Attachments
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.deals import Deals
from pb2hl.plan.records.meetings import is_meeting
from pb2hl.plan.records.messages import Messages
from pb2hl.plan.records.parents import Parents
from pb2hl.plan.records.relations import further_hosts
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.statuses import activity_type, direction, word_key

EMPTY = "(empty note)"


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
            yield self._operation("notes", row, self._note_html, "author")
        for row in self.ctx.rows("activities", "at"):
            if not (self.messages.instead_of_note(row) or is_meeting(self.ctx, row)):
                yield self._operation("activities", row, self._activity_html, "owner")
        for row in self.ctx.rows("attachments", "uploaded_at"):
            if self.attachments.link_of(row):
                yield self._operation("attachments", row, self._link_html, "")
        yield from self._blocked_deals()

    def _operation(self, object_: str, row: Row, html_of: Callable[[Row, Draft], str], person: str) -> Operation:
        host, source = self.parents.host(object_, row, on_business=True), (object_, row["source_id"])
        further = further_hosts(self.ctx, self.deals, row, host.kind)
        draft = self.ctx.draft(object_, row, {"$url": {f"{host.kind}Id": host.reference, **further}})
        host.note(draft)
        html, title = html_of(row, draft), text(row, "title") if object_ == "notes" else ""
        facts = host.facts if object_ != "activities" else (*host.facts, *_when(self.ctx, row))
        line = provenance.line(self.ctx, self.unconverted, draft, (object_, row), facts)
        if title and host.kind == "business":
            html, title = f"<p><strong>{escape(title)}</strong></p>{html}", ""
            draft.uses("body", "title")
        draft.put("body", f"{html}<p>{escape(line, quote=False)}</p>")
        owner = self.ctx.owners.find(text(row, person) if person else "")
        if owner.user_id:
            draft.put("userId", owner.user_id, *((person,) if owner.how == "mapped" else ()))
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
