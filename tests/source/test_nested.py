"""Records inside JSON records become tables of their own that point to their parent."""

from __future__ import annotations

import json

from pb2hl.limits import LIMITS
from pb2hl.source.json_tables import read_json, read_json_lines

DOCUMENT = {
    "accounts": [
        {
            "uuid": "a-1",
            "title": "Lago Srl",
            "people": [
                {"uuid": "p-1", "name": {"first": "Rita"}, "emails": [{"address": "rita@lago.example", "type": "work"}],
                 "notes": [{"text": "Met at the fair", "at": "2024-02-01"}, {"text": "Called", "at": "2024-02-02"}]},
                {"uuid": "p-2", "name": {"first": "Ugo"}, "emails": [], "notes": []},
            ],
            "deals": [{"uuid": "d-1", "title": "Villa", "amount": 5, "contacts": [{"contactId": "p-2", "isPrimary": True}],
                       "notes": [{"text": "On the deal", "at": "2024-02-03"}]}],
        },
        {"uuid": "a-2", "title": "Monte SpA", "people": [], "deals": []},
    ]
}  # fmt: skip


def _frames(tables):
    return {table.sheet: table.frame for table in tables}


def test_children_point_to_their_parent():
    """A document that nests people, deals and notes gives a table each; no cell of them stays behind as JSON."""
    frames = _frames(read_json(json.dumps(DOCUMENT).encode(), "dump.json", LIMITS))
    assert list(frames) == ["accounts", "people", "notes", "deals"]
    assert list(frames["accounts"].columns) == ["uuid", "title"]
    assert frames["people"]["accounts.uuid"].tolist() == ["a-1", "a-1"]
    assert frames["deals"]["contacts.contactId"].tolist() == ['["p-2"]'], "links stay with their record"
    notes = frames["notes"]
    assert notes["text"].tolist() == ["Met at the fair", "Called", "On the deal"]
    assert notes["people.uuid"].tolist() == ["p-1", "p-1", ""] and notes["deals.uuid"].tolist() == ["", "", "d-1"]


def test_lines_keep_the_line_of_the_record():
    """In JSON Lines a child's source row is the line of the record that it stood in; the file names the parent."""
    lines = [
        {"id": 7, "email": "a@x.example"},
        {"id": 8, "email": "b@x.example", "tasks": [{"id": 1, "title": "Call", "due": "2024-01-01", "done": False}]},
    ]
    tables = read_json_lines("\n".join(map(json.dumps, lines)).encode(), "contacts.jsonl", LIMITS)
    frames = _frames(tables)
    assert frames["tasks"]["contacts.id"].tolist() == ["8"] and tables[1].rows.tolist() == [2]
    assert list(frames[""].columns) == ["id", "email"]


def test_parts_and_links_stay():
    """Phones, tags, custom fields, workflow steps and mere links are no records, and neither is what has no parent to name."""
    record = {
        "id": 1,
        "phones": [{"id": 4, "type": "work", "number": "1", "verified": True}],
        "tags": [{"id": 1, "name": "vip", "colour": "red", "created": "2024"}],
        "company": [{"id": 3, "name": "Acme", "email": "a@x.example"}],
        "steps": [{"id": 1, "do": "mail", "template": "hi", "wait": "1 day"}],
        "deals": [{"dealId": 9, "isPrimary": True}],
    }
    assert len(read_json(json.dumps([record]).encode(), "contacts.json", LIMITS)) == 1
    nameless = {"x": 1, "notes": [{"text": "a", "at": "b", "by": "c"}]}
    assert len(read_json(json.dumps([nameless]).encode(), "contacts.json", LIMITS)) == 1


def test_people_of_a_company_need_no_id():
    """People inside a company are people of it also where they have only a name and an address; of a deal they are links."""
    people = [{"name": "Ada Lund", "email": "ada@x.example"}, {"name": "Bo Vik", "email": "bo@x.example"}]
    frames = _frames(
        read_json(json.dumps([{"name": "Acme Inc", "contacts": people}]).encode(), "companies.json", LIMITS)
    )
    assert frames["contacts"]["companies.name"].tolist() == ["Acme Inc", "Acme Inc"]
    frames = _frames(
        read_json(json.dumps([{"id": "d1", "title": "Roof", "contacts": people}]).encode(), "deals.json", LIMITS)
    )
    assert list(frames) == [""]


def test_links_in_any_language_stay_with_their_records():
    """Lists of links are columns of their record, the main one first, whatever the words for link and main are."""
    for whose, key, main in (("kontakter", "kontaktId", "ärPrimär"), ("contactos", "id_contacto", "es_principal"),
                             ("contatti", "contattoId", "principale"), ("contactpersonen", "relatieId", "isHoofdcontact")):  # fmt: skip
        deal = {"id": "d-1", "title": "Villa", whose: [{key: "p-1", main: False}, {key: "p-2", main: True}]}
        firm = {"id": "f-1", "name": "Lago", whose: [{key: "p-2", main: True}]}
        document = {"deals": [deal, {**deal, "id": "d-2"}], "companies": [firm]}
        frames = _frames(read_json(json.dumps(document).encode(), "dump.json", LIMITS))
        assert list(frames) == ["deals", "companies"]
        assert frames["deals"][f"{whose}.{key}"].tolist() == ['["p-2", "p-1"]'] * 2


def test_records_under_their_ids_hold_lists_of_their_own():
    """A document that keeps records under their ids gives one table a kind, whatever the ids look like and though records hold lists."""
    for ids in (("{0A1B2C3D-1111-4222-8333-ABCDEF000001}", "{0A1B2C3D-1111-4222-8333-ABCDEF000002}"), ("rec0Xy1Z2a3B4c5D", "recQ9w8E7r6T5y4U"),
                ("con_01HZX3K9", "con_01HZX3KA"), ("-NxY7abc_DEF123gh", "-NxY7abc_DEF124gh")):  # fmt: skip
        people = [{"first": "Ada", "phones": [{"type": "Work", "number": "1"}], "company": {"id": "f"}, "last": "Roe"},
                  {"first": "Bo", "phones": [], "company": None, "last": "Li"}]  # fmt: skip
        firm = {"name": "Lago", "address": {"city": "Rome", "zip": "1"}}
        document = {"contacts": dict(zip(ids, people, strict=True)), "companies": {ids[0]: firm}}
        if ids[0].startswith("con_"):
            del document["companies"]  # one record under such a key might as well be a part
        frames = _frames(read_json(json.dumps(document).encode(), "dump.json", LIMITS))
        assert list(frames) == list(document), ids
        assert frames["contacts"]["id"].tolist() == list(ids) and frames["contacts"]["last"].tolist() == ["Roe", "Li"]


def test_a_word_for_the_main_one_beside_a_value_flags_nothing():
    """`primary_phone` of an address is a number of it, not a flag that its order tells; nothing of a record is lost."""
    for key in ("primary_phone", "hauptnummer", "principal"):
        document = {"contacts": [{"id": "1", "addresses": [{"street": "Elm 1", "zip": "1", key: "030 12345"}]}]}
        frame = _frames(read_json(json.dumps(document).encode(), "dump.json", LIMITS))["contacts"]
        assert "030 12345" in frame.loc[0].tolist(), key


def test_parts_that_are_counted_are_no_records():
    """Parts of one record under speaking keys with a number at their end are no table of records under their ids."""
    document = {
        "contact_person_1": {"name": "Ada", "mail": "a@x.co"},
        "billing_address_1": {"street": "Elm 1", "zip": "1"},
    }
    frames = _frames(read_json(json.dumps(document).encode(), "contact.json", LIMITS))
    assert frames and all("id" not in frame.columns for frame in frames.values())
