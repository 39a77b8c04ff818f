"""Refusals and permissions: the strict side, in any wording."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.model import FieldKind
from pb2hl.values import Context, convert


def refused(texts: list[str], *, inverted: bool = False) -> list[bool | None]:
    found = convert(pd.Series(texts, dtype="str"), FieldKind.BOOLEAN, Context(field="email_opt_out", inverted=inverted))
    return [None if value is pd.NA else bool(value) for value in found.values]


@pytest.mark.parametrize(
    "text", ["ja", "x", "1", "true", "Y", "opted out", "Unsubscribed", "Do not email", "2024-03-01", "03.04.2021 14:30", "1709251200000",
             "désinscrit", "dado de baja", "отписан", "配信停止", "Opted out via link", "maybe"]
)  # fmt: skip
def test_an_opt_out_column_refuses(text):
    """Yes, a word of refusal, the date of unsubscribing and what nobody understands are refusals."""
    assert refused([text]) == [True]


@pytest.mark.parametrize(
    "text", ["nein", "0", "False", "N", "subscribed", "Allow", "opted in", "abonné", "non", "0000-00-00"]
)
def test_an_opt_out_column_permits(text):
    """No and words of permission are none; a date of zeros is no date."""
    assert refused([text]) == [False]


@pytest.mark.parametrize(
    ("text", "answer"),
    [("no", True), ("false", True), ("Unsubscribed", True), ("Bounced", True), ("inactive", True), ("yes", False), ("Subscribed", False),
     ("2024-03-01", False), ("active", False), ("non", True), ("pending", True)],
)  # fmt: skip
def test_a_permission_turned_round(text, answer):
    """In a column that asks for permission no means refused, and a date is the day permission was given."""
    assert refused([text, "no"], inverted=True)[0] is answer


def test_words_mean_the_same_in_both_columns():
    """`unsubscribed` is a refusal whatever the column asks; an empty cell says nothing."""
    assert (
        refused(["Unsubscribed", "Subscribed", ""])
        == refused(["Unsubscribed", "Subscribed", ""], inverted=True)
        == [True, False, None]
    )


@given(st.text(min_size=1, max_size=20))
def test_every_text_gets_an_answer(text):
    """No text of a consent column is left without an answer but blanks, and what is unclear is told as such."""
    found = convert(pd.Series([text], dtype="str"), FieldKind.BOOLEAN, Context(field="do_not_contact"))
    assert not found.failed.any() and (found.filled == 0) == bool(found.values.isna().all())
