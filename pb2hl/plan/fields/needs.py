"""Which custom fields this export needs, decided from the tables once, so that schema and data agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl import markers
from pb2hl.model import OBJECTS
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.inputs.inputs import PlanInputs
from pb2hl.plan.inputs.rows import texts
from pb2hl.plan.location.location import Location
from pb2hl.values.fold import fold
from pb2hl.values.statuses import deal_status


@dataclass(frozen=True)
class FieldPlan:
    """Every custom field of the plan by (object, key); `key` is a staged column or the label of a field of our own."""

    by_key: Mapping[tuple[str, str], f.PlannedField]

    def get(self, object_: str, key: str) -> f.PlannedField | None:
        """The field that takes `key` of `object_`, or None when no field is planned for it."""
        return self.by_key.get((object_, key))

    def of(self, object_: str) -> dict[str, f.PlannedField]:
        """The fields of one object by key."""
        return {key: field for (name, key), field in self.by_key.items() if name == object_}

    def __iter__(self) -> Iterator[tuple[str, f.PlannedField]]:
        return ((name, field) for (name, _), field in self.by_key.items())


def plan_fields(inputs: PlanInputs, location: Location) -> FieldPlan:
    """All custom fields, each compared with the location; deterministic in the inputs."""
    found: dict[tuple[str, str], f.PlannedField] = {}
    for object_ in ("contacts", "companies", "deals"):
        frame = inputs.table(object_)
        wanted = [*_markers(object_, frame, inputs), *_without_place(object_, frame), *_mapped(object_, frame, inputs)]
        wanted += _for_unconverted(object_, frame, inputs, location)
        taken: set[str] = set()
        for field in wanted:
            if (object_, field.key) in found:
                continue
            fitted = f.for_model(field)
            choice = _choice(inputs, fitted) if field.key in frame.columns else f.BESIDE
            found[object_, field.key] = distinct(f.against(fitted, location.fields, choice), taken)
    return FieldPlan(found)


def _choice(inputs: PlanInputs, field: f.PlannedField) -> str:
    """What a person decided about a field of the export whose name is taken; fields of our own never use a stranger's."""
    decided = inputs.conflicts.get((field.model, fold(field.label)), "")
    return decided or inputs.config.policy.schema_conflicts


def distinct(field: f.PlannedField, taken: set[str]) -> f.PlannedField:
    """The field under a label that none in `taken` (case-folded; it is added) has."""
    label, number = field.label, 2
    while fold(label) in taken:
        label, number = f"{field.label} ({number})", number + 1
    taken.add(fold(label))
    if label == field.label:
        return field
    return f.PlannedField(field.model, field.key, label, field.data_type, field.options, field.count)


def filled(frame: pd.DataFrame, column: str) -> int:
    """How many cells of `column` hold something (lists: at least one item)."""
    return int(filled_mask(frame[column]).sum()) if column in frame.columns else 0


def filled_mask(values: pd.Series) -> pd.Series:
    """Which cells hold something: neither missing nor blank nor an empty list."""
    if values.dtype == object:
        found = [bool(texts(value)) if not _missing(value) else False for value in values]
        return pd.Series(found, index=values.index, dtype=bool)
    if pd.api.types.is_string_dtype(values.dtype):
        trimmed = pc.utf8_trim_whitespace(pa.array(values.array, from_pandas=True))  # ten times as quick as pandas
        present = pc.fill_null(pc.not_equal(trimmed, ""), False)
        return pd.Series(present.to_numpy(zero_copy_only=False), index=values.index, dtype=bool)
    return values.notna().astype(bool)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _own(
    object_: str, label: str, data_type: str = "TEXT", count: int = 0, options: tuple[str, ...] = ()
) -> f.PlannedField:
    return f.PlannedField(f.MODEL[object_], label, label, data_type, options, count)


def _markers(object_: str, frame: pd.DataFrame, inputs: PlanInputs) -> list[f.PlannedField]:
    attached = inputs.table("attachments")
    if object_ == "contacts":
        fields = [_own(object_, markers.ID_FIELD, count=len(frame)), *_dates(object_, frame)]
        if filled(attached, "contact_id"):
            fields.append(_own(object_, markers.FILES_FIELD, "FILE_UPLOAD", filled(attached, "contact_id")))
        return fields
    fields = [_own(object_, markers.ID_FIELD, count=len(frame)), *_dates(object_, frame)]
    if tagged := filled(frame, "tags"):
        fields.append(_own(object_, markers.TAGS_FIELD, "LARGE_TEXT", tagged))
    if object_ == "companies":
        fields.append(_own(object_, markers.PRIMARY_CONTACT_FIELD, count=len(frame)))
        if parents := max(filled(frame, "parent_id"), filled(frame, "parent_name")) or _unresolved(
            inputs, object_, "parent_id"
        ):
            fields.append(_own(object_, markers.PARENT_FIELD, count=parents))
    return fields


def _dates(object_: str, frame: pd.DataFrame) -> list[f.PlannedField]:
    pairs = ((markers.CREATED_FIELD, "created_at"), (markers.UPDATED_FIELD, "updated_at"))
    return [_own(object_, label, count=filled(frame, column)) for label, column in pairs if filled(frame, column)]


def _without_place(object_: str, frame: pd.DataFrame) -> list[f.PlannedField]:
    """Canonical fields that fill a custom field as they are, by the field map."""
    return [
        f.PlannedField(f.MODEL[object_], spec.name, ending.name, ending.data_type, (), count)
        for spec in OBJECTS[object_].columns
        if (ending := spec.own_field) and (count := filled(frame, spec.name))
    ]


def _mapped(object_: str, frame: pd.DataFrame, inputs: PlanInputs) -> list[f.PlannedField]:
    fields = []
    for item in inputs.mapping.fields.get(object_, ()):
        options = _options(object_, item, frame, inputs) if item.data_type in f.OPTION_TYPES else ()
        fields.append(
            f.PlannedField(
                f.MODEL[object_],
                item.staged_column,
                item.label,
                item.data_type,
                options,
                filled(frame, item.staged_column),
            )
        )
    return fields


def option_of(inputs: PlanInputs, object_: str, column: str, value: str) -> str:
    """What the picklists sheet says about `value`; itself when it says nothing."""
    found = inputs.mapping.picklists.get((object_, column, value))
    return value if found in (None, "") else found


def _options(object_: str, item: Any, frame: pd.DataFrame, inputs: PlanInputs) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for option in (*item.options, *sorted(_used(frame, item.staged_column))):
        text = option_of(inputs, object_, item.staged_column, option)
        found.setdefault(fold(text), text)
    if set(found) <= {"yes", "no"} and (item.data_type == "RADIO" or (found and item.data_type == "SINGLE_OPTIONS")):
        return f.YES_NO
    return tuple(found.values())


def _used(frame: pd.DataFrame, column: str) -> set[str]:
    if column not in frame.columns:
        return set()
    values = frame[column]
    if pd.api.types.infer_dtype(values, skipna=True) == "boolean":  # beside blanks of rows that nobody exported too
        return set(f.YES_NO)
    if values.dtype == object:
        return {item.strip() for value in values if not isinstance(value, float) for item in texts(value)}
    return {text for item in values.dropna().unique() if (text := str(item).strip())}


def _for_unconverted(
    object_: str, frame: pd.DataFrame, inputs: PlanInputs, location: Location
) -> Iterable[f.PlannedField]:
    refused = inputs.not_converted
    refused_here = int((refused["object"] == object_).sum()) if "object" in refused.columns else 0
    refused_here += filled(frame, "parent_left_out")
    if refused_here:
        yield _own(object_, f.UNCONVERTED_FIELD, "LARGE_TEXT", refused_here)
    if merged := _merged(frame):
        yield _own(object_, f.MERGED_FIELD, "LARGE_TEXT", merged)
    if filled(frame, "owner") and _owner_needs_text(object_, frame, inputs):
        yield _own(object_, f.OWNER_FIELD, "TEXT")
    if object_ != "companies" and (count := _beyond_followers(object_, frame, inputs, location)):
        yield _own(object_, f.FOLLOWERS_FIELD, "LARGE_TEXT", count)
    if object_ == "contacts" and len(location.contacts) and (count := filled(frame, "gender")):
        yield _own(object_, f.GENDER_FIELD, "TEXT", count)  # only a creating call takes it
    if object_ == "contacts" and _deals_may_not_be_opportunities(inputs, location):
        yield _own(object_, f.FURTHER_DEALS, "LARGE_TEXT")
    if object_ == "contacts" and (named := filled(frame, "full_name")):
        yield f.PlannedField("contact", "full_name", f.FULL_NAME, "TEXT", (), named)
    if object_ == "contacts":
        yield from _other_addresses(frame, inputs, location, merged)
        if named := _named_otherwise(frame, inputs):
            yield _own(object_, f.OWN_COMPANY, "TEXT", named)
    if object_ == "deals":
        yield from _of_deals(frame, inputs)


def _of_deals(frame: pd.DataFrame, inputs: PlanInputs) -> Iterable[f.PlannedField]:
    if filled(frame, "lost_reason"):
        yield _own("deals", f.LOST_REASON_FIELD, "TEXT", filled(frame, "lost_reason"))
    several = _several_contacts(frame) or _unresolved(inputs, "deals", "contact_id")
    apart = inputs.config.policy.duplicate_opportunity == "separate contact"
    if several or filled(frame, "contact_email") or (apart and filled(frame, "contact_id")):
        yield _own("deals", f.OTHER_CONTACTS, "LARGE_TEXT")
    if filled(frame, "company_id"):
        yield _own("deals", f.COMPANY_FIELD, "TEXT", filled(frame, "company_id"))
    if words := _status_words(frame, inputs):
        yield _own("deals", f.STATUS_FIELD, "TEXT", words)


def _status_words(frame: pd.DataFrame, inputs: PlanInputs) -> int:
    """How many deals have a status that says nothing to HighLevel, or that their stage overrules: the word is kept."""
    if "status" not in frame.columns:
        return 0
    ended = {
        (fold(pipeline), fold(stage))
        for (pipeline, stage), to in inputs.mapping.stages.items()
        if deal_status(to[2]) not in ("", "open")
    }
    columns = [
        frame[name].fillna("").astype(str) if name in frame.columns else [""] * len(frame)
        for name in ("status", "pipeline", "stage")
    ]
    found = 0
    for word, pipeline, stage in zip(*columns, strict=True):
        said = deal_status(option_of(inputs, "deals", "status", word)) or deal_status(word)
        found += bool(word.strip()) and (not said or (said == "open" and (fold(pipeline), fold(stage)) in ended))
    return found


def _named_otherwise(frame: pd.DataFrame, inputs: PlanInputs) -> int:
    """How many contacts name their company otherwise than the company that they are linked to is called."""
    if not {"company_name", "company_source_id"} <= set(frame.columns):
        return 0
    companies = inputs.named("companies")
    if companies.empty or "name" not in companies.columns:
        return 0
    names = dict(zip(companies["source_id"].astype(str), companies["name"].fillna("").astype(str), strict=True))
    pairs = zip(
        frame["company_name"].fillna("").astype(str), frame["company_source_id"].fillna("").astype(str), strict=True
    )
    return sum(bool(own.strip() and names.get(one) and fold(own) != fold(names[one])) for own, one in pairs)


def _several_contacts(deals: pd.DataFrame) -> bool:
    return "contact_id" in deals.columns and any(len(texts(value)) > 1 for value in deals["contact_id"])


def _unresolved(inputs: PlanInputs, object_: str, column: str) -> int:
    frame = inputs.not_converted
    return 0 if frame.empty else int(((frame["object"] == object_) & (frame["field"] == column)).sum())


def _deals_may_not_be_opportunities(inputs: PlanInputs, location: Location) -> bool:
    wanted = inputs.config.policy.duplicate_opportunity == "custom field + note"
    return wanted and not location.allow_duplicate_opportunity and len(inputs.table("deals")) > 0


def _merged(frame: pd.DataFrame) -> int:
    if "unshown" not in frame.columns:
        return 0
    return int(frame["unshown"].fillna("").astype(str).str.len().gt(2).sum())


def _owner_needs_text(object_: str, frame: pd.DataFrame, inputs: PlanInputs) -> bool:
    if object_ == "companies":
        return True  # a business has no owner of its own
    return any(not inputs.mapping.owners.get(str(value), "") for value in frame["owner"].dropna().unique())


def _beyond_followers(object_: str, frame: pd.DataFrame, inputs: PlanInputs, location: Location) -> int:
    """How many rows may have followers that HighLevel does not take: who is no user, more than ten, a record that was there."""
    if "followers" not in frame.columns:
        return 0
    if len(location.contacts if object_ == "contacts" else location.opportunities):
        return filled(frame, "followers")
    cells = (texts(value) for value in frame["followers"] if not _missing(value))
    users = inputs.mapping.owners
    return sum(len(cell) > f.MOST_FOLLOWERS or not all(users.get(item) for item in cell) for cell in cells)


def _other_addresses(
    frame: pd.DataFrame, inputs: PlanInputs, location: Location, merged: int
) -> Iterable[f.PlannedField]:
    clash = not location.allow_duplicate_contact or len(location.contacts) > 0
    emails = filled(frame, "email_2") + filled(frame, "more_emails")
    if emails or merged or (clash and _repeats(frame, ("email",))) or (clash and len(location.contacts)):
        yield f.PlannedField("contact", f.OTHER_EMAILS, f.OTHER_EMAILS, "LARGE_TEXT", (), emails)
    if (
        merged
        or filled(frame, "more_phones")
        or (clash and (_repeats(frame, ("phone", "mobile")) or len(location.contacts)))
    ):
        yield f.PlannedField("contact", f.OTHER_PHONES, f.OTHER_PHONES, "LARGE_TEXT")


def _repeats(frame: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    values = [frame[name].dropna() for name in columns if name in frame.columns]
    return bool(values) and bool(pd.concat(values).duplicated().any())
