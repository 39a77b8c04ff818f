"""Contacts: one create (or update of the record that was there) a survivor, consent in the same call, tags on board."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.fields.tally import Bucket
from pb2hl.plan.inputs.rows import Row, oldest_first, rows, text, texts
from pb2hl.plan.location.identity import Identity, Person, emails_of, full_name, phones_of
from pb2hl.plan.records.existing import changes
from pb2hl.plan.records.unconverted_cells import Leftovers
from pb2hl.plan.shared.context import Context

OBJECT = "contacts"
_STANDARD = {
    "first_name": "firstName",
    "last_name": "lastName",
    "address_1": "address1",
    "city": "city",
    "state": "state",
    "postal_code": "postalCode",
    "country": "country",
    "website": "website",
    "timezone": "timezone",
    "source": "source",
}


@dataclass(frozen=True)
class Contacts:
    """Plans the contacts table."""

    ctx: Context
    identity: Identity
    leftovers: Leftovers
    further: Mapping[str, list[str]]  # contact source id → deals that may not be opportunities

    def operations(self) -> Iterator[Operation]:
        """One operation a contact, oldest first; tags of existing contacts follow theirs."""
        for row in rows(oldest_first(self.ctx.inputs.table(OBJECT))):
            yield from self._operations(row)

    def _operations(self, row: Row) -> Iterator[Operation]:
        person = self.identity.people[row["source_id"]]
        body = self.body(row, person)
        marker = next((item["fieldValue"] for item in body["customFields"][:1]), "")
        if not person.existing_id:
            yield self.ctx.operation(Kind.CREATE, Target.CONTACT, OBJECT, row["source_id"], body, marker=marker)
            return
        there = set(texts(self.ctx.existing(Target.CONTACT).get(person.existing_id, {}).get("tags")))
        tags = [tag for tag in body.pop("tags", []) if tag not in there]
        yield changes(
            self.ctx, Target.CONTACT, OBJECT, row["source_id"], body, person.existing_id, person.matched_by, marker
        )
        if tags and self.ctx.inputs.config.policy.existing_contacts != "skip":
            url = {"contactId": self.ctx.ref(Target.CONTACT, OBJECT, row["source_id"])}
            payload = {"$url": url, "tags": tags}
            yield self.ctx.operation(
                Kind.UPDATE, Target.CONTACT_TAGS, OBJECT, row["source_id"], payload, existing_id=person.existing_id
            )

    def body(self, row: Row, person: Person) -> dict[str, Any]:
        """The body of the create call."""
        body: dict[str, Any] = {to: text(row, name) for name, to in _STANDARD.items() if text(row, name)}
        self._name(row, person, body)
        if person.email:
            body["email"] = person.email
        if person.phone:
            body["phone"] = person.phone
        if row.get("birthday"):
            body["dateOfBirth"] = row["birthday"].isoformat()[:10]
        if company := self._company_name(row):
            body["companyName"] = company
        body |= consent(row)
        if tags := list(dict.fromkeys(tag.lower() for tag in self.ctx.tags(OBJECT, row))):
            body["tags"] = tags
        own = self._own(row, person, body)
        body["customFields"] = [
            {"id": self.ctx.field_ref(field), "fieldValue": value} for field, value in self.ctx.values(OBJECT, row, own)
        ]
        return body

    def _name(self, row: Row, person: Person, body: dict[str, Any]) -> None:
        if "firstName" in body or "lastName" in body:
            return
        name = text(row, "full_name")
        if name:
            first, _, last = name.rpartition(" ")
            body |= {"firstName": first, "lastName": last} if first else {"firstName": last}
        elif not (person.email or person.phone):
            body["firstName"] = text(row, "company_name") or f"Contact {row['source_id']}"
            self.ctx.account.problem(
                "contact_without_name",
                OBJECT,
                "contacts have neither name, e-mail nor phone",
                source_id=row["source_id"],
                treatment="created under the company's name or their id",
            )

    def _company_name(self, row: Row) -> str:
        found = text(row, "company_source_id")
        return self.ctx.company_names.get(found, "") or text(row, "company_name")

    def _own(self, row: Row, person: Person, body: dict[str, Any]) -> dict[str, Any]:
        own = self.ctx.own_fields(OBJECT, row)
        own |= self.leftovers.fields(OBJECT, row)
        owner = self.ctx.owners.find(row.get("owner"))
        if owner.user_id:
            body["assignedTo"] = owner.user_id
        own |= self.ctx.unassigned(OBJECT, row["source_id"], owner)
        merged_emails, merged_phones = self.leftovers.addresses(row)
        email, phone = self._shown(person, "email"), self._shown(person, "phone")
        own[f.OTHER_EMAILS] = _lines([person.email, *person.other_emails, *merged_emails], email)
        own[f.OTHER_PHONES] = _lines([person.phone, *person.other_phones, *merged_phones], phone)
        if text(row, "full_name").casefold() in ("", _joined(body).casefold()):
            own["full_name"] = ""
        own[f.FURTHER_DEALS] = "\n".join(self.further.get(row["source_id"], ()))
        self._tell_displaced(row, person)
        return own

    def _shown(self, person: Person, name: str) -> str:
        """The address or number the record will show: that which stands there, unless the policy overwrites it."""
        own = person.email if name == "email" else person.phone
        if not person.existing_id or self.ctx.inputs.config.policy.existing_contacts == "overwrite":
            return own
        held = str(self.ctx.existing(Target.CONTACT).get(person.existing_id, {}).get(name) or "").strip()
        return (held.casefold() if name == "email" else held) or own

    def _tell_displaced(self, row: Row, person: Person) -> None:
        for column, values, got in (("email", emails_of(row), person.email), ("phone", phones_of(row), person.phone)):
            if values and got != values[0] and row.get(column):
                where = f.OTHER_EMAILS if column == "email" else f.OTHER_PHONES
                self.ctx.account.cell(OBJECT, row["source_id"], column, Bucket.MOVED, where)
                self.ctx.account.loss(
                    OBJECT, column, where, "somebody else has it and the location allows no duplicates"
                )


def consent(row: Row) -> dict[str, Any]:
    """`dnd` and `dndSettings` of a row; nothing when it opted out of nothing."""
    found: dict[str, Any] = {"dnd": True} if row.get("do_not_contact") else {}
    channels = {
        channel: {"status": "active"}
        for channel, column in (("email", "email_opt_out"), ("sms", "sms_opt_out"), ("call", "call_opt_out"))
        if row.get(column)
    }
    return {**found, "dndSettings": channels} if channels else found


def _lines(values: list[str], without: str) -> str:
    return "\n".join(item for item in dict.fromkeys(values) if item and item != without)


def _joined(body: dict[str, Any]) -> str:
    return full_name({"first_name": body.get("firstName"), "last_name": body.get("lastName")})
