"""The mapping step against the rehearsal HighLevel: sheets, decisions kept, staging follows edits."""

from __future__ import annotations

import pytest

from pb2hl import mapper
from pb2hl.errors import TokenMissing
from pb2hl.results import Status, StepResult
from pb2hl.sandbox import Sandbox, Scenario, running
from pb2hl.sheets import write_sheet
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.steps.prepare.mapping import MANY_FIELDS, follow_edits, mapping
from pb2hl.workspace import Config, Workspace

CONTACTS = """Id,Vorname,Name,E-Mail,Plan,Werbesperre,Betreuer,Tags,Interner Code
1,Ana,Roe,ana@x.org,Gold,ja,A. Boss,VIP;vip,7
2,Bo,Poe,bo@x.org,Silber,nein,alice@rehearsal.example,,8
"""
DEALS = """id,name,contact_id,pipeline,stage,amount
1,Roof,1,Sales,Neu,100
2,Door,2,Sales,Gewonnen,200
"""


@pytest.fixture
def ws(tmp_path, monkeypatch):
    export = tmp_path / "export"
    export.mkdir()
    (export / "Kontakte.csv").write_text(CONTACTS, encoding="utf-8")
    (export / "deals.csv").write_text(DEALS, encoding="utf-8")
    sandbox = Sandbox(Scenario())
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.scenario.token)
    with running(sandbox) as url:
        place = Workspace.create(
            tmp_path / "ws", Config(export=str(export), location=sandbox.scenario.location.id, base_url=url)
        )
        inventory(place)
        yield place


def test_the_step_writes_five_sheets_and_keeps_decisions(ws):
    """Every sheet is there; what blocks is named; a decision survives the next run; accepting all lets it pass."""
    first = mapping(ws)
    assert first.status is Status.WAITING and first.counts["waiting"] == len(mapper.undecided(ws)) > 0
    assert {path.stem for path in ws.sheets.glob("*.csv")} >= set(mapper.SHEETS)
    fields = ws.sheet("fields", mapper.SHEETS["fields"])
    people = fields[fields["object"] == "contacts"]
    decided = dict(zip(people["column"], people["decision"], strict=True))
    wanted = {"Vorname": "first_name", "Name": "last_name", "Werbesperre": "do_not_contact", "Betreuer": "owner"}
    assert {column: decided[column] for column in wanted} == wanted
    stages = ws.sheet("stages", mapper.SHEETS["stages"])
    assert dict(zip(stages["stage"], stages["status"], strict=True))["Gewonnen"] == "won"
    stages.loc[stages["stage"] == "Neu", ["target_stage", "decision", "who"]] = ["Brandneu", "map", "Ann"]
    write_sheet(ws.sheets / "stages.csv", stages)
    mapper.accept_all(ws, "Ann")
    again = mapping(ws)
    assert again.status is Status.DONE and again.counts["restaged"] is False
    assert mapper.mapping_of(ws).stages["Sales", "Neu"][1] == "Brandneu"
    assert StepResult.load(ws.results("mapping")).headline == again.headline


def test_an_edited_field_is_staged_again_and_ignored_cells_are_archived(ws):
    """A changed decision changes the staged table; what is set to ignore is counted and kept beside the report."""
    mapping(ws)
    fields = ws.sheet("fields", mapper.SHEETS["fields"])
    fields.loc[fields["column"] == "Interner Code", ["decision", "who"]] = ["ignore", "Ann"]
    fields.loc[fields["column"] == "Plan", ["decision", "label", "who"]] = ["custom", "Tarif", "Ann"]
    write_sheet(ws.sheets / "fields.csv", fields)
    result = mapping(ws)
    assert result.counts["restaged"] is True
    assert not [problem for problem in result.problems if problem.code == "export_read_since"], (
        "it was read for this result"
    )
    assert "custom.Tarif" in ws.table("contacts").columns
    assert result.counts["ignored cells archived"] == 2
    assert "Interner Code" in (ws.reports / "ignored_cells.csv").read_text(encoding="utf-8-sig")


def test_a_result_says_what_the_sheets_hold_after_each_kind_of_edit(ws, monkeypatch):
    """Once a sheet was edited, its result counts what is open as the gate does, also where nothing has to be staged or asked again."""
    mapping(ws)
    mapper.accept_all(ws, "Ann")
    assert follow_edits(ws).status is Status.DONE
    monkeypatch.delenv("HIGHLEVEL_TOKEN")
    for name, frame in mapper.read_sheets(ws).items():
        if name == "fields" or frame.empty:
            continue
        before = frame.loc[0, "decision"]
        for decision, waiting in (("perhaps", 1), (before, 0)):
            frame.loc[0, "decision"] = decision
            write_sheet(ws.sheets / f"{name}.csv", frame)
            result = follow_edits(ws)
            assert result.counts["waiting"] == waiting == sum(item.count for item in mapper.undecided(ws)), name
    assert follow_edits(ws).at == result.at, "nothing was edited since"


def test_without_a_token_nothing_is_written(ws, monkeypatch):
    """A missing token is said at once, before any sheet is touched."""
    monkeypatch.delenv("HIGHLEVEL_TOKEN")
    with pytest.raises(TokenMissing):
        mapping(ws)
    assert not (ws.sheets / "stages.csv").exists()


@pytest.mark.slow
def test_very_many_custom_fields_are_told(ws):
    """A table of hundreds of columns is mapped as the policy says, and a person is told what that asks of HighLevel."""
    many = MANY_FIELDS + 5
    heads = ",".join(["id", "email", *(f"Topic {chr(97 + at % 26)}{at}" for at in range(many))])
    (ws.export_path / "Kontakte.csv").write_text(f"{heads}\n1,ana@x.org,{','.join(map(str, range(many)))}\n")
    inventory(ws)
    mapping(ws)
    mapper.accept_all(ws, "Ann")
    (told,) = [problem for problem in mapping(ws).problems if problem.code == "many_custom_fields"]
    assert MANY_FIELDS < told.count <= many and "contacts" in told.message and "unmapped_columns" in told.treatment
