"""Consent from a heading in any words to the body of the call that creates the contact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pb2hl import mapper, source
from pb2hl.operations import Target
from pb2hl.workspace import parse_config
from tests.plan.frames import Built, inputs

ACTIVE = {"status": "active"}


@pytest.mark.parametrize(
    ("heading", "refuses", "permits", "expected"),
    [
        ("Can be emailed", "No", "Yes", {"dndSettings": {"email": ACTIVE}}),
        ("HasOptedOutOfEmail", "1", "0", {"dndSettings": {"email": ACTIVE}}),
        ("SMS-Einwilligung", "nein", "ja", {"dndSettings": {"sms": ACTIVE}}),
        ("Telefonwerbung untersagt", "ja", "nein", {"dndSettings": {"call": ACTIVE}}),
        ("Do Not Call", "TRUE", "FALSE", {"dndSettings": {"call": ACTIVE}}),
        ("Désinscrit", "oui", "non", {"dnd": True}),
        ("Zgoda RODO", "nie", "tak", {"dnd": True}),
        ("Newsletter opt-in", "no", "yes", {"dndSettings": {"email": ACTIVE}}),
    ],
)
def test_a_refusal_in_any_words_rides_in_the_creating_call(heading, refuses, permits, expected):
    """Whoever refuses (an opt-out of yes, an opt-in of no) is created with HighLevel's switch on; whoever permits without."""
    frame = pd.DataFrame({"ID": ["1", "2"], "Email": ["a@x.co", "b@x.co"], heading: [refuses, permits]}, dtype="str")
    table = source.RawTable("contacts.csv", "", list(frame.columns), frame, np.arange(2, 4))
    sheet = mapper.fields_sheet([(table, "contacts")])
    config = parse_config({"export": "x", "location": "loc", "base_url": "http://localhost"})
    staged = source.stage(
        [source.Assigned(table, "contacts", *mapper.assignment(sheet, table, "contacts"))], config=config
    )
    built = Built(inputs({"contacts": staged.tables["contacts"]}))
    first, second = (built.one(Target.CONTACT, number).payload for number in ("1", "2"))
    assert {name: first[name] for name in ("dnd", "dndSettings") if name in first} == expected
    assert not {"dnd", "dndSettings"} & set(second)
