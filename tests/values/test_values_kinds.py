"""Phones, faxes, dates, amounts and lists as address books, spreadsheets and databases write them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pb2hl.model import FieldKind
from pb2hl.values.column import convert
from pb2hl.values.lists import lists, tags
from pb2hl.values.numbers import amount, currency_in
from pb2hl.values.parsed import Context
from pb2hl.values.phones import numbers


def typed(texts: list[str], kind: FieldKind, **context):
    return convert(pd.Series(texts, dtype="str"), kind, Context(**context))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("212-555-0142 ::: 212-555-0143", ["+12125550142", "+12125550143"]),
        ("fax 212-555-0142", []),
        ("Fax: 212-555-0142; 212-555-0143", ["+12125550143"]),
        ("212-555-0143 / Telefax 212-555-0142", ["+12125550143"]),
        ('[{"type": "fax", "number": "212-555-0142"}, {"type": "home", "number": "212-555-0143"}]', ["+12125550143"]),
        ('[{"type": "home_fax", "number": "212-555-0142"}]', []),
    ],
)
def test_list_marks_part_phones_and_faxes_are_none(text, found):
    """Every mark of a list parts numbers; what is called a fax is never a phone, first or further."""
    assert [number for number, _ in numbers(text, "US")] == found


def test_a_fax_is_told_as_one():
    """The reason says why a valid number is no phone."""
    assert typed(["Fax 212-555-0142"], FieldKind.PHONE, country="US").reasons.tolist() == [
        "not a valid phone number (US) but a fax number"
    ]


def test_new_zealand_numbers_take_the_country():
    """Leading blanks and short national numbers of the workspace's country are phones."""
    found = typed([" 09 407 8811", " 021 669 914", " 027 275 2743"], FieldKind.PHONE, country="NZ").values.tolist()
    assert found == ["+6494078811", "+6421669914", "+64272752743"]


def test_epochs_of_any_length_and_sign_are_moments():
    """In a column of epoch milliseconds short and negative numbers count from 1970 as well."""
    found = typed(["1714521600000", "1609459200000", "86400000", "-86400000", "-1"], FieldKind.DATETIME, timezone="UTC")
    assert [value.isoformat() for value in found.values][:4] == [
        "2024-05-01T00:00:00+00:00",
        "2021-01-01T00:00:00+00:00",
        "1970-01-02T00:00:00+00:00",
        "1969-12-31T00:00:00+00:00",
    ]
    serials = typed(["45413", "45414.5", "2"], FieldKind.DATE)
    assert [str(day) for day in serials.values] == ["2024-05-01", "2024-05-02", "1900-01-01"] or serials.values.iloc[
        0
    ].year == 2024


@pytest.mark.parametrize(
    ("text", "day"),
    [("01/02/24", "2024-02-01"), ("3 Jan 99", "1999-01-03"), ("4. März 24", "2024-03-04"), ("12-DEC-23", "2023-12-12")],
)
def test_two_digit_years_and_names_of_months(text, day):
    """Years of two digits and months by name, in the languages that people write."""
    assert [str(value) for value in typed([text], FieldKind.DATE, country="GB").values] == [day]


def test_placeholder_dates_are_blank_and_told():
    """Zeros are no date, nor are the first day of a calendar or a day that a program wrote in bulk; a real one stays."""
    days = [
        "0/0/00",
        "00/00/0000",
        "0000-00-00 00:00:00",
        "1900-01-01",
        *["1980-01-01"] * 30,
        *[f"2024-05-{n:02}" for n in range(1, 29)],
    ]
    found = typed(days, FieldKind.DATE, country="US")
    assert found.values.notna().sum() == 28 and not found.failed.any() and found.filled == 28
    assert found.decision["placeholders"] == ["1900-01-01", "1980-01-01"]
    alone = typed(["1980-01-01", "1975-03-04"], FieldKind.DATE)
    assert alone.values.notna().all() and "placeholders" not in alone.decision


@pytest.mark.parametrize(
    ("text", "comma", "value"),
    [("12000.50", False, 12000.5), ("1500000", False, 1_500_000), ("12.345,00", False, 12_345), ("1'234", False, 1234), ("Rs. 1,200", False, 1200),
     ("12,-", True, 12), ("CHF 1’234.50", False, 1234.5), ("(300)", False, -300), ("300-", False, -300), ("EUR -5,50", True, -5.5), (".5", False, 0.5)],
)  # fmt: skip
def test_amounts_as_people_write_them(text, comma, value):
    """Marks of every country, signs on either side, units with a full stop."""
    assert amount(text, comma)[0] == value


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("amount_usd", "USD"),
        ("Value (EUR)", "EUR"),
        ("Betrag in €", "EUR"),
        ("amountCAD", "CAD"),
        ("Deal size THB", "THB"),
        ("All", ""),
        ("top deal", ""),
        ("Amount", ""),
    ],
)
def test_a_heading_names_the_currency(heading, code):
    """A code or sign in the heading is the currency of amounts that name none themselves."""
    assert currency_in(heading) == code
    found = typed(["948", "1200"], FieldKind.MONEY, heading=heading)
    assert found.extra["currency"].tolist() == [code or ""] * 2


def test_quotes_of_a_single_tag_are_not_its_own():
    """A list of one item may be quoted like any other."""
    assert tags(np.array(['"VIP"', "A"], dtype=object), Context()).values.tolist() == [["VIP"], ["A"]]
    assert lists(np.array(['"Gold, old"'], dtype=object), Context()).values.tolist() == [["Gold, old"]]
    assert tags(np.array(["a ::: b"], dtype=object), Context()).values.tolist() == [["a", "b"]]


@pytest.mark.parametrize(
    ("country", "texts", "numbers_"),
    [
        ("ES", ["34612345678", "34655443322", "447911123456"], ["+34612345678", "+34655443322", "+447911123456"]),
        ("US", ["12125550142", "447911123456", "4915112345678"], ["+12125550142", "+447911123456", "+4915112345678"]),
        ("DE", ["4915112345678", "4930123456", "447911123456"], ["+4915112345678", "+4930123456", "+447911123456"]),
        ("US", ["447911123456", "4915112345678", "33612345678"], ["+447911123456", "+4915112345678", "+33612345678"]),
        ("US", ["2125550142", "4155550142", "447911123456"], ["+12125550142", "+14155550142", None]),
        ("US", ["12125550142", "4155550142"], ["+12125550142", "+14155550142"]),
        ("US", ["447911123456"], [None]),
    ],
)
def test_country_codes_without_a_plus_are_read_where_the_column_shows_them(country, texts, numbers_):
    """Bare digits are international where most begin with their own country's code or none of several is a number there; else national."""
    found = convert(pd.Series(texts, dtype="str"), FieldKind.PHONE, Context(country=country)).values
    assert [value if isinstance(value, str) else None for value in found] == numbers_


@pytest.mark.parametrize(
    ("text", "country", "found"),
    [
        ("p:+525512340010", "MX", "+525512340010"), ("tel:+44 20 7946 0958", "GB", "+442079460958"),
        ("+52 1 55 1234 0010", "US", "+525512340010"), ("5215512340010", "MX", "+525512340010"),
        ("07700 900123", "GB", "+447700900123"), ("+44 1632 960001", "DE", "+441632960001"), ("07700 90012", "GB", None),
    ],
)  # fmt: skip
def test_phones_as_lead_forms_messengers_and_examples_write_them(text, country, found):
    """Schemes before a number, Mexico's old 1 and the numbers that Ofcom keeps for drama are read; a number too short is none."""
    assert [number for number, _ in numbers(text, country)] == ([found] if found else [])


@pytest.mark.parametrize("text", ["+4917155501", "004917155501", "+49 (0)171 55501", "+44 123"])
def test_a_number_cut_short_behind_its_country_code_is_none(text):
    """`+49` and eight digits are no number; read without the plus they were somebody else's (04917 155501)."""
    assert numbers(text, "DE") == []
