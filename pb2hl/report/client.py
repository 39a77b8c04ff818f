"""What a client who pays for the migration reads first on the index: what became of everything, what is left to do, who signed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pb2hl.register import AUDIT, LOAD, SCHEMA
from pb2hl.report.drawing.balance import BALANCED, balance
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Brand, Section, Step
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.status import MigrationState
from pb2hl.results import StepResult
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

Results = Mapping[str, StepResult | None]
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml", ".webp": "image/webp"}  # fmt: skip


def brand(ws: Workspace) -> Brand:
    """The agency's name, logo and colour as migration.toml gives them; a logo that is not there or no picture is left out."""
    agency = ws.config.agency
    path = ws.path / agency.logo
    kind = _PICTURES.get(path.suffix.lower(), "")
    logo = ""
    if agency.logo and kind and path.is_file():
        logo = f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    return Brand(agency.name, logo, agency.colour)


def by_object(results: Results, evidence: Evidence, migration: MigrationState) -> Section | None:
    """The balance of the latest step that drew one; nothing once the migration was taken back."""
    found = latest_balance(results, migration)
    return balance(evidence, found.tables["balance"]) if found is not None else None


def latest_balance(results: Results, migration: MigrationState) -> StepResult | None:
    """The result whose table `balance` says what became of everything; None where nothing was loaded, or all of it was taken back."""
    for step in (AUDIT, LOAD):
        result = results.get(step.result())
        if result is not None and not migration.taken_back(result):
            table = result.tables.get("balance", pd.DataFrame())
            if set(table.columns) >= BALANCED and not table.empty:
                return result
    return None


@dataclass(frozen=True, slots=True)
class Remaining:
    """One thing that remains to be done: what (`goes_on`, `by_hand`, `workflows` or `open_pieces`), how many, and the report that lists them."""

    what: str
    count: int = 0
    href: str = ""


def remaining(results: Results, migration: MigrationState) -> list[Remaining]:
    """What remains to be done; the counts are those of the reports."""
    found = [Remaining("goes_on")] if migration.following else []
    schema = results.get(SCHEMA.result())
    if schema is not None and not migration.taken_back(schema):
        hand = len(schema.tables.get("instructions", ())) + len(schema.tables.get("click_list", ()))
        flows = len(schema.tables.get("workflows", ()))
        found += [Remaining("by_hand", hand, "schema.html")] if hand else []
        found += [Remaining("workflows", flows, "schema.html")] if flows else []
    audit = results.get(AUDIT.result()) or results.get(LOAD.result())
    if audit is not None and (count := len(audit.tables.get("open", ()))):
        found.append(Remaining("open_pieces", count, f"{audit.step}.html"))
    return found


BY = {
    "goes_on": ("analyst", "next", "warn"),
    "by_hand": ("administrator", "by hand", "mute"),
    "workflows": ("administrator", "after the load", "mute"),
    "open_pieces": ("analyst", "open", "bad"),
}
"""Who does it, when, and its tone."""


def to_do(results: Results, mask: Mask, migration: MigrationState) -> Section | None:
    """What remains to be done, and by whom."""
    steps = []
    for item in remaining(results, migration):
        who, state, tone = BY[item.what]
        text = mask.text(_sentence(item, migration))
        steps.append(Step(f"The {who}", text, state, tone, item.href))
    return Section("What remains to be done, and by whom", steps=tuple(steps)) if steps else None


def _sentence(item: Remaining, migration: MigrationState) -> str:
    n = item.count
    if item.what == "by_hand":
        return f"{counted(n, 'thing')} {agree(n, 'is', 'are')} clicked by hand, for no API does it: the schema report lists each."
    if item.what == "workflows":
        return f"{counted(n, 'workflow')} {agree(n, 'was', 'were')} to be paused for the load: publish {agree(n, 'it', 'them')} again once it is done."
    if item.what == "open_pieces":
        step = item.href.removesuffix(".html")
        return f"{counted(n, 'piece')} of the export neither arrived nor {agree(n, 'was', 'were')} left out: {step} lists each with its reason."
    return migration.following
