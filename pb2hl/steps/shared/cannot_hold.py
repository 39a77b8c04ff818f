"""What HighLevel cannot hold, as one table: how much of it this export has, where it went instead, what the admin can do.

Counted from the staged tables, from the endings of the field map that lead to no record, and from the plan's losses.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.field_types import Way
from pb2hl.highlevel import Destination
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.highlevel.field_probe import FOLDER_ID
from pb2hl.highlevel.records.relations import BUSINESS_DEAL, DEAL_CONTACT, TASK_BUSINESS, TASK_DEAL
from pb2hl.markers import FOLDER, FOLDER_SIGN
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
_PROBE = "pb2hl doctor --probe, which sees whether this location relates them, then the plan anew"
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
    counts = {
        **_of_records(tables, place, *(_logged(ws) if planned else (0, 0))),
        **_of_links(tables, known or Capabilities()),
        **_of_schema(tables, place, currency),
        "folders": _outside(tables, place, known or Capabilities()),
    }
    words = {
        "probe": _PROBE,
        "currency": currency or "the location",
        "folder": FOLDER,
        "folder_sign": FOLDER_SIGN,
        "wizard_contacts": wizard.import_hint(Target.CONTACT),
        "wizard_deals": wizard.import_hint(Target.OPPORTUNITY),
    }
    rows = [*_counted(tables, counts, words), *_reported(tables)]
    if planned:
        rows += _losses(ws)
    frame = pd.DataFrame(rows, columns=list(HELD_COLUMNS)).astype({"records": "int64"})
    return frame.sort_values("records", key=lambda held: held == 0, kind="stable").reset_index(drop=True)


def _losses(ws: Workspace) -> Iterator[Row]:
    """What the workspace's plan moves elsewhere or normalises."""
    path = ws.plan / "losses.parquet"
    for row in table_rows(read_frame(path)) if path.exists() else ():
        what, admin = f"{row.what}: {row.why}", "look at the records the plan names"
        yield str(row.object), what, int(row.records), str(row.where), admin


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


@cache
def _kinds() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _counted(tables: Tables, counts: Mapping[str, int], words: Mapping[str, str]) -> Iterator[Row]:
    """The rows of cannot_hold.toml: its own words, with `words` for what stands in braces, and how many this export has of each."""
    for name, kind in _kinds().items():
        cells = (str(cell).split(".") for cell in kind.get("cells", ()))
        number = sum(len(_column(tables, *cell)) for cell in cells) if "cells" in kind else counts[name]
        what, instead, admin = (str(kind[part]).format(**words) for part in ("what", "instead", "admin"))
        yield str(kind["object"]), what, number, instead, admin


def _of_records(tables: Tables, place: Destination | None, logged: int, beside: int) -> dict[str, int]:
    reasons = {fold(str(reason["name"])) for reason in place.lost_reasons} if place else set()
    lost = _column(tables, "deals", "lost_reason").astype("str").map(fold)
    return {
        "second_addresses": _second(tables, "email", "email_2", "more_emails")
        + _second(tables, "phone", "mobile", "more_phones"),
        "lost_reasons": int((~lost.isin(reasons)).sum()),
        "followers": _beyond(tables, "contacts", "followers") + _beyond(tables, "deals", "followers"),
        "genders": _filled(tables, "contacts", "gender") if place is not None and len(place.contacts) else 0,
        "deals_alone": _without(tables, "deals", "contact_id"),
        "tasks_alone": _without(tables, "tasks", "contact_id"),
        "activities": len(tables.get("activities", ())) - logged,
        "calls": beside,
    }


def _of_links(tables: Tables, known: Capabilities) -> dict[str, int]:
    def unless(proved: object, table: str, column: str) -> int:
        return 0 if proved else _filled(tables, table, column)

    through = known.associations or {}
    several = [len(cell) for cell in _column(tables, "deals", "contact_id") if not isinstance(cell, str)]
    further = 0 if DEAL_CONTACT in through else sum(max(number - 1, 0) for number in several)
    return {
        "notes_of_deals": unless(known.note_relations, "notes", "deal_id"),
        "parties_of_deals": unless(BUSINESS_DEAL in through, "deals", "company_id") + further,
        "links_of_tasks": unless(TASK_DEAL in through, "tasks", "deal_id")
        + unless(TASK_BUSINESS in through, "tasks", "company_id"),
    }


def _of_schema(tables: Tables, place: Destination | None, currency: str) -> dict[str, int]:
    lines = {fold(str(line["name"])) for line in place.pipelines} if place else set()
    stages = tables.get("pipelines", pd.DataFrame())
    if "pipeline" in stages.columns:
        stages = stages[stages["pipeline"].map(lambda name: fold(str(name)) in lines)]
    fields = [str(name) for name in tables.get("custom_fields", pd.DataFrame()).columns]
    types = _column(tables, "custom_fields", "type").astype("str")
    money = _column(tables, "deals", "currency").astype("str").str.strip().str.upper()
    sending = _column(tables, "workflows", "steps").astype("str").str.contains(_SENDS, case=False)
    return {
        "layouts": sum(str(name).startswith(CUSTOM_PREFIX) for frame in tables.values() for name in frame.columns),
        "fields_of_stages": _filled(
            tables, "custom_fields", *(name for name in fields if "stage" in name or "pipeline" in name)
        ),
        "formulas": int(types.str.contains(_TYPES, case=False).sum()),
        "probabilities": _filled({"pipelines": stages}, "pipelines", "probability"),
        "currencies": int(((money != "") & (money != currency.upper())).sum()),
        "usage": int(sending.sum()),
    }


def _outside(tables: Tables, place: Destination | None, known: Capabilities) -> int:
    """Columns of contacts and deals whose field no folder of ours takes: none was made, or no probe saw it taken."""
    taken, there = known.field_extras or {}, place.field_folders if place else {}
    models = {"contacts": "contact", "deals": "opportunity"}
    outside = [name for name, model in models.items() if model not in there or FOLDER_ID not in taken.get(model, ())]
    return sum(str(column).startswith(CUSTOM_PREFIX) for name in outside for column in tables.get(name, ()))


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
