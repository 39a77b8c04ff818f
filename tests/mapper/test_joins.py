"""Tables of a database that are no records: links, parts, further fields and codes become columns of the records they are about."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.source.tables import RawTable


def table(sheet: str, headings: str, *rows: str, file: str = "crm.db") -> RawTable:
    """A table of a database from words: its headings, and a row a text with its cells between bars."""
    names = headings.split()
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    return RawTable(file, sheet, names, pd.DataFrame(cells, columns=names, dtype="str"), np.arange(2, 2 + len(rows)))


PEOPLE = table("contacts", "id first_name last_name", "1 | Ann | Able", "2 | Bo | Best", "3 | Cy | Cole")
FIRMS = table("companies", "id name website", "1 | Acme Ltd | acme.example", "2 | Best AG | best.example")
DEALS = table("deals", "id title amount stage", "1 | Roof | 100 | New", "2 | Wall | 200 | Won", "3 | Door | 50 | New")
CALLS = table(
    "calls", "id subject direction duration at", "1 | Intro | out | 5 | 2024-01-01", "2 | Again | in | 7 | 2024-02-01"
)


def joined(*more: RawTable, decided: tuple[int, ...] = ()) -> SimpleNamespace:
    """What becomes of the four tables above and `more`: columns added to each, and why others are no records."""
    raws = [PEOPLE, FIRMS, DEALS, CALLS, *more]
    done = mapper.join(raws, [mapper.recognise(raw, raws)[0] for raw in raws], decided)
    added = {
        raws[at].sheet: {h: list(raw.frame[h]) for h in raw.headings if h not in raws[at].headings}
        for at, raw in done.tables.items()
    }
    reasons, waits = ({raws[at].sheet: why for at, why in said.items()} for said in (done.reasons, done.waits))
    return SimpleNamespace(added=added, reasons=reasons, waits=waits, raws=done.tables)


LINKS = [
    (table("contacts_companies", "contact_id company_id", "1 | 1", "2 | 2"), "contacts", {"company_id": ["1", "2", ""]}),
    (table("company_contact", "id company_id contact_id is_primary created_at", "1 | 2 | 1 | 0 | 2024-01-01", "2 | 1 | 1 | 1 | 2024-01-01"),
     "contacts", {"company_id": ["1", "", ""], "other companies": ["Best AG", "", ""]}),
    (table("DealContactRole", "Id DealId ContactId Role", "1 | 1 | 1 | Buyer", "2 | 1 | 2 | Payer", "3 | 2 | 3 | "),
     "deals", {"ContactId": ["1; 2", "3", ""], "Role": ["Buyer; Payer", "", ""]}),
    (table("contact_company", "contact_id company_id position", "1 | 1 | CEO", "2 | 2 | Buyer"),
     "contacts", {"position": ["CEO", "Buyer", ""], "company_id": ["1", "2", ""]}),
    (table("DealLinks", "Id Deal Linked_Object Linked_Object_Id Role", "61 | 1 | Contact | 3 | Buyer", "62 | 2 | Contact | 1 | "),
     "deals", {"Linked_Object_Id → Contact": ["3", "1", ""], "Role": ["Buyer", "", ""]}),
    (table("companies_deals", "company_id deal_id deleted", "1 | 1 | 0", "2 | 2 | 1"), "deals", {"company_id": ["1", "", ""]}),
    (table("callTargets", "id callId contactId companyId dealId", "x1 | 1 | 2 | |", "x2 | 2 | 3 | |"), "calls", {"contactId": ["2", "3"]}),
    (table("call_participants", "call_id contact_id", "1 | 2", "2 | 3"), "calls", {"contact_id": ["2", "3"]}),
]  # fmt: skip


@pytest.mark.parametrize(("link", "onto", "wanted"), LINKS, ids=[link.sheet for link, *_ in LINKS])
def test_links_become_references(link, onto, wanted):
    """A table that only joins records makes no records; the one that hangs on the other names it, several in order, main ones first."""
    found = joined(link)
    assert found.added[onto] == wanted
    assert link.sheet in found.reasons


PARTS = [
    (table("emails", "id contact_id email is_primary", "1 | 1 | b@x.example | 0", "2 | 1 | a@x.example | 1", "3 | 2 | c@x.example | 1"),
     "contacts", {"email": ["a@x.example; b@x.example", "c@x.example", ""]}),
    (table("phone_numbers", "id contact_id number type", "1 | 1 | 415 555 0101 | mobile", "2 | 1 | 415 555 0102 | work"),
     "contacts", {"mobile phone number": ["415 555 0101", "", ""], "work phone number": ["415 555 0102", "", ""]}),
    (table("company_addresses", "company_id street city zip", "1 | 1 Main St | Austin | 78701"),
     "companies", {"street": ["1 Main St", ""], "city": ["Austin", ""], "zip": ["78701", ""]}),
    (table("contact_tags", "contact_id tag", "1 | VIP", "1 | Press", "3 | VIP"), "contacts", {"tag": ["VIP; Press", "", "VIP"]}),
    (table("contact_fields", "contact_id field_name value", "1 | Wine | red", "2 | Shoe size | 44", "3 | Wine | white"),
     "contacts", {"Wine": ["red", "", "white"], "Shoe size": ["", "44", ""]}),
    (table("wp_contactmeta", "meta_id contact_id meta_key meta_value", "7 | 1 | wine | red", "8 | 2 | wine | rose"),
     "contacts", {"wine": ["red", "rose", ""]}),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "onto", "wanted"), PARTS, ids=[parts.sheet for parts, *_ in PARTS])
def test_parts_become_columns(parts, onto, wanted):
    """E-mails, phones, addresses, tags and further fields in tables of their own are cells of the records they belong to."""
    found = joined(parts)
    assert found.added[onto] == wanted
    assert parts.sheet in found.reasons


def test_codes_become_names():
    """An id of a table that holds only names is replaced by the name, wherever it is used, also in a table of links."""
    sources = table("deal_sources", "id name color", "1 | Web | red", "2 | Fair | blue")
    tags = table("tags", "id name", "1 | VIP", "2 | Press")
    tagged = table("deal_tags", "deal_id tag_id", "1 | 2", "1 | 1", "3 | 1")
    deals = table(
        "deals",
        "id title amount stage deal_source_id",
        "1 | Roof | 100 | New | 2",
        "2 | Wall | 200 | Won | 1",
        "3 | Door | 50 | New | ",
    )
    raws = [deals, sources, tags, tagged]
    done = mapper.join(raws, ["deals", "", "tags", ""])
    frame = done.tables[0].frame
    assert list(frame["deal source"]) == ["Fair", "Web", ""] and "deal_source_id" not in frame
    assert list(frame["tag"]) == ["Press; VIP", "", "VIP"]
    assert set(done.reasons) == {1, 3}, "the tags themselves stay: the location gets them"


def test_an_address_book_of_its_own_reaches_records_over_two_tables():
    """E-mail addresses that a third table links to contacts and companies, by type and id, come to both, the main one first."""
    mails = table("email_addresses", "id email_address email_address_caps opt_out", "e-0001 | a@x.example | A@X.EXAMPLE | 0",
                  "e-0002 | info@acme.example | INFO@ACME.EXAMPLE | 0", "e-0003 | a2@x.example | A2@X.EXAMPLE | 0")  # fmt: skip
    rel = table("email_addr_bean_rel", "id email_address_id bean_id bean_module primary_address deleted", "r1 | e-0003 | 1 | Contacts | 0 | 0",
                "r2 | e-0001 | 1 | Contacts | 1 | 0", "r3 | e-0002 | 1 | Companies | 1 | 0", "r4 | e-0002 | 2 | Contacts | 1 | 1")  # fmt: skip
    found = joined(mails, rel)
    assert found.added["contacts"]["email_address"] == ["a@x.example; a2@x.example", "", ""]
    assert found.added["companies"]["email_address"] == ["info@acme.example", ""]
    assert {"email_addresses", "email_addr_bean_rel"} <= set(found.reasons)
    assert set(found.added["contacts"]) == {"email_address", "opt_out"}


RECORDS = [
    table(
        "employments",
        "id contact_id company_id position started_on",
        "1 | 1 | 1 | CEO | 2020-01-01",
        "2 | 2 | 2 | Buyer | 2021-01-01",
    ),
    table("staff", "contact_id company_id position", "1 | 1 | CEO", "2 | 2 | Buyer"),
    table("subscribers", "id company_id email", "1 | 1 | a@x.example", "2 | 2 | b@x.example"),
    table(
        "tasks", "id contact_id deal_id title due_at", "1 | 1 | 1 | Call | 2024-01-01", "2 | 2 | 2 | Write | 2024-01-02"
    ),
    table("notes", "id contact_id title text", "1 | 1 | Fair | Met", "2 | 2 | Phone | Called"),
    table("donations", "id contact_id amount received_on", "1 | 1 | 50 | 2024-01-01", "2 | 2 | 75 | 2024-01-02"),
    table("line_items", "id deal_id product quantity price", "1 | 1 | Tile | 3 | 5", "2 | 1 | Nail | 9 | 1"),
    table("products", "id name price", "1 | Tile | 5", "2 | Nail | 1"),
]


@pytest.mark.parametrize("other", RECORDS, ids=lambda other: other.sheet)
def test_what_says_more_than_its_links_is_no_link(other):
    """A table with something of its own to say is not taken apart: it is an object, or waits for a person."""
    assert other.sheet not in joined(other).reasons


def test_rows_that_mean_no_record_are_listed():
    """What is flagged as deleted, and what points to nobody, stands among the rows that are not migrated, each with its reason."""
    mails = table(
        "emails",
        "id contact_id email deleted",
        "1 | 1 | a@x.example | 0",
        "2 | 9 | ghost@x.example | 0",
        "3 | 2 | old@x.example | 1",
    )
    (contacts,) = [raw for raw in joined(mails).raws.values() if raw.sheet == "contacts"]
    assert [(item.sheet, item.row, item.reason) for item in contacts.dropped] == [
        ("emails", 4, "it is flagged as no record any more"),
        ("emails", 3, "no record of the export is meant"),
    ]


def test_what_a_person_decided_is_not_taken_apart():
    """A table that somebody said is an object stays one."""
    link = table("contacts_companies", "contact_id company_id", "1 | 1", "2 | 2")
    assert "contacts_companies" not in joined(link, decided=(4,)).reasons


def test_links_wait_for_what_they_link():
    """Links of a table that is no object yet are neither records nor lost: they wait until somebody says what it is."""
    things = table("boxes", "id width height", "1 | 5 | 6", "2 | 7 | 8")
    found = joined(things, table("box_contacts", "box_id contact_id", "1 | 1", "2 | 2"))
    assert "boxes" in found.waits["box_contacts"] and not {"boxes", "box_contacts"} & set(found.reasons)


def test_people_and_companies_under_one_roof_are_told_apart():
    """A reference to a table that holds both is one column an object, also in a table of links; a person's parent is the company."""
    firms = table("res_partner · 1", "id name website", "1 | Acme Ltd | acme.example", "4 | Best AG | best.example")
    people = table("res_partner · 0", "id first_name last_name parent_id", "2 | Ann | Able | 1", "3 | Bo | Best | ")
    deals = table(
        "crm_lead", "id title amount stage partner_id", "1 | Roof | 100 | New | 2", "2 | Wall | 200 | Won | 4"
    )
    tags = table("res_partner_category", "id name", "7 | VIP", "8 | Press")
    tagged = table("res_partner_res_partner_category_rel", "category_id partner_id", "7 | 2", "8 | 2", "8 | 4")
    raws = [firms, people, deals, tags, tagged]
    done = mapper.join(raws, ["companies", "contacts", "deals", "", ""])
    assert list(done.tables[2].frame["partner_id → Contact"]) == ["2", ""]
    assert list(done.tables[2].frame["partner_id → Company"]) == ["", "4"]
    assert (list(done.tables[1].frame["category"]), list(done.tables[0].frame["category"])) == (
        ["VIP; Press", ""],
        ["", "Press"],
    )
    fields = mapper.fields_sheet(
        [
            (done.tables.get(at, raw), name)
            for at, (raw, name) in enumerate(zip(raws[:3], ["companies", "contacts", "deals"], strict=True))
        ]
    )
    said = {(row.object, row.column): row.proposal for row in fields.itertuples()}
    assert said["contacts", "parent_id"] == "company_id"
    assert (said["deals", "partner_id → Contact"], said["deals", "partner_id → Company"]) == (
        "contact_id",
        "company_id",
    )


def test_a_word_before_every_table_says_nothing():
    """`llx_` before every name is the system's; foreign keys that begin with `fk` refer like those that end with `id`."""
    raws = [
        table("llx_company", "rowid name website", "1 | Acme Ltd | acme.example", "2 | Best AG | best.example"),
        table("llx_contact", "rowid first_name last_name", "5 | Ann | Able", "6 | Bo | Best"),
        table("llx_category", "rowid label", "1 | VIP", "2 | Press"),
        table("llx_category_contact", "fk_category fk_contact", "1 | 5", "2 | 5"),
    ]  # fmt: skip
    done = mapper.join(raws, ["companies", "contacts", "", ""])
    assert list(done.tables[1].frame["category"]) == ["VIP; Press", ""] and set(done.reasons) == {2, 3}


DETAILS = table("contactdetails", "contactid firstname lastname", "11 | Ann | Able", "12 | Bo | Best")
ACCOUNTS = table(
    "account", "accountid accountname website", "21 | Acme Ltd | acme.example", "22 | Best AG | best.example"
)
EXTENSIONS = {
    "under another name of the key": (table("contactaddress", "contactaddressid mailingcity", "12 | Boston", "11 | Austin"), {"mailingcity": ["Austin", "Boston"]}),
    "some have no row": (table("contactsubdetails", "contactsubscriptionid birthday", "12 | 1980-05-04"), {"birthday": ["", "1980-05-04"]}),
    "numbers of its own that look like theirs": (table("contactdates", "rowid contactid birthday", "11 | 12 | 1980-05-04", "12 | 11 | 1975-01-02"), {"birthday": ["1975-01-02", "1980-05-04"]}),
    "a column of the same name": (table("contact_ext", "contactid lastname", "11 | x", "12 | y"), {"contact_ext lastname": ["x", "y"]}),
}  # fmt: skip


@pytest.mark.parametrize("shape", EXTENSIONS)
def test_a_table_with_the_same_ids_continues_the_other(shape):
    """Further columns under the same ids, one row each, in a table that is called after the other, are columns of its records."""
    more, wanted = EXTENSIONS[shape]
    raws = [DETAILS, ACCOUNTS, more]
    done = mapper.join(raws, ["contacts", "companies", ""])
    assert {h: list(done.tables[0].frame[h]) for h in wanted} == wanted and "further columns" in done.reasons[2]


NO_EXTENSIONS = {
    "several rows a record": table("contactaddress", "contactaddressid mailingcity", "11 | Boston", "11 | Austin"),
    "ids of nobody": table("contactaddress", "contactaddressid mailingcity", "31 | Boston", "32 | Austin"),
    "another name": table("warehouse", "warehouseid city", "11 | Boston", "12 | Austin"),
}


@pytest.mark.parametrize("shape", NO_EXTENSIONS)
def test_what_only_looks_like_it_continues_nothing(shape):
    """Ids that repeat, that nobody has, or a name that says something else leave a table to a person."""
    done = mapper.join([DETAILS, ACCOUNTS, NO_EXTENSIONS[shape]], ["contacts", "companies", ""])
    assert 2 not in done.reasons


def test_a_base_that_all_records_share_continues_each():
    """One table with a row for each record of several others, which it names, gives every one of them its columns; rows of
    others are listed; without the names of objects it waits."""
    rows = (
        "11 | Contacts | 2024-01-01",
        "12 | Contacts | 2024-01-02",
        "21 | Accounts | 2024-01-03",
        "22 | Accounts | 2024-01-04",
        "99 | Documents | 2024-01-05",
    )
    base = table("crmentity", "crmid setype createdtime", *rows)
    done = mapper.join([DETAILS, ACCOUNTS, base], ["contacts", "companies", ""])
    assert list(done.tables[0].frame["createdtime"]) == ["2024-01-01", "2024-01-02"]
    assert list(done.tables[1].frame["createdtime"]) == ["2024-01-03", "2024-01-04"]
    assert [item.row for item in done.tables[0].dropped] == [6]
    unsaid = table(
        "crmentity", "crmid kind createdtime", *(row.replace("Contacts", "a").replace("Accounts", "b") for row in rows)
    )
    assert 2 not in mapper.join([DETAILS, ACCOUNTS, unsaid], ["contacts", "companies", ""]).reasons


def test_parts_of_people_and_companies_of_one_table():
    """Phones and tags of a table that holds people, households and companies reach each, whose numbers are of one row of counting."""
    people = table(
        "c_contact · Person, Household",
        "id contact_type first_name last_name",
        "1 | Person | Ann | Able",
        "4 | Household | The | Bests",
    )
    firms = table(
        "c_contact · Organization",
        "id contact_type display_name",
        "2 | Organization | Acme Ltd",
        "3 | Organization | Best AG",
    )
    phones = table(
        "c_phone",
        "id contact_id phone is_billing",
        "1 | 1 | 212-555-0101 | 0",
        "2 | 2 | 212-555-0102 | 0",
        "3 | 4 | 212-555-0104 | 1",
    )
    tags = table("c_tag", "id name", "7 | vip", "8 | old")
    links = table("c_entity_tag", "id entity_table entity_id tag_id", "1 | c_contact | 1 | 7", "2 | c_contact | 4 | 8")
    done = mapper.join([people, firms, phones, tags, links], ["contacts", "companies", "", "tags", ""])
    assert set(done.reasons) == {2, 4}
    assert done.tables[0].frame["phone"].to_list() == ["212-555-0101", "212-555-0104"]
    assert done.tables[1].frame["phone"].to_list() == ["212-555-0102", ""]


def test_what_shows_rows_again_is_no_table_of_its_own():
    """A view of a database over its people makes neither users nor people; one that says anything else stays what it is."""
    people = table(
        "accounts",
        "id email given_name family_name city",
        "1 | a@b.co | Ann | Able | Waco",
        "2 | b@b.co | Bo | Best | Waco",
        "3 | c@b.co | Cy | Cole | Rome",
    )
    view = table("v_active", "id email given_name", "1 | a@b.co | Ann", "3 | c@b.co | Cy")
    other = table("v_other", "id email given_name", "1 | a@b.co | Ann", "3 | new@b.co | Cy")
    sellers = table("listings", "id seller_id title", "7 | 1 | Chair", "8 | 3 | Rug")
    done = mapper.join([people, view, other, sellers], ["contacts", "users", "users", ""])
    assert done.reasons == {1: "it repeats rows of crm.db · accounts"}
