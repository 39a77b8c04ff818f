"""On which contact (or business) a note, task, appointment, activity or file hangs.

The named contact; else the contact of the named deal; else (notes) the company itself, or (what only hangs on contacts)
the company's primary contact; else a marked placeholder contact, flagged for re-association. Whatever else the row named
is said in the provenance line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pb2hl import field_map, markers
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, rows, text
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft

_COLUMNS = ("source_id", "contact_id", "company_id", "deal_id", "owner", "author")
HANGING = ("notes", "activities", "tasks", "appointments")


@dataclass(frozen=True)
class Host:
    """Where a row hangs: `kind` is contact or business; `reference` its id in a payload; `facts` go to the provenance line."""

    kind: str
    reference: Mapping[str, str]
    facts: tuple[str, ...] = ()
    placeholder: bool = False
    by: str = ""  # the column that names the host
    fact_columns: tuple[str, ...] = ()  # the columns behind `facts`

    def note(self, draft: Draft) -> None:
        """Note the cells that name the host, and those that the provenance line tells."""
        if self.by:
            draft.note(field_map.HOST.place, self.by)
        draft.note(field_map.LINE.place, *self.fact_columns)


@dataclass(frozen=True)
class Parents:
    """Finds hosts. `deal_hosts` says for every deal which contact operation it hangs on: (object, source id)."""

    ctx: Context
    deal_hosts: Mapping[str, tuple[str, str]]
    deal_names: Mapping[str, str]
    primary: Mapping[str, str]
    _memory: dict[tuple[str, str], bool] = field(default_factory=dict, compare=False, repr=False)

    def host(self, object_: str, row: Row, *, on_business: bool = False) -> Host:
        """The host of a row of `object_`; `on_business`: it can hang on a company."""
        contact = self.ctx.contacts.find(text(row, "contact_id"))
        deal = self.ctx.deals.find(text(row, "deal_id"))
        company = self.ctx.companies.find(text(row, "company_id"))
        named, fact_columns = self._named(object_, row, deal.source_id, company.source_id)
        if contact:
            return Host(
                "contact", self._contact("contacts", contact.source_id), named, False, "contact_id", fact_columns
            )
        lost_text, why = (
            self.ctx.lost(object_, row, "contact_id") if not contact.why else (text(row, "contact_id"), contact.why)
        )
        if lost_text:
            named, fact_columns = (f"contact {lost_text} ({why} in the export)", *named), ("contact_id", *fact_columns)
        if deal and deal.source_id in self.deal_hosts:
            return Host(
                "contact", self._contact(*self.deal_hosts[deal.source_id]), named, False, "deal_id", fact_columns
            )
        if company and on_business:
            business = self.ctx.ref(Target.BUSINESS, "companies", company.source_id)
            return Host("business", business, named, False, "company_id", fact_columns)
        if company and company.source_id in self.primary:
            chosen = self._contact("contacts", self.primary[company.source_id])
            return Host(
                "contact", chosen, (*named, "on the company's primary contact"), False, "company_id", fact_columns
            )
        return Host("contact", self._contact(object_, row["source_id"]), named, True, "", fact_columns)

    def _contact(self, object_: str, source_id: str) -> dict[str, str]:
        return self.ctx.ref(Target.CONTACT, object_, source_id)

    def _named(self, object_: str, row: Row, deal: str, company: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(what else a row names, in words; the columns that name it)."""
        facts, fact_columns = [], []
        for word, column, source_id, name in (
            ("deal", "deal_id", deal, self.deal_names.get(deal, "")),
            ("company", "company_id", company, self.ctx.company_names.get(company, "")),
        ):
            given = text(row, column) or self.ctx.lost(object_, row, column)[0]
            if given:
                facts.append(f"{word} {name} ({source_id})" if name else f"{word} {given}")
                fact_columns.append(column)
        return tuple(facts), tuple(fact_columns)

    def placeholders(self) -> Iterator[Operation]:
        """A marked contact for every row that has nothing to hang on; nothing is dropped."""
        for object_ in HANGING:
            on_business = object_ in ("notes", "activities")
            table = self.ctx.table(object_)
            if "contact_id" in table:
                table = table[~self.ctx.contacts.hold(table["contact_id"])]
            for row in rows(table, _COLUMNS):
                if self.host(object_, row, on_business=on_business).placeholder:
                    yield self._placeholder(object_, row)

    def _placeholder(self, object_: str, row: Row) -> Operation:
        singular = markers.SINGULAR[object_]
        self.ctx.findings.problem(
            f"{singular}_without_contact",
            object_,
            f"{object_} have no contact in the export",
            source_id=row["source_id"],
            treatment="put on a marked placeholder contact, to be re-associated",
        )
        return stand_in(
            self.ctx,
            object_,
            row,
            {"firstName": "Placeholder", "lastName": f"{singular} {row['source_id']}"},
        )


def stand_in(ctx: Context, object_: str, row: Row, body: Mapping[str, Any]) -> Operation:
    """A contact that only holds a record without one, owned by the record's owner; its Perfect Books ID says which
    (`deal:<id>`)."""
    source_id = row["source_id"]
    marker = markers.stand_in_id(ctx.source, object_, source_id)
    planned = ctx.fields.get("contacts", markers.ID_FIELD)
    items = [{"id": ctx.field_ref(planned), "fieldValue": marker}] if planned else []
    payload = {**body, "customFields": items}
    if user := ctx.owners.find(text(row, "owner") or text(row, "author")).user_id:
        payload["assignedTo"] = user
    return ctx.operation(Kind.CREATE, Target.CONTACT, object_, source_id, payload, marker=marker)
