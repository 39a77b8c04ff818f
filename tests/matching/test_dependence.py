"""Fields that agree together by accident are told apart from fields that agree because the records match."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import more_people
from benchmarks.matching import pairwise
from pb2hl.matching import find_duplicates


def _town(count: int, towns: int) -> pd.DataFrame:
    """Strangers, each in one of few towns that have one postcode each."""
    rng = np.random.default_rng(2)
    town = rng.integers(0, towns, count)
    return pd.DataFrame(
        {
            "given": [f"{a}{b}" for a, b in zip(rng.choice(list("bcdfgklm"), count), rng.integers(1000, 9999, count), strict=True)],
            "surname": [f"{a}{b}" for a, b in zip(rng.choice(list("nprstvwz"), count), rng.integers(1000, 9999, count), strict=True)],
            "city": [f"Town {chr(97 + at) * 3}" for at in town], "postcode": [f"{7919 * (at + 11) % 90000 + 10000}" for at in town],
        }
    )  # fmt: skip


def test_a_postcode_that_follows_from_the_city_counts_once():
    """City and postcode of strangers agree together; the second says hardly anything, alone it keeps its weight."""
    kinds = {"given": "given_name", "surname": "surname", "city": "city", "postcode": "postcode"}
    weights = find_duplicates(_town(600, 12), kinds).model.weights
    assert len(weights.given) == 1
    ((child, tie),) = weights.given.items()
    assert {child, tie.parent} == {"city", "postcode"}
    level = {name: np.array([len(weights.match[name]) - 1]) for name in weights.match}
    apart = {**level, tie.parent: np.array([0])}
    assert weights.contribution(child, level)[0] < 1.0 < weights.contribution(child, apart)[0]


def test_details_of_one_person_are_no_tie():
    """What agrees together because the rows are one person keeps its weight."""
    frame, _ = more_people.mails(600)
    assert not find_duplicates(frame, more_people.MAIL_KINDS).model.weights.given


@pytest.mark.parametrize("rate", [0.05, 0.4])
def test_registers_of_towns(rate):
    """Names and a place whose postcode follows from its suburb, few errors and many: strangers of one town stay apart."""
    frame, truth = more_people.voters(1500, rate=rate)
    precision, _, f1 = pairwise(truth, find_duplicates(frame, more_people.VOTER_KINDS)["cluster"])
    assert precision >= 0.97 and f1 >= 0.9
