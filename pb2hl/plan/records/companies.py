"""Companies become businesses; their contacts are linked; contacts without one go to `Unassigned`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pb2hl import markers
from pb2hl.matching import domains
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.inputs.rows import Row, oldest_first, rows, text, texts
from pb2hl.plan.location.identity import Identity
from pb2hl.plan.records.existing import changes
from pb2hl.plan.records.primary import company_source_id
from pb2hl.plan.records.unconverted_cells import Leftovers
from pb2hl.plan.shared.context import SCHEMA, Context
from pb2hl.values.fold import fold

OBJECT = "companies"
UNASSIGNED = "unassigned"
"""Source id (of object `schema`) of the one business that holds contacts without a company."""

_STANDARD = {
    "name": "name",
    "website": "website",
    "phone": "phone",
    "email": "email",
    "address_1": "address",
    "city": "city",
    "state": "state",
    "postal_code": "postalCode",
    "country": "country",
    "description": "description",
}


@dataclass(frozen=True)
class Companies:
    """Plans businesses and the links of contacts to them."""

    ctx: Context
    leftovers: Leftovers
    identity: Identity
    primary: Mapping[str, str]  # company source id → text of the Primary Contact field

    def operations(self) -> Iterator[Operation]:
        """One business a surviving company, oldest first, then `Unassigned` when a contact needs it."""
        for row in rows(oldest_first(self.ctx.inputs.table(OBJECT))):
            yield self._operation(row)
        if self._needs_unassigned:
            yield self._unassigned()

    def _operation(self, row: Row) -> Operation:
        body = self.body(row)
        source_id = row["source_id"]
        existing, by = self._match(row, body)
        marker = body["customFields"][0]["value"]
        if existing:
            return changes(self.ctx, Target.BUSINESS, OBJECT, source_id, body, existing, by, marker)
        return self.ctx.operation(Kind.CREATE, Target.BUSINESS, OBJECT, source_id, body, marker=marker)

    def body(self, row: Row) -> dict[str, Any]:
        """The payload of the business: standard fields and custom values by field key."""
        body: dict[str, Any] = {to: text(row, name) for name, to in _STANDARD.items() if text(row, name)}
        if "name" not in body:
            body["name"] = text(row, "domain") or f"Company {row['source_id']}"
            self.ctx.account.problem(
                "company_without_name",
                OBJECT,
                "companies have no name",
                source_id=row["source_id"],
                treatment="named by their domain or id",
            )
        if "website" not in body and (domain := self._domain(row)):
            body["website"] = f"https://{domain}"
        own = self.ctx.own_fields(OBJECT, row) | self.leftovers.fields(OBJECT, row)
        if left_out := text(row, "parent_left_out"):
            line = f"parent: {self.ctx.company_names.get(left_out, left_out)} (it would be its own ancestor)"
            own[f.UNCONVERTED_FIELD] = "\n".join(item for item in (own[f.UNCONVERTED_FIELD], line) if item)
        own |= {
            markers.TAGS_FIELD: ", ".join(self.ctx.tags(OBJECT, row)),
            markers.PARENT_FIELD: self._parent(row),
            markers.PRIMARY_CONTACT_FIELD: self.primary.get(row["source_id"], ""),
            f.OWNER_FIELD: self.ctx.owners.find(row.get("owner")).name if text(row, "owner") else "",
        }
        body["customFields"] = [
            self.ctx.property_item(field, value) for field, value in self.ctx.values(OBJECT, row, own)
        ]
        return body

    def _domain(self, row: Row) -> str:
        """The host for a blank website: the company's own domain unless anybody may have it, else that of the evidence."""
        own = domains.host(text(row, "domain"))
        return (
            own
            if own and not domains.is_freemail(domains.registrable(own))
            else self._domains.get(row["source_id"], "")
        )

    def _parent(self, row: Row) -> str:
        given = text(row, "parent_id") or text(row, "parent_name") or self.ctx.lost(OBJECT, row, "parent_id")[0]
        if not given:
            return ""
        found = self.ctx.companies.first([text(row, "parent_id"), text(row, "parent_name")])
        if not found:
            self.ctx.account.problem(
                "parent_company",
                OBJECT,
                "parent companies are not in the export, or several fit",
                source_id=row["source_id"],
                treatment=f"kept as text in {markers.PARENT_FIELD}",
            )
            return given
        return f"{self.ctx.company_names.get(found.source_id, '')} ({found.source_id})"

    def _match(self, row: Row, body: dict[str, Any]) -> tuple[str, str]:
        if self.ctx.inputs.config.policy.existing_businesses == "separate":
            return "", ""
        by_marker, by_name = self._index
        for item in dict.fromkeys([row["source_id"], *texts(row.get("merged_ids"))]):
            if item in by_marker:
                return by_marker[item], "Perfect Books ID"
        found = by_name.pop(fold(body["name"]), "")
        return (found, "name") if found else ("", "")

    @cached_property
    def _index(self) -> tuple[dict[str, str], dict[str, str]]:
        by_marker: dict[str, str] = {}
        by_name: dict[str, str] = {}
        for row in rows(self.ctx.place.businesses):
            by_name.setdefault(fold(row.get("name") or ""), row["id"])
            for item in markers.split_ids(self.ctx.source, row.get("marker") or ""):
                by_marker.setdefault(item, row["id"])
        return by_marker, by_name

    @cached_property
    def _domains(self) -> dict[str, str]:
        return dict(self.ctx.inputs.merges.domain_of)

    def company_of(self, row: Row) -> str:
        """The source id of a contact's company; "" when it has none."""
        found = company_source_id(self.ctx, row)
        if not found and (text(row, "company_id") or self.ctx.lost("contacts", row, "company_id")[0]):
            self.ctx.account.problem(
                "company_missing",
                "contacts",
                "contacts name a company that is not in the export",
                source_id=row["source_id"],
                treatment=f"linked to {self.ctx.inputs.config.policy.unassigned_business or 'no business'}",
            )
        return found

    @cached_property
    def _needs_unassigned(self) -> bool:
        if not self.ctx.inputs.config.policy.unassigned_business:
            return False
        return any(
            not company_source_id(self.ctx, row) for row in rows(self.ctx.inputs.table("contacts"), _LINK_COLUMNS)
        )

    def _unassigned(self) -> Operation:
        name = self.ctx.inputs.config.policy.unassigned_business
        existing = self._index[1].get(fold(name), "")
        marker = markers.stand_in_id(self.ctx.source, "business", UNASSIGNED)
        if existing:
            return self.ctx.operation(
                Kind.SKIP,
                Target.BUSINESS,
                SCHEMA,
                UNASSIGNED,
                existing_id=existing,
                reason="is in the location already",
            )
        field = self.ctx.fields.get(OBJECT, markers.ID_FIELD)
        items = [self.ctx.property_item(field, marker)] if field else []
        return self.ctx.operation(
            Kind.CREATE, Target.BUSINESS, SCHEMA, UNASSIGNED, {"name": name, "customFields": items}, marker=marker
        )

    def links(self) -> Iterator[Operation]:
        """One link a contact, to its company or to `Unassigned`; those of a company together, since fifty go in one request."""
        contacts = rows(oldest_first(self.ctx.inputs.table("contacts")))
        pairs = [(self.company_of(row), row["source_id"]) for row in contacts]
        for company, source_id in sorted(pairs, key=lambda pair: pair[0]):
            if company:
                business = self.ctx.ref(Target.BUSINESS, OBJECT, company)
            elif self._needs_unassigned:
                business = self.ctx.ref(Target.BUSINESS, SCHEMA, UNASSIGNED)
                self.ctx.account.loss(
                    "contacts", "company", self.ctx.inputs.config.policy.unassigned_business, "no company"
                )
            else:
                continue
            yield self._link(source_id, business)

    def _link(self, source_id: str, business: object) -> Operation:
        """A link; a contact that was there keeps the business it has, unless the policy overwrites."""
        existing = self.identity.people[source_id].existing_id
        held = self.ctx.existing(Target.CONTACT).get(existing, {}).get("businessId") if existing else ""
        policy = self.ctx.inputs.config.policy.existing_contacts
        if existing and (policy == "skip" or (policy == "fill" and held)):
            reason = f"the contact is in the location already{' and has a business' if held else ''}; policy {policy}"
            return self.ctx.operation(
                Kind.SKIP, Target.LINK, "contacts", source_id, existing_id=existing, reason=reason
            )
        payload = {"businessId": business, "contactId": self.ctx.ref(Target.CONTACT, "contacts", source_id)}
        return self.ctx.operation(Kind.LINK, Target.LINK, "contacts", source_id, payload, existing_id=existing)


_LINK_COLUMNS = ("source_id", "company_source_id", "company_id", "company_name")
