"""What an entry of the field map says: what a value is, where it goes in HighLevel, and what a person decides about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby


class FieldKind(StrEnum):
    """What a value is. It decides how a column is typed at staging and which checks apply.

    Staged types: text, long_text, email, phone, url, country, timezone, id, ref, name, picklist → string (missing: NA);
    emails, phones, tags → list of string; date → date32; datetime → timestamp[us, UTC]; money, number, percent → float64
    (percent as 0-1); integer → Int64; boolean → nullable boolean; json → string holding JSON.
    """

    ID = "id"
    REF = "ref"
    REFS = "refs"  # several references in one cell (deal contacts): list of string, primary first
    TEXT = "text"
    LONG_TEXT = "long_text"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    TIMEZONE = "timezone"  # IANA name
    TAGS = "tags"
    DATE = "date"
    DATETIME = "datetime"
    MONEY = "money"
    NUMBER = "number"
    INTEGER = "integer"
    PERCENT = "percent"
    BOOLEAN = "boolean"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi_picklist"
    JSON = "json"


NORMALISED_KINDS = frozenset(
    {
        FieldKind.EMAIL, FieldKind.PHONE, FieldKind.TAGS, FieldKind.COUNTRY, FieldKind.URL, FieldKind.MONEY, FieldKind.PERCENT,
        FieldKind.TIMEZONE, FieldKind.LONG_TEXT,
    }
)  # fmt: skip
"""Kinds whose values HighLevel gets in one written form, whatever form the export has."""


LINE = "provenance line"
"""The last line of notes, tasks and appointments, where what has no field of its own is told."""
ARCHIVE = "reports/cells_beside.csv"
"""The file beside HighLevel that keeps the cells for which nothing of it has a place."""


class Way(StrEnum):
    """How a value reaches HighLevel, if it does."""

    PROPERTY = "property"  # a property of the create call, by its API name
    FIELD = "custom field"  # a custom field, by its label
    LINK = "link"  # what the record hangs on, is linked to or is uploaded as; named in words
    LINE = "line"  # the text of the record: its body and the provenance line
    SCHEMA = "schema"  # a field, tag, pipeline or user of the location; named in words
    REPORT = "report"  # a document beside HighLevel: nothing is sent


@dataclass(frozen=True, slots=True)
class Ending:
    """One place where a field's values may end.

    `copied`: the value goes there as its kind is written, without more thought; else a planner works it out.
    `fallback`: only where the field that the place belongs to is blank. `instead`: a fallback that then takes the place of all others.
    `every`: merged rows' cells stand there too. `when`: in which cells' case it is used, in words; "" for always.
    `needs`: the list of the location without whose items it is never used.
    """

    way: Way
    name: str
    data_type: str = ""
    copied: bool = False
    fallback: bool = False
    every: bool = False
    instead: bool = False
    when: str = ""
    needs: str = ""

    @property
    def place(self) -> str:
        """The place as accounting and sheets name it: a property's API name, `custom field <label>`, or the words."""
        return f"custom field {self.name}" if self.way is Way.FIELD else self.name


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A canonical field.

    `refers_to`: the object a reference points to. `endings`: where its values go, the usual place first. `meaning`:
    HighLevel's own word for what it means where that is no place values can be written to (`additionalEmails`).
    `decided_by`: sheets and policies that change where or how a value goes, besides the column's own decision in fields.csv.
    `personal`: the class of personal data (profile.privacy), "" for none or where only values tell.
    """

    name: str
    kind: FieldKind = FieldKind.TEXT
    refers_to: str = ""
    endings: tuple[Ending, ...] = ()
    meaning: str = ""
    decided_by: tuple[str, ...] = ()
    personal: str = ""

    @property
    def target(self) -> str:
        """The HighLevel property that the field becomes; "" when it becomes none."""
        first = self.endings[0] if self.endings else None
        return first.name if first and first.way is Way.PROPERTY else ""

    @property
    def in_standard(self) -> bool:
        """Whether its values reach a property or a link of HighLevel's own, at least where another column is blank."""
        return any(item.way in (Way.PROPERTY, Way.LINK) for item in self.endings)

    @property
    def place(self) -> str:
        """Where its values usually end; "" when the map does not say."""
        return self.endings[0].place if self.endings else ""

    @property
    def landed(self) -> str:
        """How accounting calls it when the value arrives: in another written form for kinds that HighLevel normalises."""
        return "landed normalised" if self.kind in NORMALISED_KINDS else "landed"

    @property
    def own_field(self) -> Ending | None:
        """The custom field that the column fills as it is, or None."""
        return next((item for item in self.endings if item.way is Way.FIELD and item.copied), None)


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """An object of an export: canonical name, fields in order, and the HighLevel record kind it becomes ("" for none).

    `beside`: what typing takes out of a field's cells into columns of their own (staged column → the field).
    """

    name: str
    fields: tuple[FieldSpec, ...]
    becomes: str = ""
    takes_custom_fields: bool = False
    beside: tuple[tuple[FieldSpec, str], ...] = ()

    def field(self, name: str) -> FieldSpec:
        """The field called `name`, those that typing takes out included; KeyError when there is none."""
        for spec in (*self.fields, *(item for item, _ in self.beside)):
            if spec.name == name:
                return spec
        raise KeyError(f"{self.name} has no field {name}")

    def meaning(self, name: str) -> str:
        """HighLevel's word for what a field means, as the public proposer answers it: a property's API name, `custom`, `ignore`."""
        spec = self.field(name)
        return spec.meaning or spec.target or ("custom" if self.takes_custom_fields else "ignore")

    @property
    def field_names(self) -> tuple[str, ...]:
        """Canonical field names, in order."""
        return tuple(spec.name for spec in self.fields)

    @property
    def columns(self) -> tuple[FieldSpec, ...]:
        """Every staged column that the map knows: the fields, and what typing takes out of them."""
        return (*self.fields, *(spec for spec, _ in self.beside))

    def places_of(self, name: str, present: Collection[str], lacking: Collection[str] = ()) -> tuple[Ending, ...]:
        """Every place where a field's values may end in a table that has the fields `present`, each with the values that it takes
        as `when`. `lacking`: lists of the location that are empty."""
        found, alone = [], False
        for ending in self.field(name).endings:
            if ending.needs in lacking:
                continue
            if ending.fallback and not ending.when:
                blank = self._serving(ending.place, present)
                alone |= ending.instead and not blank
                ending = replace(
                    ending,
                    when=f"where {' and '.join(blank)} {'is' if len(blank) == 1 else 'are'} blank" if blank else "",
                )
            found.append(ending)
        if alone:
            found = [item for item in found if item.instead or item.when]
        if len(found) == 1:
            found = [replace(found[0], when="")]
        return tuple(found)

    def _serving(self, place: str, present: Collection[str]) -> list[str]:
        """The fields of the table that a place belongs to."""
        return [
            spec.name
            for spec in self.fields
            if spec.name in present and any(item.place == place and not item.fallback for item in spec.endings)
        ]

    def shown(
        self, decision: str, label: str = "", present: Collection[str] = (), lacking: Collection[str] = ()
    ) -> str:
        """What the sheet shows as the target of a decision: HighLevel's property, a custom field by its label, or the place in
        words, such as `completed; provenance line where …`."""
        if decision in self.field_names:
            told = groupby(self.places_of(decision, present, lacking), key=lambda item: item.when)
            return "; ".join(f"{' and '.join(item.place for item in group)} {when}".strip() for when, group in told)
        if decision != "custom":
            return decision
        if self.takes_custom_fields:
            return f"{Way.FIELD} {label}" if label else decision
        if not self.becomes:
            return self.fields[0].place
        on_line = any(item.place == LINE for spec in self.fields for item in spec.endings)
        return LINE if on_line and self.becomes != "file" else ARCHIVE

    @property
    def copied(self) -> tuple[tuple[FieldSpec, str], ...]:
        """(field, HighLevel property) of every field whose value is written into a property as it is."""
        return tuple(
            (spec, item.name)
            for spec in self.columns
            for item in spec.endings
            if item.way is Way.PROPERTY and item.copied
        )
