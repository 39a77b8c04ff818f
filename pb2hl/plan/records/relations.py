"""Relations that HighLevel keeps beside the one contact of a record: a deal's company and further contacts, a task's deal and company.

Only through associations that a probe saw working (`Capabilities.associations`); what a field or the provenance line tells of them
stays, so that a relation which is refused loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pb2hl import field_map
from pb2hl.highlevel.records.relations import (
    BUSINESS_DEAL,
    DEAL_CONTACT,
    MOST_CONTACTS,
    PAIRS,
    TASK_BUSINESS,
    TASK_DEAL,
    between,
)
from pb2hl.operations import OPTIONAL, Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, text, texts
from pb2hl.plan.records.deals import Deals
from pb2hl.plan.shared.context import Context

_TARGETS = {
    "contact": Target.CONTACT,
    "business": Target.BUSINESS,
    "opportunity": Target.OPPORTUNITY,
    "task": Target.TASK,
}
_OBJECTS = {"contact": "contacts", "business": "companies", "opportunity": "deals", "task": "tasks"}


@dataclass(frozen=True)
class Relations:
    """Plans the relations of deals and tasks."""

    ctx: Context
    deals: Deals

    @property
    def known(self) -> Mapping[str, Mapping[str, str]]:
        """The associations that may be used, by key."""
        return self.ctx.inputs.capabilities.associations or {}

    def operations(self) -> Iterator[Operation]:
        """One operation a relation."""
        if {BUSINESS_DEAL, DEAL_CONTACT} & self.known.keys():
            for row in self.ctx.rows("deals"):
                if row["source_id"] not in self.deals.blocked:
                    yield from self._of_deal(row)
        if {TASK_DEAL, TASK_BUSINESS} & self.known.keys():
            for row in self.ctx.rows("tasks"):
                yield from self._of_task(row)

    def _of_deal(self, row: Row) -> Iterator[Operation]:
        yield from self._related(
            row, BUSINESS_DEAL, self.ctx.companies.find(text(row, "company_id")).source_id, "company_id"
        )
        host = self.deals.hosts[row["source_id"]]
        given = [*texts(row.get("contact_id")), *texts(row.get("contact_email"))]
        found = dict.fromkeys(self.ctx.contacts.find(item).source_id for item in given)
        others = [one for one in found if one and ("contacts", one) != host]
        for one in others[:MOST_CONTACTS]:
            yield from self._related(row, DEAL_CONTACT, one)

    def _of_task(self, row: Row) -> Iterator[Operation]:
        deal = deal_of(self.ctx, self.deals, row)
        yield from self._related(row, TASK_DEAL, deal, "deal_id")
        yield from self._related(
            row, TASK_BUSINESS, self.ctx.companies.find(text(row, "company_id")).source_id, "company_id"
        )

    def _related(self, row: Row, key: str, other: str, *columns: str) -> Iterator[Operation]:
        if not other or key not in self.known:
            return
        one, two = PAIRS[key]
        source = (_OBJECTS[one], row["source_id"])
        payload = between(
            self.known[key],
            (one, self.ctx.ref(_TARGETS[one], *source)),
            (two, self.ctx.ref(_TARGETS[two], _OBJECTS[two], other)),
        )
        self.ctx.draft(source[0], row).note(field_map.RELATED.place, *columns)
        yield self.ctx.operation(Kind.CREATE, Target.RELATION, *source, payload, part=f"{two} {other}")


def deal_of(ctx: Context, deals: Deals, row: Row) -> str:
    """The deal that a row names and that becomes an opportunity; "" when there is none."""
    found = ctx.deals.find(text(row, "deal_id")).source_id
    return found if found in deals.placements and found not in deals.blocked else ""


def further_hosts(ctx: Context, deals: Deals, row: Row, host: str) -> dict[str, Any]:
    """The ids, beside its `host`'s, of what a note is on: its deal and company, where one note can be on several records."""
    if not ctx.inputs.capabilities.note_relations:
        return {}
    deal, company = deal_of(ctx, deals, row), ctx.companies.find(text(row, "company_id")).source_id
    found = {}
    if deal:
        found["opportunityId"] = {**ctx.ref(Target.OPPORTUNITY, "deals", deal), OPTIONAL: True}
    if company and host != "business":
        found["businessId"] = {**ctx.ref(Target.BUSINESS, "companies", company), OPTIONAL: True}
    return found
