"""Full names are cut into parts without touching their spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.values import names


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Jane Roe", "Jane", "Roe"),
        ("Roe, Jane", "Jane", "Roe"),
        ("Dr. Jane van der Roe Jr.", "Jane", "van der Roe"),
        ("Prince", "Prince", ""),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("DUPONT, Jean-Pierre", "Jean-Pierre", "DUPONT"),
        ("María de la Cruz", "María", "de la Cruz"),
        ("Jane Roe, PhD", "Jane", "Roe"),
        ("Yo-Yo Ma", "Yo-Yo", "Ma"),
        ("Mary Ann Smith", "Mary Ann", "Smith"),
    ],
)
def test_names(text, first, last):
    """Surname first, titles, suffixes, particles, mononyms."""
    found = names.split(text)
    assert (found.first, found.last) == (first, last)


@given(st.text(max_size=60))
def test_any_text_is_a_name_of_some_kind(text):
    """No text crashes, and no letter is lost."""
    found = names.split(text)
    assert isinstance(found.first, str) and isinstance(found.last, str)
