"""Texts as they are staged: link formulas become what a spreadsheet shows."""

from __future__ import annotations

import numpy as np

from pb2hl.values.parsed import Context
from pb2hl.values.text import long_texts, texts_of

LINK = '=HYPERLINK("https://ada.example/?a=1","Ada ""the"" first")'


def _one(text: str, context: Context, convert=texts_of) -> str:
    return convert(np.array([text], dtype=object), context).values[0]


def test_a_link_formula_is_what_it_shows():
    """Names take the label, custom texts the label with the address; another formula is no link and stays."""
    assert _one(LINK, Context(field="name")) == 'Ada "the" first'
    assert _one(LINK, Context(), long_texts) == 'Ada "the" first (https://ada.example/?a=1)'
    assert _one('=hyperlink("https://ada.example")', Context()) == "https://ada.example"
    assert _one("=SUM(A1:A2)", Context()) == "=SUM(A1:A2)"
