"""Which object a table is, and which product an export comes from."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pb2hl.mapper import product, recognise
from pb2hl.model import OBJECTS


def table(file: str, headings: list[str], sheet: str = "") -> SimpleNamespace:
    return SimpleNamespace(file=file, sheet=sheet, headings=headings)


@pytest.mark.parametrize("object_", list(OBJECTS))
def test_canonical_files_are_recognised(object_):
    """A file with an object's canonical name and columns is that object."""
    assert recognise(table(f"{object_}.csv", list(OBJECTS[object_].field_names)))[0] == object_


@pytest.mark.parametrize("object_", [name for name in OBJECTS if name not in ("tags", "users")])
def test_columns_alone_are_enough(object_):
    """A file of a meaningless name is recognised by its columns."""
    assert recognise(table("export 1.csv", list(OBJECTS[object_].field_names)))[0] == object_


@pytest.mark.parametrize(
    ("file", "sheet", "object_"),
    [("Kunden.csv", "", "contacts"), ("all.xlsx", "Aufgaben", "tasks"), ("data/clients.json", "", "contacts"),
     ("organisations.csv", "", "companies"), ("timekeepers.csv", "", "users"), ("matters.csv", "", "deals"),
     ("Rendez-vous 2024.csv", "", "appointments"), ("x.sqlite", "deal_stages", "pipelines")],
)  # fmt: skip
def test_names_in_other_words(file, sheet, object_):
    """Names in other languages and of the legal edition say the object when columns are few."""
    assert recognise(table(file, ["id", "name"], sheet))[0] == object_


def test_a_table_that_fits_nothing_is_left_out():
    """Neither name nor columns: no object, with a reason."""
    object_, confidence, reason = recognise(table("zz.csv", ["foo", "bar"]))
    assert (object_, confidence) == ("", 0.0) and reason


def test_the_three_products():
    """CRM, legal accounting and the bookstore's catalogue are told apart, with evidence."""
    people = table("contacts.csv", ["id", "first_name", "email"])
    assert product([people]).edition == "crm"
    assert product([people, table("time_entries.csv", ["matter", "timekeeper", "hours", "rate"])]).edition == "legal"
    books = product([table("inventory.csv", ["ISBN", "Title", "Author", "Price", "Stock"])])
    assert books.edition == "bookstore" and "isbn" in books.evidence[0]
    assert product([table("zz.csv", ["foo"])]).edition == "unknown"
