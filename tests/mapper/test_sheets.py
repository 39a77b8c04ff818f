"""The mapping sheets: written, edited in a spreadsheet, validated, merged and resolved."""

from __future__ import annotations

from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.errors import SheetError
from pb2hl.mapper.proposer.custom import data_type_of, infer, split_options
from pb2hl.mapper.sheets.check import invalid_rows, undecided_rows
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.workspace import Config, Workspace

USERS = ({"id": "u1", "name": "Jane Roe", "email": "jane@acme.com", "active": True},
         {"id": "u2", "name": "Bob Poe", "email": "bob@acme.com", "active": True},
         {"id": "u3", "name": "Old Hand", "email": "old@acme.com", "active": False})  # fmt: skip
LINE = {"id": "p1", "name": "Sales", "stages": [
    {"id": "s1", "name": "New", "position": 0}, {"id": "s2", "name": "Proposal sent", "position": 1},
    {"id": "s3", "name": "Closed Won", "position": 2}]}  # fmt: skip


def raw(file: str, columns: dict[str, list[str]]) -> SimpleNamespace:
    frame = pd.DataFrame(columns, dtype="str")
    return SimpleNamespace(file=file, sheet="", headings=list(frame.columns), frame=frame)


def contacts() -> SimpleNamespace:
    return raw(
        "contacts.csv",
        {
            "ID": ["007", "008", "009", "010"],
            "Email": ["a@x.org", "b@x.org", "c@x.org", "d@x.org"],
            "Plan": ["Gold", "Silver", "", "gold"],
            "Shoe size": ["41", "42.5", "", "39"],
            "Vegetarian": ["yes", "no", "yes", ""],
        },
    )


def definitions() -> SimpleNamespace:
    return raw(
        "custom_fields.csv",
        {"object": ["Contact"], "name": ["plan"], "label": ["Plan"], "type": ["picklist"], "options": ["Gold|Silver|Platinum"],
         "deprecated": ["yes"]},
    )  # fmt: skip


def fields() -> pd.DataFrame:
    return mapper.fields_sheet([(contacts(), "contacts"), (definitions(), "custom_fields")])


def row(sheet: pd.DataFrame, **where: str) -> pd.Series:
    kept = sheet
    for column, value in where.items():
        kept = kept[kept[column] == value]
    assert len(kept) == 1
    return kept.iloc[0]


def test_fields_take_types_from_declarations_and_values():
    """A declared field keeps label, type and options and is flagged when deprecated; the rest is typed by its values."""
    sheet = fields()
    assert list(sheet.columns) == list(mapper.SHEETS["fields"])
    plan = row(sheet, column="Plan")
    assert (plan["decision"], plan["type"], plan["options"]) == ("custom", "SINGLE_OPTIONS", "Gold | Silver | Platinum")
    assert "deprecated" in plan["comment"]
    assert row(sheet, column="Shoe size")["type"] == "NUMERICAL"
    assert row(sheet, column="Vegetarian")["type"] == "RADIO"
    assert row(sheet, object="contacts", column="ID")["decision"] == "id"


def test_assignment_stages_undecided_columns_as_custom():
    """What nobody decided is staged as custom, so that its cells wait in the open."""
    sheet = fields()
    sheet.loc[sheet["column"] == "Email", "decision"] = ""
    decided, labels, types, _ = mapper.assignment(sheet, contacts(), "contacts")
    assert decided["Email"] == "custom" and labels["Email"] == "Email"
    assert decided["ID"] == "id" and str(types["Plan"]) == "picklist"


def test_a_persons_decision_outlives_a_new_export():
    """After a new export a person's decision stays, a mere proposal follows the new one, vanished columns go."""
    old = fields()
    old.loc[old["column"] == "Shoe size", ["decision", "who", "comment"]] = ["ignore", "Ann", "not needed"]
    old.loc[old["column"] == "Email", ["proposal", "decision"]] = ["custom", "custom"]
    newer = contacts()
    newer.frame = newer.frame.drop(columns="Vegetarian").assign(Extra=["1", "2", "3", "4"])
    newer.headings = list(newer.frame.columns)
    merged = mapper.merge("fields", mapper.fields_sheet([(newer, "contacts")]), old)
    kept = row(merged, column="Shoe size")
    assert (kept["decision"], kept["who"], kept["comment"]) == ("ignore", "Ann", "not needed")
    assert row(merged, column="Email")["decision"] == "email"
    assert set(merged["column"]) == {"ID", "Email", "Plan", "Shoe size", "Extra"}


def test_sheets_survive_a_spreadsheet(tmp_path):
    """Leading zeros, dates, formulas and list separators come back from a spreadsheet's save as they were."""
    table = raw("c.csv", {"=cmd()": ["007", "=1+1"], "03/04": ["1,5", "2;5"], "ID": ["1", "2"]})
    sheet = mapper.fields_sheet([(table, "contacts")])
    write_sheet(tmp_path / "fields.csv", sheet)
    book = openpyxl.Workbook()
    for cells in read_cells(tmp_path / "fields.csv"):
        book.active.append(cells)
    book.save(tmp_path / "fields.xlsx")
    lines = [
        ";".join(f'"{str("" if cell is None else cell).replace(chr(34), chr(34) * 2)}"' for cell in cells)
        for cells in openpyxl.load_workbook(tmp_path / "fields.xlsx").active.iter_rows(values_only=True)
    ]
    (tmp_path / "fields.csv").write_text("\r\n".join(lines), encoding="cp1252")
    again = read_sheet(tmp_path / "fields.csv", mapper.SHEETS["fields"])
    pd.testing.assert_frame_equal(again, sheet)


def read_cells(path) -> list[list[str]]:
    import csv

    with open(path, encoding="utf-8-sig", newline="") as handle:
        return list(csv.reader(handle))


def test_every_bad_edit_is_named_at_once():
    """Unknown decisions, clashes, wrong types, missing targets and unknown users come together, each with row and column."""
    sheet = fields()
    sheet.loc[sheet["column"] == "Shoe size", "decision"] = "shoe"
    sheet.loc[sheet["column"] == "Plan", "type"] = "LIST"
    sheet.loc[sheet["column"] == "Vegetarian", "decision"] = "email"
    owners = mapper.owners_sheet({"users": people()}, USERS)
    owners.loc[0, ["decision", "user_id", "user_email"]] = ["map", "nobody", ""]
    stages = mapper.stages_sheet(pd.DataFrame({"pipeline": ["Sales"], "stage": ["New"]}), pd.DataFrame())
    stages.loc[0, ["target_stage", "status"]] = ["", "maybe"]
    found = invalid_rows({"fields": sheet, "owners": owners, "stages": stages}, USERS)
    assert {(item.file, item.field, item.code) for item in found} == {
        ("fields.csv", "decision", "sheet_decision"), ("fields.csv", "type", "sheet_type"), ("fields.csv", "decision", "sheet_clash"),
        ("owners.csv", "user_email", "sheet_user"), ("stages.csv", "target_stage", "sheet_target"), ("stages.csv", "status", "sheet_status"),
    }  # fmt: skip
    assert all(item.row >= 2 for item in found)
    assert any("first_name" in item.message for item in found)


def people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source_id": ["1", "2", "3", "4"],
            "name": ["Jane Roe", "Bob Poe", "Gone Girl", "Old Hand"],
            "email": ["JANE@acme.com", pd.NA, "gone@acme.com", "old@acme.com"],
            "active": pd.array([True, True, False, True], dtype="boolean"),
        }
    )


def test_owners_by_email_name_and_fallback():
    """E-mail decides whatever its case; a name alone is a proposal; nobody and the inactive go to the fallback."""
    tables = {
        "users": people(),
        "contacts": pd.DataFrame({"owner": ["1", "jane@ACME.com", "Roe, Jane", "Bob Poe", "3", "4", pd.NA, "Xavier"]}),
        "notes": pd.DataFrame({"author": ["1"]}),
    }
    sheet = mapper.owners_sheet(tables, USERS, "bob@acme.com")
    jane = row(sheet, owner="1")
    assert (jane["user_id"], jane["match"], jane["records"], jane["decision"]) == ("u1", "email", "4", "map")
    assert (row(sheet, owner="2")["user_id"], row(sheet, owner="2")["match"]) == ("u2", "name")
    assert row(sheet, owner="3")["decision"] == "fallback"
    assert row(sheet, owner="4")["match"] == "inactive in HighLevel"
    assert row(sheet, owner="Xavier")["decision"] == "fallback"
    without = mapper.owners_sheet(tables, USERS)
    assert row(without, owner="Xavier")["decision"] == "" and row(without, owner="Xavier")["proposal"] == "invite"
    stranger = mapper.owners_sheet(tables, USERS, "nobody@agency.com")
    assert "the fallback owner nobody@agency.com, who is none either" in row(stranger, owner="Xavier")["reason"]
    told = {item.message for item in undecided_rows({"owners": stranger})}
    assert "Xavier is not decided yet" in told and "4 · Old Hand is not decided yet" in told


def deals() -> pd.DataFrame:
    return pd.DataFrame(
        {"pipeline": ["Sales", "sales", "Sales", pd.NA, "Partners"], "stage": ["New", "proposal send", "Won", "New", "Talk"],
         "probability": [0.1, 0.5, 1.0, 0.1, 0.3], "status": ["Offen", "gewonnen", "won", pd.NA, "??"]}
    )  # fmt: skip


def declared() -> pd.DataFrame:
    return pd.DataFrame(
        {"pipeline": ["Sales"] * 4, "stage": ["New", "Proposal send", "Won", "Lost"], "position": [1.0, 2.0, 3.0, 4.0],
         "probability": [0.1, 0.5, 1.0, 0.0], "outcome": [pd.NA, pd.NA, "won", "lost"]}
    )  # fmt: skip


def test_stages_without_a_location_pipeline_are_made_as_declared():
    """Every declared stage, and every stage of a deal, gets a target; case differences join the declared spelling."""
    sheet = mapper.stages_sheet(deals(), declared())
    assert list(sheet["stage"][:4]) == ["New", "Proposal send", "Won", "Lost"]
    assert row(sheet, pipeline="sales")["target_pipeline"] == "Sales"
    assert row(sheet, pipeline="sales")["target_stage"] == "Proposal send"
    assert row(sheet, pipeline="", stage="New")["target_pipeline"] == "Sales"
    assert row(sheet, pipeline="Sales", stage="Won")["status"] == "won"
    assert (sheet["decision"] == "map").all()


def test_stages_of_an_existing_pipeline_are_matched_or_left_open():
    """Spelling and outcome find an existing stage; one that has none is told and stays undecided."""
    sheet = mapper.stages_sheet(deals(), declared(), [LINE])
    assert row(sheet, pipeline="Sales", stage="Proposal send")["target_stage"] == "Proposal sent"
    assert row(sheet, pipeline="Sales", stage="Won")["target_stage"] == "Closed Won"
    assert row(sheet, pipeline="Sales", stage="Lost")["decision"] == ""
    assert row(sheet, pipeline="Partners")["target_pipeline"] == "Partners"


def test_tags_and_picklists():
    """Tags that differ in case become one; groups prefix by policy; options that differ in case take the declared spelling."""
    tables = {
        "contacts": pd.DataFrame({"tags": [["VIP", "vip"], ["Cold"], None], "custom.Plan": ["Gold", "gold", pd.NA]}),
        "tags": pd.DataFrame({"name": ["VIP"], "group": ["Level"]}),
        "deals": deals(),
    }
    tags = mapper.tags_sheet(tables, "prefix")
    assert list(tags["target"]) == ["cold", "level: vip", "level: vip"]
    field = mapper.CustomField("custom.Plan", "Plan", "SINGLE_OPTIONS", ("Gold",), "contacts")
    sheet = mapper.picklists_sheet(tables, {"contacts": (field,)})
    assert list(sheet[sheet["field"] == "custom.Plan"]["option"]) == ["Gold", "Gold"]
    assert row(sheet, value="gewonnen")["option"] == "won" and row(sheet, value="??")["option"] == ""


def test_resolve_gives_the_plan_everything():
    """The resolved mapping holds custom fields, routes, owners by every name they have, tags, options and what is ignored."""
    tables = {
        "users": people(),
        "contacts": pd.DataFrame({"owner": ["jane@acme.com", "Xavier"], "tags": [["VIP"], ["Cold"]]}),
        "deals": deals(),
    }
    sheet = fields()
    sheet.loc[sheet["column"] == "Shoe size", "decision"] = "ignore"
    tags = mapper.tags_sheet(tables)
    tags.loc[tags["tag"] == "Cold", "decision"] = "drop"
    sheets = {
        "fields": sheet, "stages": mapper.stages_sheet(deals(), declared()), "owners": mapper.owners_sheet(tables, USERS),
        "tags": tags, "picklists": mapper.picklists_sheet(tables, {}),
    }  # fmt: skip
    place = SimpleNamespace(users=USERS, pipelines=[], fields={})
    found = mapper.decided_mapping(sheets, tables, place)
    assert [item.staged_column for item in found.fields["contacts"]] == ["custom.Plan", "custom.Vegetarian"]
    assert found.owners["jane@acme.com"] == found.owners["1"] == "u1" and found.owners["Xavier"] == ""
    assert found.tags["contacts"] == {"VIP": "vip", "Cold": ""}
    assert found.stages["Sales", "Won"] == ("Sales", "Won", "won")
    assert found.pipelines[0].stages == (("New", 0.1), ("Proposal send", 0.5), ("Won", 1.0), ("Lost", 0.0))
    assert found.ignored == (("contacts", "contacts.csv", "", "Shoe size"),)


@pytest.fixture
def ws(tmp_path) -> Workspace:
    place = Workspace.create(tmp_path / "ws", Config(export="x", location="loc"))
    tables = {"users": people(), "deals": deals().assign(owner="Xavier")}
    made = {
        "fields": fields(), "stages": mapper.stages_sheet(deals(), declared(), [LINE]), "owners": mapper.owners_sheet(tables, USERS),
        "tags": mapper.tags_sheet(tables), "picklists": mapper.picklists_sheet(tables, {}),
    }  # fmt: skip
    for name, sheet in made.items():
        write_sheet(place.sheets / f"{name}.csv", sheet)
    return place


def test_the_gate_names_what_is_open_and_a_batch_settles_it(ws):
    """Undecided rows block and are named; accepting everything records who did and leaves nothing open."""
    open_rows = mapper.undecided(ws)
    assert {item.file for item in open_rows} == {"stages.csv", "owners.csv"}
    settled = mapper.accept_all(ws, "Ann Alyst")
    assert settled == len(open_rows) and mapper.undecided(ws) == []
    stages = ws.sheet("stages", mapper.SHEETS["stages"])
    assert row(stages, pipeline="Sales", stage="Lost")["who"] == "Ann Alyst"


def test_the_hash_follows_decisions_and_schema_only(ws):
    """The approved hash changes with a decision or the location's schema, not with row order, comments or time."""
    place = SimpleNamespace(users=USERS, pipelines=[LINE], fields={"contact": ()})
    before = mapper.mapping_hash(ws, place)
    tags = ws.sheet("fields", mapper.SHEETS["fields"])
    tags["comment"] = "seen"
    write_sheet(ws.sheets / "fields.csv", tags.iloc[::-1])
    assert mapper.mapping_hash(ws, place) == before
    longer = SimpleNamespace(users=USERS, pipelines=[LINE, {**LINE, "id": "p2", "name": "Other"}], fields={})
    assert mapper.mapping_hash(ws, longer) != before
    tags.loc[tags["column"] == "Plan", "decision"] = "ignore"
    write_sheet(ws.sheets / "fields.csv", tags)
    assert mapper.mapping_hash(ws, place) != before


def test_missing_sheets_are_told_together(ws):
    """Every missing sheet is named at once, with the call that writes it."""
    (ws.sheets / "tags.csv").unlink()
    (ws.sheets / "owners.csv").unlink()
    with pytest.raises(SheetError) as caught:
        mapper.read_sheets(ws)
    assert {item.file for item in caught.value.problems} == {"tags.csv", "owners.csv"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["1", "2.5", "3"], "NUMERICAL"), (["007", "8"], "TEXT"), (["$1,200.50", "$3"], "MONETORY"), (["2024-01-02", "2023-05-06"], "DATE"),
     (["2024-01-02 10:30", "2024-01-03 11:00"], "TEXT"), (["yes", "no"], "RADIO"), (["a", "b"] * 10, "SINGLE_OPTIONS"),
     (["a;b", "b;c", "a;c", "c;b"], "MULTIPLE_OPTIONS"), (["https://a.org", "https://b.org"], "TEXT"), (["x" * 300], "LARGE_TEXT"), ([""], "TEXT"),
     (["12345678901234567890"], "TEXT")],
)  # fmt: skip
def test_types_inferred_from_values(values, expected):
    """The type is the one that keeps every value whole; text whenever in doubt."""
    assert infer(pd.Series(values, dtype="str"))[0] == expected


def test_type_words_and_options():
    """Type words of several systems and three ways to write options."""
    words = {
        "Multi-Picklist": "MULTIPLE_OPTIONS",
        "textarea": "LARGE_TEXT",
        "Checkbox": "RADIO",
        "currency": "MONETORY",
        "Number": "NUMERICAL",
        "URL": "TEXT",
    }
    assert {word: data_type_of(word) for word in words} == words
    assert split_options('["A, b", {"label": "C"}]') == ("A, b", "C")
    assert split_options("A|B") == split_options("A; B") == split_options("A, B, A") == ("A", "B")


def test_undecided_rows_carry_their_place():
    """An undecided row is named by file, spreadsheet row and what it is about."""
    sheet = fields()
    sheet.loc[1, "decision"] = " "
    (item,) = undecided_rows({"fields": sheet})
    assert (item.file, item.row) == ("fields.csv", 3) and "Email" in item.message


def test_a_wrong_cell_names_the_nearest_allowed_one():
    """What was seen, the nearest suggestion (as a heading is read, or by spelling) and everything allowed stand in one sentence."""
    sheet = fields()
    sheet.loc[sheet["column"] == "Email", "decision"] = "e-mail"
    sheet.loc[sheet["column"] == "Plan", "type"] = "multi options"
    sheet.loc[sheet["column"] == "Shoe size", "decision"] = "Vorname"
    said = {(item.row, item.field): item.message for item in invalid_rows({"fields": sheet})}
    assert "'e-mail'" in said[3, "decision"] and "did you mean 'email'?" in said[3, "decision"]
    assert "did you mean 'MULTIPLE_OPTIONS'?" in said[4, "type"] and "TEXT" in said[4, "type"]
    assert "did you mean 'first_name'?" in said[5, "decision"]


def test_an_unsure_standard_proposal_keeps_its_values_type_as_custom():
    """A column with a standard proposal below the threshold, accepted as custom, gets the type that its values ask for."""
    table = raw("contacts.csv", {"ID": ["1", "2", "3"], "Bday?": ["2001-02-03", "1999-12-31", ""], "Fee": ["$1,200.50", "$3", ""],
                                 "Email": ["a@x.org", "b@x.org", ""]})  # fmt: skip
    sheet = mapper.fields_sheet([(table, "contacts")], threshold=1.01)
    assert row(sheet, column="Bday?")["type"] == "DATE" and row(sheet, column="Fee")["type"] == "MONETORY"
    sure = mapper.fields_sheet([(table, "contacts")], threshold=0.5)
    assert row(sure, column="Bday?")["type"] in ("", "DATE")
    switched = sure.assign(type="", label="")
    switched.loc[:, "decision"] = "custom"
    completed = mapper.complete(switched, [(table, "contacts")])
    assert list(completed["type"]) == ["NUMERICAL", "DATE", "MONETORY", "TEXT"] and list(switched["type"]) == [""] * 4
    assert row(completed, column="Fee")["label"] == "Fee"
