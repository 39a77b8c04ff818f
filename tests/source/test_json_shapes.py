"""Documents as APIs, databases and dumps write them: each shape gives the same tables of records as plain lists would."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pb2hl.limits import LIMITS
from pb2hl.mapper import recognise
from pb2hl.source.json_tables import read_json, read_json_lines

PEOPLE = [
    {"id": "p1", "firstName": "Rita", "lastName": "Moro", "email": "rita@lago.example", "phone": "+393331112223", "companyId": "k1"},
    {"id": "p2", "firstName": "Ugo", "lastName": "Neri", "email": "ugo@monte.example", "phone": "+393331112224", "companyId": "k2"},
]  # fmt: skip
FIRMS = [
    {"id": "k1", "name": "Lago Srl", "website": "https://lago.example", "phone": "+39025550101"},
    {"id": "k2", "name": "Monte SpA", "website": "https://monte.example", "phone": "+39025550102"},
]
LISTS = {"contacts": PEOPLE, "companies": FIRMS}
Record = dict[str, Any]


def _without_id(record: Record) -> Record:
    return {key: value for key, value in record.items() if key != "id"}


def _each(wrap: Callable[[str, list[Record]], Any]) -> dict[str, Any]:
    return {name: wrap(name, records) for name, records in LISTS.items()}


def _stringly(record: Record) -> Record:
    return {key: {"stringValue": value} for key, value in record.items() if key != "id"}


def _rows(records: list[Record]) -> list[list[str]]:
    return [list(record.values()) for record in records]


def _mixed(wrap: Callable[[str, Record], Record]) -> list[Record]:
    return [wrap(name, record) for name, records in LISTS.items() for record in records]


def _history(value: Any) -> list[Record]:
    """What a field held before, and what it holds now."""
    before = {"active_from": "2023-01-01", "active_until": "2024-01-01", "value": "old", "attribute_type": "text"}
    return [before, {"active_from": "2024-01-01", "active_until": None, "value": value, "attribute_type": "text"}]


DOCUMENTS: dict[str, Any] = {
    "graphql edges": {"data": _each(lambda _, of: {"edges": [{"cursor": "x", "node": one} for one in of], "pageInfo": {"hasNextPage": False}})},
    "graphql nodes": {"data": {"viewer": _each(lambda _, of: {"nodes": of, "totalCount": 2})}, "extensions": {"cost": {"requested": 12}}},
    "json:api": {
        "jsonapi": {"version": "1.0"},
        "data": [{"type": "contacts", "id": one["id"], "attributes": _without_id(one), "links": {"self": "https://x"}} for one in PEOPLE],
        "included": [{"type": "companies", "id": one["id"], "attributes": _without_id(one)} for one in FIRMS],
        "links": {"self": "https://x", "next": None},
    },
    "hal": {"_links": {"self": {"href": "/"}}, "page": {"size": 20, "number": 0}, "_embedded": _each(lambda _, of: [{**one, "_links": {"self": {"href": "/1"}}} for one in of])},
    "elasticsearch": {
        "took": 3, "_shards": {"total": 1}, "hits": {
            "total": {"value": 4, "relation": "eq"},
            "hits": _mixed(lambda name, one: {"_index": name, "_id": one["id"], "_score": 1.0, "_source": _without_id(one)}),
        },
    },
    "firestore": {"documents": _mixed(lambda name, one: {"name": f"projects/p/databases/(default)/documents/{name}/{one['id']}", "fields": _stringly(one)})},
    "mongodb": _each(lambda _, of: [{**one, "id": {"$oid": one["id"]}} for one in of]),
    "keyed by id": _each(lambda _, of: {one["id"]: _without_id(one) for one in of}),
    "keyed by random keys": _each(lambda _, of: {f"-Nx{one['id']}QwErTyUiOp": one for one in of}),
    "columns and rows": _each(lambda _, of: {"columns": [{"name": key, "type": "text"} for key in of[0]], "rows": _rows(of)}),
    "named tables": {"exported": "2024-01-01", "tables": [{"table": name, "columns": list(of[0]), "data": _rows(of)} for name, of in LISTS.items()]},
    "phpmyadmin": [{"type": "header", "version": "5.2"}, {"type": "database", "name": "crm"}, *({"type": "table", "name": name, "database": "crm", "data": of} for name, of in LISTS.items())],
    "rows under headings": _each(lambda _, of: {"range": "A1:F3", "majorDimension": "ROWS", "values": [list(of[0]), *_rows(of)]}),
    "schema beside data": _each(lambda _, of: {"schema": {"fields": [{"name": key, "type": "string"} for key in of[0]], "primaryKey": ["id"]}, "data": of}),
    "pages": _each(lambda _, of: [{"page": at, "total": 2, "results": [one], "paging": {"next": None}} for at, one in enumerate(of)]),
    "one object of lists": [LISTS],
    "typed records": {"records": _mixed(lambda name, one: {"_type": name, **one})},
    "answer with errors": {"data": LISTS, "errors": [{"message": "rate limited"}], "meta": {"warnings": [{"code": "w", "text": "t"}]}},
    "salesforce": {"totalSize": 4, "done": True, "records": _mixed(lambda name, one: {"attributes": {"type": name, "url": "/x"}, **one})},
    "strapi": _each(lambda _, of: {"data": [{"id": one["id"], "attributes": _without_id(one)} for one in of], "meta": {"pagination": {"page": 1, "total": 2}}}),
    "odata": _each(lambda name, of: {"@odata.context": f"$metadata#{name}", "value": [{"@odata.etag": "W/1", **one} for one in of]}),
    "notion": _each(lambda _, of: {"object": "list", "results": [{"object": "page", "id": one["id"], "parent": {"type": "database_id", "database_id": "d"}, "url": "https://x",
        "properties": {key: {"id": "a", "type": "rich_text", "rich_text": [{"type": "text", "plain_text": value}]} for key, value in one.items() if key != "id"}} for one in of]}),
    "monday": {"data": {"boards": [{"id": "9", "name": name, "items_page": {"cursor": None, "items": [
        {"id": one["id"], "column_values": [{"id": "c", "text": value, "value": "{}", "column": {"title": key}} for key, value in one.items() if key != "id"]} for one in of]}} for name, of in LISTS.items()]}},
    "bigquery": _each(lambda _, of: {"kind": "bigquery#rows", "schema": {"fields": [{"name": key} for key in of[0]]}, "rows": [{"f": [{"v": value} for value in row]} for row in _rows(of)]}),
    "lists inside an answer": _each(lambda _, of: {"type": "list", "data": of, "total_count": 2, "pages": {"type": "pages", "page": 1, "next": None}}),
    "attio": _each(lambda _, of: {"data": [{"id": {"workspace_id": "w", "object_id": "o", "record_id": one["id"]}, "values": {key: _history(value) for key, value in one.items() if key != "id"}} for one in of]}),
    "columns by row number": _each(lambda _, of: {key: {str(at): one[key] for at, one in enumerate(of)} for key in of[0]}),
}  # fmt: skip

LINES: dict[str, list[Record]] = {
    "object": _mixed(lambda name, one: {"object": name, **one}),
    "singer": [{"type": "SCHEMA", "stream": "contacts", "schema": {}}, *_mixed(lambda name, one: {"type": "RECORD", "stream": name, "record": one})],
    "airbyte": _mixed(lambda name, one: {"type": "RECORD", "record": {"stream": name, "data": one, "emitted_at": 1}}),
    "hits": _mixed(lambda name, one: {"_index": name, "_id": one["id"], "_source": _without_id(one)}),
    "typename": _mixed(lambda name, one: {"__typename": name, **one}),
}  # fmt: skip


def _plain(tables: list[Any]) -> dict[str, list[Record]]:
    """Tables as records, without the columns that only say which table or entry it is, and without blanks."""
    return {
        table.sheet: [
            {key: value for key, value in row.items() if value and key not in ("object", "key")}
            for row in table.frame.to_dict("records")
        ]
        for table in tables
    }


@pytest.mark.parametrize("shape", DOCUMENTS)
def test_documents(shape):
    """Whatever wraps them, the same two tables come out, named by what they hold, and nothing that is about the answer."""
    tables = read_json(json.dumps(DOCUMENTS[shape]).encode(), "export.json", LIMITS)
    assert _plain(tables) == LISTS
    assert [recognise(table, tables)[0] for table in tables] == list(LISTS)


@pytest.mark.parametrize("shape", LINES)
def test_lines(shape):
    """Lines that mix objects go apart by the key that says what they are, whatever it is called; the line stays known."""
    lines = LINES[shape]
    tables = read_json_lines("\n".join(map(json.dumps, lines)).encode(), "dump.jsonl", LIMITS)
    assert _plain(tables) == LISTS
    others = len(lines) - 4
    assert [int(row) for table in tables for row in table.rows] == list(range(1 + others, 5 + others))
    assert sum(len(table.dropped) for table in tables) == others


def test_what_an_answer_says_of_itself_is_told():
    """Errors and a next page are told: an answer that is not whole looks like any other."""
    body = {
        "data": {"contacts": {"edges": [{"node": one} for one in PEOPLE], "pageInfo": {"hasNextPage": True}}},
        "errors": [{"message": "x"}],
    }
    tables = read_json(json.dumps(body).encode(), "export.json", LIMITS)
    assert _plain(tables) == {"contacts": PEOPLE}
    assert [found.code for found in tables[0].problems] == ["answer_errors", "more_pages"]
    last = [{"items": PEOPLE[:1], "next": "u"}, {"items": PEOPLE[1:], "next": None}]
    assert not read_json(json.dumps(last).encode(), "contacts.json", LIMITS)[0].problems


def test_kinds_of_one_object_stay_known():
    """Where records of two kinds have the same keys, their kind is a value of theirs, not only a table's name."""
    body = [{"_type": "lead", **PEOPLE[0]}, {"_type": "customer", **PEOPLE[1]}]
    tables = read_json(json.dumps(body).encode(), "contacts.json", LIMITS)
    assert [table.frame["_type"].tolist() for table in tables] == [["lead"], ["customer"]]


def test_a_record_is_no_wrapper():
    """One record with lists of its own stays one: its phones and notes are no tables without it."""
    one = {**PEOPLE[0], "phones": [{"type": "fax", "number": "1"}], "notes": [{"text": "Met", "at": "2024-01-01"}]}
    tables = read_json(json.dumps({"data": one}).encode(), "contacts.json", LIMITS)
    assert _plain(tables) == {
        "": [{**PEOPLE[0], "phones.fax": "1"}],
        "notes": [{"text": "Met", "at": "2024-01-01", "contacts.id": "p1"}],
    }


WHOLE = {
    "micros": ({"amountMicros": 25000500000, "currencyCode": "EUR"}, {"x.amount": "25000.5", "x.currencyCode": "EUR"}),
    "cents": ({"cents": 1250, "currency_iso": "EUR"}, {"x.amount": "12.5", "x.currency_iso": "EUR"}),
    "no cents in yen": ({"cents": 1250, "currency": "JPY"}, {"x.cents": "1250", "x.currency": "JPY"}),
    "units and nanos": ({"currencyCode": "USD", "units": "3", "nanos": 500000000}, {"x.currencyCode": "USD", "x.amount": "3.5"}),
    "calling code": ({"primaryPhoneNumber": "4155550111", "primaryPhoneCallingCode": "+1"}, {"x.primaryPhoneNumber": "+1 4155550111"}),
    "decimal": ({"$numberDecimal": "12.50"}, {"x": "12.50"}),
    "date": ({"$date": {"$numberLong": "1672740000000"}}, {"x": "2023-01-03T10:00:00.000Z"}),
    "notion": ({"id": "a", "type": "multi_select", "multi_select": [{"id": "1", "name": "VIP", "color": "red"}]}, {"x": '["VIP"]'}),
    "relation": ({"data": [{"type": "deals", "id": "7"}], "links": {"related": "/d"}}, {"x": '[{"id": "7"}]'}),
    "stage": ({"id": 3, "name": "New"}, {"x.id": "3", "x.name": "New"}),
    "workflow": ({"nodes": [{"type": "wait"}], "edges": [["n1", "n2"]]}, {"x.nodes": '[{"type": "wait"}]', "x.edges": '[["n1", "n2"]]'}),
}  # fmt: skip


@pytest.mark.parametrize("shape", WHOLE)
def test_values(shape):
    """What a database or API writes as an object is one value, or an object of plain ones; what is none stays."""
    value, expected = WHOLE[shape]
    [table] = read_json(json.dumps([{"id": 1, "x": value}]).encode(), "deals.json", LIMITS)
    assert table.frame.drop(columns="id").iloc[0].to_dict() == expected


def test_what_went_wrong_is_no_table_but_messages_are():
    """Errors of an answer make no table; messages with ids of their own are records, whatever answers call their notices."""
    told = [{"code": "E1", "message": "timeout", "path": "/x"}]
    sent = [
        {"id": "m1", "contactId": "p1", "text": "Hi", "date": "2024-01-01"},
        {"id": "m2", "contactId": "p2", "text": "Yo", "date": "2024-01-02"},
    ]
    body = {"data": {"contacts": PEOPLE, "messages": sent}, "errors": told, "messages": ["done"]}
    tables = read_json(json.dumps(body).encode(), "dump.json", LIMITS)
    assert {table.sheet: len(table.frame) for table in tables} == {"contacts": 2, "messages": 2}


HISTORIES = {
    "email": ({"original_email_address": "A@x.co", "email_address": "a@x.co", "email_domain": "x.co"}, "email-address", {"x": "a@x.co"}),
    "money": ({"currency_value": 5, "currency_code": "EUR"}, "currency", {"x.currency_value": "5", "x.currency_code": "EUR"}),
    "reference": ({"target_object": "companies", "target_record_id": "c1"}, "record-reference", {"x": "c1"}),
    "select": ({"option": {"id": {"option_id": "o"}, "title": "SaaS", "is_archived": False}}, "select", {"x": "SaaS"}),
    "status": ({"status": {"id": {"status_id": "s"}, "title": "Won", "is_archived": False}}, "status", {"x": "Won"}),
    "nothing now": (None, "text", {}),
}  # fmt: skip


@pytest.mark.parametrize("shape", HISTORIES)
def test_histories_of_fields(shape):
    """A field that is told with its history holds what it holds now, of whatever type; what it held before is no value of it."""
    value, kind, expected = HISTORIES[shape]
    past = {"active_from": "2023-01-01", "active_until": "2024-01-01", "attribute_type": kind, "value": "before"}
    now = (
        [] if value is None else [{"active_from": "2024-01-01", "active_until": None, "attribute_type": kind, **value}]
    )
    body = {
        "data": [
            {
                "id": {"workspace_id": "w", "object_id": "o", "record_id": "r1"},
                "values": {"x": [past, *now], "name": _history("Ada")},
            }
        ]
    }
    (table,) = read_json(json.dumps(body).encode(), "people.json", LIMITS)
    assert _plain([table])[""] == [{"id": "r1", "name": "Ada", **expected}]


@pytest.mark.parametrize(
    ("name", "kind", "value", "mail", "mobile"),
    [("contatti", "tipo", "valore", "email", "cellulare"), ("kontaktdaten", "art", "wert", "email", "mobil"),
     ("coordonnees", "type", "valeur", "email", "portable"), ("contatos", "tipo", "valor", "email", "celular"),
     ("kontakty", "typ", "wartość", "email", "komorka"), ("contactgegevens", "soort", "waarde", "email", "mobiel")],
)  # fmt: skip
def test_typed_lists_in_other_languages_become_columns(name, kind, value, mail, mobile):
    """A list of ways to reach somebody is read whatever language its keys are in; it used to become the person's name."""
    person = {"id": "7", name: [{kind: mail, value: "rita@lago.example"}, {kind: mobile, value: "+393331112223"}]}
    (table,) = read_json(json.dumps([person]).encode(), "x.json", LIMITS)
    assert table.frame.iloc[0].to_dict() == {
        "id": "7",
        f"{name}.{mail}": "rita@lago.example",
        f"{name}.{mobile}": "+393331112223",
    }
