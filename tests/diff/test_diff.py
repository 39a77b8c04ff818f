"""The diff tells what the platform only rewrote from what it changed, and never lets a loss pass as a rewriting."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.diff import Class, class_counts, compare, compare_records, compare_table

CASES = [
    ("a", "a", Class.EQUAL), (None, "", Class.EQUAL), ([], None, Class.EQUAL),
    ("Ann@X.com", "ann@x.com", Class.NORMALISED), ("613-555-0100", "+16135550100", Class.NORMALISED),
    (["VIP", " b "], ["b", "vip"], Class.NORMALISED), (["a", "b"], ["b", "a"], Class.EQUAL),
    ("2024-03-04", "2024-03-04T00:00:00.000Z", Class.NORMALISED), ("2024-03-04T09:00:00-05:00", "2024-03-04T14:00:00Z", Class.NORMALISED),
    ("<p>Hi &amp; bye</p>", "Hi & bye", Class.NORMALISED), (12.5, "12.50", Class.NORMALISED), (3, 3.0, Class.EQUAL),
    ("Very Hot", "very_hot", Class.NORMALISED), ("http://a.com", "http://a.com/", Class.NORMALISED), (True, "true", Class.EQUAL),
    ("a", None, Class.MISSING), ("", "b", Class.EXTRA), (["a", "b"], ["a"], Class.MISSING), (["a"], ["a", "c"], Class.EXTRA),
    ("a", "b", Class.CHANGED), ("2024-03-04", "2024-04-03", Class.CHANGED), ("+16135550100", "+16135550101", Class.CHANGED),
    ("2024-03-04T09:00:00Z", "2024-03-04T10:00:00Z", Class.CHANGED), ("10", "100", Class.CHANGED), (0, None, Class.MISSING),
    (False, True, Class.CHANGED), ("<b>x</b>", "y", Class.CHANGED), ("Hot!", "cold", Class.CHANGED),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "stored", "expected"), CASES)
def test_classes(sent, stored, expected):
    """Every kind of rewriting HighLevel is known for, and its look-alikes that are losses."""
    assert compare(sent, stored, region="CA")[0] is expected


@given(st.text(), st.text())
def test_never_raises_and_is_equal_only_if_equal(a, b):
    """Whatever texts come, the answer is a class, and equal means equal up to blanks."""
    kind, why = compare(a, b)
    assert kind is not Class.EQUAL or a == b or (not a.strip() and not b.strip())
    assert kind is Class.EQUAL or why


def test_records_in_their_own_shapes():
    """Custom values are found under whichever name an endpoint gives them back; a vanished record misses everything."""
    payload = {"firstName": "Ann", "customFields": [{"id": "F1", "fieldValue": "x"}], "$url": {"contactId": "C"},
               "dndSettings": {"email": {"status": "active"}}}  # fmt: skip
    record = {"firstName": "Ann", "customFields": [{"id": "F1", "value": "x"}, {"id": "F2", "value": "new"}],
              "dndSettings": {"email": {"status": "active", "code": "9"}}, "dateAdded": "z"}  # fmt: skip
    rows = compare_records(payload, record, ours=frozenset({"F2"}))
    assert {row[0]: row[3] for row in rows} == {
        "firstName": Class.EQUAL, "customFields.F1": Class.EQUAL, "dndSettings.email": Class.EQUAL, "customFields.F2": Class.EXTRA,
    }  # fmt: skip
    assert {row[3] for row in compare_records(payload, None)} == {Class.MISSING}


def test_business_properties():
    """A business gives custom values back among its properties, keyed without the object."""
    payload = {"name": "Acme", "customFields": [{"key": "business.industry", "value": "Law"}]}
    rows = compare_records(payload, {"id": "B", "properties": {"name": "Acme", "industry": "law"}})
    assert [row[3] for row in rows] == [Class.EQUAL, Class.NORMALISED]


def test_table_agrees_with_single_values():
    """The vectorised comparison says of each pair what the single one says."""
    pairs = pd.DataFrame(
        {"object": "contacts", "field": "f", "sent": [c[0] for c in CASES], "stored": [c[1] for c in CASES]}
    ).astype(object)
    result = compare_table(pairs, "CA")
    assert list(result["class"]) == [str(c[2]) for c in CASES]
    assert class_counts(result)["count"].sum() == len(CASES)
    assert compare_table(pairs.iloc[:1])["class"].tolist() == ["equal"]
