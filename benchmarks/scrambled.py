"""Labelled persons of few surnames, from a seed: letters of e-mails and cities changed over, dates wrong in any part, names in the wrong column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import noise

SCRAMBLED_KINDS = {
    "first": "given_name",
    "last": "surname",
    "born": "birth_date",
    "city": "city",
    "email": "email",
}

_GIVEN = "oliver jack harry jacob charlie thomas george oscar james william noah leo freddie alfie henry amelia olivia isla emily poppy ava isabella jessica lily sophie grace sophia mia evie ruby ella scarlett isabelle chloe freya florence harley logan daniel joseph max lucas mason ethan edward samuel david caleb theodore finley harrison alexander arthur reuben martha eliza matilda hannah abigail rose erin zara maya megan lola bella darcey eva summer lexi molly imogen robyn thea maisie hollie".split()
_SURNAMES = "smith jones taylor brown williams wilson johnson davies robinson wright thompson evans walker white roberts green hall wood jackson clarke patel khan lewis james phillips mason mitchell rose davis rodriguez cox alexander kaur begum hughes edwards ward turner hill moore clark lee king baker harrison morgan allen price bennett griffiths kelly simpson marshall collins shaw murphy miller cook richards cooper parker bailey burton webb".split()
_CITIES = ["London"] * 25 + "Birmingham Leeds Glasgow Sheffield Bradford Liverpool Edinburgh Manchester Bristol Wakefield Cardiff Coventry Nottingham Leicester Sunderland Belfast Newcastle Brighton Hull Plymouth Derby Swansea Southampton Luton Aberdeen Bolton Reading Dundee Lincoln Swindon".split()  # fmt: skip
_HOSTS = "jones.com smith.org lewis.net wright-hall.com brown.info davis.biz green-webb.com ortiz.com powers.org ward.info hill.com gmail.com hotmail.com".split()


def _mixed(rng: np.random.Generator, text: str) -> str:
    """One or two pairs of letters, wherever they stand, changed over."""
    letters = list(text)
    for one, two in rng.integers(0, len(letters), (int(rng.integers(1, 3)), 2)):
        letters[one], letters[two] = letters[two], letters[one]
    return "".join(letters)


def _another_date(rng: np.random.Generator, text: str) -> str:
    year, month, day = text.split("-")
    month = month if rng.random() < 0.6 else f"{rng.integers(1, 13):02}"
    day = day if rng.random() < 0.5 else f"{rng.integers(1, 29):02}"
    return f"{int(year) + int(rng.choice([-10, -1, 0, 1, 10]))}-{month}-{day}"


def _mailbox(rng: np.random.Generator, given: str, surname: str) -> str:
    forms = (f"{given}{rng.integers(1, 99)}", f"{given[0]}{surname}", f"{surname}{given}", f"{given}.{surname}", f"{rng.choice(_SURNAMES)}{rng.integers(10, 999)}")  # fmt: skip
    return f"{forms[int(rng.integers(5))]}@{rng.choice(_HOSTS)}".lower()


def scrambled(count: int, seed: int = 101, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Name, birth date, city and e-mail, one to eight rows a person; a mailbox is often another name's."""
    rng = np.random.default_rng(seed)
    size = max(count // 4, 2)
    base = pd.DataFrame(
        {"first": [str(name).title() for name in rng.choice(_GIVEN, size)], "last": [str(name).title() for name in rng.choice(_SURNAMES, size)]}
    )  # fmt: skip
    base["born"] = [f"{rng.integers(1970, 2021)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}" for _ in range(size)]  # fmt: skip
    base["city"] = rng.choice(_CITIES, size)
    base["email"] = [_mailbox(rng, *names) for names in zip(base["first"], base["last"], strict=True)]
    base["truth"] = np.arange(size)
    table = base.loc[base.index.repeat(rng.integers(1, 8, size))].reset_index(drop=True)
    swapped = rng.random(len(table)) < rate / 4
    table.loc[swapped, ["first", "last"]] = table.loc[swapped, ["last", "first"]].to_numpy()
    for column, how, share in (
        *(("first", noise.keyed, 0.5), ("last", noise.keyed, 0.5), ("born", _another_date, 1.0)),
        *(("city", _mixed, 0.75), ("email", _mixed, 0.75), ("email", lambda _, text: text.replace("@", ""), 0.4)),
    ):
        table[column] = noise.spoil(rng, table[column], rate * share, how)
    return noise.shuffled(noise.blank(rng, table, {"first": 0.15, "last": 0.12, "city": 0.17, "email": 0.2}), seed)
