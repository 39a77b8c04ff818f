"""Labelled persons outside a CRM, from a seed: typos everywhere, name and birth date only, e-mails, old registers, inventors.

Each set is made after the habits of a kind of data that matching is judged on, not after any one table of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.crm import typo
from pb2hl.matching.normalise import read_list

TYPO_KINDS = {
    "first_name": "given_name",
    "last_name": "surname",
    "street": "address",
    "city": "city",
    "postcode": "postcode",
    "born": "birth_date",
    "number": "identifier",
}
BIRTH_KINDS = {"first_name": "given_name", "last_name": "surname", "born": "birth_date"}
EMAIL_KINDS = {**BIRTH_KINDS, "city": "city", "email": "email"}
REGISTER_KINDS = {
    "first_name": "given_name",
    "last_name": "surname",
    "born": "birth_date",
    "place": "city",
    "postcode": "postcode",
    "occupation": "category",
}
INVENTOR_KINDS = {"name": "organisation"}

_SYLLABLES = "an bel bo cour da de do du fau gar ger ha jo la le lin lo mar mau mon ne per pi ra ro sa sau te ter val vi vau".split()
_OLD_GIVEN = "jean pierre jacques françois louis nicolas antoine charles guillaume claude michel étienne philippe andré henri gabriel joseph marie anne françoise marguerite catherine jeanne louise madeleine élisabeth charlotte geneviève barbe nicole suzanne".split()
_TITLES = ("sieur de {}", "comte de {}", "{} le jeune", "de {}", "marquis de {}")
_JOBS = "notary painter merchant priest physician soldier officer poet engraver architect bishop musician".split()


def _pool(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.array(
        sorted({"".join(rng.choice(_SYLLABLES, rng.integers(2, 4))) for _ in range(count * 2)})[:count], object
    )


def _draw(rng: np.random.Generator, pool: np.ndarray, count: int, steep: float = 0.8) -> np.ndarray:
    share = 1 / np.arange(1, len(pool) + 1) ** steep
    return rng.choice(rng.permutation(pool), count, p=share / share.sum())


def _given(rng: np.random.Generator, count: int) -> np.ndarray:
    pool = np.array(sorted(name for line in read_list("given_names.txt") for name in line.split()), dtype=object)
    return _draw(rng, pool, count)


def _dates(rng: np.random.Generator, count: int, first: int, last: int) -> np.ndarray:
    return np.array(
        [f"{y}-{m:02}-{d:02}" for y, m, d in zip(rng.integers(first, last, count), rng.integers(1, 13, count), rng.integers(1, 29, count), strict=True)],
        dtype=object,
    )  # fmt: skip


def _wrong_date(rng: np.random.Generator, text: str) -> str:
    """One component of a date replaced, or day and month changed over."""
    year, month, day = text.split("-")
    kind = int(rng.integers(0, 5))
    if kind == 0:
        return f"{int(year) + int(rng.choice([-10, -1, 1, 10]))}-{month}-{day}"
    if kind == 1:
        return f"{year}-{int(rng.integers(1, 13)):02}-{day}"
    if kind == 2 and int(day) <= 12:
        return f"{year}-{day}-{month}"
    return f"{year}-{month}-{int(rng.integers(1, 29)):02}" if kind == 3 else typo_digit(rng, text)


def typo_digit(rng: np.random.Generator, text: str) -> str:
    """`text` with one digit replaced."""
    places = [at for at, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return text
    at = int(rng.choice(places))
    return f"{text[:at]}{rng.integers(0, 10)}{text[at + 1 :]}"


def _spoil(
    rng: np.random.Generator, column: pd.Series, share: float, how: Callable[[np.random.Generator, str], str]
) -> pd.Series:
    hit = rng.random(len(column)) < share
    return pd.Series(
        [how(rng, cell) if yes and cell else cell for cell, yes in zip(column, hit, strict=True)], index=column.index
    )


def _blank(rng: np.random.Generator, frame: pd.DataFrame, shares: dict[str, float]) -> pd.DataFrame:
    for column, share in shares.items():
        frame[column] = frame[column].astype(object).mask(rng.random(len(frame)) < share, None)
    return frame


def _shuffled(frame: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    frame = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    return frame.drop(columns="truth"), frame["truth"]


def typos(count: int, seed: int = 3) -> tuple[pd.DataFrame, pd.Series]:
    """Name, address, birth date and number of persons; half of the rows are copies with one to five errors."""
    rng = np.random.default_rng(seed)
    base = count // 2
    frame = pd.DataFrame({"first_name": _given(rng, base), "last_name": _draw(rng, _pool(rng, 1500), base)})
    frame["street"] = [
        f"{n} {s} street" for n, s in zip(rng.integers(1, 300, base), _draw(rng, _pool(rng, 600), base), strict=True)
    ]
    frame["city"], frame["postcode"] = _draw(rng, _pool(rng, 300), base), rng.integers(1000, 9999, base).astype(str)
    frame["born"], frame["number"] = _dates(rng, base, 1910, 2005), rng.integers(10**6, 10**7, base).astype(str)
    frame["truth"] = np.arange(base)
    copies = frame.iloc[rng.integers(0, base, count - base)].copy()
    for column, how in {
        "first_name": typo,
        "last_name": typo,
        "street": typo,
        "city": typo,
        "postcode": typo_digit,
        "born": _wrong_date,
        "number": typo_digit,
    }.items():
        copies[column] = _spoil(rng, copies[column], 0.22, how)
    swap = rng.random(len(copies)) < 0.04
    copies.loc[swap, ["first_name", "last_name"]] = copies.loc[swap, ["last_name", "first_name"]].to_numpy()
    _blank(rng, copies, dict.fromkeys(TYPO_KINDS, 0.06))
    return _shuffled(pd.concat([_blank(rng, frame, dict.fromkeys(TYPO_KINDS, 0.03)), copies], ignore_index=True), seed)


def births(count: int, seed: int = 4) -> tuple[pd.DataFrame, pd.Series]:
    """Nothing but name and birth date; one row in ten is a copy with one error."""
    rng = np.random.default_rng(seed)
    base = int(count * 0.9)
    frame = pd.DataFrame(
        {"first_name": _draw(rng, _pool(rng, 150), base, 0.6), "last_name": _draw(rng, _pool(rng, 900), base)}
    )
    frame["born"], frame["truth"] = _dates(rng, base, 1930, 1990), np.arange(base)
    copies = frame.sample(count - base, random_state=seed).copy()
    which = rng.integers(0, 3, len(copies))
    for number, (column, how) in enumerate({"first_name": typo, "last_name": typo, "born": _wrong_date}.items()):
        copies[column] = copies[column].where(which != number, _spoil(rng, copies[column], 1.0, how))
    return _shuffled(pd.concat([frame, copies], ignore_index=True), seed)


def emails(count: int, seed: int = 5) -> tuple[pd.DataFrame, pd.Series]:
    """Name, birth date, city and e-mail, many blanks and errors, one to eight rows a person."""
    rng = np.random.default_rng(seed)
    base = max(count // 4, 2)
    frame = pd.DataFrame({"first_name": _given(rng, base), "last_name": _draw(rng, _pool(rng, 120), base)})
    frame["born"], frame["city"] = _dates(rng, base, 1970, 2020), _draw(rng, _pool(rng, 40), base, 1.0)
    domains = _pool(rng, 60)
    frame["email"] = [
        f"{f[0]}.{s}@{d}.com"
        for f, s, d in zip(frame["first_name"], frame["last_name"], rng.choice(domains, base), strict=True)
    ]
    frame["truth"] = np.arange(base)
    table = frame.iloc[rng.integers(0, base, count)].copy()
    for column, how in {
        "first_name": typo,
        "last_name": typo,
        "born": _wrong_date,
        "city": _scramble,
        "email": _scramble,
    }.items():
        table[column] = _spoil(rng, table[column], 0.22, how)
    swap = rng.random(len(table)) < 0.05
    table.loc[swap, ["first_name", "last_name"]] = table.loc[swap, ["last_name", "first_name"]].to_numpy()
    return _shuffled(
        _blank(rng, table, {"first_name": 0.16, "last_name": 0.18, "born": 0.05, "city": 0.19, "email": 0.21}), seed
    )


def _scramble(rng: np.random.Generator, text: str) -> str:
    for _ in range(int(rng.integers(1, 4))):
        text = typo(rng, text)
    return text


def registers(count: int, seed: int = 6) -> tuple[pd.DataFrame, pd.Series]:
    """Persons of the 17th century as registers name them: few given names, titles for surnames, dates to the year, blanks."""
    rng = np.random.default_rng(seed)
    base = max(count // 7, 2)
    frame = pd.DataFrame(
        {
            "first_name": _draw(rng, np.array(_OLD_GIVEN, object), base, 0.7),
            "last_name": _draw(rng, _pool(rng, 700), base),
        }
    )
    second = rng.random(base) < 0.3
    frame["first_name"] = np.where(
        second, frame["first_name"] + " " + _draw(rng, np.array(_OLD_GIVEN, object), base, 0.7), frame["first_name"]
    )
    frame["born"], frame["place"] = _dates(rng, base, 1600, 1700), _draw(rng, _pool(rng, 150), base, 1.0)
    frame["postcode"] = [
        f"{p[:2]}{n} {m}{p[-2:]}"
        for p, n, m in zip(frame["place"], rng.integers(1, 30, base), rng.integers(1, 9, base), strict=True)
    ]
    frame["occupation"], frame["truth"] = rng.choice(_JOBS, base), np.arange(base)
    land = _draw(rng, _pool(rng, 300), base)
    table = frame.iloc[rng.integers(0, base, count)].copy()
    titled = rng.random(len(table)) < 0.12
    table["last_name"] = np.where(
        titled, [f"{s} {_TITLES[int(rng.integers(0, 5))].format(land[t])}" for s, t in zip(table["last_name"], table["truth"], strict=True)], table["last_name"]
    )  # fmt: skip
    table["first_name"] = _spoil(rng, table["first_name"], 0.12, lambda _, name: name.split()[0])
    table["first_name"] = _spoil(rng, table["first_name"], 0.10, lambda _, name: name[0])
    table["born"] = _spoil(rng, table["born"], 0.12, lambda _, born: f"{born[:4]}-01-01")
    for column, how in {
        "first_name": typo,
        "last_name": typo,
        "born": _wrong_date,
        "place": typo,
        "postcode": typo_digit,
    }.items():
        table[column] = _spoil(rng, table[column], 0.15, how)
    swap = rng.random(len(table)) < 0.02
    table.loc[swap, ["first_name", "last_name"]] = table.loc[swap, ["last_name", "first_name"]].to_numpy()
    return _shuffled(
        _blank(
            rng,
            table,
            {"first_name": 0.05, "last_name": 0.05, "born": 0.2, "place": 0.25, "postcode": 0.25, "occupation": 0.4},
        ),
        seed,
    )


def inventors(count: int, seed: int = 7) -> tuple[pd.DataFrame, pd.Series]:
    """Nothing but the names of applicants of patents: companies in many spellings."""
    rng = np.random.default_rng(seed)
    base = max(count // 4, 2)
    words = "Industries Electric Chemical Pharma Motors Semiconductor Instruments Optical Materials Research Technologies Systems".split()
    brand = _draw(rng, _pool(rng, max(base // 2, 20)), base, 0.4)
    frame = pd.DataFrame({"brand": brand, "trade": rng.choice(words, base)}).drop_duplicates().reset_index(drop=True)
    frame["truth"] = np.arange(len(frame))
    table = frame.iloc[rng.integers(0, len(frame), count)].copy()
    short = {
        "Industries": "Ind",
        "Technologies": "Tech",
        "Pharma": "Pharmaceuticals",
        "Electric": "Elec",
        "Instruments": "Instr",
        "Chemical": "Chem",
    }
    trade = _spoil(rng, table["trade"], 0.2, lambda _, word: short.get(word, word))
    form = rng.choice(
        ["Inc", "Inc.", "Corporation", "Corp", "Co., Ltd.", "GmbH", "AG", "Kabushiki Kaisha", "", "LLC"], len(table)
    )
    table["name"] = [
        f"{b.capitalize()} {t} {f}".strip()
        for b, t, f in zip(_spoil(rng, table["brand"], 0.08, typo), trade, form, strict=True)
    ]
    table["name"] = _spoil(rng, table["name"], 0.3, lambda _, name: name.upper())
    return _shuffled(table[["name", "truth"]], seed)
