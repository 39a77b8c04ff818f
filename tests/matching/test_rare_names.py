"""People who moved, of whom only the name agrees; and mailboxes that say the name once more."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import families
from pb2hl.matching import find_duplicates
from pb2hl.matching.fields import records
from pb2hl.matching.kinds import Kind, check_kinds
from pb2hl.matching.levels import Levels
from pb2hl.matching.rare_names import RareNames
from pb2hl.matching.rules import Pairs


def _prepared(frame: pd.DataFrame, kinds: dict[str, str]):
    return records(frame[list(kinds)], check_kinds(frame, kinds))


def test_names_that_tell_are_right_at_least_98_times_of_100():
    """Where a third of the people is listed again after a move, names rare enough find some of them, and hardly ever strangers."""
    table, truth = families.moved(5_000)
    data = _prepared(table, families.MOVED_KINDS)
    given, surname = data.of_kind(Kind.GIVEN_NAME), data.of_kind(Kind.SURNAME)
    people = np.asarray(truth)
    left, right = np.nonzero(np.triu(surname.primary[:, None] == surname.primary[None, :], 1))
    found = RareNames.of(data, given, surname).of_pairs(Pairs(left, right, {}), given, surname)
    right_ones = (people[left] == people[right])[found]
    assert found.sum() >= 100 and right_ones.mean() >= 0.98


def test_names_tell_nothing_where_nobody_is_listed_twice():
    """Among strangers pairs of one name are the accidents that the table lets expect: none of them is taken for a move."""
    table, truth = families.moved(4_000)
    alone = table[~pd.Series(np.asarray(truth), index=table.index).duplicated()]
    data = _prepared(alone, families.MOVED_KINDS)
    given, surname = data.of_kind(Kind.GIVEN_NAME), data.of_kind(Kind.SURNAME)
    assert RareNames.of(data, given, surname).limit < 0


def test_a_birth_date_speaks_against_a_rare_name():
    """Father and son of one rare name are not one person: what differs goes before the name."""
    table, _ = families.moved(3_000)
    table = table.assign(born=[f"19{10 + at % 80:02d}-0{1 + at % 9}-1{at % 9}" for at in range(len(table))])
    found = find_duplicates(table, families.MOVED_KINDS | {"born": "birth_date"})
    sure = found.pairs[(found.pairs["score"] >= 0.95) & (found.pairs["email"].astype(str) != "same")]
    assert not len(sure)


def test_a_mailbox_made_of_the_name_says_nothing_more():
    """`ann.able@` at two domains repeats the name that agrees already; another mailbox name, or another person's, is evidence."""
    frame = pd.DataFrame(
        {
            "given": ["Ann", "Ann", "Zoe", "Zoe"],
            "surname": ["Able", "Able", "Quin", "Quin"],
            "email": ["ann.able@one.example", "ann.able@two.example", "skylark@one.example", "skylark@two.example"],
        }
    )
    levels = Levels.over(_prepared(frame, {"given": "given_name", "surname": "surname", "email": "email"}))
    left, right = np.array([0, 2]), np.array([1, 3])
    seen = levels.of(left, right)
    assert list(seen["email"]) == [3, 3] and list(levels.without_echoes(seen, left, right)["email"]) == [-1, 3]
