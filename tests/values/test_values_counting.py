"""Numbers and their nouns agree."""

from __future__ import annotations

import pytest

from pb2hl.values.counting import agree, counted, lasting, predicate


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


@pytest.mark.parametrize(
    ("n", "text", "said"),
    [
        (1, "has|have no key", "has no key"),
        (2, "has|have no key", "have no key"),
        (0, "is|are", "are"),
        (1, "held entities", "held entities"),
        (7, "held entities", "held entities"),
    ],
)
def test_a_predicate_agrees_with_its_count(n, text, said):
    """The verb stands in the form of one or of several; a text that fits both is left alone."""
    assert predicate(n, text) == said


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 second"), (20, "20 seconds"), (90, "90 seconds"), (91, "2 minutes"), (460, "8 minutes"), (3600, "60 minutes"), (5401, "2 hours"), (200_000, "3 days")],
)  # fmt: skip
def test_how_long_it_takes(seconds, told):
    """A span is said in the unit that people use for it, and never too short."""
    assert lasting(seconds) == told
