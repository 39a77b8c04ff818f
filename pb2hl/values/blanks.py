"""Which texts mean "nothing here"."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.model import FieldKind

ALWAYS = (
    "", "-", "--", "---", "–", "—", ".", "?", "#n/a", "#na", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!",
    "(null)", "<null>", "[null]", "\\n", "(blank)", "(none)", "(empty)", "<none>", "n/a", "n.a.", "n/d", "n.d.", "#error!",
)  # fmt: skip
"""Never a value, whatever the column."""

WORDS = (
    "null",
    "none",
    "nil",
    "na",
    "nan",
    "undefined",
    "nat",
    "k.a.",
    "s/o",
    "n/v",
    "not available",
    "not applicable",
)
"""Blanks in most columns, yet people are called Null, Nil, None and Na, and notes may say so."""

_WORD_PROOF = {FieldKind.NAME, FieldKind.LONG_TEXT}


def blank_mask(texts: pa.Array | pa.ChunkedArray, kind: FieldKind) -> np.ndarray:
    """True where a text of a column of `kind` stands for nothing."""
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    tokens = ALWAYS if kind in _WORD_PROOF else ALWAYS + WORDS
    mask = pc.is_in(folded, value_set=pa.array(tokens, folded.type)).to_numpy(zero_copy_only=False)
    if kind == FieldKind.COUNTRY and mask.any():
        mask &= ~_namibia(folded)
    return mask


def word_names(texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """True where a name is a word that means "nothing" elsewhere (`Null`, `None`): kept, and worth telling."""
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return pc.is_in(folded, value_set=pa.array(WORDS, folded.type)).to_numpy(zero_copy_only=False)


def _namibia(folded: pa.Array) -> np.ndarray:
    """Where `na` is the country: the column's other texts are two-letter codes, so `NA` is one as well."""
    others = [text for text in pc.unique(folded).to_pylist() if text and text not in ALWAYS and text not in WORDS]
    codes = sum(len(text) == 2 and text.isalpha() for text in others)
    if not others or codes < 0.8 * len(others):
        return np.zeros(len(folded), dtype=bool)
    return pc.equal(folded, "na").to_numpy(zero_copy_only=False)
