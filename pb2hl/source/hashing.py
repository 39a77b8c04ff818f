"""The fingerprint of a source row: the same in every export that holds the same cells."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_CELL, _NAME = "\x1e", "\x1f"


def canonical_rows(frame: pd.DataFrame) -> np.ndarray:
    """Each row as one text: its filled cells with their headings, in the headings' order; trimmed, NFC.

    File, row number, order of columns and empty columns do not show in it.
    """
    cells = []
    for heading in sorted(frame.columns):
        column = pc.utf8_normalize(pc.utf8_trim_whitespace(pa.array(frame[heading], pa.large_string())), form="NFC")
        named = pc.binary_join_element_wise(
            pa.scalar(heading.strip(), pa.large_string()), column, pa.scalar(_NAME, pa.large_string())
        )
        cells.append(pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.large_string()), named))
    if not cells:
        return np.full(len(frame), "", dtype=object)
    joined = pc.binary_join_element_wise(*cells, pa.scalar(_CELL, pa.large_string()), null_handling="skip")
    return np.asarray(joined.to_pylist(), dtype=object)


def row_hashes(frame: pd.DataFrame) -> np.ndarray:
    """SHA-256 (64 hex digits) of each row's canonical text."""
    digest = hashlib.sha256
    return np.array(
        [digest(text.encode("utf-8", "surrogatepass")).hexdigest() for text in canonical_rows(frame)], dtype=object
    )
