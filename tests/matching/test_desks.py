"""Phones that are answered for many, in tables of every shape."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pb2hl.matching.desks import Desks
from pb2hl.matching.fields import Field
from pb2hl.matching.kinds import Kind
from pb2hl.matching.rules import Pairs

PAIRS = Pairs(np.array([0, 0, 2]), np.array([1, 3, 3]), {})


def field(kind: Kind, *columns: list[str | None]) -> Field:
    """A field of these columns of values."""
    codes, values = pd.factorize(np.concatenate([np.array(column, dtype=object) for column in columns]))
    return Field(str(kind), kind, tuple(np.split(codes, len(columns))), np.array(values, dtype=object))


PHONES = field(Kind.PHONE, ["+1", "+1", "+1", "+2"], [None, None, "+2", "+1"])


def test_a_phone_of_many_names_is_a_desk():
    """In whichever column it stands; a phone of fewer names is somebody's own."""
    names = field(Kind.SURNAME, ["Able", "Baker", "Cook", "Dean"])
    assert Desks.of(PHONES, names, 4).ring(PAIRS).tolist() == [True, True, True]
    assert Desks.of(PHONES, names, 5).ring(PAIRS).tolist() == [False, False, False]


@pytest.mark.parametrize(("phone", "name"), [(PHONES, None), (None, PHONES), (None, None)])
def test_a_table_without_phones_or_names_has_none(phone, name):
    """Nothing is known of it, and nothing breaks."""
    assert not Desks.of(phone, name, 1).ring(PAIRS).any()
