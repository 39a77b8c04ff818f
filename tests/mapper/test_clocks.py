"""Days and times of day in columns of their own, and epochs and compact dates under headings of dates."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.values.clocks import at_time, clock
from pb2hl.values.transforms import changed


def moments(object_: str, **columns: list[str]) -> dict[str, list[str]]:
    """{field: texts} of the fields of a table that say when, as staging types them."""
    frame = pd.DataFrame({name.replace("__", " "): values for name, values in columns.items()}, dtype="str")
    raw = SimpleNamespace(file=f"{object_}.csv", sheet="", headings=list(frame.columns), frame=frame)
    sheet = mapper.fields_sheet([(raw, object_)])
    return {
        row.decision: list(changed(frame[row.column], row.transform, frame))
        for row in sheet.itertuples()
        if row.decision.endswith("at")
    }


@pytest.mark.parametrize(
    ("object_", "columns", "said"),
    [
        ("appointments", {"Start Date": "25.03.2024", "Start Time": "9:00 AM", "End Date": "26.03.2024", "End Time": "2:30 pm"},
         {"start_at": "25.03.2024 09:00", "end_at": "26.03.2024 14:30"}),
        ("appointments", {"Start Date": "2024-03-25", "Start Time": "09:00", "End Time": "10:00"}, {"start_at": "2024-03-25 09:00", "end_at": "2024-03-25 10:00"}),
        ("appointments", {"Date": "2024-03-25 00:00:00", "From": "09:00:00", "To": "10:00:00"}, {"start_at": "2024-03-25 09:00", "end_at": "2024-03-25 10:00"}),
        ("appointments", {"Datum": "25.03.2024", "Uhrzeit": "14:30 Uhr"}, {"start_at": "25.03.2024 14:30"}),
        ("activities", {"Date": "25/03/2024", "Time": "1899-12-30 14:05:00"}, {"at": "25/03/2024 14:05"}),
        ("activities", {"Date": "25/03/2024", "Heure": "9h30"}, {"at": "25/03/2024 09:30"}),
        ("activities", {"Date": "25/03/2024", "Hora": "0930"}, {"at": "25/03/2024 09:30"}),
        ("tasks", {"Due Date": "03/25/2024", "Due Time": "17:00"}, {"due_at": "03/25/2024 17:00"}),
    ],
)  # fmt: skip
def test_a_day_and_a_time_of_day_are_one_moment(object_, columns, said):
    """Each time of day goes to the day that its heading speaks of, else to the one before it; an end without a day to the start's."""
    named = {name.replace(" ", "__"): [value, value] for name, value in columns.items()}
    assert moments(object_, Title=["a", "b"], **named) == {field: [text, text] for field, text in said.items()}


def test_a_day_that_has_a_time_already_keeps_it():
    """A column of times beside moments that are whole changes nothing; a blank time leaves the day."""
    assert at_time("2024-03-25 08:15", "09:00") == "2024-03-25 08:15" and at_time("2024-03-25", "") == "2024-03-25"
    assert at_time("2024-03-25T00:00:00Z", "21h30") == "2024-03-25 21:30"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12:00 AM", "00:00"),
        ("12:15 pm", "12:15"),
        ("0.375", "09:00"),
        ("25:00", ""),
        ("9", ""),
        ("", ""),
        ("13:00 PM", ""),
    ],
)
def test_times_of_day(text, said):
    """Halves of the day, fractions of a spreadsheet, and what is none."""
    assert clock(text) == said


@pytest.mark.parametrize(
    "values",
    [
        ["1700000000", "1690000000"],
        ["1700000000000", "-86400000000"],
        ["20240301", "20231115"],
        ["20240301140500", "20231115080000"],
    ],
)
@pytest.mark.parametrize(
    ("object_", "heading", "field"),
    [
        ("contacts", "date_created", "created_at"),
        ("deals", "created_at", "created_at"),
        ("notes", "date_created", "created_at"),
        ("activities", "Date", "at"),
    ],
)
def test_epochs_and_compact_dates_are_dates_where_the_heading_says_so(object_, heading, field, values):
    """Numbers of as many digits as phones have are moments under a heading of dates, and phones elsewhere."""
    raw = SimpleNamespace(
        file="x.csv",
        sheet="",
        headings=[heading, "Phone"],
        frame=pd.DataFrame({heading: values, "Phone": values}, dtype="str"),
    )
    sheet = mapper.fields_sheet([(raw, object_)]).set_index("column")
    assert sheet.loc[heading, "decision"] == field


def test_messages_between_addresses_are_of_the_contact_among_them():
    """From and To of a table of messages are who it may be about, and its sending is when it was."""
    frame = pd.DataFrame(
        {
            "Date Sent": ["2024-03-01 14:05"] * 2,
            "From": ["me@us.example", "bo@vik.example"],
            "To": ["ada@lund.example", "me@us.example"],
            "Subject": ["a", "b"],
            "Body": ["c", "d"],
        },
        dtype="str",
    )
    raw = SimpleNamespace(file="messages.csv", sheet="", headings=list(frame.columns), frame=frame)
    assert mapper.recognise(raw)[0] == "activities"
    assert list(mapper.fields_sheet([(raw, "activities")])["decision"]) == [
        "at",
        "contact_id",
        "contact_id",
        "subject",
        "body",
    ]


def test_another_time_of_the_same_day_is_no_second_start():
    """A day with its hour, when somebody checked in and out: one start, one end; two starts could not be approved."""
    told = {
        "Data": ["2024-03-25"],
        "Hora": ["08:30"],
        "Check-in": ["08:32"],
        "Check-out": ["08:55"],
        "Cliente": ["Ann Able"],
    }
    assert moments("appointments", **told) == {"start_at": ["2024-03-25 08:30"], "end_at": ["2024-03-25 08:55"]}


def test_how_long_it_rang_is_not_when():
    """`Beltijd` beside a day with its time of day is a duration; midnights of a workbook are days without any."""
    rang = {"Datum/tijd": ["25-03-2024 09:12:00"], "Beltijd": ["00:00:08"]}
    assert moments("activities", **rang) == {"at": ["25-03-2024 09:12:00"]}
    days = {"Datum": ["2024-03-25 00:00:00"], "Beltijd": ["09:12:08"]}
    assert moments("activities", **days) == {"at": ["2024-03-25 09:12:08"]}
