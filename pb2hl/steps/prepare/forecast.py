"""What an export will cost before there is a plan: requests by object out of counts, and days at the location's limit.

Merges, skips, activities that share notes and what the location holds already can only lower it, recurring appointments raise it. Once a plan has been
made (the schema step), its exact figures take the place of this one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX
from pb2hl.plan.building.estimate import days_at_limit, link_requests, seconds_at_limit
from pb2hl.register import AUDIT, LOAD, SCHEMA
from pb2hl.results import StepResult
from pb2hl.workspace import Workspace

COLUMNS = ("step", "what", "records", "requests", "basis")
BY_COUNTS = "counted from the export; the schema step's plan will be exact"
BY_PLAN = "the plan of the schema step"
LISTS = 12
"""Requests that read the location's settings, lists and users once."""
RECORDS = ("companies", "contacts", "deals", "notes", "activities", "tasks", "appointments")
"""Objects whose rows become one record each."""
READ_PAGE = 100
"""Records a page of the slowest list; search pages hold up to 500."""


def volume(ws: Workspace, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Requests of the whole migration by step and by what they are for (`COLUMNS`)."""
    result = StepResult.load(ws.results(SCHEMA.result()))
    planned = result.tables.get("estimate", pd.DataFrame()) if result is not None else pd.DataFrame()
    if len(planned) and {"what", "requests"} <= set(planned.columns):
        steps = planned["step"] if "step" in planned.columns else [""] * len(planned)
        parts = zip(steps, planned["what"], planned["requests"], strict=True)
        return _named([(step, what, pd.NA, int(count)) for step, what, count in parts], BY_PLAN)
    return _named([*_schema(tables), *_load(tables), *_read_back(tables)], BY_COUNTS)


def time_at_limit(requests: int) -> dict[str, int]:
    """`requests`, `days_at_limit` (days that the daily allowance spreads them over) and `minutes_at_limit` of them all."""
    return {
        "requests": requests,
        "days_at_limit": days_at_limit(requests),
        "minutes_at_limit": math.ceil(seconds_at_limit(requests) / 60),
    }


def _named(rows: list[tuple], basis: str) -> pd.DataFrame:
    found = pd.DataFrame([(*row, basis) for row in rows if row[3]], columns=list(COLUMNS))
    return found.astype({"records": "Int64", "requests": "int64"})


def _schema(tables: Mapping[str, pd.DataFrame]) -> list[tuple]:
    custom = sum(str(name).startswith(CUSTOM_PREFIX) for frame in tables.values() for name in frame.columns)
    stages = tables.get("pipelines", tables.get("deals", pd.DataFrame()))
    pipelines = int(stages["pipeline"].nunique()) if "pipeline" in stages.columns else 0
    tags = tables.get("contacts", pd.DataFrame()).get("tags", pd.Series(dtype=object)).explode().nunique()
    made = custom + pipelines + int(tags)
    return [(SCHEMA.id, "fields, tags, pipelines", made, made), (SCHEMA.id, "reading the location", pd.NA, LISTS)]


def _load(tables: Mapping[str, pd.DataFrame]) -> list[tuple]:
    rows = [(LOAD.id, name, len(tables[name]), len(tables[name])) for name in RECORDS if name in tables]
    contacts = tables.get("contacts", pd.DataFrame())
    company = next((contacts[name] for name in ("company_id", "company_name") if name in contacts.columns), None)
    if company is not None:
        links = company.dropna().astype("str").value_counts()
        rows.append(
            (
                LOAD.id,
                "links of contacts to companies",
                int(links.sum()),
                link_requests({str(one): int(count) for one, count in links.items()}),
            )
        )
    files = tables.get("attachments", pd.DataFrame())
    if len(files):
        direct = int(files["contact_id"].notna().sum()) if "contact_id" in files.columns else 0
        rows.append((LOAD.id, "attachments", len(files), direct + 2 * (len(files) - direct)))
    return rows


def _read_back(tables: Mapping[str, pd.DataFrame]) -> list[tuple]:
    sizes = {name: len(tables[name]) for name in RECORDS if name in tables}
    return [(AUDIT.id, f"{name} read back", size, math.ceil(size / READ_PAGE)) for name, size in sizes.items()]
