"""The precision told at the merge line is true, or it is said that it cannot be known and the line rises."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import crm, families, more_organisations, more_people, people
from pb2hl.matching import find_duplicates, match_companies
from pb2hl.matching.matches import UNKNOWN_LINE, WANTED
from pb2hl.matching.precision import HeldOut

_SETS = [
    (find_duplicates, more_people.world, more_people.WORLD_KINDS, 2000),
    (find_duplicates, families.families, families.FAMILY_KINDS, 1500),
    (find_duplicates, crm.persons, crm.PERSON_KINDS, 2000),
    (find_duplicates, people.emails, people.EMAIL_KINDS, 1500),
    (find_duplicates, people.registers, people.REGISTER_KINDS, 2500),
    (find_duplicates, people.births, people.BIRTH_KINDS, 2500),
    (match_companies, families.guides, families.GUIDE_KINDS, 1500),
    (match_companies, more_organisations.sites, more_organisations.SITE_KINDS, 1200),
    (match_companies, crm.companies, crm.COMPANY_KINDS, 2000),
]


@pytest.mark.slow
@pytest.mark.parametrize(("match", "make", "kinds", "rows"), _SETS, ids=[item[1].__name__ for item in _SETS])
def test_what_is_told_is_true(match, make, kinds, rows):
    """At the merge line no more than two points above the truth, on tables of many kinds; the line's pairs are right."""
    frame, truth = make(rows)
    found = match(frame[list(kinds)], kinds)
    line = found.merge_line(0.95)
    pairs = found.pairs[found.pairs["score"] >= line.threshold]
    right = (truth.loc[pairs["left"]].to_numpy() == truth.loc[pairs["right"]].to_numpy()).mean()
    assert right >= 0.97
    assert line.precision != line.precision or line.precision <= right + 0.02


def test_few_pairs_say_that_it_cannot_be_known():
    """In a small export nothing can confirm the scores: the line rises, and stays below what an own e-mail identifies."""
    frame, _ = crm.persons(40)
    found = find_duplicates(frame, crm.PERSON_KINDS)
    line = found.merge_line(0.95)
    assert line.threshold == UNKNOWN_LINE and np.isnan(line.precision)
    assert not found.thresholds()["known"].any()


def test_a_high_line_of_the_configuration_stays():
    """The line only rises."""
    found = find_duplicates(crm.persons(40)[0], crm.PERSON_KINDS)
    assert found.merge_line(0.997).threshold == 0.997


def test_dependent_fields_do_not_confirm_each_other():
    """Families whose members' names were kept from the model: weights say certain, the held-out name says half are wrong."""
    rng = np.random.default_rng(2)
    count = 400
    one, two = np.repeat(np.arange(count), 2), rng.random(count * 2)
    known = np.ones(len(one), bool)
    contradicts = two < 0.5
    field = HeldOut(
        known, contradicts, np.full(len(one), 20.0) + rng.random(len(one)) - contradicts, np.full(len(one), 20.0), 0.98
    )
    assert field.precision(10.0) < 0.6
    agreeing = HeldOut(known, np.zeros(len(one), bool), field.rest, field.weight, 0.98)
    assert agreeing.precision(10.0) > WANTED


@pytest.mark.parametrize("pairs", [0, 10])
def test_a_field_of_too_few_pairs_tells_nothing(pairs):
    """Nor does one that contradicts no stranger."""
    nothing = np.zeros(pairs, bool)
    assert np.isnan(HeldOut(~nothing, nothing, np.ones(pairs), np.ones(pairs), 0.9).precision(0.0))
    many = np.zeros(200, bool)
    assert np.isnan(HeldOut(~many, many, np.ones(200), np.ones(200), 0.2).precision(0.0))
