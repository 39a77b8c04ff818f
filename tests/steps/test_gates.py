"""The mapping gate over a real workspace and the rehearsal HighLevel: what keeps it shut, what makes it lapse, what is on record."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.errors import GateClosed
from pb2hl.ledger import Ledger
from pb2hl.results import StepResult
from pb2hl.sandbox.fields import make
from pb2hl.sheets import write_sheet
from pb2hl.steps.gates import batch, gates
from pb2hl.steps.load.schema import schema
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.steps.prepare.mapping import follow_edits, mapping
from tests.steps.conftest import Migration


def sheet(migration: Migration, name: str = "fields") -> pd.DataFrame:
    return migration.ws.sheet(name, mapper.SHEETS[name])


def put(migration: Migration, frame: pd.DataFrame, name: str = "fields") -> None:
    write_sheet(migration.ws.sheets / f"{name}.csv", frame)


def refused(migration: Migration) -> str:
    """What the gate says when somebody tries to approve."""
    with pytest.raises(GateClosed) as caught:
        gates.approve(migration.ws, "mapping", "Ann")
    assert len(caught.value.problems) >= 1
    return str(caught.value)


def state(migration: Migration, gate: str = "mapping") -> str:
    return next(row["state"] for row in gates.states(migration.ws) if row["gate"] == gate)


def test_what_is_undecided_or_invalid_is_named(migration):
    """An empty decision, a wrong word and a wrong transform keep the gate shut, each by file, row and column, all at once."""
    frame = sheet(migration)
    frame.loc[frame["column"] == "Shoe Size", "decision"] = ""
    frame.loc[frame["column"] == "First Name", "decision"] = "frist_name"
    frame.loc[frame["column"] == "City", "transform"] = "shout"
    put(migration, frame)
    said = refused(migration)
    assert (
        "Shoe Size is not decided yet" in said
        and "did you mean 'first_name'?" in said
        and "transform 'shout' is unknown" in said
    )


def test_a_row_that_a_spreadsheet_lost_is_missed(migration):
    """A deleted column and a deleted stage, and a stage whose name was garbled on saving, are named; the step brings them back."""
    frame, stages = sheet(migration), sheet(migration, "stages")
    put(migration, frame[frame["column"] != "Shoe Size"])
    stages.loc[0, "stage"] = stages.loc[0, "stage"] + "?"
    put(migration, stages, "stages")
    said = refused(migration)
    assert "'Shoe Size' of contacts has no row" in said and "which the export does not have" in said
    mapping(migration.ws)
    assert "Shoe Size" in set(sheet(migration)["column"]) and mapper.undecided(migration.ws) == []


def test_a_decision_made_after_staging_is_staged_first(migration):
    """An edit that the staged tables do not follow yet would be lost on the way: approve after the step has run again."""
    frame = sheet(migration)
    frame.loc[frame["column"] == "Shoe Size", ["label", "type"]] = ["Shoe", "TEXT"]
    put(migration, frame)
    assert "'Shoe Size' of contacts was decided after the tables were staged" in refused(migration)
    assert follow_edits(migration.ws).counts["restaged"] is True
    assert "custom.Shoe" in migration.ws.table("contacts").columns
    before = gates.approve(migration.ws, "mapping", "Ann").at
    assert follow_edits(migration.ws).at <= before, "nothing to follow: the location is not read again"


def test_an_export_read_again_needs_new_sheets(migration):
    """Stages and owners of an older reading are not approved for a newer one."""
    result = inventory(migration.ws)
    later = StepResult.load(migration.ws.results("inventory"))
    object.__setattr__(later, "at", "2099" + result.at[4:])
    later.save(migration.ws.results("inventory"))
    assert "the export was read again" in refused(migration)


def test_the_approval_lapses_with_a_sheet(migration):
    """Any decision that changes ends the approval; a comment does not."""
    assert state(migration) == "approved"
    put(migration, sheet(migration).assign(comment="seen"))
    assert state(migration) == "approved"
    tags = sheet(migration, "tags")
    tags.loc[0, "decision"] = "drop"
    put(migration, tags, "tags")
    assert state(migration) == "lapsed"
    with pytest.raises(GateClosed, match="has changed since"):
        gates.check(migration.ws, "mapping")


def test_the_approval_lapses_with_the_exports_columns(migration):
    """A new column in the export ends it, once the export is read again."""
    path = migration.ws.export_path / "contacts.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    spoiled = migration.folder / "spoiled"
    spoiled.mkdir()
    for file in migration.ws.export_path.glob("*.csv"):
        (spoiled / file.name).write_bytes(file.read_bytes())
    (spoiled / "contacts.csv").write_text(
        "\n".join([lines[0] + ",Hat", *(line + ",7" for line in lines[1:])]), encoding="utf-8"
    )
    toml = migration.ws.path / "migration.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace(str(migration.ws.config.export), str(spoiled)), encoding="utf-8"
    )
    again = Migration(type(migration.ws)(migration.ws.path), migration.sandbox, migration.before, migration.folder)
    inventory(again.ws)
    assert state(again) == "lapsed"


def test_the_approval_lapses_with_the_destinations_schema(migration):
    """A field that somebody else made in the location ends it, once the location is read; what pb2hl made there does not."""
    schema(migration.ws)
    assert state(migration) == "approved"
    make(migration.sandbox.state, {"name": "Made by hand", "dataType": "TEXT", "model": "contact"})
    schema(migration.ws)
    assert state(migration) == "lapsed"


def test_a_forced_approval_is_on_record(migration):
    """Who forced it, and in spite of what, stands in the audit log and in the state of the gate."""
    frame = sheet(migration)
    frame.loc[frame["column"] == "Shoe Size", "decision"] = ""
    put(migration, frame)
    gates.approve(migration.ws, "mapping", "Ann", force=True, note="it is late")
    row = next(row for row in gates.states(migration.ws) if row["gate"] == "mapping")
    assert (row["state"], row["who"], row["forced"]) == ("approved", "Ann", True)
    with Ledger.open(migration.ws) as ledger:
        (line,) = [entry for entry in ledger.audit_log() if entry.action == "approve" and "(forced)" in entry.detail]
    assert "by Ann" in line.detail and "it is late" in line.detail and "Shoe Size is not decided yet" in line.detail
    assert "was approved by Ann" in batch.decide(migration.ws, "mapping", "Bea"), (
        "a batch run goes on where a person forced it"
    )
    frame.loc[frame["column"] == "City", "decision"] = ""
    put(migration, frame)
    with pytest.raises(GateClosed, match="cannot be approved"):
        batch.decide(migration.ws, "mapping", "Bea")
