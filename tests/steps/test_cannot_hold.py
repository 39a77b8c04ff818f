"""What HighLevel cannot hold: one table, complete, counted, in inventory, mapping and audit."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import report
from pb2hl.field_types import Way
from pb2hl.model import OBJECTS
from pb2hl.results import StepResult
from pb2hl.steps.shared.cannot_hold import HELD_COLUMNS, cannot_hold
from pb2hl.workspace import Config, Workspace

ASKED = (
    "layouts", "roles", "parent company", "dates of creation", "notes of deals", "files of deals", "links to deals and companies", "group of tags",
    "forecast category", "links of fields to stages", "probabilities of stages of a pipeline that exists", "another currency", "formula and signature",
    "workflows as a whole", "white-label and branding", "usage costs", "one silo a sub-account",
)  # fmt: skip


@pytest.fixture
def ws(tmp_path) -> Workspace:
    """A workspace with nothing in it."""
    return Workspace.create(tmp_path / "ws", Config(export="x", location="L", currency="CAD"))


def one(frame: pd.DataFrame, what: str, object_: str = "") -> int:
    found = frame[frame["what"].str.contains(what, regex=False) & ((frame["object"] == object_) | (object_ == ""))]
    assert len(found) == 1, found
    return int(found.iloc[0]["records"])


def test_every_kind_is_told_even_where_the_export_has_nothing_of_it(ws):
    """Without any table all kinds stand there with 0, each with where it goes and what the admin can do."""
    frame = cannot_hold(ws, {})
    assert tuple(frame.columns) == HELD_COLUMNS and frame["records"].eq(0).all()
    assert all(frame["what"].str.contains(word, regex=False).any() for word in ASKED)
    assert frame[["instead", "admin"]].ne("").all(axis=None)


def test_every_field_that_the_map_ends_beside_highlevel_is_in_it(ws):
    """A field of which the map says that no record takes it has a row, or its whole table has."""
    frame = cannot_hold(ws, {})
    for name, spec in OBJECTS.items():
        for field in spec.fields:
            first = field.endings[0] if field.endings else None
            if first and first.way is Way.REPORT and not first.name.startswith("sheets/"):
                whats = set(frame.loc[frame["object"] == name, "what"])
                assert any("as a whole" in what or what.startswith(field.name.replace("_", " ")) for what in whats), (
                    field
                )


def test_counts_are_of_the_staged_tables(ws):
    """Each count is that of the rows that hold such a value."""
    tables = {
        "deals": pd.DataFrame({"currency": ["CAD", "eur", None, "USD"], "contact_id": [None, ["1"], ["2"], ["3"]]}),
        "pipelines": pd.DataFrame({"pipeline": ["Sales", "Care"], "probability": [0.1, 0.2], "forecast_category": ["a", None]}),
        "notes": pd.DataFrame({"deal_id": ["1", None]}),
        "custom_fields": pd.DataFrame({"type": ["formula", "Signature", "text"]}),
        "workflows": pd.DataFrame({"steps": ["Send SMS", "Add tag"]}),
        "tasks": pd.DataFrame({"deal_id": ["1", None], "company_id": ["2", "3"], "contact_id": ["1", "1"]}),
    }  # fmt: skip
    frame = cannot_hold(ws, tables)
    assert one(frame, "another currency") == 2 and one(frame, "forecast category") == 1
    assert one(frame, "notes of deals") == 1 and one(frame, "formula and signature") == 2
    assert one(frame, "usage costs") == 1 and one(frame, "workflows as a whole") == 2
    assert one(frame, "links to deals and companies", "tasks") == 3 and one(frame, "deals without a contact") == 1
    held = frame["records"].eq(0).tolist()
    assert held == sorted(held)


def test_inventory_mapping_and_audit_tell_the_same(migration):
    """The three steps have the table, with the same counts of the staged tables, and their pages show it."""
    migration.run("audit")
    found = {}
    for name in ("inventory", "mapping", "audit"):
        result = StepResult.load(migration.ws.results(name))
        found[name] = result.tables["cannot_hold"].set_index(["object", "what"])["records"].to_dict()
    assert found["inventory"].items() <= found["audit"].items() and found["mapping"].keys() == found["inventory"].keys()
    page = report.write(migration.ws, "audit")
    text = page.read_text(encoding="utf-8")
    assert "What HighLevel cannot hold" in text and "Not in this export" in text
