"""Activities of one host in notes that they share: under `activity_notes = "joined"`, and those that were loaded so.

A note tells its activities oldest first, each as a note of its own would, and grows to `MOST_CHARACTERS`; an activity alone in a note
is the note that it would be without the policy. What stands in a note already stays in it, so that a later export changes the notes
of what it changes and makes further notes of what is new: a note that people read, and may have written into, never grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from pb2hl import markers
from pb2hl.errors import Severity
from pb2hl.operations import JOINED, Kind, Operation, Target, canonical_hash
from pb2hl.plan.inputs.rows import Row, rows
from pb2hl.plan.records import provenance
from pb2hl.plan.records.deals import Deals
from pb2hl.plan.records.parents import Host, Parents
from pb2hl.plan.records.relations import further_hosts
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.plan.shared.owners import Owner
from pb2hl.values.counting import counted

OBJECT = "activities"
MOST_CHARACTERS = 5_000
"""Of a shared note's HTML. No page of the vendor's names a bound (BEHAVIOUR): this is what a person still reads, far below what any
note was seen to be refused for."""
_HOSTED_BY = ("source_id", "type", "direction", "at", "body", "contact_id", "company_id", "deal_id")


@dataclass(frozen=True)
class Section:
    """What a note says of one row, before it is put into a note: its text, its provenance line, the draft that its cells are noted on."""

    row: Row
    host: Host
    draft: Draft
    html: str
    line: str
    owner: Owner

    @property
    def source_id(self) -> str:
        """The row's source id."""
        return str(self.row["source_id"])


@dataclass(frozen=True)
class JoinedNotes:
    """Plans notes that activities share. `becomes_note` says of a row whether it is a note at all, `section` what one says of it, and
    `alone` makes the note of a single one."""

    ctx: Context
    parents: Parents
    deals: Deals
    becomes_note: Callable[[Row], bool]
    section: Callable[[Row], Section]
    alone: Callable[[Section], Operation]

    @classmethod
    def needed(cls, ctx: Context) -> bool:
        """Whether any activity shares a note: by policy, or because it was loaded so."""
        noted = ctx.inputs.noted
        return ctx.inputs.config.policy.activity_notes == "joined" or any(one != own for one, own in noted.items())

    def operations(self) -> Iterator[Operation]:
        """The notes of one host after those of another, oldest first."""
        told = made = 0
        for anchor, group in self._notes():
            if len(group) > 1:
                told, made = told + len(group), made + 1
            yield self._note(anchor, group) if len(group) > 1 else self.alone(group[0])
        if made:
            self._tell(told, made)

    def _tell(self, told: int, made: int) -> None:
        less = counted(told - made, "request")
        self.ctx.findings.problem(
            "notes_joined",
            OBJECT,
            f"{told:,} of them share {counted(made, 'note')}: {less} fewer to write them, and fewer pages to read them back",
            severity=Severity.INFO,
            count=told,
            treatment='each is told in it with its own date; one alone can neither be undone nor dated. activity_notes = "one each" keeps them apart',
        )
        why = "several share a note: no date, no author and no undo of its own"
        self.ctx.findings.loss(OBJECT, "note of its own", "a note with others of its contact or company", why, told)

    def _notes(self) -> Iterator[tuple[str, list[Section]]]:
        """(activity whose note it is, what stands in it)."""
        group: list[Section] = []
        length, last = 0, ("", "")
        for place, row in self._placed():
            section = self.section(row)
            size = len(_told(section))
            full = not place[0] and length + size > MOST_CHARACTERS
            if group and (place != last or full):
                yield last[0], group
                group, length = [], 0
            group.append(section)
            length, last = length + size, place
        if group:
            yield last[0], group

    def _placed(self) -> Iterator[tuple[tuple[str, str], Row]]:
        """Every row that becomes a note behind its place, rows of one place together and oldest first.

        A place is (activity in whose note it stands already or "", what it hangs on)."""
        frame = self.ctx.inputs.named(OBJECT).reset_index(drop=True)
        if frame.empty:
            return
        joining, noted = self.ctx.inputs.config.policy.activity_notes == "joined", self.ctx.inputs.noted
        hosts = {
            row["source_id"]: self._host(row)
            for row in rows(frame, _HOSTED_BY)
            if row["source_id"] in noted or self.becomes_note(row)
        }
        frame = frame[frame["source_id"].astype(str).isin(hosts)]
        frame = frame.sort_values([name for name in ("at", "source_id") if name in frame.columns], na_position="last")
        places: list[tuple[str, str]] = []
        for one in frame["source_id"].astype(str):
            anchor = noted.get(one, "")
            stays = bool(anchor) and hosts.get(anchor) == hosts[one]
            places.append((anchor, hosts[one]) if stays else ("", hosts[one] if joining else f"{hosts[one]} {one}"))
        codes, _ = pd.factorize(pd.Series(places, dtype=object))
        order = np.argsort(codes, kind="stable")
        walk = rows(frame.iloc[order], numbered=True)
        yield from zip((places[at] for at in order), walk, strict=True)

    def _host(self, row: Row) -> str:
        """What a row hangs on, and its deal and company where one note can be on several records, as one text."""
        host = self.parents.host(OBJECT, row, on_business=True)
        return canonical_hash([host.reference, further_hosts(self.ctx, self.deals, row, host.kind)])

    def _note(self, anchor: str, group: list[Section]) -> Operation:
        own = next((one for one in group if one.source_id == anchor), group[0])
        users = {one.owner.user_id for one in group}
        user = users.pop() if len(users) == 1 else ""
        for one in group:
            one.draft.put("body", _told(one))
            if user:
                one.draft.put("userId", user, *(("owner",) if one.owner.how == "mapped" else ()))
            one.draft.close()
        facts = [f"{len(group):,} activities in one note"]
        line = markers.provenance_line(self.ctx.source, OBJECT, own.source_id, facts)
        text = "".join(map(_told, group)) + f"<p>{escape(line, quote=False)}</p>"
        further = [one.source_id for one in group if one is not own]
        payload = {**own.draft.body, "body": text, JOINED: further}
        marker = provenance.marker(self.ctx, OBJECT, own.source_id)
        return self.ctx.operation(Kind.CREATE, Target.NOTE, OBJECT, own.source_id, payload, marker=marker)


def _told(section: Section) -> str:
    """An activity in a note with others: its line names it without the marker, by which the whole note is found."""
    facts = section.line.partition(" |")[2].strip()
    said = f"activity {section.source_id}" + (f" | {facts}" if facts else "")
    return f"{section.html}<p>{escape(said, quote=False)}</p>"
