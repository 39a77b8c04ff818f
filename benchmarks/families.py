"""Labelled persons and places whose likeness deceives: twins, relatives, people who moved, short names, guides of crowded streets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import noise
from benchmarks.more_people import _GIVEN, _SURNAMES

FAMILY_KINDS = {
    "given": "given_name", "surname": "surname", "email": "email", "phone": "phone", "street": "address", "city": "city", "born": "birth_date",
}  # fmt: skip
MOVED_KINDS = {
    "given": "given_name",
    "surname": "surname",
    "street": "address",
    "city": "city",
    "phone": "phone",
    "email": "email",
}
GUIDE_KINDS = {"name": "organisation", "address": "address", "city": "city", "cuisine": "category"}

_STREETS = "Maple Cedar Birch Station Harbour Market Chapel Orchard Quarry Granite".split()
_CITIES = "Arden Brightwater Colby Dunmore Eastvale Farley Gransden Holt".split()
_SHORT = {
    "robert": "bob rob", "elizabeth": "liz beth", "christopher": "chris", "margaret": "peg meg", "alexander": "alex sandy", "frederick": "fred",
    "jonathan": "jon", "edward": "eddy ted", "henry": "harry", "katherine": "kate kathy", "patricia": "pat trish", "william": "bill will",
}  # fmt: skip


def _homes(rng: np.random.Generator, count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "street": [f"{rng.integers(1, 200)} {rng.choice(_STREETS)} Street" for _ in range(count)],
            "city": rng.choice(_CITIES, count),
            "phone": [f"{rng.integers(201, 989)}{rng.integers(2_000_000, 9_999_999)}" for _ in range(count)],
            "surname": noise.drawn(rng, _SURNAMES, count),
        }
    )


def families(count: int, seed: int = 41, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Households of one to four who share street, phone and surname; every eighth has twins; half of the rows come twice."""
    rng = np.random.default_rng(seed)
    homes = _homes(rng, max(count // 4, 4))
    people = homes.loc[homes.index.repeat(rng.integers(1, 5, len(homes)))].reset_index(names="home")
    people["given"] = [str(name) for name in noise.drawn(rng, _GIVEN, len(people))]
    people = people.drop_duplicates(["home", "given"]).reset_index(drop=True)
    people["born"] = [
        f"{rng.integers(1940, 2006)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}" for _ in range(len(people))
    ]
    twins = (people["home"] % 8 == 0) & people["home"].duplicated(keep=False)
    people.loc[twins, "born"] = people[twins].groupby("home")["born"].transform("first")
    people["email"] = [
        f"{g}.{s}{rng.integers(1, 99)}@mail.com" for g, s in zip(people["given"], people["surname"], strict=True)
    ]
    people["truth"] = np.arange(len(people))
    again = people.sample(frac=0.5, random_state=seed).copy()
    for column, how in {
        "given": _shortened,
        "surname": noise.keyed,
        "phone": noise.digit,
        "born": noise.date_wrong,
    }.items():
        again[column] = noise.spoil(rng, again[column], rate / 2, how)
    noise.blank(rng, again, {"email": 0.7, "born": 0.2, "phone": 0.2})
    noise.blank(rng, people, {"email": 0.5})
    return noise.shuffled(pd.concat([people, again], ignore_index=True).drop(columns="home"), seed)


def _shortened(rng: np.random.Generator, name: str) -> str:
    return str(rng.choice(_SHORT[name].split())) if name in _SHORT else name


def moved(count: int, seed: int = 42, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """A third is listed again after a move: another street, city and phone, mostly another e-mail; rare and common names."""
    rng = np.random.default_rng(seed)
    base = _homes(rng, int(count * 0.75))
    base["given"] = [str(name) for name in noise.drawn(rng, _GIVEN, len(base))]
    rare = rng.random(len(base)) < 0.5
    base.loc[rare, "surname"] = [
        f"{a}{b}{c}"
        for a, b, c in rng.choice("bar quin thor vel dask mor fen gri lund holt".split(), (int(rare.sum()), 3))
    ]
    base["email"] = [
        f"{g[0]}{s}{rng.integers(1, 99)}@one.com" for g, s in zip(base["given"], base["surname"], strict=True)
    ]
    base["truth"] = np.arange(len(base))
    again = base.sample(count - len(base), random_state=seed).copy()
    new = _homes(rng, len(again))
    for column in ("street", "city", "phone"):
        again[column] = new[column].to_numpy()
    again["email"] = [f"{g}.{s}@two.com" for g, s in zip(again["given"], again["surname"], strict=True)]
    again["surname"] = noise.spoil(rng, again["surname"], rate / 4, noise.keyed)
    return noise.shuffled(noise.blank(rng, pd.concat([base, again], ignore_index=True), {"email": 0.5}), seed)


def guides(count: int, seed: int = 43, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Restaurants of few streets in few cities, many to a building, chains; one in eight stands in a second guide; no phones."""
    rng = np.random.default_rng(seed)
    size = int(count * 0.88)
    words = "golden dragon garden palace corner harbor sunset olive river lotus jade maple pearl copper royal vine arches union spring grand".split()
    kinds = ["cafe", "grill", "bistro", "restaurant", "diner", "bar", ""]
    names = [
        " ".join([*rng.choice(words, int(rng.integers(1, 3)), replace=False), str(rng.choice(kinds))]).strip()
        for _ in range(size)
    ]
    names = [name if rng.random() < 0.7 else f"{rng.choice(_SURNAMES)}'s {rng.choice(kinds)}".strip() for name in names]
    houses = [
        f"{rng.integers(1, 2000)} {rng.choice(['broadway', 'sunset blvd', 'w 55th st', 'park ave', 'main st', 'lake st'])}"
        for _ in range(size * 2 // 3)
    ]
    base = pd.DataFrame(
        {
            "name": names,
            "address": rng.choice(houses, size),
            "city": rng.choice(_CITIES[:4], size),
            "cuisine": rng.choice(["american", "italian", "french", "asian"], size),
        }
    )
    base = base.drop_duplicates(["name", "address", "city"]).reset_index(drop=True)
    base["truth"] = np.arange(len(base))
    again = base.sample(count - size, random_state=seed).copy()
    again["name"] = noise.spoil(
        rng, again["name"], rate, lambda r, text: f"{text} {r.choice(['of town', 'on the park', 'the'])}"
    )
    again["address"] = noise.spoil(
        rng,
        again["address"],
        0.5,
        lambda r, text: (
            text.replace("blvd", "boulevard").replace(" st", " street")
            + str(r.choice(["", " between 1st and 2nd aves", " at the mall"]))
        ),
    )
    again["cuisine"] = noise.spoil(
        rng, again["cuisine"], 0.4, lambda r, _: str(r.choice(["american (new)", "continental", "thai"]))
    )
    for column in ("name", "address"):
        again[column] = noise.spoil(rng, again[column], rate / 4, noise.keyed)
    return noise.shuffled(pd.concat([base, again], ignore_index=True), seed)
