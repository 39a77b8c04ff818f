"""Keys of business fields and their options: unique, stable, and known again for the label they were made of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.diff.values import Class, compare
from pb2hl.values.keys import is_key_of, key_of, keys_of


@given(st.lists(st.text(min_size=1, max_size=20), unique=True))
def test_keys_are_unique_plain_and_know_their_label(labels):
    """Whatever the labels, HighLevel gets keys that it takes, no two the same, each known for its own label."""
    keys = keys_of(labels)
    assert len(set(keys)) == len(labels)
    for key, label in zip(keys, labels, strict=True):
        assert re.fullmatch(r"[a-z0-9_]+", key) and is_key_of(key, label)


def test_keys_stay_what_they_were():
    """A workspace that is under way finds its fields by these keys."""
    assert key_of("Perfect Books ID") == "perfect_books_id" and key_of("東京") == "field_66761"


@pytest.mark.parametrize("label", ["1-10", "11 – 50", "Größe", "Île-de-France", "東京", "A/B", "C++", "+", "New York"])
def test_an_option_that_comes_back_as_its_key_has_arrived(label):
    """HighLevel gives back the key of a business's option, not its label: that is no change, in any language."""
    assert compare(label, key_of(label))[0] in {Class.EQUAL, Class.NORMALISED}
    assert compare(label, keys_of(["C", "C++"])[1])[0] is (Class.NORMALISED if label == "C++" else Class.CHANGED)
