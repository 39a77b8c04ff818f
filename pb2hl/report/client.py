"""What a client who pays for the migration reads first on the index: what became of everything, what is left to do, who signed."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pandas as pd

from pb2hl.register import AUDIT, LOAD, SCHEMA
from pb2hl.report.drawing.balance import balance
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
    for step in (AUDIT, LOAD):
        result = results.get(step.result())
        if result is not None and not migration.taken_back(result):
            found = balance(evidence, result.tables.get("balance", pd.DataFrame()))
            if found is not None:
                return found
    return None


def to_do(results: Results, mask: Mask, migration: MigrationState) -> Section | None:
    """What remains to be done, and by whom."""
    steps = [Step("The analyst", mask.text(migration.following), "next", "warn")] if migration.following else []
    schema = results.get(SCHEMA.result())
    if schema is not None and not migration.taken_back(schema):
        hand = len(schema.tables.get("instructions", ())) + len(schema.tables.get("click_list", ()))
        flows = len(schema.tables.get("workflows", ()))
        if hand:
            text = f"{counted(hand, 'thing')} {agree(hand, 'is', 'are')} clicked by hand, for no API does it: the schema report lists each."
            steps.append(Step("The administrator", text, "by hand", "mute", "schema.html"))
        if flows:
            text = f"{counted(flows, 'workflow')} {agree(flows, 'was', 'were')} to be paused for the load: publish {agree(flows, 'it', 'them')} again once it is done."
            steps.append(Step("The administrator", text, "after the load", "mute", "schema.html"))
    audit = results.get(AUDIT.result()) or results.get(LOAD.result())
    if audit is not None and (count := len(audit.tables.get("open", ()))):
        text = f"{counted(count, 'piece')} of the export neither arrived nor {agree(count, 'was', 'were')} left out: {audit.step} lists each with its reason."
        steps.append(Step("The analyst", text, "open", "bad", f"{audit.step}.html"))
    return Section("What remains to be done, and by whom", steps=tuple(steps)) if steps else None
