"""Companies become businesses; their contacts are linked; contacts without one go to `Unassigned`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pb2hl import field_map, markers
from pb2hl.matching import domains
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.rows import ORDINAL, Row, as_property, rows, text, texts
from pb2hl.plan.location.identity import Identity
from pb2hl.plan.records.existing import Found, changes
from pb2hl.plan.records.primary import company_source_id
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import SCHEMA, Context, Own
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.fold import fold

OBJECT = "companies"
UNASSIGNED = "unassigned"
"""Source id (of object `schema`) of the one business that holds contacts without a company."""


@dataclass(frozen=True)
class Companies:
    """Plans businesses and the links of contacts to them."""

    ctx: Context
    unconverted: Unconverted
    identity: Identity
    primary: Mapping[str, str]  # company source id → text of the Primary Contact field

    def operations(self) -> Iterator[Operation]:
        """One business a surviving company, oldest first, then `Unassigned` when a contact needs it."""
        for row in self.ctx.rows(OBJECT):
            yield self._operation(row)
        if self._needs_unassigned:
            yield self._unassigned()

    def _operation(self, row: Row) -> Operation:
        draft = self.draft(row)
        source, existing = (OBJECT, row["source_id"]), self._match(row, draft.body)
        marker = draft.body["customFields"][0]["value"]
        if existing:
            return changes(self.ctx, Target.BUSINESS, source, draft, existing, marker)
        draft.close()
        return self.ctx.operation(Kind.CREATE, Target.BUSINESS, *source, draft.body, marker=marker)

    def draft(self, row: Row) -> Draft:
        """The payload of the business, standard fields and custom values by field key, with the cells it is made of."""
        draft = self.ctx.draft(OBJECT, row)
        for spec, name in self.ctx.copied(OBJECT):
            if (value := as_property(spec.kind, row, spec.name)) is not None:
                draft.put(name, value, spec.name)
        if "name" not in draft.body:
            draft.put("name", text(row, "domain") or f"Company {row['source_id']}", "domain")
            self.ctx.findings.problem(
                "company_without_name",
                OBJECT,
                "companies have no name",
                source_id=row["source_id"],
                treatment="named by their domain or id",
            )
        if "website" not in draft.body and (domain := self._domain(row)):
            draft.put("website", f"https://{domain}", *(("domain",) if text(row, "domain") else ()))
        draft.body["customFields"] = []
        self.ctx.fill(draft, OBJECT, row, self._own(row, draft))
        return draft

    def _own(self, row: Row, draft: Draft) -> dict[str, Own]:
        own = self.ctx.own_fields(OBJECT, row) | self.unconverted.fields(OBJECT, row)
        if left_out := text(row, "parent_left_out"):
            line = f"parent: {self.ctx.company_names.get(left_out, left_out)} (it would be its own ancestor)"
            before, columns = own[f.UNCONVERTED_FIELD]
            own[f.UNCONVERTED_FIELD] = "\n".join(item for item in (before, line) if item), (*columns, "parent_left_out")
        owner = self.ctx.owners.find(row.get("owner")).name if text(row, "owner") else ""
        return own | {
            markers.TAGS_FIELD: (", ".join(self.ctx.tags(draft, OBJECT, row)), ("tags",)),
            markers.PARENT_FIELD: (self._parent(row), ("parent_id", "parent_name")),
            markers.PRIMARY_CONTACT_FIELD: (self.primary.get(row["source_id"], ""), ()),
            f.OWNER_FIELD: (owner, ("owner",)),
        }

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
            self.ctx.findings.problem(
                "parent_company",
                OBJECT,
                "parent companies are not in the export, or several fit",
                source_id=row["source_id"],
                treatment=f"kept as text in {markers.PARENT_FIELD}",
            )
            return given
        name, said = self.ctx.company_names.get(found.source_id, ""), self._said_parents.get(row["source_id"], "")
        beside = f"; named {said}" if said and text(row, "parent_id") and fold(said) != fold(name) else ""
        return f"{name} ({found.source_id}){beside}"

    @cached_property
    def _said_parents(self) -> dict[str, str]:
        """Source id → its parent's name as exported; matching puts the name of the parent it found in its place."""
        staged = self.ctx.inputs.staged.get(OBJECT, self.ctx.table(OBJECT))
        return {row["source_id"]: text(row, "parent_name") for row in rows(staged, ("source_id", "parent_name"))}

    def _match(self, row: Row, body: dict[str, Any]) -> Found | None:
        if self.ctx.inputs.config.policy.existing_businesses == "separate":
            return None
        by_marker, by_name = self._index
        for item in dict.fromkeys([row["source_id"], *texts(row.get("merged_ids"))]):
            if item in by_marker:
                return Found(by_marker[item], "Perfect Books ID")
        found = by_name.pop(fold(body["name"]), "")
        return Found(found, "name") if found else None

    @cached_property
    def _index(self) -> tuple[dict[str, str], dict[str, str]]:
        by_marker: dict[str, str] = {}
        by_name: dict[str, str] = {}
        for row in rows(self.ctx.location.businesses):
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
            self.ctx.findings.problem(
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
        return any(not company_source_id(self.ctx, row) for row in rows(self.ctx.table("contacts"), _LINK_COLUMNS))

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
        contacts = self.ctx.rows("contacts", columns=_LINK_COLUMNS)
        pairs = [(self.company_of(row), row["source_id"], row[ORDINAL], _linking(row)) for row in contacts]
        for company, source_id, at, used in sorted(pairs, key=lambda pair: pair[0]):
            if company:
                business = self.ctx.ref(Target.BUSINESS, OBJECT, company)
            elif self._needs_unassigned:
                business = self.ctx.ref(Target.BUSINESS, SCHEMA, UNASSIGNED)
                self.ctx.findings.loss(
                    "contacts", "company", self.ctx.inputs.config.policy.unassigned_business, "no company"
                )
            else:
                continue
            yield self._link({"source_id": source_id, ORDINAL: at}, business, used if company else ())

    def _link(self, row: Row, business: object, used: tuple[str, ...]) -> Operation:
        """A link, made of the cells of `used`; a contact that was there keeps the business it has, unless the policy overwrites."""
        draft, source_id = self.ctx.draft("contacts", row), row["source_id"]
        existing = self.identity.people[source_id].existing_id
        held = self.ctx.existing(Target.CONTACT).get(existing, {}).get("businessId") if existing else ""
        policy = self.ctx.inputs.config.policy.existing_contacts
        if existing and (policy == "skip" or (policy == "fill" and held)):
            reason = f"the contact is in the location already{' and has a business' if held else ''}; policy {policy}"
            draft.note(reason, *used, bucket=Bucket.SKIPPED)
            return self.ctx.operation(
                Kind.SKIP, Target.LINK, "contacts", source_id, existing_id=existing, reason=reason
            )
        draft.note(field_map.BUSINESS.place, *used)
        payload = {"businessId": business, "contactId": self.ctx.ref(Target.CONTACT, "contacts", source_id)}
        return self.ctx.operation(Kind.LINK, Target.LINK, "contacts", source_id, payload, existing_id=existing)


def _linking(row: Row) -> tuple[str, ...]:
    """The columns of a contact that name the company it is linked to."""
    return ("company_id",) if text(row, "company_id") else ("company_name",)


_LINK_COLUMNS = ("source_id", "company_source_id", "company_id", "company_name")
