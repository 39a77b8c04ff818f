"""Numbers and their nouns agree."""

from __future__ import annotations

import pytest

from pb2hl.values.counting import agree, counted


@pytest.mark.parametrize(
    ("n", "noun", "told"),
    [(1, "cell", "1 cell"), (0, "cell", "0 cells"), (1234, "cell", "1,234 cells"), (2, "audit log entry", "2 audit log entries"),
     (2, "day", "2 days"), (2, "address", "2 addresses"), (1, "company", "1 company"), (3, "company", "3 companies"), (2, "batch", "2 batches")],
)  # fmt: skip
def test_counted(n, noun, told):
    """One of it, none of it, many of it, in the spelling of English."""
    assert counted(n, noun) == told


def test_verbs_agree():
    """One is, several are, none are."""
    assert [agree(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
