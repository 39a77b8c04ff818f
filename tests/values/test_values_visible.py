"""Text out of the data is only read: nothing in it acts on a terminal."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pb2hl.values.visible import escaped, visible

ANY = st.text(alphabet=st.characters(exclude_categories=()))


def acting(text: str) -> list[str]:
    """Characters of `text` that a terminal obeys."""
    return [c for c in text if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\t\n"]


def test_escape_sequences_and_overrides_go_and_their_words_stay():
    """Colours, titles, cursor moves, both ways to begin a sequence, overwriting returns, direction overrides."""
    assert visible("a\x1b[31mred\x1b[0m \x9b2Jx\x07\rover\u202eevil\u2066\ud800") == "a[31mred[0m 2Jx\noverevil"
    assert visible("Zoë\tÅ 日本 😀\n") == "Zoë\tÅ 日本 😀\n"


@given(ANY)
def test_nothing_that_acts_is_left(text):
    """Whatever comes, once is enough, and what JSON says stays the same."""
    assert not acting(visible(text)) and visible(visible(text)) == visible(text)
    quiet = escaped(json.dumps([text], ensure_ascii=False))
    assert not acting(quiet) and json.loads(quiet) == [text]
