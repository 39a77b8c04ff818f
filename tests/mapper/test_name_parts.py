"""Parts of names in columns of their own become part of the name, and headings that stand alone are understood."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl.mapper import fields_sheet, propose_fields
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.values.names import split
from pb2hl.values.transforms import changed
from pb2hl.workspace import Workspace, parse_config


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"Voornaam": "Piet", "Tussenvoegsel": "de", "Achternaam": "Vries"}, ("Piet", "de Vries")),
        ({"Voornaam": "Piet", "Tussenvoegsel": "", "Achternaam": "Smit"}, ("Piet", "Smit")),
        ({"Voornaam": "Piet", "Tussenvoegsel": "de", "Achternaam": "de Vries"}, ("Piet", "de Vries")),
        ({"Vorname": "Ada", "Namenszusatz": "von der", "Nachname": "Heide"}, ("Ada", "von der Heide")),
        ({"Nombre": "Luz", "Apellido paterno": "Paz", "Apellido materno": "Gil"}, ("Luz", "Paz Gil")),
        ({"nombre": "Luz", "apellido": "Paz", "apellido2": "Gil"}, ("Luz", "Paz Gil")),
        ({"Nome": "Rui", "Sobrenome": "Dias", "Segundo sobrenome": "Melo"}, ("Rui", "Dias Melo")),
        ({"First Name": "Ann", "Middle Name": "B.", "Last Name": "Lee"}, ("Ann B.", "Lee")),
        ({"c_first": "Ann", "c_middle": "B.", "c_last": "Lee"}, ("Ann B.", "Lee")),
        ({"given": "Ann", "family": "Lee"}, ("Ann", "Lee")),
    ],
)
def test_names_are_whole(row, name):
    """First and last name hold what other columns have of them, in the order that the language has."""
    frame = pd.DataFrame([row, {**row, **dict.fromkeys(row, "")}], dtype="str")
    found = propose_fields(frame, "contacts").set_index("field")
    made = [
        changed(frame[found.loc[field, "heading"]], found.loc[field, "transform"], frame)[0]
        for field in ("first_name", "last_name")
    ]
    assert tuple(made) == name


@pytest.mark.parametrize(
    ("object_", "heading", "field"),
    [
        ("deals", "cur", "currency"),
        ("deals", "close on", "expected_close"),
        ("deals", "Closes On", "expected_close"),
        ("notes", "by", "author"),
        ("activities", "By", "owner"),
        ("contacts", "given", "first_name"),
        ("contacts", "name.given", "first_name"),
    ],
)
def test_short_headings(object_, heading, field):
    """Words that mean something only alone, or in this object."""
    assert propose_fields(pd.DataFrame(columns=[heading]), object_)["field"].tolist() == [field]


@pytest.mark.parametrize("heading", ["Gift given", "Consent given", "Family status", "Given at", "By"])
def test_words_beside_others(heading):
    """The same words beside others name nobody."""
    assert propose_fields(pd.DataFrame(columns=[heading]), "contacts")["field"][0] not in ("first_name", "last_name")


def test_whole_names_are_references(tmp_path):
    """A note by full name finds its contact whether it says the joined parts or not."""
    people = (
        "Id,Voornaam,Tussenvoegsel,Achternaam,Tweede voornaam\n1,Piet,de,Vries,\n2,Ans,van den,Berg,Mia\n3,Jan,,Smit,"
    )
    notes = "id,contact,note,by\n1,Piet de Vries,a,\n2,Piet Vries,b,\n3,Ans Mia van den Berg,c,\n4,Ans van den Berg,d,\n5,Jan Smit,e,"
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "contacts.csv").write_text(people)
    (tmp_path / "x" / "notes.csv").write_text(notes)
    config = {"export": str(tmp_path / "x"), "location": "x", "base_url": "http://127.0.0.1:9"}
    ws = Workspace.create(tmp_path / "ws", parse_config(config))
    inventory(ws)
    contacts = ws.table("contacts").set_index("source_id")
    assert contacts.loc[["1", "2"], ["first_name", "last_name"]].to_numpy().tolist() == [
        ["Piet", "de Vries"],
        ["Ans Mia", "van den Berg"],
    ]
    assert ws.table("notes")["contact_id"].tolist() == ["1", "1", "2", "2", "3"]


@pytest.mark.parametrize("object_", ["contacts", "companies"])
@pytest.mark.parametrize(
    ("street", "number"),
    [("Straat", "Huisnummer"), ("Straße", "Hausnr."), ("Via", "Numero civico"), ("Street", "House number")],
)
def test_a_house_number_of_its_own_stands_in_the_street(object_, street, number):
    """The number in a column beside the street is part of the address, in the street's field."""
    frame = pd.DataFrame({"Name": ["a", "b"], street: ["Dam", "Plein"], number: ["1", "22"]}, dtype="str")
    row = propose_fields(frame, object_).set_index("heading").loc[street]
    assert row["field"] == "address_1"
    assert list(changed(frame[street], row["transform"], frame)) == ["Dam 1", "Plein 22"]


@pytest.mark.parametrize(
    ("heading", "names", "wanted"),
    [
        ("Cognome e nome", ["De Luca Anna Maria", "Rossi Giulia"], [("Anna Maria", "De Luca"), ("Giulia", "Rossi")]),
        ("Apellidos y nombre", ["Romero Vidal Lucía", "Sanz Pedro"], [("Lucía", "Romero Vidal"), ("Pedro", "Sanz")]),
        ("Nachname, Vorname", ["van den Berg Joris", "Vogt, Karla"], [("Joris", "van den Berg"), ("Karla", "Vogt")]),
        ("Nome e cognome", ["Giulia Rossi", "Anna De Luca"], [("Giulia", "Rossi"), ("Anna", "De Luca")]),
        ("Name", ["Bauer Anna", "Vogt Peter", "Ehlers Maria", "Gerber Thomas"], [("Anna", "Bauer"), ("Peter", "Vogt"), ("Maria", "Ehlers"), ("Thomas", "Gerber")]),
        ("Name", ["Anna Bauer", "Peter Conrad"], [("Anna", "Bauer"), ("Peter", "Conrad")]),
    ],
)  # fmt: skip
def test_surnames_are_told_where_they_come_first(heading, names, wanted):
    """A heading that names the surname first, or names that all have the given name behind, are read in that order."""
    frame = pd.DataFrame({heading: names, "Email": [f"{at}@a.example" for at in range(len(names))]}, dtype="str")
    raw = SimpleNamespace(file="c.csv", sheet="", label="c", headings=[*frame.columns], frame=frame)
    found = fields_sheet([(raw, "contacts")]).set_index("column")
    assert found.loc[heading, "proposal"] == "full_name"
    texts = changed(frame[heading], found.loc[heading, "transform"], frame)
    assert [(name.first, name.last) for name in map(split, texts)] == wanted
