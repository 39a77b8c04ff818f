"""Decisions of the review say how far the scores are off and which threshold is safe."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import crm
from pb2hl.matching import Matches, find_duplicates
from pb2hl.matching.labels import ENOUGH, review_of, reviewed_pairs


@pytest.fixture(scope="module")
def matches() -> Matches:
    """Duplicates of a generated CRM."""
    return find_duplicates(crm.persons(800)[0], crm.PERSON_KINDS)


def test_pairs_of_a_decided_sheet():
    """Rows to merge are matches of the first of them, rows kept apart are not; skipped and open rows say nothing."""
    sheet = pd.DataFrame(
        [("a", "1", "keep apart"), ("a", "2", "merge"), ("a", "3", "Merge "), ("b", "4", "keep apart"), ("b", "5", "keep apart"), ("c", "6", ""), ("c", "7", "skip"), ("d", "8", "merge")],
        columns=["cluster", "source_id", "decision"],
    )  # fmt: skip
    assert reviewed_pairs(sheet).to_numpy().tolist() == [["2", "3", True], ["2", "1", False], ["4", "5", False]]
    assert len(reviewed_pairs(sheet.iloc[:0])) == 0


@pytest.mark.parametrize(("match", "better"), [(True, True), (False, False)])
def test_decisions_move_the_estimate(matches, match, better):
    """Confirmed pairs raise the estimated precision at every threshold, refused ones lower it; either order of a pair counts."""
    labels = matches.pairs[["right", "left"]].head(60).set_axis(["left", "right"], axis=1).assign(match=match)
    review = review_of(matches, labels)
    assert (review.pairs, review.confirmed) == (60, 60 if match else 0)
    before, after = matches.thresholds(), matches.thresholds(review.shift)
    assert (after["precision"].sum() > before["precision"].sum()) == better and (
        after["pairs"] == before["pairs"]
    ).all()
    assert (review.threshold is not None) == better


def test_few_decisions_say_nothing(matches):
    """Under the least number of decisions the scores stand as they are."""
    labels = matches.pairs[["left", "right"]].head(ENOUGH - 1).assign(match=False)
    assert review_of(matches, labels).shift == 0.0
    assert review_of(Matches.alone(pd.RangeIndex(3)), labels.iloc[:0]).pairs == 0
