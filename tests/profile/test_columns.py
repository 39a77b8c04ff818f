"""The profile says what a column holds, exactly where it counts and by sample where it reads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.profile import profile_tables
from pb2hl.profile.columns import COLUMNS
from pb2hl.profile.privacy import personal_class
from pb2hl.profile.text import language


def line(values, name="x", **types):
    profile = profile_tables({"contacts": pd.DataFrame({name: pd.Series(values, **types)})})
    assert list(profile.columns) == list(COLUMNS)
    return profile.iloc[0]


def test_texts_are_counted():
    """Fill ignores blanks, distinct and top values are exact, patterns show the shapes."""
    row = line(["A1", "A1", "B2", "", "  ", None], dtype="str")
    assert (row["rows"], row["filled"], row["distinct"]) == (6, 3, 2)
    assert row["fill"] == 0.5 and row["top_values"].startswith("A1 (2)") and row["patterns"] == "A9 100%"


def test_numbers_dates_and_booleans():
    """Range, mean and histogram of numbers and dates; yes and no of booleans; infinities and NA are no numbers."""
    row = line([1.0, 2.0, 3.0, np.nan, np.inf])
    assert (row["min"], row["max"], row["mean"], sum(row["histogram"])) == ("1", "3", 2.0, 3)
    row = line(pd.to_datetime(["2020-01-01T10:00Z", None, "2021-01-01T00:00Z"]))
    assert (row["type"], row["min"], row["max"], row["filled"]) == (
        "datetime",
        "2020-01-01 10:00",
        "2021-01-01 00:00",
        2,
    )
    row = line([True, None, False, True], dtype="boolean")
    assert row["top_values"] == "yes (2); no (1)" and row["histogram"] == [1, 2]
    row = line([pd.Timestamp("2020-02-29").date(), None])
    assert (row["type"], row["min"]) == ("date", "2020-02-29")


def test_lists_are_counted_by_row_and_by_item():
    """Fill counts rows with any item, distinct counts items."""
    row = line([["a", "b"], ["a"], None, []])
    assert (row["filled"], row["fill"], row["distinct"]) == (2, 0.5, 2)


def test_outliers_lie_beyond_the_outer_fence():
    """A far value is named; an even spread has none."""
    row = line([*range(100), 10_000])
    assert row["outliers"] == 1 and "10000" in row["outlier_examples"]
    assert line(list(range(100)))["outliers"] == 0


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("x", ["jane@acme.com", "joe@acme.com"], "e-mail"),
        ("x", ["+1 613-555-0100", "(613) 555-0199"], "phone"),
        ("x", ["046 454 286"], "government id"),
        ("x", ["123-45-6789"], "government id"),
        ("x", ["4111 1111 1111 1111"], "payment"),
        ("x", ["10.0.0.1"], "ip address"),
        ("first_name", ["Jane"], "name"),
        ("custom.Date of Birth", ["5 May"], "birth date"),
        ("x", ["she said that she would call us again"], "free text"),
        ("x", ["2021-03-04", "2021-03-05"], ""),
        ("stage", ["New", "Won"], ""),
        ("x", ["1234567890"], ""),
    ],
)
def test_personal_data_is_classed(name, values, expected):
    """By what values look like first, then by the column's name."""
    assert personal_class(name, values) == expected


def test_language_of_running_text():
    """English, French and a script are told apart; codes have no language."""
    assert language(["the client is not in the office and will call"] * 5) == "en"
    assert language(["le client est dans le bureau avec nous"] * 5) == "fr"
    assert language(["клиент перезвонит завтра"] * 5) == "Cyrillic"
    assert language(["A-12", "B-13", "C-14"]) == ""


def test_odd_columns_do_not_stop_it():
    """All empty, mixed types, dictionaries, bytes, no rows: each gets a line."""
    frame = pd.DataFrame(
        {"a": [None, None], "b": [1, "x"], "c": [{"k": 1}, None], "d": [b"x", b"y"], "e": pd.Categorical(["u", "u"])}
    )
    profile = profile_tables({"x": frame, "none": frame.iloc[:0]})
    assert len(profile) == 10 and (profile["rows"] >= profile["filled"]).all()
    assert profile_tables({}).empty


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans()), max_size=25))
def test_any_column_has_a_profile(values):
    """Whatever is in it, fill is between 0 and 1 and distinct is no more than filled."""
    row = line(values, dtype=object)
    assert 0 <= row["fill"] <= 1 and row["distinct"] <= max(row["filled"], 0)


def test_provenance_and_raw_text_are_left_out():
    """Only what is migrated is profiled."""
    frame = pd.DataFrame({"source_id": ["1"], "row_hash": ["h"], "email": ["a@b.co"], "raw.E-Mail": ["A@b.co"]})
    assert list(profile_tables({"contacts": frame})["column"]) == ["email"]
