"""Cells that hold lists and objects reach the fields that the same in a JSON document reaches, whatever file they stand in."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl import mapper, source
from pb2hl.limits import LIMITS
from pb2hl.source.formats import read_tables
from pb2hl.source.json_cells import open_cells
from pb2hl.source.tables import RawTable
from pb2hl.workspace import parse_config

CONFIG = parse_config({"export": "x", "location": "loc", "country": "US", "timezone": "UTC", "currency": "USD"})
PEOPLE = {"id": ["1", "2"], "first_name": ["Rita", "Ugo"], "last_name": ["Moro", "Neri"]}
DEALS = {"id": ["1", "2"], "title": ["Villa", "Porto"], "close_date": ["2025-01-01", "2025-02-01"]}


def read(columns: dict[str, list[str]], name: str = "contacts.csv") -> list[RawTable]:
    """The tables of a CSV file of these columns."""
    text = io.StringIO()
    csv.writer(text).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return read_tables(text.getvalue().encode(), name, LIMITS, lambda _: "kept", None)[0]


def staged(tables: list[RawTable], name: str) -> tuple[dict[str, Any], set[str]]:
    """The first record of the first table as it is staged, but for its origin, and the codes of what was told."""
    assigned = [(tables[0], name)]
    sheet = mapper.fields_sheet(assigned)
    fields, labels, types, transforms = mapper.assignment(sheet, tables[0], name)
    found = source.stage([source.Assigned(tables[0], name, fields, labels, types, transforms)], config=CONFIG)
    row = found.tables[name].iloc[0].to_dict()
    own = {
        "source_id",
        "row_hash",
        "source_file",
        "source_sheet",
        "source_row",
        "id",
        *PEOPLE,
        *DEALS,
        "full_name",
        "expected_close",
        "name",
    }
    kept = {key: value for key, value in row.items() if key not in own and not key.startswith("raw.")}
    return {key: value for key, value in kept.items() if isinstance(value, list) or value == value}, {
        told.code for told in found.problems
    }


MAILS = [
    {"label": "work", "value": "rita@lago.example"},
    {"label": "old", "value": "r@old.example"},
    {"label": "home", "value": "r@home.example"},
]
TWO = {"email": "rita@lago.example", "more_emails": ["r@home.example"]}
CONTACTS: dict[str, tuple[str, Any, Any, dict[str, Any]]] = {
    "plain list": ("emails", ["rita@lago.example", "r@home.example"], [], TWO),
    "label and value": ("emails", MAILS, MAILS[:1], {"email": "rita@lago.example", "more_emails": ["r@old.example", "r@home.example"], "custom.emails.label": "work; old; home"}),
    "primary of two": ("email", [{"email": "r@home.example", "primary": False}, {"email": "rita@lago.example", "primary": True}], [], TWO),
    "primary and additional": ("emails", {"primaryEmail": "rita@lago.example", "additionalEmails": ["r@home.example"]}, {"primaryEmail": ""}, {"email": "rita@lago.example", "email_2": "r@home.example"}),
    "phones": ("phones", [{"type": "fax", "number": "(415) 555-0110"}, {"type": "mobile", "number": "(415) 555-0111"}, {"type": "work", "number": "(415) 555-0112"}], [],
               {"phone": "+14155550112", "mobile": "+14155550111", "custom.phones.fax": "(415) 555-0110"}),
    "contact numbers": ("contact_numbers", [{"label": "work", "value": "(415) 555-0111"}], [], {"phone": "+14155550111"}),
    "calling code": ("phone", {"callingCode": "+44", "number": "2079460018"}, None, {"phone": "+442079460018"}),
    "tags with ids": ("tags", [{"id": 1, "name": "VIP"}, {"id": 2, "name": "Cold"}], [], {"tags": ["VIP", "Cold"]}),
    "postgresql array": ("tags", '{VIP,"Cold lead"}', "{}", {"tags": ["VIP", "Cold lead"]}),
    "python list": ("tags", "['VIP', \"Cold lead\"]", "[]", {"tags": ["VIP", "Cold lead"]}),
    "python set": ("tags", "{'VIP'}", "set()", {"tags": ["VIP"]}),
    "python objects": ("emails", "[{'value': 'rita@lago.example', 'primary': None}, {'value': 'r@home.example', 'primary': False}]", "None", TWO),
    "written twice": ("emails", json.dumps(json.dumps(["rita@lago.example", "r@home.example"])), "", TWO),
    "address": ("address", {"address": "Via Roma 1", "city": "Como", "state": "CO", "postcode": "22100", "country": "IT"}, None,
                {"address_1": "Via Roma 1", "city": "Como", "state": "CO", "postal_code": "22100", "country": "IT"}),
    "addresses": ("addresses", [{"type": "work", "street": "Via Roma 1", "city": "Como"}, {"type": "home", "street": "Via Po 2", "city": "Lodi", "isPrimary": True}], [],
                  {"address_1": "Via Po 2", "city": "Lodi", "custom.addresses.type": "home", "custom.addresses.work.street": "Via Roma 1", "custom.addresses.work.city": "Como"}),
    "owner": ("owner", {"id": 7, "name": "Ann Agent", "email": "ann@a.example"}, None, {"owner": "7", "owner~2": "Ann Agent", "owner~3": "ann@a.example"}),
    "company": ("company", {"id": 5, "name": "Lago Srl"}, None, {"company_id": "5", "company_name": "Lago Srl"}),
    "custom fields": ("custom_fields", [{"name": "Shoe size", "value": "38"}], [], {"custom.Shoe size": 38.0}),
    "interests": ("interests", ["Golf", "Wine"], [], {"custom.interests": "Golf; Wine"}),
    "editor's document": ("about", {"ops": [{"insert": "Met at the "}, {"insert": "fair", "attributes": {"bold": True}}]}, None, {"description": "Met at the fair"}),
}  # fmt: skip


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("shape", CONTACTS)
def test_contacts(shape):
    """What a cell holds reaches its fields, the first value and further ones, and nothing arrives as JSON."""
    heading, first, second, expected = CONTACTS[shape]
    found, told = staged(read({**PEOPLE, heading: [_cell(first), _cell(second)]}), "contacts")
    assert found == expected
    assert "not_converted" not in told


@pytest.mark.parametrize("shape", [name for name, (_, first, _, _) in CONTACTS.items() if not isinstance(first, str)])
def test_as_in_a_document(shape):
    """A column of cells becomes the columns that the same gives in a JSON document."""
    heading, first, second, _ = CONTACTS[shape]
    rows = [
        {key: cells[at] for key, cells in PEOPLE.items()} | {heading: value} for at, value in enumerate((first, second))
    ]
    document = read_tables(json.dumps(rows).encode(), "contacts.json", LIMITS, lambda _: "kept", None)[0]
    cells = read({**PEOPLE, heading: [_cell(first), _cell(second)]})
    assert [table.frame.to_dict("list") for table in cells] == [table.frame.to_dict("list") for table in document]


MONEY = {
    "amount and currency": {"amount": "25000.50", "currency": "EUR"},
    "micros": {"amountMicros": 25000500000, "currencyCode": "EUR"},
    "cents": {"cents": 2500050, "currency": "EUR"},
}


@pytest.mark.parametrize("shape", MONEY)
def test_amounts(shape):
    """An amount with its currency is both, in whole units; a stage told with its id is its name."""
    cells = {"amount": [json.dumps(MONEY[shape]), ""], "stage": [json.dumps({"id": 3, "name": "New"})] * 2}
    found, _ = staged(read({**DEALS, **cells}, "deals.csv"), "deals")
    assert (found["amount"], found["currency"], found["stage"]) == (25000.5, "EUR", "New")


def test_records_in_cells_are_a_table():
    """Notes in a cell are notes of the row they stood in, with its number; a table of that name keeps its own."""
    notes = [{"id": 1, "body": "Met", "created_at": "2024-01-01", "author": "ann"}]
    found = read({**PEOPLE, "notes": ["[]", json.dumps(notes)]})
    assert [table.sheet for table in found] == ["", "notes"] and "notes" not in found[0].headings
    assert found[1].frame.iloc[0].to_dict() == {
        "id": "1",
        "body": "Met",
        "created_at": "2024-01-01",
        "author": "ann",
        "contacts.id": "2",
    }
    assert found[1].rows.tolist() == [3]


def test_what_fits_nothing_is_told():
    """Nested JSON that no field takes is written out, its JSON stays in the raw text, and that is said."""
    found, told = staged(read({**PEOPLE, "score_log": [json.dumps([{"a": {"b": [1, {"c": 2}]}}]), ""]}), "contacts")
    assert found == {"custom.score_log": "a: b: 1; c: 2"} and "json_written_out" in told


@pytest.mark.parametrize("mark", [".{}.", "[{}].", "/{}/"])
def test_columns_that_count_places_of_lists_are_the_lists(mark):
    """What a program made of lists, a column a place, is read as the lists: people of a company, their e-mails, tags."""
    one, two = mark.format(0), mark.format(1)
    columns = {
        "id": ["1", "2"], "company": ["Acme Inc", "Beta LLC"],
        f"contacts{one}name": ["Ada Lund", "Cy Orr"], f"contacts{one}emails{one}email": ["ada@x.example", "cy@x.example"],
        f"contacts{two}name": ["Bo Vik", ""], f"contacts{two}emails{one}email": ["bo@x.example", ""],
    }  # fmt: skip
    companies, people = read(columns, "companies.csv")
    assert companies.headings == ["id", "company"]
    assert people.frame["name"].tolist() == ["Ada Lund", "Bo Vik", "Cy Orr"] and people.rows.tolist() == [2, 2, 3]
    assert people.frame["emails"].tolist() == [f'["{name}@x.example"]' for name in ("ada", "bo", "cy")]
    assert people.frame["companies.id"].tolist() == ["1", "1", "2"]


@pytest.mark.parametrize(
    "headings",
    [
        ("Phone 1 - Value", "Phone 2 - Value"),
        ("Email", "Email.1"),
        ("v1.0 notes", "v1.1 notes"),
        ("Address 1", "Address 2"),
    ],
)
def test_numbers_in_other_headings_count_nothing(headings):
    """A number that stands between no marks, a repeated heading and a version are none."""
    (table,) = read({**PEOPLE, headings[0]: ["a", "b"], headings[1]: ["c", "d"]})
    assert set(headings) <= set(table.headings)


def test_json_in_a_column_of_texts_is_told():
    """Some cells of JSON among texts stay as they are, and the column, the cells and the row are named."""
    (table,) = read({**PEOPLE, "remarks": ["likes tea", '{"vip": true}']})
    (problem,) = table.problems
    assert (problem.code, problem.field, problem.row, problem.count) == ("json_in_text", "remarks", 3, 1)


PLAIN = {
    "templates": ["{first_name}", "{last_name}"],
    "ids in braces": ["{5F0C1234-1234-1234-1234-12345678ABCD}"] * 2,
    "losses": ["(1,200)", "(5.00)"],
    "phones": ["(415) 555-0111", "(415) 555-0112"],
    "marks": ["[urgent]", "[x] done"],
    "quotes": ['"hello"', '"bye, you"'],
    "a snippet among texts": ['{"a": 1}', "said nothing"],
    "bytes": ['{"type": "Buffer", "data": [1, 2]}'] * 2,
}


@pytest.mark.parametrize("shape", PLAIN)
def test_texts_stay(shape):
    """Brackets and quotes that people write open nothing."""
    [table] = read({**PEOPLE, "said": PLAIN[shape]})
    assert table.frame["said"].tolist() == PLAIN[shape]


def test_workflows_stay():
    """What a program wrote for itself is told from as it is."""
    steps = json.dumps([{"id": 1, "do": "mail", "template": "hi", "wait": "1 day"}])
    [table] = read({"id": ["1"], "name": ["Welcome"], "steps": [steps]}, "workflows.csv")
    assert table.frame["steps"].tolist() == [steps]


@pytest.mark.parametrize(
    "cell",
    ["[" * 5000 + "]" * 5000, '{"a":' * 200 + "1" + "}" * 200, "[" + "-" * 20_000 + "1]", "['a'*99999999]", "{'a': " + "9" * 5000 + "}",
     json.dumps({f"k{n}": n for n in range(5000)}), '{"a": "\\ud800"}', '[NaN, {"$date": {"$numberLong": "9999999999999999999"}}]'],
    ids=["deep", "deep objects", "signs", "program", "digits", "wide", "half a character", "no numbers"],
)  # fmt: skip
def test_hostile_cells(cell):
    """Depth, width, digits and programs cost nothing and lose no row; what is not opened stays as it was."""
    tables = read({**PEOPLE, "x": [cell, ""]})
    assert tables[0].frame["first_name"].tolist() == PEOPLE["first_name"]
    assert len(tables[0].headings) <= 64


SCALARS = st.one_of(st.integers(0, 999).map(str), st.text("abcxyz ", min_size=1, max_size=6).filter(str.strip))
KEYS = st.sampled_from("alpha beta gamma delta name value type".split())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        return [leaf for item in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(item)]
    return [value]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), min_size=1, max_size=3))
def test_nothing_is_lost(values):
    """Every value of every cell stands in some cell of the same row, or of a record that was taken out of it."""
    tables = open_cells(
        read({"id": [str(at) for at in range(len(values))], "x": list(map(json.dumps, values))}), LIMITS
    )
    for at, value in enumerate(values):
        cells = [
            cell
            for table in tables
            for row, place in enumerate(table.rows)
            if place == at + 2
            for cell in table.frame.iloc[row]
        ]
        missing = [leaf for leaf in _leaves(value) if not any(leaf.strip() in cell for cell in cells)]
        assert not missing
