"""Consent is judged by the export's own words, whatever the mapping decided."""

from __future__ import annotations

import pandas as pd

from pb2hl.suites.consents import ConsentColumn, consent_facts

FRAME = pd.DataFrame(
    {
        "source_id": ["1", "2", "3", "4"],
        "raw.No mail": ["yes", "no", "unsubscribed", "maybe"],
        "raw.May call": ["no", "yes", "", "yes"],
        "email_opt_out": pd.array([True, False, False, True], "boolean"),
        "do_not_contact": pd.array([None, None, None, None], "boolean"),
    }
)
MAIL, CALL = ConsentColumn("No mail", "email_opt_out"), ConsentColumn("May call", "call_opt_out", inverted=True)


def kept(*columns, frame=FRAME, lost=frozenset()):
    return consent_facts(frame, columns, lost)["consent_kept"].tolist()


def test_a_refusal_that_is_not_loaded_is_lost():
    """Who refused must be refused in that field; a text lost in typing counts as lost."""
    assert kept(MAIL) == [True, True, False, True]
    assert kept(MAIL, lost=frozenset({"2"})) == [True, False, False, True]


def test_a_column_that_was_decided_away_still_counts():
    """A permission column that nobody loads: its `no` is a refusal, unless the person is not to be contacted at all."""
    assert kept(CALL) == [False, True, True, True]
    everything = FRAME.assign(do_not_contact=pd.array([True, None, None, None], "boolean"))
    assert kept(CALL, frame=everything) == [True] * 4


def test_words_that_say_neither_are_told():
    """They are loaded as refusals; the warning names them."""
    assert consent_facts(FRAME, [MAIL])["consent_clear"].tolist() == [True, True, True, False]
    assert consent_facts(FRAME.drop(columns=["email_opt_out", "do_not_contact"]), []) == {}
