"""The sections of migration.toml that say how a migration is made: policies, thresholds, who makes it, by whom messages are logged."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Existing = Literal["fill", "overwrite", "skip", "separate"]


class Section(BaseModel):
    """One section: an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Policy(Section):
    """What to do where a careful analyst would ask; each default is the documented one. A batch run takes them, on record."""

    existing_contacts: Existing = "fill"
    """What happens to a contact that the location already has."""
    existing_businesses: Existing = "fill"
    """What happens to a company that the location already has."""
    existing_opportunities: Existing = "fill"
    """What happens to an opportunity that the location already has."""
    duplicate_opportunity: Literal["stop", "separate contact", "custom field + note"] = "stop"
    """A second open deal of a contact where the location forbids it (batch runs take the last)."""
    made_keys: Literal["stop", "accept"] = "stop"
    """Rows whose id is blank or another record's, so that one was made for them (batch runs accept)."""
    no_owner: Literal["stop", "accept"] = "stop"
    """Records whose owner is no user of the location while there is no fallback owner (batch runs accept)."""
    unreachable_files: Literal["stop", "leave out"] = "stop"
    """Attachments whose link is dead or whose bytes are not in the export (batch runs leave them out)."""
    lost_reasons: Literal["stop", "custom field"] = "stop"
    """Reasons of lost deals that the location lacks, and no API makes: the schema step waits until an admin made them, or they stay in a custom field (batch runs take the last)."""
    unassigned_business: str = "Unassigned"
    """The company that contacts without one are linked to; empty: none."""
    calendar: str = ""
    """Id or name of an existing calendar for appointments; empty: a calendar `Perfect Books` is made."""
    recurrence_until: str = ""
    """How far endless series go, YYYY-MM-DD; empty: a year after the export."""
    unmapped_columns: Literal["custom field", "archive", "note"] = "custom field"
    """Where columns go that no field takes."""
    schema_conflicts: Literal["beside", "use"] = "beside"
    """A field of the same name that does not fit, where sheets/schema.csv decides nothing."""
    tag_groups: Literal["prefix", "drop"] = "drop"
    """Whether a tag keeps the name of its group."""
    activities: Literal["note", "conversation"] = "note"
    """Whether e-mails, SMS and calls become notes, or messages of the contact's conversation with their own dates (where `doctor --probe` proved it)."""
    meetings: Literal["note", "appointment"] = "note"
    """Whether meetings among the activities become notes, or past appointments of their contact with their own time."""
    activity_notes: Literal["one each", "joined"] = "one each"
    """Whether each activity that becomes a note has one of its own, or those of one contact (or company) share notes, oldest first: fewer requests, but none of them has a date, an undo or (where owners differ) an author of its own."""
    delta_window_hours: int = Field(default=48, ge=1, le=720)
    """How long deltas may follow the load before `status` warns."""
    removed_rows: Literal["report", "delete"] = "report"
    """Rows that a later export no longer has."""
    legal_objects: Literal["report", "custom objects"] = "report"
    """Whether trust and time tables become custom objects (scopes `objects/schema.*`, `objects/record.*`; no rollback deletes the object itself)."""


class Thresholds(Section):
    """Scores (0-1) above which a proposal is pre-filled, and below which it is not made at all."""

    match_high: float = Field(default=0.95, ge=0, le=1)
    """Score of a pair from which a merge is proposed; higher where the data itself shows that it must be."""
    match_low: float = Field(default=0.60, ge=0, le=1)
    """Score of a pair from which a person is asked; below it nobody is."""
    mapping_high: float = Field(default=0.80, ge=0, le=1)
    """Confidence from which the decision about a column, stage, value, tag or owner is filled in as proposed."""


class Agency(Section):
    """Who makes the migration, for the head of its reports."""

    name: str = ""
    """Who made the migration, at the head of the reports."""
    logo: str = ""
    """A picture, its path counted from the workspace."""
    colour: str = Field(default="", pattern=r"^(#[0-9a-fA-F]{6})?$")
    """The line at the head of the reports, such as #1f5fbf."""
    language: Literal["en", "fr", "de", "es"] = "en"
    """Language of index.html; the reports that it leads to are in English."""


class Providers(Section):
    """Ids of the conversation providers by which messages are logged; empty: without one, where the location allows that."""

    sms: str = ""
    """Id of the conversation provider by which SMS are logged."""
    email: str = ""
    """Id of the conversation provider by which e-mails are logged."""
    call: str = ""
    """Id of the conversation provider by which calls are logged."""
