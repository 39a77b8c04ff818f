"""House numbers, buildings and branches: what is one place, and which companies in it are two."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pb2hl.matching import match_companies
from pb2hl.matching.addresses import numbers
from pb2hl.matching.compare import Comparer
from pb2hl.matching.fields import records
from pb2hl.matching.kinds import LEVELS, Kind
from pb2hl.matching.normalise import address
from pb2hl.matching.rules import DOUBTFUL

PLACE = {"name": "organisation", "address": "address", "city": "city", "phone": "phone"}
SITE = {"name": "organisation", "website": "domain", "city": "city"}


def _level(left: str, right: str) -> str:
    data = records(pd.DataFrame({"a": [left, right]}), {"a": Kind.ADDRESS})
    found, _ = Comparer(data.fields).levels(data.fields[0], np.array([0]), np.array([1]))
    return LEVELS[Kind.ADDRESS][found[0]]


@pytest.mark.parametrize(
    ("text", "house", "flat"),
    [
        ("12 Main Street", {"12"}, set()), ("Hauptstraße 12a", {"12a"}, set()), ("12-14 High St", {"12", "14"}, set()),
        ("123 W 55th St Apt 4", {"123"}, {"4"}), ("5th Avenue", set(), set()), ("PO Box 77", set(), {"77"}),
        ("Hwy 7 Unit 3", set(), {"3"}), ("Ten Downing Street", {"10"}, set()), ("Main Street", set(), set()), ("", set(), set()),
    ],
)  # fmt: skip
def test_numbers(text, house, flat):
    """The house before or behind its street, ranges, flats; ordinals and roads are no houses."""
    assert numbers(address(text)) == (frozenset(house), frozenset(flat))


@pytest.mark.parametrize(
    ("left", "right"),
    [("12 Main Street", "14 Main St"), ("12 Main Street", "112 Main Street"), ("Hauptstr. 12", "Hauptstraße 21"), ("9560 Dayton Way", "9506 Dayton Way"),
     ("12a High Street", "12b High Street"), ("Calle Mayor 3", "Calle Mayor 13")],
)  # fmt: skip
def test_another_number_is_another_address(left, right):
    """However alike the texts are."""
    assert _level(left, right) == "another number"


@pytest.mark.parametrize(
    ("left", "right"),
    [("12 Main Street", "12 Main St., Suite 4"), ("12-14 High Street", "14 High Street"), ("Hauptstraße 12a", "Hauptstr. 12"),
     ("9 Elm St", "9 Elm Street between Mission and Valencia"), ("40 W. 55th St.", "40 W. 55th St. at the corner of Sixth Ave., Midtown"), ("435 S. La Cienega Blv.", "435 S. La Cienega Blvd"), ("12 Main Street", "Main Street"), ("701 Stone Canyon Rd", "701 Stone Canyon Road Bel Air")],
)  # fmt: skip
def test_one_address_written_twice(left, right):
    """A number on one side alone, a range, a letter and a suite are no contradiction."""
    assert _level(left, right) in ("part of", "nearly the same", "same", "similar")


def _town(rows: list[tuple], columns: list[str], seed: int = 6) -> pd.DataFrame:
    """The rows among 150 places of one town, a fifth of them listed twice."""
    rng = np.random.default_rng(seed)
    first = "Golden Blue Corner Little Royal Copper Silver Old Happy Green Lucky Grand".split()
    second = "Dragon Olive Harbor Lantern Anchor Kettle Garden Rooster Pepper Fig Willow Crane".split()
    places = [
        (f"{first[at % 12]} {second[(at * 5 + at // 12) % 12]}", f"{rng.integers(1, 900)} {rng.choice(['Main', 'Lake', 'Mill'])} Street", "Ottawa",
         f"613{rng.integers(10**6, 10**7)}")
        for at in range(144)
    ]  # fmt: skip
    frame = pd.DataFrame([*places, *places[:30]], columns=["name", "address", "city", "phone"])
    frame["website"] = [f"{name.replace(' ', '').lower()}.com" for name in frame["name"]]
    return pd.concat([pd.DataFrame(rows, columns=columns), frame[columns]], ignore_index=True)


@pytest.mark.parametrize("doubtful", [None, DOUBTFUL], ids=["nobody looks", "reviewed"])
def test_one_building_holds_many_companies(doubtful):
    """Different names at one house number stay apart, with their own phones or with the landlord's, and at number 40 and 42."""
    rows = [
        ("Novak Plumbing", "40 Bank Street", "Ottawa", "6135550101"), ("Novak Heating", "40 Bank Street", "Ottawa", "6135550102"),
        ("Zenith Dental", "40 Bank Street Suite 3", "Ottawa", "6135550103"), ("Harper Law", "40 Bank Street Suite 4", "Ottawa", "6135550101"),
        ("Harper Tax", "42 Bank Street", "Ottawa", "6135550104"), ("Quick Copy", "42 Bank Street", "Ottawa", None),
    ]  # fmt: skip
    frame = _town(rows, list(PLACE))
    label, _ = match_companies(frame, PLACE, doubtful=doubtful).at_threshold(0.85)
    assert len(set(label[:6])) == 6
    assert (label[6:36] == label[150:180]).mean() > 0.9


def test_branches_of_a_chain_stay_apart():
    """One name, house numbers of one street and phones that differ: branches, not spellings."""
    rows = [("Tasty Bagel", f"{number} Bank Street", "Ottawa", f"61355501{number}") for number in (11, 35, 57, 80)]
    rows += [("Tasty Bagel", "35 Bank St.", "Ottawa", "613-555-0135")]
    found = match_companies(_town(rows, list(PLACE)), PLACE)["cluster"].tolist()
    assert len(set(found[:4])) == 4 and found[4] == found[1]


@pytest.mark.parametrize("others", [0, 150])
def test_namesakes_with_other_web_sites_in_other_cities(others):
    """Two companies of one name are two in a small export as well; one that only spells its ending otherwise is one."""
    rows = [
        ("Summit Consulting", "summitconsulting.ca", "Ottawa"), ("Summit Consulting", "summit-group.co.uk", "Leeds"),
        ("Borealis Foods", "borealisfoods.com", "Halifax"), ("Borealis Foods Inc.", "borealisfoods.ca", "Halifax"),
    ]  # fmt: skip
    frame = _town(rows, list(SITE)).head(4 + others)
    found = match_companies(frame, SITE)["cluster"].tolist()
    assert found[0] != found[1] and found[2] == found[3]
