"""What HighLevel cannot hold, as one table: how much of it this export has, where it went instead, what the admin can do.

Counted from the staged tables, from the endings of the field map that lead to no record, and from the plan's losses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pandas as pd

from pb2hl.field_types import Way
from pb2hl.highlevel import Destination
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.highlevel.records.relations import BUSINESS_DEAL, DEAL_CONTACT, TASK_BUSINESS, TASK_DEAL
from pb2hl.model import CUSTOM_PREFIX, OBJECTS
from pb2hl.operations import BESIDE, Target
from pb2hl.plan.fields.custom_fields import MOST_FOLLOWERS
from pb2hl.sheets import table_rows
from pb2hl.steps.shared import wizard
from pb2hl.values.fold import fold
from pb2hl.whole import read_frame
from pb2hl.workspace import Workspace

HELD_COLUMNS = ("object", "what", "records", "instead", "admin")
_TYPES = r"formula|signature|calculat|rollup|roll.up"
_SENDS = r"e-?mail|sms|text message|\bcall\b|whatsapp"
_MATCHED = ("users", "custom_fields")
"""Tables that only say how records are read: nothing of them is to be kept, but for roles and activity."""

Row = tuple[str, str, int, str, str]
Tables = Mapping[str, pd.DataFrame]


def cannot_hold(
    ws: Workspace,
    tables: Tables,
    place: Destination | None = None,
    *,
    planned: bool = False,
    known: Capabilities | None = None,
) -> pd.DataFrame:
    """The table (HELD_COLUMNS) of staged `tables`; rows of which the export has nothing stand last, with 0 records.

    `place` tells the location's currency and pipelines; with `planned` the losses of the workspace's plan are told as well; `known` is what a probe proved.
    """
    currency = (str((place.settings or {}).get("currency") or "") if place else "") or ws.config.currency
    lines = {fold(str(line["name"])) for line in place.pipelines} if place else set()
    rows = [
        *_records(
            tables,
            {fold(str(reason["name"])) for reason in place.lost_reasons} if place else set(),
            place is not None and len(place.contacts) > 0,
            *(_logged(ws) if planned else (0, 0)),
        ),
        *_links(tables, known or Capabilities()),
        *_schema(tables, currency, lines),
        *_location(tables),
        *_reported(tables),
    ]
    path = ws.plan / "losses.parquet"
    if planned and path.exists():
        rows += [
            (
                str(row.object),
                f"{row.what}: {row.why}",
                int(row.records),
                str(row.where),
                "look at the records the plan names",
            )
            for row in table_rows(read_frame(path))
        ]
    frame = pd.DataFrame(rows, columns=list(HELD_COLUMNS)).astype({"records": "int64"})
    return frame.sort_values("records", key=lambda held: held == 0, kind="stable").reset_index(drop=True)


def _logged(ws: Workspace) -> tuple[int, int]:
    """(activities that the plan makes messages or appointments of, how many of them are calls, whose note stands beside)."""
    parts = []
    for target in (Target.MESSAGE, Target.APPOINTMENT):
        path = ws.plan / "data" / f"{target}.parquet"
        frame = (
            read_frame(path, columns=["object", "part"]) if path.exists() else pd.DataFrame(columns=["object", "part"])
        )
        parts += frame.loc[frame["object"].astype("str").eq("activities"), "part"].astype("str").tolist()
    return len(parts), parts.count(BESIDE)


def _column(tables: Tables, name: str, column: str) -> pd.Series:
    frame = tables.get(name)
    if frame is None or column not in frame.columns:
        return pd.Series(dtype="object")
    return frame[column].dropna()


def _filled(tables: Tables, name: str, *columns: str) -> int:
    return sum(len(_column(tables, name, column)) for column in columns)


def _without(tables: Tables, name: str, column: str) -> int:
    return len(tables.get(name, ())) - _filled(tables, name, column)


def _second(tables: Tables, *columns: str) -> int:
    """Values beyond the first that each contact has."""
    frame = tables.get("contacts", pd.DataFrame())
    held = sum((frame[name].notna().astype(int) for name in columns if name in frame), pd.Series(0, index=frame.index))
    return int((held - 1).clip(lower=0).sum())


def _beyond(tables: Tables, name: str, column: str, most: int = MOST_FOLLOWERS) -> int:
    """Items of a list beyond the `most` that a record takes."""
    return int((_column(tables, name, column).map(len) - most).clip(lower=0).sum())


def _records(tables: Tables, reasons: Collection[str], already: bool, logged: int, beside: int) -> Iterator[Row]:
    yield (
        "contacts",
        "day of creation",
        _filled(tables, "contacts", "created_at"),
        "custom field Perfect Books Created",
        wizard.told(Target.CONTACT),
    )
    yield (
        "contacts, companies, deals",
        "dates of creation of companies and deals, dates of change",
        _filled(tables, "contacts", "updated_at")
        + sum(_filled(tables, name, "created_at", "updated_at") for name in ("companies", "deals")),
        "custom fields Perfect Books Created and Perfect Books Updated",
        "sort and filter by these fields",
    )
    yield (
        "companies",
        "parent company",
        _filled(tables, "companies", "parent_id", "parent_name"),
        "custom field Parent Company",
        "filter by the field",
    )
    yield (
        "companies, deals",
        "tags",
        _filled(tables, "companies", "tags") + _filled(tables, "deals", "tags"),
        "custom field Perfect Books Tags",
        "filter by the field",
    )
    yield (
        "contacts",
        "second e-mails and phones",
        _second(tables, "email", "email_2", "more_emails") + _second(tables, "phone", "mobile", "more_phones"),
        "custom fields",
        wizard.told(Target.CONTACT),
    )
    yield (
        "deals",
        "source of deals",
        _filled(tables, "deals", "source"),
        "custom field Source",
        wizard.told(Target.OPPORTUNITY),
    )
    yield (
        "deals",
        "lost reasons that the location does not have",
        int((~_column(tables, "deals", "lost_reason").astype("str").map(fold).isin(reasons)).sum()),
        "custom field Lost Reason",
        f"make them in Settings › Custom fields › Opportunity › Lost reason, then {wizard.told(Target.OPPORTUNITY)}",
    )
    yield (
        "contacts, deals",
        "followers beyond the tenth",
        _beyond(tables, "contacts", "followers") + _beyond(tables, "deals", "followers"),
        "custom field Followers, with those who are no users and those of records that were there before",
        f"invite who is missing; for deals {wizard.told(Target.OPPORTUNITY)}",
    )
    yield (
        "contacts",
        "gender of a contact that was there before",
        _filled(tables, "contacts", "gender") if already else 0,
        "custom field Gender: only a creating call takes it",
        "filter by the field",
    )
    yield (
        "deals",
        "deals without a contact",
        _without(tables, "deals", "contact_id"),
        "a marked stand-in contact",
        "put the right contact into the opportunity",
    )
    yield (
        "tasks",
        "tasks without a contact",
        _without(tables, "tasks", "contact_id"),
        "the contact of the deal or company, else a marked placeholder contact",
        "move them, or tick them off",
    )
    yield (
        "activities",
        "calls, e-mails, meetings and messages as such",
        len(tables.get("activities", ())) - logged,
        "notes with time, direction, duration and outcome",
        'activities = "conversation" under [policy], providers under [providers], pb2hl doctor --probe, then the plan anew; meetings = "appointment"',
    )
    yield (
        "activities",
        "text and duration of calls that are logged as messages",
        beside,
        "a note beside the message",
        "read it in the notes",
    )
    yield (
        "notes",
        "original dates and authors",
        _filled(tables, "notes", "created_at"),
        "the provenance line of each note",
        "nothing: the server stamps its own",
    )
    yield (
        "appointments",
        "recurrence",
        _filled(tables, "appointments", "recurrence"),
        "single appointments, up to a date for endless series",
        "make endless series anew by hand",
    )


PROBE = "pb2hl doctor --probe, which sees whether this location relates them, then the plan anew"


def _links(tables: Tables, known: Capabilities) -> Iterator[Row]:
    through = known.associations or {}
    yield (
        "notes",
        "notes of deals",
        0 if known.note_relations else _filled(tables, "notes", "deal_id"),
        "the deal's contact, said in the provenance line",
        f"{PROBE}; or read them at the contact",
    )
    further = sum(max(len(cell) - 1, 0) for cell in _column(tables, "deals", "contact_id") if not isinstance(cell, str))
    yield (
        "deals",
        "companies and further contacts of deals",
        (0 if BUSINESS_DEAL in through else _filled(tables, "deals", "company_id"))
        + (0 if DEAL_CONTACT in through else further),
        "custom fields Company and Other Contacts",
        PROBE,
    )
    yield (
        "attachments",
        "files of deals",
        _filled(tables, "attachments", "deal_id"),
        "the media library, with a note that links them",
        "open them from the note",
    )
    yield (
        "attachments",
        "files of companies",
        _filled(tables, "attachments", "company_id"),
        "the media library, with a note that links them",
        "open them from the note",
    )
    yield (
        "tasks",
        "links to deals and companies",
        (0 if TASK_DEAL in through else _filled(tables, "tasks", "deal_id"))
        + (0 if TASK_BUSINESS in through else _filled(tables, "tasks", "company_id")),
        "the contact it hangs on, said in the provenance line",
        f"{PROBE}; or link the open ones by hand",
    )
    yield (
        "appointments",
        "links to deals and companies",
        _filled(tables, "appointments", "deal_id", "company_id"),
        "the contact it hangs on, said in the provenance line",
        "link coming ones by hand",
    )


def _schema(tables: Tables, currency: str, lines: set[str]) -> Iterator[Row]:
    custom = sum(sum(str(name).startswith(CUSTOM_PREFIX) for name in frame.columns) for frame in tables.values())
    yield (
        "custom fields",
        "layouts, and roles that see a field",
        custom,
        "a folder of their own",
        "put them onto layouts by the list of the schema page",
    )
    staged = [
        name
        for name in tables.get("custom_fields", pd.DataFrame()).columns
        if "stage" in str(name) or "pipeline" in str(name)
    ]
    yield (
        "custom fields",
        "links of fields to stages",
        _filled(tables, "custom_fields", *staged),
        "reports/cells_beside.csv",
        "ask for the field in a workflow at the stage",
    )
    types = _column(tables, "custom_fields", "type").astype("str")
    yield (
        "custom fields",
        "formula and signature types",
        int(types.str.contains(_TYPES, case=False).sum()),
        "their values as they were, in fields of text or number",
        "rebuild formulas where they must go on reckoning",
    )
    frame = tables.get("pipelines", pd.DataFrame())
    own = frame[frame["pipeline"].map(lambda name: fold(str(name)) in lines)] if "pipeline" in frame.columns else frame
    yield (
        "pipelines",
        "probabilities of stages of a pipeline that exists",
        _filled({"pipelines": own}, "pipelines", "probability"),
        "the pipeline keeps its own",
        "set them in Opportunities > Pipelines",
    )
    money = _column(tables, "deals", "currency").astype("str").str.strip().str.upper()
    yield (
        "deals",
        f"amounts in another currency than {currency or 'the location'}'s",
        int(((money != "") & (money != currency.upper())).sum()),
        "the number as it is, the currency in the field Currency",
        "reports add them up as one currency: filter by the field",
    )


def _location(tables: Tables) -> Iterator[Row]:
    steps = _column(tables, "workflows", "steps").astype("str")
    yield (
        "location",
        "usage costs that the subscription does not cover",
        int(steps.str.contains(_SENDS, case=False).sum()),
        "workflows that send e-mails or messages or call, counted",
        "check the wallet and its limits before publishing them",
    )
    yield (
        "location",
        "white-label and branding assets",
        0,
        "nowhere: no object of an export carries them",
        "set them in the agency's settings",
    )
    yield (
        "location",
        "one silo a sub-account: records seen from several locations",
        0,
        "one location for one export",
        "migrate an export for each sub-account",
    )


def _reported(tables: Tables) -> Iterator[Row]:
    """What the field map ends in a document beside HighLevel: a table as a whole, else each of its fields."""
    for name, spec in OBJECTS.items():
        beside = [field for field in spec.fields if field.endings and field.endings[0].way is Way.REPORT]
        places = {field.place for field in beside}
        if beside and len(beside) == len(spec.fields) and name not in _MATCHED:
            yield (
                name,
                f"{name.replace('_', ' ')} as a whole",
                len(tables.get(name, ())),
                ", ".join(sorted(places)),
                "work with the document beside",
            )
            continue
        for field in beside:
            if field.place.startswith("sheets/"):
                continue
            what = field.name.replace("_", " ")
            yield (
                name,
                f"{what} of {name.replace('_', ' ')}",
                _filled(tables, name, field.name),
                field.place,
                "look it up in the document beside",
            )
