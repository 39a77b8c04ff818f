"""Prefixes that say nothing, references of two columns, and columns that only their words tell."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.mapper import fields_sheet, pointers, split_pointers
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.source import RawTable
from pb2hl.steps.shared.intake import take_in


def _raw(name: str, columns: dict[str, list[str]]) -> RawTable:
    frame = pd.DataFrame(columns, dtype="str")
    return RawTable(name, "", list(frame.columns), frame, frame.index.to_numpy() + 2)


def test_a_prefix_of_all_headings_is_no_word():
    """An unknown word before nearly every heading is dropped, in any casing; a known one and a chance one are not."""
    assert without_prefix(["pbk_first_name", "pbk_email", "PBK Phone", "pbkCity", "rowstamp"]) == [
        "first_name", "email", "Phone", "City", "rowstamp",
    ]  # fmt: skip
    assert without_prefix(["acme_crm_name", "acme_crm_mail", "acme_crm_tel", "acme_crm_zip"]) == [
        "name", "mail", "tel", "zip",
    ]  # fmt: skip
    for kept in (
        ["contact_name", "contact_email", "contact_phone", "contact_zip"],
        ["pbk_a", "pbk_b", "c", "d"],
        ["zz name", "zz mail"],
    ):
        assert without_prefix(kept) == kept


def test_a_type_and_an_id_make_one_reference_an_object():
    """`parent_type` and `parent_id` of a note become one column an object; every id stays in exactly one of them."""
    raw = _raw(
        "notes.csv",
        {"id": ["1", "2", "3", "4"], "parent_type": ["Person", "Deal", "Person", "Ticket"], "parent_id": ["7", "8", "9", "5"],
         "body": ["a", "b", "c", "d"]},
    )  # fmt: skip
    found = pointers(raw.headings, raw.frame, "notes")
    assert found == {"parent_id": "parent_type"}
    frame = split_pointers(raw.headings, raw.frame, found)
    assert frame["parent_id → Person"].tolist() == ["7", "", "9", ""]
    assert frame["parent_id → Deal"].tolist() == ["", "8", "", ""] and frame["parent_id"].tolist() == ["", "", "", "5"]
    split = RawTable(raw.file, "", list(frame.columns), frame, raw.rows)
    proposed = fields_sheet([(split, "notes")]).set_index("column")["proposal"]
    assert (proposed["parent_id → Person"], proposed["parent_id → Deal"]) == ("contact_id", "deal_id")


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("Linked Object", "Linked Record Id"),
        ("Related Record Type", "Related Record Id"),
        ("Parent Module", "Parent Id"),
    ],
)
def test_words_for_any_record_tell_no_two_columns_apart(kind, key):
    """The type and the id of a linked record are a pair, whichever of them says that it is a record, and the row's own id is none of it."""
    frame = pd.DataFrame({"Record Id": ["7", "8"], kind: ["Contact", "Deal"], key: ["1", "2"]})
    assert pointers(list(frame.columns), frame, "notes") == {key: kind}


def test_what_is_no_pointer_stays():
    """Types of other things, a row's own id, and tables that hang on nothing are left alone."""
    entries = {"entry_id": ["1", "2"], "entry_type": ["Call", "Note"], "id": ["1", "2"], "object": ["Person", "Deal"]}
    assert pointers(list(entries), pd.DataFrame(entries, dtype="str"), "activities") == {}
    linked = {"parent_type": ["Person"], "parent_id": ["1"]}
    assert pointers(list(linked), pd.DataFrame(linked, dtype="str"), "contacts") == {}


def test_words_tell_a_column_that_its_heading_does_not():
    """`entry_kind` of calls and e-mails is the type; `state` of won and lost deals their status; provinces are not."""
    activities = _raw(
        "activities.csv", {"id": ["1", "2"], "entry_art": ["Call", "E-Mail"], "at": ["2024-01-01", "2024-01-02"]}
    )
    sheet = fields_sheet([(activities, "activities")]).set_index("column")["proposal"]
    assert sheet["entry_art"] == "type"
    for values, expected in ((["won", "open"], "status"), (["ON", "QC"], "custom"), (["new", "active"], "custom")):
        deals = _raw("deals.csv", {"id": ["1", "2"], "name": ["a", "b"], "state": values})
        assert fields_sheet([(deals, "deals")]).set_index("column")["proposal"]["state"] == expected


def _intake(folder, **tables: str):
    """{file: table} of CSV files as the inventory takes them in."""
    (folder / "export").mkdir()
    for name, text in tables.items():
        (folder / "export" / f"{name}.csv").write_text(text, encoding="utf-8")
    return {item.raw.file: item for item in take_in(folder / "export", into=folder / "in").tables}


PEOPLE = "ID,First name,Last name,Email\nP-1,Ann,Able,a@b.co\nP-2,Bo,Best,b@b.co\n"
FIRMS = "ID,Company name,Website\nF-1,Acme Ltd,acme.example\nF-2,Best AG,best.example\n"


@pytest.mark.parametrize("heading", ["Party", "Customer", "Kunde", "Cliente"])
def test_whose_it_is_may_be_a_company(tmp_path, heading):
    """A column that is called after the buyer and holds ids of companies in some rows names those; such deals stood on placeholders."""
    deals = f"ID,Title,{heading},Contact person,Amount,Stage\nD1,Roof,F-1,P-2,5,New\nD2,Wall,P-1,,6,New\nD3,Door,F-2,,7,Won\n"
    found = _intake(tmp_path, contacts=PEOPLE, companies=FIRMS, deals=deals)["deals.csv"].raw.frame
    assert found[f"{heading} → Company"].to_list() == ["F-1", "", "F-2"]
    assert found["Contact person"].to_list() == ["P-2", "P-1", ""] and f"{heading} → Contact" not in found


def test_counted_numbers_that_people_have_as_well_stay_theirs(tmp_path):
    """Ids that people and companies share tell nobody which is meant."""
    plain = [text.replace("P-", "").replace("F-", "") for text in (PEOPLE, FIRMS)]
    deals = "ID,Title,Customer,Amount,Stage\n1,Roof,1,5,New\n2,Wall,2,6,New\n"
    found = _intake(tmp_path, contacts=plain[0], companies=plain[1], deals=deals)
    assert list(found["deals.csv"].raw.frame.columns) == ["ID", "Title", "Customer", "Amount", "Stage"]


def test_a_records_own_number_is_no_pointer(tmp_path):
    """`Record Id` beside `Parent ID` and the module that it is of stays the row's own, whatever stands first."""
    raw = _raw("Notes.csv", {"Record Id": ["n1", "n2"], "Parent ID": ["p1", "d1"], "$module": ["Contacts", "Deals"], "Note Content": ["a", "b"]})  # fmt: skip
    assert pointers(raw.headings, raw.frame, "notes") == {"Parent ID": "$module"}


@pytest.mark.parametrize("cells", [["u1", "u2"], ['["u1"]', '["u1", "u2"]']])
def test_members_who_are_users_own_what_they_are_on(cells):
    """A reference to people that holds ids of users alone, one or a list, says whose it is."""
    cards = _raw("cards.csv", {"id": ["k1", "k2"], "name": ["Roof", "Wall"], "idMembers": cells, "due": ["2026-10-01", "2026-10-02"]})  # fmt: skip
    users = _raw("members.csv", {"id": ["u1", "u2"], "fullName": ["Carol Day", "Dan Fox"]})
    sheet = fields_sheet([(cards, "tasks"), (users, "users")]).set_index(["object", "column"])
    assert sheet.loc[("tasks", "idMembers"), "proposal"] == "owner"
