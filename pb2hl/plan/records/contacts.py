"""Contacts: one create (or update of the record that was there) a survivor, consent in the same call, tags on board."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pb2hl.field_map import NOTHING_REFUSED, REFUSALS
from pb2hl.matching.legal_forms import no_company
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.rows import Row, as_property, text, texts
from pb2hl.plan.location.identity import Identity, Person, emails_of, full_name, phones_of
from pb2hl.plan.records.existing import STAYS, Found, changes
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import Context, Own
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.fold import fold

OBJECT = "contacts"


@dataclass(frozen=True)
class Contacts:
    """Plans the contacts table."""

    ctx: Context
    identity: Identity
    unconverted: Unconverted
    further: Mapping[str, list[str]]  # contact source id → deals that may not be opportunities

    def operations(self) -> Iterator[Operation]:
        """One operation a contact, oldest first; tags of existing contacts follow theirs."""
        for row in self.ctx.rows(OBJECT):
            yield from self._operations(row)

    def _operations(self, row: Row) -> Iterator[Operation]:
        person = self.identity.people[row["source_id"]]
        draft = self.draft(row, person)
        body, source = draft.body, (OBJECT, row["source_id"])
        marker = next((item["fieldValue"] for item in body["customFields"][:1]), "")
        if not person.existing_id:
            draft.close()
            yield self.ctx.operation(Kind.CREATE, Target.CONTACT, *source, body, marker=marker)
            return
        there = set(texts(self.ctx.existing(Target.CONTACT).get(person.existing_id, {}).get("tags")))
        sent_tags = body.pop("tags", [])
        tags = [tag for tag in sent_tags if tag not in there]
        found = Found(person.existing_id, person.matched_by)
        yield changes(self.ctx, Target.CONTACT, source, draft, found, marker)
        if self.ctx.inputs.config.policy.existing_contacts == "skip":
            return
        if sent_tags:
            draft.note("tags", "tags")
        if tags:
            url = {"contactId": self.ctx.ref(Target.CONTACT, *source)}
            payload = {"$url": url, "tags": tags}
            yield self.ctx.operation(Kind.UPDATE, Target.CONTACT_TAGS, *source, payload, existing_id=person.existing_id)

    def draft(self, row: Row, person: Person) -> Draft:
        """The body of the create call, with the cells it is made of."""
        draft = self.ctx.draft(OBJECT, row)
        for spec, name in self.ctx.copied(OBJECT):
            if (value := as_property(spec.kind, row, spec.name)) is not None:
                draft.put(name, value, spec.name)
        self._name(row, person, draft)
        self._address(row, person, draft)
        self._company_name(row, draft)
        consent(row, draft, self.ctx.existing(Target.CONTACT).get(person.existing_id) if person.existing_id else None)
        if tags := list(dict.fromkeys(tag.lower() for tag in self.ctx.tags(draft, OBJECT, row))):
            draft.put("tags", tags, "tags")
        own = self._own(row, person, draft)
        draft.body["customFields"] = []
        self.ctx.fill(draft, OBJECT, row, own)
        return draft

    def _address(self, row: Row, person: Person, draft: Draft) -> None:
        """The e-mail and the phone that the record is created with, of whatever column each is."""
        if person.email:
            draft.put("email", person.email, *_holding(row, ("email", "more_emails", "email_2"), fold(person.email)))
        if person.phone:
            draft.put("phone", person.phone, *_holding(row, ("phone", "mobile", "more_phones"), person.phone))

    def _name(self, row: Row, person: Person, draft: Draft) -> None:
        if "firstName" in draft.body or "lastName" in draft.body:
            return
        name = text(row, "full_name")
        if name:
            first, _, surname = name.rpartition(" ")
            if first:
                draft.put("firstName", first, "full_name")
            draft.put("lastName", surname, "full_name")
        elif not (person.email or person.phone):
            draft.put("firstName", text(row, "company_name") or f"Contact {row['source_id']}", "company_name")
            self.ctx.findings.problem(
                "contact_without_name",
                OBJECT,
                "contacts have neither name, e-mail nor phone",
                source_id=row["source_id"],
                treatment="created under the company's name or their id",
            )

    def _company_name(self, row: Row, draft: Draft) -> None:
        given, linked = text(row, "company_name"), self.ctx.company_names.get(text(row, "company_source_id"), "")
        if linked:
            draft.put("companyName", linked, *(("company_name",) if fold(given) == fold(linked) else ()))
        elif given and no_company(given):
            business = self.ctx.inputs.config.policy.unassigned_business
            where = f"no company: the business {business}" if business else "no company"
            draft.note(where, "company_name", bucket=Bucket.NORMALISED)
        elif given:
            draft.put("companyName", given, "company_name")

    def _own(self, row: Row, person: Person, draft: Draft) -> dict[str, Own]:
        own = self.ctx.own_fields(OBJECT, row)
        own |= self.unconverted.fields(OBJECT, row)
        own |= self.ctx.owned(draft, OBJECT, row)
        own |= self.ctx.follow(draft, OBJECT, row, fresh=not person.existing_id)
        if person.existing_id and text(row, "gender"):
            own[f.GENDER_FIELD] = text(row, "gender"), ("gender",)
        merged_emails, merged_phones = self.unconverted.addresses(row)
        email, phone = self._shown(person, "email"), self._shown(person, "phone")
        emails = [item for item in (person.email, *person.other_emails, *merged_emails) if item and item != email]
        phones = [item for item in (person.phone, *person.other_phones, *merged_phones) if item and item != phone]
        own[f.OTHER_EMAILS] = _lines(emails), _holding(row, ("email", "more_emails", "email_2"), *emails)
        own[f.OTHER_PHONES] = _lines(phones), _holding(row, ("phone", "mobile", "more_phones"), *phones)
        if fold(text(row, "full_name")) in ("", fold(_joined(draft.body))):
            own["full_name"] = "", ()
            draft.uses("lastName" if "lastName" in draft.body else "firstName", "full_name")
        named = self.ctx.company_names.get(text(row, "company_source_id"), "")
        if named and fold(text(row, "company_name")) != fold(named):
            own[f.OWN_COMPANY] = text(row, "company_name"), ("company_name",)
        own[f.FURTHER_DEALS] = "\n".join(self.further.get(row["source_id"], ())), ()
        self._report_displaced(row, person)
        return own

    def _shown(self, person: Person, name: str) -> str:
        """The address or number the record will show: that which stands there, unless the policy overwrites it."""
        own = person.email if name == "email" else person.phone
        if not person.existing_id or self.ctx.inputs.config.policy.existing_contacts == "overwrite":
            return own
        held = str(self.ctx.existing(Target.CONTACT).get(person.existing_id, {}).get(name) or "").strip()
        return (fold(held) if name == "email" else held) or own

    def _report_displaced(self, row: Row, person: Person) -> None:
        for column, values, got in (("email", emails_of(row), person.email), ("phone", phones_of(row), person.phone)):
            if values and got != values[0] and row.get(column):
                where = f.OTHER_EMAILS if column == "email" else f.OTHER_PHONES
                self.ctx.findings.loss(
                    OBJECT, column, where, "somebody else has it and the location allows no duplicates"
                )


_CHANNELS = {channel: name for name, channel in REFUSALS.items() if channel != "dnd"}
"""The column of refusals behind each channel of dndSettings."""


def consent(row: Row, draft: Draft, there: Mapping[str, Any] | None) -> None:
    """Put `dnd` and `dndSettings` of a row into its draft; nothing where it opted out of nothing.

    `there` is the contact that the location has already: a refusal of its own stays, and which channels it refuses is not listed.
    """
    if row.get("do_not_contact"):
        draft.put("dnd", True, "do_not_contact")
    channels = {channel: {"status": "active"} for channel, column in _CHANNELS.items() if row.get(column)}
    if channels:
        draft.body["dndSettings"] = channels
    for channel, column in _CHANNELS.items():
        if channel in channels:
            draft.uses("dndSettings", column, place=f"dndSettings.{channel}")
    for column in ("do_not_contact", *_CHANNELS.values()):
        if row.get(column) is False:
            stays = there is not None and (column in _CHANNELS.values() or there.get("dnd"))
            place, bucket = (STAYS, Bucket.SKIPPED) if stays else (NOTHING_REFUSED.place, Bucket.NORMALISED)
            draft.note(place, column, bucket=bucket)


def _holding(row: Row, columns: tuple[str, ...], *values: str) -> tuple[str, ...]:
    """Those of `columns` whose cell holds one of `values`, as addresses and numbers are compared."""
    if not values:
        return ()
    wanted = set(values)
    return tuple(
        name for name in columns if any(item.strip() in wanted or fold(item) in wanted for item in texts(row.get(name)))
    )


def _lines(values: list[str]) -> str:
    return "\n".join(dict.fromkeys(values))


def _joined(body: dict[str, Any]) -> str:
    return full_name({"first_name": body.get("firstName"), "last_name": body.get("lastName")})
