"""Columns that no word tells: what is the only one of its kind in its table, and what tables say of each other by their values."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl.mapper import fields_sheet

USERS = ("users", {"Nomen": ["Karin Ek", "Per Sten"], "E-mail": ["karin@a.example", "per@a.example"]})


def proposed(*tables: tuple[str, dict[str, list[str]]]) -> dict[tuple[str, str], tuple[str, float]]:
    """{(object, heading): (field, confidence)} of tables, each an object and its columns."""
    raws = [
        (
            SimpleNamespace(
                file=f"t{at}.csv",
                sheet="",
                label=f"t{at}",
                headings=[*columns],
                frame=pd.DataFrame(columns, dtype="str"),
            ),
            object_,
        )
        for at, (object_, columns) in enumerate(tables)
    ]
    sheet = fields_sheet(raws)
    return {(row.object, row.column): (row.proposal, float(row.confidence)) for row in sheet.itertuples()}


@pytest.mark.parametrize(
    ("object_", "columns", "wanted"),
    [
        ("notes", {"Qwe": ["Roof leaks at the back", "Paid in cash"], "Zxc": ["2023-05-01", "2023-05-02"]}, {"Qwe": "body", "Zxc": "created_at"}),
        ("activities", {"Zxc": ["12.05.2023 10:00", "13.05.2023 11:00"], "Qwe": ["Wants a bath", "Sent the offer"]}, {"Zxc": "at", "Qwe": "body"}),
        ("tasks", {"Qwe": ["Send flyer", "Mail bill"], "Ghj": ["only to her", ""], "Zxc": ["2099-01-02", "2023-05-02"]}, {"Qwe": "title", "Ghj": "body", "Zxc": "due_at"}),
        ("appointments", {"Qwe": ["Demo day", "Dock check"], "Zxc": ["2023-05-01 10:00", "2023-06-01 09:00"], "Vbn": ["2023-05-01 11:00", "2023-06-01 09:30"]},
         {"Qwe": "title", "Zxc": "start_at", "Vbn": "end_at"}),
        ("pipelines", {"Pipeline": ["A", "A", "B"], "Stage": ["x", "y", "z"], "Qwe": ["1", "2", "1"], "Zxc": ["open", "won", "lost"]}, {"Qwe": "position", "Zxc": "outcome"}),
    ],
)  # fmt: skip
def test_the_only_column_of_its_kind_is_what_its_records_need(object_, columns, wanted):
    """A note has one text and a call one moment; in any language the only column that can be it is it, without a person."""
    found = proposed((object_, columns))
    assert {name: found[object_, name][0] for name in wanted} == wanted
    assert all(found[object_, name][1] >= 0.8 for name in wanted)


def test_dates_of_tasks_that_all_are_past_wait():
    """The only dates of to-dos may be when they were written: where none lies ahead a person says which."""
    found = proposed(("tasks", {"Title": ["Send flyer", "Mail bill"], "Zxc": ["2023-01-02", "2023-05-02"]}))
    assert found["tasks", "Zxc"][0] == "due_at" and found["tasks", "Zxc"][1] < 0.8


def test_two_texts_of_a_note_wait():
    """A person says which of two texts is the note; none is loaded empty unseen."""
    found = proposed(
        (
            "notes",
            {
                "Qwe": ["Roof leaks a lot", "Paid in cash"],
                "Asd": ["North side of it", "At the desk"],
                "Contact": ["1", "2"],
            },
        )
    )
    bodies = [item for item in found.values() if item[0] == "body"]
    assert len(bodies) == 1 and bodies[0][1] < 0.8


def test_the_dates_of_ended_deals_are_when_they_closed():
    """A date that exactly the won and lost deals have is their closing; the other, ahead for open ones, is expected."""
    deals = {
        "Name": ["Roof", "Bath", "Deck"],
        "Status": ["open", "won", "lost"],
        "Zxc": ["2099-01-01", "2023-01-01", "2023-02-01"],
        "Vbn": ["", "2023-01-03", "2023-02-04"],
    }
    found = proposed(("deals", deals))
    assert (found["deals", "Zxc"][0], found["deals", "Vbn"][0]) == ("expected_close", "closed_at")


@pytest.mark.parametrize("names", [["Karin Ek", "Karin Ek"], ["Karin Ek", "Per Sten"]])
def test_two_users_are_enough_to_know_an_owner(names):
    """Whole names that all are users' are owners, in teams of two as well; a surname that is a legal form elsewhere is a name."""
    found = proposed(
        USERS, ("appointments", {"Title": ["Demo", "Visit"], "Start": ["2023-01-01", "2023-01-02"], "Qwe": names})
    )
    assert found["users", "Nomen"][0] == "name" and found["appointments", "Qwe"][0] == "owner"


def test_a_single_name_is_no_owner_by_chance():
    """Words that are no whole names, and names that no user has, stay what they are."""
    found = proposed(
        USERS,
        (
            "appointments",
            {
                "Title": ["Demo", "Visit"],
                "Start": ["2023-01-01", "2023-01-02"],
                "Qwe": ["Karin", "Karin"],
                "Asd": ["Karin Ek", "Bo Lund"],
            },
        ),
    )
    assert found["appointments", "Qwe"][0] == found["appointments", "Asd"][0] == "custom"


def test_users_are_known_by_what_others_call_them():
    """Initials or logins by which other tables name owners are the users' ids, where their names and e-mails are not used."""
    users = (
        "users",
        {"Kz": ["K. Vogt", "J. Adler"], "Name": ["Karla Vogt", "Jens Adler"], "E-mail": ["k@a.example", "j@a.example"]},
    )
    found = proposed(
        users, ("deals", {"Name": ["Roof", "Bath"], "Stage": ["a", "b"], "Owner": ["K. Vogt", "J. Adler"]})
    )
    assert found["users", "Kz"] == ("id", 0.9)


@pytest.mark.parametrize(
    ("kinds", "deals"), [(["Sales", "Sales", "Care"], ["Sales", "Care"]), (["Sales"] * 3, ["Sales"] * 2)]
)
def test_pipelines_are_what_deals_and_their_table_share(kinds, deals):
    """One heading with the same values in deals and in the table of pipelines is the pipeline or the stage, in any word."""
    tables = (
        ("pipelines", {"Qwe": kinds, "Asd": ["a", "b", "c"], "Probability": ["10%", "20%", "30%"]}),
        ("deals", {"Name": ["Roof", "Bath"], "Qwe": deals, "Asd": ["a", "c"], "Amount": ["1", "2"]}),
    )
    found = proposed(*tables)
    assert {found[name, "Asd"][0] for name in ("pipelines", "deals")} == {"stage"}
    assert {found[name, "Qwe"][0] for name in ("pipelines", "deals")} == {"pipeline"}


def test_declared_fields_are_known_by_the_headings_they_name():
    """A table of custom fields in no known word: what names headings is the name, types are types, the rest is the label."""
    contacts = ("contacts", {"First name": ["Ann", "Bo"], "shoe_size": ["38", "44"]})
    fields = ("custom_fields", {"Asd": ["contacts"], "Qwe": ["shoe_size"], "Zxc": ["Size of shoes"], "Vbn": ["number"]})
    found = proposed(contacts, fields)
    assert {name: found["custom_fields", name][0] for name in fields[1]} == {
        "Asd": "object",
        "Qwe": "name",
        "Zxc": "label",
        "Vbn": "type",
    }


def test_a_note_hangs_on_whose_id_it_names():
    """The only column of a note that holds ids of contacts, and of no other object, says whose it is; small numbers say nothing."""
    contacts = (
        "contacts",
        {"Id": ["1001", "1002"], "First name": ["Ann", "Bo"], "Email": ["a@a.example", "b@b.example"]},
    )
    found = proposed(
        contacts, ("notes", {"Text": ["Paid in cash", "Met at the fair"], "Qwe": ["1001", "1001"], "Asd": ["1", "2"]})
    )
    assert found["notes", "Qwe"][0] == "contact_id" and found["notes", "Asd"][0] == "custom"
    both = (contacts, ("deals", {"Id": ["1001", "1002"], "Name": ["Roof", "Bath"], "Stage": ["a", "b"]}))
    assert proposed(*both, ("notes", {"Text": ["Paid in cash"], "Qwe": ["1001"]}))["notes", "Qwe"][0] == "custom"


@pytest.mark.parametrize(("object_", "heading"), [("contacts", "Number"), ("companies", "Nummer"), ("contacts", "Nº")])
def test_numbers_written_as_phones_are_phones(object_, heading):
    """`Number` of people is their phone where its cells are written so; numbers of customers are none."""
    names = {"Name": ["Ann Able", "Bo Best"], "Email": ["a@a.example", "b@b.example"]}
    assert proposed((object_, {**names, heading: ["212-555-0141", "212-555-0142"]}))[object_, heading][0] == "phone"
    assert proposed((object_, {**names, heading: ["212550141", "212550142"]}))[object_, heading][0] != "phone"


@pytest.mark.parametrize(
    ("cells", "field"),
    [(["12 Elm St", "Am Dom 2"], "address_1"), (["Bonn", "Paris"], "city"), (["12 Elm St", "Paris"], "custom")],
)
def test_where_people_are_follows_the_cells(cells, field):
    """`Where` is a street by its house numbers, a town without any, and neither where cells differ."""
    assert proposed(("contacts", {"Name": ["Ann Able", "Bo Best"], "Where": cells}))["contacts", "Where"][0] == field


def test_no_is_a_loss_where_only_ended_deals_answer():
    """`Won?` that is blank for open deals says lost by its no, and the day beside it is when they closed."""
    deals = {
        "Name": ["Roof", "Bath", "Deck"],
        "Stage": ["a", "b", "b"],
        "Won?": ["", "yes", "no"],
        "Done on": ["", "2023-01-03", "2023-02-04"],
    }
    raw = SimpleNamespace(file="d.csv", sheet="", label="d", headings=[*deals], frame=pd.DataFrame(deals, dtype="str"))
    sheet = fields_sheet([(raw, "deals")]).set_index("column")
    assert (
        sheet.loc["Won?", "transform"] == "map: no=lost | yes=won" and sheet.loc["Done on", "proposal"] == "closed_at"
    )


def test_how_is_no_person():
    """`Wie` asks in German how and in Dutch who: where it holds kinds of activities it is their type, and `Mit wem` the contact."""
    calls = {
        "Wann": ["2023-01-01", "2023-01-02"],
        "Wie": ["Anruf", "Treffen"],
        "Mit wem": ["Ann Able", "Bo Best"],
        "Wer": ["Kim Lee", "Kim Lee"],
    }
    found = proposed(
        ("contacts", {"Name": ["Ann Able", "Bo Best"], "Kümmert sich": ["Kim Lee", "Kim Lee"]}), ("activities", calls)
    )
    assert {name: found["activities", name][0] for name in calls} == {
        "Wann": "at",
        "Wie": "type",
        "Mit wem": "contact_id",
        "Wer": "owner",
    }


def test_companies_are_named_as_others_call_them():
    """Where deals and contacts call companies by another column than their legal name, that is their name; the other is kept."""
    companies = (
        "companies",
        {
            "Firm": ["Able Baking LLC", "Best Boats Inc"],
            "Shown as": ["Able Baking", "Best Boats"],
            "Industry": ["Food", "Boats"],
        },
    )
    deals = ("deals", {"Name": ["Oven", "Dinghy"], "Stage": ["a", "b"], "Company": ["Able Baking", "Best Boats"]})
    found = proposed(companies, deals)
    assert (found["companies", "Shown as"][0], found["companies", "Firm"][0]) == ("name", "custom")
    legal = ("deals", {"Name": ["Oven", "Dinghy"], "Stage": ["a", "b"], "Company": ["Able Baking LLC", "Best Boats"]})
    assert proposed(companies, legal)["companies", "Firm"][0] == "name"
