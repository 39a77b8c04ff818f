"""The identity simulator: the location's own rules about who is the same person, replayed before anything is sent.

HighLevel refuses a contact whose e-mail or phone another one has when the location disallows duplicates, and merges
people who share a mailbox when an upsert is used. Here every contact, oldest first, gets the first of its own addresses
and numbers that nobody else has; what it cannot have is kept for a custom field, and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from pb2hl import markers
from pb2hl.plan.inputs.rows import Row, oldest_first, rows, texts
from pb2hl.plan.location.location import Location
from pb2hl.values.fold import fold

REPORT_COLUMNS = ("source_id", "name", "field", "value", "held_by", "treatment")
_COLUMNS = (
    "source_id", "first_name", "last_name", "full_name", "email", "email_2", "more_emails", "phone", "mobile", "more_phones", "merged_ids",
    "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """What one contact may be created with. `existing_id`: the record in the location that it is."""

    email: str = ""
    phone: str = ""
    other_emails: tuple[str, ...] = ()
    other_phones: tuple[str, ...] = ()
    existing_id: str = ""
    matched_by: str = ""


@dataclass(frozen=True)
class Identity:
    """The outcome by source id, and the report of everyone who does not get what the export says (REPORT_COLUMNS)."""

    people: Mapping[str, Person]
    report: pd.DataFrame


def emails_of(row: Row) -> list[str]:
    """Every address of a staged contact, the primary one first, each once."""
    found = [*texts(row.get("email")), *texts(row.get("email_2")), *texts(row.get("more_emails"))]
    return list(dict.fromkeys(fold(item) for item in found))


def phones_of(row: Row) -> list[str]:
    """Every valid number (E.164) of a staged contact, `phone` before `mobile`, each once."""
    found = [*texts(row.get("phone")), *texts(row.get("mobile")), *texts(row.get("more_phones"))]
    return list(dict.fromkeys(item.strip() for item in found))


def full_name(row: Row) -> str:
    """First and last name, else the full name."""
    parts = [str(row.get(name) or "").strip() for name in ("first_name", "last_name")]
    return " ".join(part for part in parts if part) or str(row.get("full_name") or "").strip()


def simulate(contacts: pd.DataFrame, location: Location, *, policy: str, source: str) -> Identity:
    """Replay the creation of every contact against `place` (its settings and the records that are there).

    `policy` is `existing_contacts` of migration.toml; `separate` never takes an existing record for a person's own.
    """
    there = _There.of(location, source)
    holders = _Holders(dict(there.emails), dict(there.phones))
    people: dict[str, Person] = {}
    report: list[tuple[str, ...]] = []
    taken: set[str] = set()
    namesakes = there.namesakes(rows(contacts, _COLUMNS))
    for row in rows(oldest_first(contacts), _COLUMNS):
        existing, by = there.match(row, taken, namesakes) if policy != "separate" else ("", "")
        taken.add(existing)
        people[row["source_id"]] = _person(row, existing, by, holders, location.allow_duplicate_contact, report)
    return Identity(people, pd.DataFrame(report, columns=list(REPORT_COLUMNS), dtype="str"))


@dataclass
class _Holders:
    emails: dict[str, str]
    phones: dict[str, str]


def _person(row: Row, existing: str, by: str, holders: _Holders, free: bool, report: list[tuple[str, ...]]) -> Person:
    emails, phones = emails_of(row), phones_of(row)
    claim = _Claim(row, f"existing {existing}" if existing else row["source_id"], free, report)
    email = claim.choose("email", emails, holders.emails)
    phone = claim.choose("phone", phones, holders.phones)
    return Person(
        email,
        phone,
        tuple(item for item in emails if item != email),
        tuple(item for item in phones if item not in (phone, row.get("mobile"))),
        existing,
        by,
    )


@dataclass(frozen=True)
class _Claim:
    """What a row may have of e-mails and phones that others may hold: as `me`, whoever holds it where `free` (duplicates
    allowed); what it cannot have goes into `report`."""

    row: Row
    me: str
    free: bool
    report: list[tuple[str, ...]]

    def choose(self, field: str, values: list[str], holders: dict[str, str]) -> str:
        """The first value nobody else holds; where free simply the first."""
        for value in values:
            holder = holders.setdefault(value, self.me)
            if self.free or holder == self.me:
                if value != values[0]:
                    self._collides(field, values[0], holders, f"created with {value} instead")
                return value
        if values:
            self._collides(field, values[0], holders, f"created without {field}; kept in a custom field")
        return ""

    def _collides(self, field: str, value: str, holders: Mapping[str, str], treatment: str) -> None:
        self.report.append((self.row["source_id"], full_name(self.row), field, value, holders[value], treatment))


@dataclass(frozen=True)
class _There:
    """The contacts that were in the location before, by what can identify them."""

    emails: Mapping[str, str]
    phones: Mapping[str, str]
    by_email: Mapping[str, str]
    by_phone_name: Mapping[tuple[str, str], str]
    by_marker: Mapping[str, str]
    names: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, location: Location, source: str) -> _There:
        emails: dict[str, str] = {}
        phones: dict[str, str] = {}
        by_email: dict[str, str] = {}
        by_phone_name: dict[tuple[str, str], str] = {}
        by_marker: dict[str, str] = {}
        names: dict[str, frozenset[str]] = {}
        for row in rows(location.contacts):
            one = row["id"]
            names[one] = _words(_name_there(row))
            email, phone = fold(row.get("email")), (row.get("phone") or "").strip()
            if email:
                emails.setdefault(email, f"existing {one}")
                by_email.setdefault(email, one)
            for other in texts(row.get("more_emails")):
                emails.setdefault(fold(other), f"existing {one}")
                by_email.setdefault(fold(other), one)
            for other in texts(row.get("more_phones")):
                phones.setdefault(other.strip(), f"existing {one}")
            if phone:
                phones.setdefault(phone, f"existing {one}")
                by_phone_name.setdefault((phone, fold(_name_there(row))), one)
            for item in markers.split_ids(source, row.get("marker") or ""):
                by_marker.setdefault(item, one)
        return cls(emails, phones, by_email, by_phone_name, by_marker, names)

    def namesakes(self, contacts: Iterable[Row]) -> dict[str, str]:
        """Existing record → the contact that has its e-mail and its name too: of people who share a mailbox, the one it is."""
        found: dict[str, str] = {}
        for row in contacts if self.by_email else ():
            for one in filter(None, map(self.by_email.get, emails_of(row))):
                mine, its = _words(full_name(row)), self.names[one]
                if mine and its and (mine <= its or its <= mine):
                    found.setdefault(one, row["source_id"])
        return found

    def match(self, row: Row, taken: set[str], namesakes: Mapping[str, str]) -> tuple[str, str]:
        """The existing record that the row is, and by what: marker, e-mail (its namesake before others), phone plus name."""
        if not self.names:
            return "", ""
        name = fold(full_name(row))
        candidates: Iterable[tuple[str, str]] = (
            *(
                (self.by_marker.get(item, ""), "Perfect Books ID")
                for item in (row["source_id"], *texts(row.get("merged_ids")))
            ),
            *((self.by_email.get(item, ""), "e-mail") for item in emails_of(row)),
            *((self.by_phone_name.get((item, name), ""), "phone and name") for item in phones_of(row) if name),
        )
        me = row["source_id"]
        return next(
            (
                (one, by)
                for one, by in candidates
                if one and one not in taken and (by != "e-mail" or namesakes.get(one, me) == me)
            ),
            ("", ""),
        )


def _words(name: str) -> frozenset[str]:
    return frozenset(fold(name).split())


def _name_there(row: Row) -> str:
    parts = [str(row.get(name) or "").strip() for name in ("firstName", "lastName")]
    return " ".join(part for part in parts if part) or str(row.get("name") or "")
