"""Raw tables become typed tables in which no row and no cell vanishes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.model import PROVENANCE, FieldKind
from pb2hl.source import Assigned, RawTable, resolve_references, split_by, stage
from pb2hl.source.lookup import Index
from pb2hl.workspace import Config

CONFIG = Config(export="x", location="l")
CONTACT = {
    "ID": "id",
    "Name": "full_name",
    "E-mail": "email",
    "Phone": "phone",
    "Created": "created_at",
    "Updated": "updated_at",
    "Country": "country",
    "Shoe": "custom",
}


def raw(headings: str, *rows: str, file: str = "x.csv") -> RawTable:
    names = headings.split("|")
    frame = pd.DataFrame([row.split("|") for row in rows], columns=names, dtype="str")
    return RawTable(file, "", names, frame, np.arange(2, len(rows) + 2))


def staged(*tables: Assigned):
    return stage(list(tables), config=CONFIG)


def contacts(headings: str, *rows: str, file: str = "contacts.csv", **more) -> Assigned:
    table = raw(headings, *rows, file=file)
    return Assigned(table, "contacts", {name: CONTACT[name] for name in table.headings}, **more)


def test_columns_come_in_the_contracts_order():
    """Provenance, canonical fields, further values, custom, raw."""
    found = staged(contacts("Shoe|ID|E-mail|Phone", "38|1|a@x.co; b@x.co|613-237-5000 x5")).tables["contacts"]
    assert list(found.columns) == [
        *PROVENANCE,
        "id",
        "email",
        "phone",
        "more_emails",
        "phone_extension",
        "custom.Shoe",
        "raw.Shoe",
        "raw.ID",
        "raw.E-mail",
        "raw.Phone",
    ]
    row = found.iloc[0]
    assert (row["source_row"], row["email"], row["more_emails"], row["phone"], row["phone_extension"]) == (
        2,
        "a@x.co",
        ["b@x.co"],
        "+16132375000",
        "5",
    )


def test_staged_tables_survive_parquet(tmp_path):
    """Types are the same after writing and reading."""
    found = staged(contacts("ID|Created|E-mail", "1|2021-01-02|a@x.co; b@x.co", "2||")).tables["contacts"]
    found.to_parquet(tmp_path / "x.parquet")
    again = pd.read_parquet(tmp_path / "x.parquet")
    assert again.dtypes.astype(str).tolist() == found.dtypes.astype(str).tolist()
    assert again["created_at"].iloc[0] == pd.Timestamp("2021-01-02 05:00", tz="UTC")


def test_row_hash_is_of_the_cells_alone():
    """File, row number, order of columns, empty columns and edges of cells do not show in it; a changed cell does."""
    one = staged(contacts("ID|Name|Shoe", "1|Jane|")).tables["contacts"]["row_hash"].iloc[0]
    two = staged(contacts("Name|ID", "x|9", " Jane |1", file="other.csv")).tables["contacts"]["row_hash"].iloc[1]
    three = staged(contacts("ID|Name", "1|Jane B")).tables["contacts"]["row_hash"].iloc[0]
    assert one == two != three


def test_identical_rows_collapse_and_are_listed():
    """The same row twice, but for case and spacing, is one record."""
    found = staged(contacts("ID|Name|E-mail", "1|Jane Roe|JANE@x.co", "1|Jane  Roe|jane@x.co"))
    assert len(found.tables["contacts"]) == 1
    assert found.dropped[["reason", "kept_source_id"]].to_numpy().tolist() == [["identical row", "1"]]
    assert json.loads(found.dropped["cells"].iloc[0])["E-mail"] == "JANE@x.co"


def test_versions_of_a_record_keep_the_newest():
    """The same id and e-mail: the row changed last stays, wherever it stands."""
    found = staged(contacts("ID|Name|E-mail|Updated", "1|New|a@x.co|2022-01-01", "1|Old|a@x.co|2021-01-01"))
    assert found.tables["contacts"]["full_name"].tolist() == ["New"]
    assert found.dropped["reason"].tolist() == ["older version of the same record"]


def test_different_records_of_one_id_are_both_kept():
    """Nobody is lost because two people share an id, and a reference to it is ambiguous."""
    found = staged(contacts("ID|Name|E-mail", "1|Jane|a@x.co", "1|Bob|b@x.co"))
    assert found.tables["contacts"]["source_id"].tolist() == ["1", "1~2"]
    assert Index(found.tables["contacts"]).find("1").how == "ambiguous"
    assert Index(found.tables["contacts"]).find("b@x.co").source_id == "1~2"


def test_missing_ids_are_derived_and_stable():
    """A row without an id gets one from its content: the same in the next export, in any order."""
    one = staged(contacts("ID|Name|E-mail", "|Jane|a@x.co", "7|Bob|b@x.co")).tables["contacts"]["source_id"]
    two = staged(contacts("Name|E-mail", "Bob|b@x.co", "Jane|a@x.co")).tables["contacts"]["source_id"]
    assert one[0].startswith("~") and len(one[0]) == 13 and one[0] == two[1]


def test_ids_keep_zeros_and_lose_a_spreadsheets_point():
    """007 stays; a column of nothing but 1.0, 2.0 is 1, 2."""
    assert staged(contacts("ID|Name", "007|a")).tables["contacts"]["source_id"].tolist() == ["007"]
    assert staged(contacts("ID|Name", "1.0|a", "2.0|b")).tables["contacts"]["source_id"].tolist() == ["1", "2"]


def test_parts_of_a_file_decide_together():
    """contacts_1 shows that days come first, so contacts_2 is read alike."""
    found = staged(
        contacts("ID|Created", "1|25/12/2020", file="contacts_1.csv"),
        contacts("ID|Created", "2|03/04/2021", file="contacts_2.csv"),
    ).tables["contacts"]
    assert found["created_at"].dt.strftime("%m-%d").tolist() == ["12-25", "04-03"]
    assert found["source_file"].tolist() == ["contacts_1.csv", "contacts_2.csv"]


def test_two_files_of_one_record_are_joined():
    """What one file lacks comes from the other."""
    found = staged(
        contacts("ID|E-mail|Name", "1|a@x.co|Jane", file="a.csv"),
        contacts("ID|E-mail|Shoe", "1|a@x.co|38", file="b.csv"),
    ).tables["contacts"]
    assert len(found) == 1 and found.iloc[0][["full_name", "custom.Shoe"]].tolist() == ["Jane", "38"]


def test_full_names_are_split_where_parts_are_missing():
    """First and last name come out of the full name."""
    found = staged(contacts("ID|Name", "1|Roe, Jane")).tables["contacts"].iloc[0]
    assert (found["first_name"], found["last_name"], found["full_name"]) == ("Jane", "Roe", "Roe, Jane")


def test_what_does_not_convert_is_listed_with_its_place():
    """The value is NA, the text stays, the row is named."""
    found = staged(contacts("ID|E-mail|Phone", "1|nope|12"))
    row = found.tables["contacts"].iloc[0]
    assert pd.isna(row["email"]) and row["raw.E-mail"] == "nope"
    assert found.not_converted[["source_id", "field", "text", "row"]].to_numpy().tolist() == [
        ["1", "email", "nope", 2],
        ["1", "phone", "12", 2],
    ]
    assert {told.code for told in found.problems} >= {"not_converted"}


def test_custom_columns_are_typed_by_their_kind():
    """A custom field of numbers holds numbers under its label."""
    table = contacts("ID|Shoe", "1|38,5", labels={"Shoe": "Shoe size"}, types={"Shoe": FieldKind.NUMBER})
    assert staged(table).tables["contacts"]["custom.Shoe size"].tolist() == [38.5]


text = st.text(st.characters(exclude_characters="|\x00", exclude_categories=["Cs"]), max_size=15)


@given(st.lists(st.tuples(text, text, text, text), min_size=1, max_size=15))
@settings(max_examples=30, deadline=None)
def test_every_row_is_staged_or_dropped(rows):
    """Source rows = staged rows + dropped rows, source ids are unique, and every raw text is where it was."""
    frame = pd.DataFrame(rows, columns=["ID", "Name", "E-mail", "Updated"], dtype="str")
    table = RawTable("x.csv", "", list(frame.columns), frame, np.arange(2, len(rows) + 2))
    found = staged(Assigned(table, "contacts", {name: CONTACT[name] for name in frame}))
    kept = found.tables["contacts"]
    assert sorted([*kept["source_row"], *found.dropped["row"]]) == table.rows.tolist()
    assert kept["source_id"].is_unique and (kept["source_id"] != "").all()
    for row in kept.itertuples(index=False):
        assert kept.loc[kept["source_row"] == row.source_row, "raw.Name"].item() == rows[row.source_row - 2][1]


PEOPLE = staged(
    contacts(
        "ID|Name|E-mail",
        "0007|Jane Roe|jane@x.co",
        "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}|Bob Ray|bob@x.co; bob2@x.co",
        "8|Jim Roe|jim@x.co",
        "9|Jim Roe|jim9@x.co",
    )
).tables["contacts"]


def test_references_by_every_way_of_naming():
    """Id, healed id, e-mail, further e-mail, name in either order, label; ambiguous and unknown ones are not guessed."""
    index = Index(PEOPLE)
    for means_jane in (
        "0007",
        "7",
        "7.0",
        "JANE@x.co",
        "jane roe",
        "Roe, Jane",
        "Jane Roe (jane@x.co)",
        "Jane Roe <jane@x.co>",
        "Jane Roe (7)",
    ):
        assert index.find(means_jane).source_id == "0007", means_jane
    for means_bob in ("a0eebc999c0b4ef8bb6d6bb9bd380a11", "bob2@x.co", "Bob  RAY"):
        assert index.find(means_bob).source_id.startswith("{A0"), means_bob
    assert index.find("Jim Roe").how == "ambiguous" and index.find("99").how == "dangling"


@pytest.mark.parametrize("said", ["Sam Seller", "sam@us.example"])
def test_an_owner_given_by_key_and_name_is_who_a_person_knows(said):
    """Without users in the export a key says nothing: the name or address beside it is the owner, whichever column comes first."""
    fields = {"Deal": "id", "Owner.id": "owner", "Owner": "owner"}
    deals = Assigned(raw("Deal|Owner.id|Owner", f"D1|zcrm_4711|{said}", "D2|zcrm_4712|"), "deals", fields)
    done, *_ = resolve_references(staged(deals).tables)
    assert done["deals"]["owner"].tolist() == [said, "zcrm_4712"]


def test_references_become_source_ids_and_failures_are_told():
    """Several contacts keep their order; what is not found is NA, listed and counted."""
    fields = {"Deal": "id", "Contact": "contact_id", "Owner": "owner"}
    deals = Assigned(
        raw("Deal|Contact|Owner", 'D1|["8", "7"]|Joe', "D2|jane@x.co; 99|", "D3|Jim Roe|"), "deals", fields
    )
    users = Assigned(raw("ID|Name|E-mail", "U1|Joe|joe@x.co"), "users", {"ID": "id", "Name": "name", "E-mail": "email"})
    tables = {**staged(deals, users).tables, "contacts": PEOPLE}
    done, relations, unresolved, problems = resolve_references(tables)
    assert done["deals"]["contact_id"].tolist() == [["8", "0007"], ["0007"], None]
    assert done["deals"]["owner"].tolist()[0] == "U1"
    assert tables["deals"]["contact_id"].iloc[0] == '["8", "7"]'
    row = relations.set_index("field").loc["contact_id"]
    assert (row["filled"], row["resolved"], row["dangling"], row["ambiguous"]) == (3, 1, 1, 1)
    assert unresolved[["source_id", "text", "reason"]].to_numpy().tolist() == [
        ["D2", "99", "dangling"],
        ["D3", "Jim Roe", "ambiguous"],
    ]
    assert {told.code for told in problems} == {"reference_dangling", "reference_ambiguous"}


def test_owners_without_a_users_table_stay_as_they_are():
    """The mapping matches them against HighLevel's users."""
    deals = Assigned(raw("Deal|Owner", "D1|Joe"), "deals", {"Deal": "id", "Owner": "owner"})
    done, *_ = resolve_references(staged(deals).tables)
    assert done["deals"]["owner"].tolist() == ["Joe"]


def test_companies_find_their_parent_by_name():
    """A parent's name is as good as its id."""
    companies = Assigned(
        raw("ID|Name|Parent", "1|Acme|", "2|Acme East|ACME"),
        "companies",
        {"ID": "id", "Name": "name", "Parent": "parent_name"},
    )
    done, *_ = resolve_references(staged(companies).tables)
    assert done["companies"]["parent_id"].tolist()[1] == "1"


def test_a_table_of_several_objects_is_split_by_its_type_column():
    """Each part keeps its rows' numbers and the columns it fills."""
    table = raw("Type|Name|Amount", "Contact|Jane|", "Deal|Big|5", "Contact|Bob|")
    parts = split_by(table, "Type", lambda value: {"Contact": "contacts", "Deal": "deals"}.get(value, ""))
    assert [(part.sheet, part.headings, part.rows.tolist()) for part in parts] == [
        ("Contact", ["Type", "Name"], [2, 4]),
        ("Deal", ["Type", "Name", "Amount"], [3]),
    ]


def test_values_of_one_object_are_one_part():
    """People whom a column calls Mr and Ms are one table beside that of the companies; values that name nothing are parts of their own."""
    table = raw("Title|Name", "Mr|Jo", "Company|Acme", "Ms|Al", "?|Zed", "!|Yan")
    kinds = {"Mr": "contacts", "Ms": "contacts", "Company": "companies"}
    parts = split_by(table, "Title", lambda value: kinds.get(value, ""))
    assert [(part.sheet, part.rows.tolist()) for part in parts] == [
        ("Mr, Ms", [2, 4]),
        ("Company", [3]),
        ("?", [5]),
        ("!", [6]),
    ]
