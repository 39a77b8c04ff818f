"""Pairs of small exports that a careful person would not merge unseen: they wait, and what is plainly one person merges."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from benchmarks import families
from pb2hl.matching import find_duplicates
from pb2hl.matching.normalise import email
from pb2hl.matching.proposals import MERGE, propose
from pb2hl.matching.rules import DOUBTFUL

KINDS = {
    "first": "given_name", "last": "surname", "mail": "email", "phone": "phone", "firm": "organisation",
    "street": "address", "city": "city", "born": "birth_date",
}  # fmt: skip
_HOME = {"phone": "+16135550142", "street": "14 Maple Street", "city": "Ottawa"}
_WAIT = {
    "another birthday": (
        {"first": "Ali", "last": "Khan", "mail": "khan@x.uk", "born": "1970-03-09", **_HOME},
        {"born": "1973-08-21"},
    ),
    "initials": (
        {"first": "J", "last": "Smith", "mail": "js@g.ca", "born": "1960-01-05", **_HOME},
        {"born": "1962-07-19"},
    ),
    "a couple": ({"first": "Mark & Mary", "last": "Bell", "mail": "bells@g.ca", **_HOME}, {"first": "Mary"}),
    "ein Paar": ({"first": "Jens und Ute", "last": "Bell", "mail": "bells@g.ca", **_HOME}, {"first": "Ute"}),
    "junior": ({"first": "Robert", "last": "Hall", **_HOME}, {"last": "Hall Jr"}),
    "second names": ({"first": "Anna Maria", "last": "Kis", "mail": "kis@x.hu", **_HOME}, {"first": "Anna Katalin"}),
    "numbered mailboxes": (
        {"first": "Chris", "last": "Lee", "mail": "chris.lee@acme.nl", "firm": "Acme", "phone": "+31201234567"},
        {"mail": "chris.lee2@acme.nl"},
    ),
    "an agent's mailbox": (
        {"first": "Marit", "last": "Zhang", "mail": "kim@realty.com", "phone": "+16135550143"},
        {"first": "Margit", "phone": "+16135550144"},
    ),
    "brother and sister": ({"first": "Alex", "last": "Pop", "mail": "pop@g.ca", **_HOME}, {"first": "Alexa"}),
    "Cyrillic": ({"first": "Евгений", "last": "Попов", "mail": "pop@g.ru", **_HOME}, {"first": "Евгения"}),
    "Arabic": ({"first": "محمد", "last": "الهاشمي", "mail": "h@x.ae", **_HOME}, {"first": "محمود"}),
    "nobody's mailbox": (
        {"first": "Ann", "last": "Lee", "mail": "none@none.com", "phone": "+16135550101", "city": "Rome"},
        {"phone": "+16135550102", "city": "Oslo"},
    ),
    "first of January": (
        {"first": "Anna", "last": "Schmidt", "born": "1980-01-01", "phone": "+4930111111", "city": "Berlin"},
        {"phone": "+4930222222"},
    ),
}  # fmt: skip
_ONE = {
    "the same row": ({"first": "Ivy", "last": "Chen", "mail": "ivy@chen.com", **_HOME}, {}),
    "nickname": ({"first": "Bob", "last": "Frank", "mail": "bfrank@m.com", **_HOME}, {"first": "Robert"}),
    "middle initial": ({"first": "Ann E.", "last": "Frank", "mail": "af@m.com", **_HOME}, {"first": "Ann"}),
    "a misspelling": ({"first": "Margarethe", "last": "Frank", "mail": "mf@m.com", **_HOME}, {"first": "Margarehte"}),
    "a digit of the birthday": (
        {"first": "Ivy", "last": "Chen", "mail": "ivy@chen.com", "born": "1971-02-13", **_HOME},
        {"born": "1971-02-18"},
    ),
}


def _proposals(first: dict, change: dict, strangers: int) -> pd.DataFrame:
    """What a review would propose for a row and its changed copy among strangers, by position."""
    draw = random.Random(7)
    given = "Ada Bruno Clara Dario Elin Fergus Greta Hanno Ilse Jarek Kate Liam Mona Nils Olga Piet".split()
    last = "Abbott Brandt Castro Dubois Ekman Ferrari Gruber Hansen Ivanov Jensen Keller Lopez Moreau Novak".split()
    others = [
        {"first": draw.choice(given), "last": draw.choice(last), "mail": f"p{at}@mail{at}.com", "city": "Toronto",
         "phone": f"+1416555{draw.randint(0, 9999):04}", "street": f"{draw.randint(1, 300)} Elm Street",
         "born": f"19{draw.randint(40, 99)}-{draw.randint(1, 12):02}-{draw.randint(2, 28):02}"}
        for at in range(strangers)
    ]  # fmt: skip
    frame = pd.DataFrame([first, {**first, **change}, *others]).reindex(columns=list(KINDS)).astype(object)
    frame = frame.where(frame.notna(), None)
    frame.index = pd.Index([str(at) for at in range(len(frame))])
    found = find_duplicates(frame, KINDS, threshold=0.6, doubtful=DOUBTFUL)
    return propose(found, found.merge_line(0.95).threshold).set_index("source_id")


@pytest.mark.parametrize("strangers", [8, 40])
@pytest.mark.parametrize("case", _WAIT)
def test_a_person_decides(case, strangers):
    """A batch run takes no proposal that something in the two rows speaks against."""
    proposed = _proposals(*_WAIT[case], strangers)
    assert (proposed.reindex(["0", "1"])["proposal"] != MERGE).any()


@pytest.mark.parametrize("case", _ONE)
def test_one_person_still_merges(case):
    """Doubts do not keep plain duplicates apart."""
    proposed = _proposals(*_ONE[case], 20)
    assert proposed.loc[["0", "1"], "proposal"].tolist() == [MERGE, MERGE]


def test_people_who_moved_wait_for_a_person():
    """A rare name tells who moved, but nothing merges in a batch run by its name alone."""
    table, truth = families.moved(3_000)
    found = find_duplicates(table, families.MOVED_KINDS, threshold=0.6, doubtful=DOUBTFUL)
    alone = found.pairs[found.pairs["email"].astype(str) != "same"]
    people = pd.Series(np.asarray(truth), index=table.index)
    shown = alone[alone["score"] >= 0.6]
    same = people.loc[shown["left"]].to_numpy() == people.loc[shown["right"]].to_numpy()
    assert same.sum() > 100
    unseen = alone[(alone["score"] >= 0.95) & (alone["phone"].astype(str) == "different")]
    assert not len(unseen)


@pytest.mark.parametrize("text", ["none@none.com", "NoReply@shop.com", "no-email@mail.com", "x@x.com", "na@na.na"])
def test_nobodys_mailboxes_are_no_evidence(text):
    """An address that stands where nobody knows one identifies nobody."""
    assert email(text) == ""


@pytest.mark.parametrize("text", ["acme@acme.com", "nora@shop.com", "ann@x.com"])
def test_mailboxes_of_somebody_are(text):
    """A mailbox called as its company, and names that only begin like a placeholder."""
    assert email(text) == text
