"""Whatever a person decided is part of what was approved: change any of it afterwards, and `pb2hl load` stops and says which."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pb2hl.steps.proposal.decisions import DELTA_ONLY
from pb2hl.steps.proposal.schema_choices import COLUMNS
from pb2hl.workspace import CONFIG_NAME, Policy, Thresholds
from tests.cli.terminal import Terminal

SHEETS = {
    "fields": {"decision": "ignore"},
    "stages": {"target_stage": "Elsewhere"},
    "owners": {"decision": "fallback"},
    "tags": {"decision": "drop"},
    "picklists": {"decision": "drop"},
    "tables": {"decision": "leave out"},
    "duplicates": {"decision": "keep apart"},
    "companies": {"decision": "merge"},
    "survivorship": {"decision": "longest"},
    "schema": {"decision": "use"},
}
"""Each sheet that decides something of a first load, with another decision for its first row."""
SETTINGS = {
    "policy": {
        "existing_contacts": "overwrite", "existing_businesses": "skip", "existing_opportunities": "skip", "duplicate_opportunity": "separate contact",
        "made_keys": "accept", "no_owner": "accept", "unreachable_files": "leave out", "unassigned_business": "Nobody's", "calendar": "Office",
        "recurrence_until": "2031-01-01", "unmapped_columns": "note", "schema_conflicts": "use", "tag_groups": "prefix", "legal_objects": "custom objects",
        "activities": "conversation", "meetings": "appointment", "lost_reasons": "custom field", "activity_notes": "joined",
    },
    "thresholds": {"match_high": 0.97, "match_low": 0.5, "mapping_high": 0.9},
    "": {"fallback_owner": "bo@agency.example", "country": "DE", "timezone": "Europe/Berlin", "currency": "EUR", "leave_out": ["notes.csv"]},
}  # fmt: skip
"""Each setting that decides something of a first load, with another value."""


@pytest.fixture
def pb2hl(capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The command line."""
    return Terminal(capsys)


def put(path: Path, changes: dict[str, str]) -> None:
    """`changes` in the sheet's first row; a sheet without rows, or one that is not there, gets one."""
    rows: list[dict[str, str]] = []
    columns = list(COLUMNS)
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            rows, columns = list(reader), list(reader.fieldnames or ())
    if not rows:
        rows = [dict.fromkeys(columns, "1")]
    rows[0] |= changes
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(rows)


def stopped(pb2hl: Any, ws: Path) -> str:
    """What `load` says when it refuses, which it must."""
    said = pb2hl("load", ws, "--yes", "--json")
    assert said.code == 3, said
    return said.json["message"]


@pytest.mark.parametrize("name", SHEETS)
def test_an_edited_sheet_stops_the_load_by_name(migration, pb2hl, name):
    """Another decision in any sheet closes the gates and nothing is sent."""
    before = migration.sandbox.state.dump()
    put(migration.ws.sheets / f"{name}.csv", SHEETS[name])
    assert f"sheets/{name}.csv" in stopped(pb2hl, migration.ws.path)
    assert migration.sandbox.state.dump() == before


@pytest.mark.slow
def test_an_edited_setting_stops_the_load_by_name(migration, pb2hl):
    """Another value of any policy, threshold, or convention of migration.toml closes the gates; put back, they stand again."""
    path = migration.ws.path / CONFIG_NAME
    approved = path.read_text(encoding="utf-8")
    for settings in SETTINGS.values():
        for name, value in settings.items():
            edited, lines = re.subn(rf"(?m)^{name} = .*$", f"{name} = {json.dumps(value)}", approved)
            path.write_text(edited, encoding="utf-8")
            assert lines == 1 and name in stopped(pb2hl, migration.ws.path)
    path.write_text(approved, encoding="utf-8")
    assert pb2hl("load", migration.ws.path, "--yes").code == 0


def test_every_setting_is_tried():
    """A new policy or threshold has a line above."""
    assert set(SETTINGS["policy"]) == set(Policy.model_fields) - set(DELTA_ONLY)
    assert set(SETTINGS["thresholds"]) == set(Thresholds.model_fields)
