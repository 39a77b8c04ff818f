"""Columns of text become typed columns, each decided over all its values."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.model import FieldKind as K
from pb2hl.values import Context, convert, phone_patterns
from pb2hl.values.dates import placeholders
from pb2hl.values.text import repair


def column(kind: K, texts: list[str], companion: list[str] | None = None, **context):
    beside = None if companion is None else pd.Series(companion, dtype="str")
    return convert(pd.Series(texts, dtype="str"), kind, Context(**context), companion=beside)


def values(kind: K, texts: list[str], **context) -> list:
    return column(kind, texts, **context).values.tolist()


def moments(texts: list[str], **context) -> list[str]:
    found = column(K.DATETIME, texts, **context).values
    return ["" if pd.isna(moment) else moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in found]


def test_one_day_above_twelve_decides_the_whole_column():
    """03/04 is the third of April where another cell can only be day first, and the fourth of March where month first."""
    assert values(K.DATE, ["03/04/2021", "25/12/2020"])[0] == date(2021, 4, 3)
    assert values(K.DATE, ["03/04/2021", "12/25/2020"])[0] == date(2021, 3, 4)


def test_a_column_without_evidence_follows_its_neighbours_then_the_country():
    """Unsure columns take what other columns show, else the country's habit, and the doubt is counted."""
    assert values(K.DATE, ["03/04/2021"], day_first=True) == [date(2021, 4, 3)]
    found = column(K.DATE, ["03/04/2021"], country="US")
    assert found.values.tolist() == [date(2021, 3, 4)]
    assert found.decision["ambiguous"] == 1
    assert values(K.DATE, ["03/04/2021"], country="DE") == [date(2021, 4, 3)]


@pytest.mark.parametrize(
    "text",
    ["2021-03-04", "20210304", "4 March 2021", "March 4th, 2021", "4. März 2021", "4 mars 2021", "4 de marzo de 2021", "Thu, 04 Mar 2021",
     "2021年3月4日", "2021/3/4", "44259", "1614816000000", "1614816000", "2021-03-04T00:00:00Z", "4-Mar-21"],
)  # fmt: skip
def test_dates_as_people_and_programs_write_them(text):
    """Every usual form of one day is that day; epochs of a date column are UTC midnight."""
    assert values(K.DATE, [text]) == [date(2021, 3, 4)]


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "2021-02-30", "31/04/2021", "12:30", "soon", "1e5"])
def test_absurd_dates_are_told_not_kept(text):
    """What is no date, or none of this business, has no value and a reason."""
    found = column(K.DATE, [text])
    assert found.values.isna().all() and found.failed.all()


@pytest.mark.parametrize(("counts", "blank"), [([3, 1], True), ([2, 1], False), ([3, 4], False), ([6, 1], True)])
def test_a_day_that_most_rows_share_is_no_date(counts, blank):
    """1980-01-01 three times in more than half of a small column was put there by a program; twice it may be somebody's day."""
    days = np.array(["1980-01-01", "1975-05-06"], "datetime64[D]")
    assert placeholders(days, np.array(counts)).tolist() == [blank, False]


def test_zone_of_a_moment_comes_from_value_row_heading_workspace():
    """The value's own zone wins, then the row's, then the heading's, then the workspace's."""
    text = "2021-07-01 09:00"
    assert moments([text + "+02:00"], heading="Due (EST)") == ["2021-07-01T07:00:00Z"]
    row = column(K.DATETIME, [text], companion=["Europe/Berlin"], heading="Start (UTC)").values
    assert row.iloc[0] == pd.Timestamp("2021-07-01 07:00", tz="UTC")
    assert moments([text], heading="Due (UTC)") == ["2021-07-01T09:00:00Z"]
    assert moments([text], heading="Beginn (Ortszeit)", timezone="Europe/Berlin") == ["2021-07-01T07:00:00Z"]
    assert moments([text]) == ["2021-07-01T13:00:00Z"]


@pytest.mark.parametrize(
    "texts", [["1831939200000", "1832025600000"], ["2028-01-20T00:00:00.000Z", "2028-01-21T00:00:00Z"]]
)
def test_days_in_utc_of_what_is_due_stay_these_days(texts):
    """A task that a program writes as due at midnight in UTC is due that day, in New York as well, and not the evening before."""
    said = {"timezone": "America/New_York", "country": "US"}
    assert moments(texts, field="due_at", **said) == ["2028-01-20T05:00:00Z", "2028-01-21T05:00:00Z"]
    assert moments([*texts, "2028-01-22T15:00:00Z"], field="due_at", **said)[0] == "2028-01-20T00:00:00Z"
    assert moments(texts, field="start_at", **said)[0] == "2028-01-20T00:00:00Z"


def test_epochs_of_two_units_in_one_column_are_read():
    """As many seconds as milliseconds: none stops the run, and each is the day that it says."""
    assert moments(["1672531200", "1672617600000"])[0][:10] == "2023-01-01"


def test_changes_of_the_clocks_are_settled_and_counted():
    """A time that happens twice is its first, one that never happens moves on; both are told."""
    found = column(K.DATETIME, ["2021-03-14 02:30", "2021-11-07 01:30"])
    assert moments(["2021-03-14 02:30", "2021-11-07 01:30"]) == ["2021-03-14T07:00:00Z", "2021-11-07T05:30:00Z"]
    assert found.decision["dst_doubtful"] == 2


@given(st.datetimes(min_value=pd.Timestamp("1950-01-01"), max_value=pd.Timestamp("2090-01-01")))
@settings(max_examples=60, deadline=None)
def test_iso_moments_survive(moment):
    """A moment written in ISO 8601 with Z is read as itself, to the microsecond."""
    found = column(K.DATETIME, [moment.isoformat() + "Z"]).values.iloc[0]
    assert found == pd.Timestamp(moment, tz="UTC")


@pytest.mark.parametrize(
    ("text", "amount"),
    [("$1,200.50", 1200.5), ("1.200,50 €", 1200.5), ("(300)", -300), ("CAD 1 200", 1200), ("1'200.00", 1200), ("300-", -300), ("-5", -5),
     ("€ -3,50", -3.5), ("1,234,567", 1234567), ("1 234,56", 1234.56), (".5", 0.5), ("US$ 10", 10)],
)  # fmt: skip
def test_money(text, amount):
    """Amounts of every usual spelling, brackets and trailing minus negative."""
    assert values(K.MONEY, [text]) == [amount]


def test_the_decimal_mark_is_decided_by_the_column():
    """1.200 is twelve hundred beside 3,50 and one and a fifth beside 0.25."""
    assert values(K.MONEY, ["1.200", "3,50"]) == [1200, 3.5]
    assert values(K.MONEY, ["1.200", "0.25"]) == [1.2, 0.25]


def test_currency_named_beside_the_amount_is_kept():
    """Codes and unambiguous signs name the currency; a bare dollar sign does not."""
    assert column(K.MONEY, ["€5", "CAD 5", "$5", "5"]).extra["currency"].tolist() == ["EUR", "CAD", "", ""]


def test_percent_scale_is_decided_by_the_column():
    """Any value above 1 makes it hundredths; a sign always does."""
    assert values(K.PERCENT, ["20", "1"]) == [0.2, 0.01]
    assert values(K.PERCENT, ["0.2", "1"]) == [0.2, 1]
    assert values(K.PERCENT, ["50%"]) == [0.5]


@pytest.mark.parametrize(
    ("text", "number", "extension"),
    [("613-237-5000", "+16132375000", ""), ("(613) 237-5000 x12", "+16132375000", "12"), ("613.237.5000 poste 4", "+16132375000", "4"),
     ("0044 20 7946 0958", "+442079460958", ""), ("+49 (0)30 901820", "+4930901820", ""), ("6132375000.0", "+16132375000", ""),
     ("6.132375000E+09", "+16132375000", ""), ("tel:+1-613-237-5000", "+16132375000", ""), ("1-800-FLOWERS", "+18003569377", "")],
)  # fmt: skip
def test_phones(text, number, extension):
    """Phones of every usual spelling become E.164 with the extension apart."""
    found = column(K.PHONE, [text])
    assert found.values.tolist() == [number] and found.extra["extension"].tolist() == [extension]


def test_digits_that_a_spreadsheet_cut_off_are_not_invented():
    """6.13555E+09 has lost its last digits: no number comes of it."""
    assert column(K.PHONE, ["6.13555E+09"]).failed.all()


def test_national_numbers_take_the_rows_country():
    """The same digits are a Berlin number in a German row."""
    assert column(K.PHONE, ["030 901820"], companion=["DE"]).values.tolist() == ["+4930901820"]


def test_several_phones_and_addresses_of_a_cell_are_all_kept():
    """The first becomes the value, the others are handed on."""
    phones = column(K.PHONE, ["613-237-5000; 416-967-1111"])
    assert phones.extra["more"].tolist() == [["+14169671111"]]
    mails = column(K.EMAIL, ["Jane Roe <JANE@Acme.com>; mailto:j2@acme.com"])
    assert mails.values.tolist() == ["jane@acme.com"] and mails.extra["more"].tolist() == [["j2@acme.com"]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["US", "CA", "DE", "FR", "GB", "AU", "IT", "BR", "CH", "IN", "RU"]),
            st.integers(0, 2),
            st.text("0123456789", min_size=3, max_size=3),
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=60, deadline=None)
def test_phones_settled_at_once_agree_with_the_library(cases):
    """The quick way never says anything that libphonenumber does not."""
    texts, regions = [], []
    for region, form, tail in cases:
        example = phonenumbers.format_number(phonenumbers.example_number(region), form)
        texts.append(example[:-3] + tail)
        regions.append(region)
    found = phone_patterns.decided(np.array(texts, dtype=object), np.array(regions, dtype=object))
    for text, region, value in zip(texts, regions, found, strict=True):
        if value is not None:
            parsed = phonenumbers.parse(text, region)
            assert phonenumbers.is_valid_number(parsed)
            assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == value


def test_addresses_that_are_none_are_told():
    """No address, no value."""
    assert column(K.EMAIL, ["nope", "a@b", "@x.com"]).failed.all()


@pytest.mark.parametrize("text", ["Canada", "CA", "CAN", "Kanada", "カナダ", "canadá"])
def test_countries_in_any_language(text):
    """Codes and names of the major languages are one country."""
    assert values(K.COUNTRY, [text]) == ["CA"]


def test_namibia_is_a_country_among_codes_and_a_blank_among_names():
    """NA is Namibia where the column holds codes."""
    assert values(K.COUNTRY, ["NA", "CA", "DE"])[0] == "NA"
    assert pd.isna(values(K.COUNTRY, ["NA", "Canada", "Germany"])[0])


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Eastern Standard Time", "America/New_York"),
        ("america/toronto", "America/Toronto"),
        ("UTC+02:00", "Etc/GMT-2"),
        ("(GMT-05:00) Eastern Time (US & Canada)", "America/Toronto"),
        ("GMT", "GMT"),
    ],
)
def test_time_zones(text, zone):
    """Windows names, IANA names of any case and offsets."""
    assert values(K.TIMEZONE, [text]) == [zone]


def test_people_may_be_called_null():
    """Words that mean nothing elsewhere are names in a column of names, and told."""
    found = column(K.NAME, ["Null", "-", "N/A"])
    assert found.values.tolist()[0] == "Null" and found.values.isna().tolist() == [False, True, True]
    assert found.decision["kept_as_names"] == ["Null"]
    assert column(K.TEXT, ["NULL", "none", "#N/A"]).values.isna().all()


@pytest.mark.parametrize(("words", "truth"), [("Y yes 1 true x oui ja sí sì", True), ("N no 0 false non nein", False)])
def test_booleans(words, truth):
    """Yes and no of several languages."""
    assert values(K.BOOLEAN, words.split()) == [truth] * len(words.split())


def test_list_separator_is_decided_by_the_column():
    """A comma inside items is no separator where the column splits by semicolons."""
    assert values(K.TAGS, ["a;b", "Smith, J.;b"]) == [["a", "b"], ["Smith, J.", "b"]]
    assert values(K.TAGS, ["a, B, b"]) == [["a", "B"]]
    assert values(K.TAGS, ['["x, y", "z"]']) == [["x, y", "z"]]


def test_durations_are_seconds():
    """The heading names the unit of bare numbers."""
    found = column(K.NUMBER, ["5", "01:30", "1h 5m"], heading="Duration (min)", field="duration")
    assert found.values.tolist() == [300, 90, 3900]


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        (["30", "45"], [1800, 2700]), (["1800", "3600"], [1800, 3600]), (["0:45", "1:30"], [2700, 5400]), (["45min", "1h 30min"], [2700, 5400]),
        (["1h30", "45 Min."], [5400, 2700]), (["1 Std.", "90 minuter"], [3600, 5400]), (["60分", "1時間30分"], [3600, 5400]), (["PT45M"], [2700]),
    ],
)  # fmt: skip
def test_appointments_last_minutes_and_hours(texts, seconds):
    """Bare numbers are minutes unless they would last days; `1:30` is an hour and a half; words of many languages."""
    assert column(K.NUMBER, texts, heading="Duration", field="length").values.tolist() == seconds


def test_mojibake_is_undone_only_where_it_can_be():
    """Wrongly decoded text is repaired; right text with the same letters stays."""
    assert repair("CafÃ©") == "Café"
    assert repair("SÃO PAULO, naïve") == "SÃO PAULO, naïve"
    assert column(K.TEXT, ["MontrÃ©al"]).decision == {"mojibake_repaired": 1}


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "foo bar"])
def test_links_that_are_no_web_addresses(text):
    """Schemes other than http and https are refused."""
    assert column(K.URL, [text]).failed.all()


@given(st.sampled_from([k for k in K if k not in (K.REFS,)]), st.lists(st.text(max_size=40), max_size=8))
@settings(max_examples=250, deadline=None)
def test_no_text_crashes_a_converter(kind, texts):
    """Whatever stands in a column, every row has a value, is blank, or has a reason."""
    found = column(kind, texts)
    assert len(found.values) == len(texts) and len(found.reasons) == len(texts)
    assert not (found.failed & found.values.notna()).any()
