"""CRM tables with known truth, from a seed: persons with every mess a CRM has, and the pairs that must stay apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pb2hl.matching import names
from pb2hl.matching.normalise import read_list

PERSON_KINDS = {
    "first_name": "given_name",
    "last_name": "surname",
    "email": "email",
    "phone": "phone",
    "company": "organisation",
    "address": "address",
    "city": "city",
    "postcode": "postcode",
}
COMPANY_KINDS = {"name": "organisation", "website": "domain", "phone": "phone", "address": "address", "city": "city"}

_SYLLABLES = "ba be bor ca cor da den dor el fa fen gar go hal har in jan ka kel la len lo mar mer mo na nor o pa per qui ra ros sa sen ta tor u va ver wil wo ya zan".split()
_STREETS = "Main Oak Elm Maple King Queen Church Station Mill Park River Lake Hill Victoria Albert Wellington Bank Bronson Elgin Rideau".split()
_CITIES = "Ottawa Toronto Montreal Kingston Hamilton London Halifax Calgary Vancouver Winnipeg Regina Gatineau".split()
_TRADES = "Plumbing Electric Roofing Consulting Dental Law Bakery Logistics Software Design Media Motors Foods Health Energy Steel".split()
_FORMS = ["Inc.", "Ltd", "LLC", "Corp.", "", "", "Limited", "GmbH", "Co."]


def _surnames(rng: np.random.Generator, count: int) -> np.ndarray:
    pool = ["".join(rng.choice(_SYLLABLES, rng.integers(2, 4))).capitalize() for _ in range(max(count // 8, 50))]
    share = 1 / np.arange(1, len(pool) + 1) ** 0.8
    return rng.choice(np.array(pool, dtype=object), count, p=share / share.sum())


def _given(rng: np.random.Generator, count: int) -> np.ndarray:
    pool = np.array(
        sorted(name.capitalize() for line in read_list("given_names.txt") for name in line.split()), dtype=object
    )
    share = 1 / (rng.permutation(len(pool)) + 3.0)
    return rng.choice(pool, count, p=share / share.sum())


def typo(rng: np.random.Generator, text: str) -> str:
    """`text` with one letter swapped, dropped, doubled or replaced."""
    if len(text) < 4:
        return text
    at = int(rng.integers(1, len(text) - 1))
    kind = rng.integers(0, 4)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    return text[:at] + (text[at] if kind == 2 else str(rng.choice(list("aeionrst")))) + text[at + (kind == 3) :]


def persons(count: int, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """(about `count` contacts, who each of them is): 70 % originals, households, shared mailboxes, namesakes, messy copies."""
    rng = np.random.default_rng(seed)
    base = int(count * 0.7)
    first, last = _given(rng, base), _surnames(rng, base)
    company = np.array(
        [f"{name} {rng.choice(_TRADES)} {rng.choice(_FORMS)}".strip() for name in _surnames(rng, max(base // 6, 5))],
        dtype=object,
    )
    firm = rng.integers(0, len(company), base)
    domain = np.array([name.split()[0].lower() + name.split()[1].lower() + ".com" for name in company], dtype=object)[
        firm
    ]
    personal = rng.random(base) < 0.35
    provider = rng.choice(["gmail.com", "hotmail.com", "yahoo.ca", "outlook.com"], base)
    local = np.array(
        [
            f"{f.lower()}.{s.lower()}" if k else f"{f[0].lower()}{s.lower()}"
            for f, s, k in zip(first, last, rng.random(base) < 0.6, strict=True)
        ],
        dtype=object,
    )
    local = np.where(personal, local + pd.Series(rng.integers(1, 99, base)).astype(str).to_numpy(object), local)
    email = local + "@" + np.where(personal, provider, domain).astype(object)
    frame = pd.DataFrame(
        {
            "first_name": first,
            "last_name": last,
            "email": email,
            "phone": [f"+1613{number:07d}" for number in rng.integers(2_000_000, 9_999_999, base)],
            "company": company[firm],
            "address": [
                f"{number} {street} Street"
                for number, street in zip(rng.integers(1, 900, base), rng.choice(_STREETS, base), strict=True)
            ],
            "city": rng.choice(_CITIES, base),
            "postcode": [
                f"K{a}{b} {c}{d}{e}"
                for a, b, c, d, e in zip(
                    *(rng.choice(list(s), base) for s in ("123456789", "ABCEGHJ", "123456789", "KLMNPRS", "123456789")),
                    strict=True,
                )
            ],
            "truth": np.arange(base),
        }
    )
    frame = frame.drop_duplicates("email").reset_index(drop=True)
    for column, share in {
        "email": 0.10,
        "phone": 0.25,
        "company": 0.30,
        "address": 0.35,
        "city": 0.15,
        "postcode": 0.35,
    }.items():
        frame.loc[rng.random(len(frame)) < share, column] = None
    parts = [
        frame,
        _households(rng, frame, count // 12),
        _mailboxes(rng, frame, count // 40),
        _copies(rng, frame, count // 6),
    ]
    table = pd.concat(parts, ignore_index=True).sample(frac=1, random_state=seed).reset_index(drop=True)
    return table.drop(columns="truth"), table["truth"]


def _households(rng: np.random.Generator, frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """Relatives: surname, address and phone of somebody else; the given name and the e-mail are their own."""
    found = frame.sample(min(count, len(frame)), random_state=7).copy()
    other = _given(rng, len(found))
    other = np.where(other == found["first_name"].to_numpy(), "Quentin", other)
    clash = [names.root(a.lower()) == names.root(b.lower()) for a, b in zip(other, found["first_name"], strict=True)]
    found["first_name"] = np.where(clash, "Quentin", other)
    own = (
        found["first_name"].str.lower()
        + "."
        + found["last_name"].str.lower()
        + rng.integers(1, 99, len(found)).astype(str)
        + "@gmail.com"
    )
    found["email"] = own.where(rng.random(len(found)) < 0.5, None)
    found["truth"] = 10_000_000 + np.arange(len(found))
    return found


def _mailboxes(rng: np.random.Generator, frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """Colleagues behind one info@ address and one switchboard."""
    firms = frame.dropna(subset=["company"]).drop_duplicates("company").head(max(count // 3, 1))
    found = firms.loc[firms.index.repeat(3)].copy()
    found["first_name"], found["last_name"] = _given(rng, len(found)), _surnames(rng, len(found))
    found["email"] = "info@" + found["company"].str.split().str[0].str.lower() + ".com"
    found["phone"] = found["phone"].fillna("+16135550100")
    found["truth"] = 20_000_000 + np.arange(len(found))
    return found.drop_duplicates(["first_name", "last_name", "company"])


def _copies(rng: np.random.Generator, frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """The same person again: nicknames, typos, swapped names, another e-mail, blanks, a moved address."""
    found = frame.sample(min(count, len(frame)), random_state=11).copy()
    roll = rng.random((len(found), 8))
    short: dict[str, str] = {}
    for line in read_list("nicknames.txt"):
        root, _, rest = line.partition(":")
        short[root] = rest.split()[0]
    first = [
        short.get(name.lower(), name).capitalize() if hit else name
        for name, hit in zip(found["first_name"], roll[:, 0] < 0.25, strict=True)
    ]
    last = [typo(rng, name) if hit else name for name, hit in zip(found["last_name"], roll[:, 1] < 0.15, strict=True)]
    swap = roll[:, 2] < 0.03
    found["first_name"], found["last_name"] = np.where(swap, last, first), np.where(swap, first, last)
    email = found["email"].astype(object).where(found["email"].notna(), None).to_numpy(object)
    cased = np.array(
        [text.upper() if text and hit else text for text, hit in zip(email, roll[:, 3] < 0.2, strict=True)],
        dtype=object,
    )
    found["email"] = np.where(roll[:, 4] < 0.35, None, cased)
    new_phone = [f"+1343{number:07d}" for number in rng.integers(2_000_000, 9_999_999, len(found))]
    kept_phone = found["phone"].notna() & (roll[:, 5] >= 0.4)
    found["phone"] = np.where(roll[:, 5] < 0.15, new_phone, np.where(roll[:, 5] < 0.4, None, found["phone"]))
    moved = roll[:, 6] < 0.1
    for column in ("address", "postcode", "city"):
        found[column] = np.where(moved, None, found[column])
    found["company"] = np.where(roll[:, 7] < 0.3, None, found["company"])
    same = found["email"].notna() | kept_phone | found["address"].notna() | found["company"].notna()
    return found[same]


def companies(count: int, seed: int = 2) -> tuple[pd.DataFrame, pd.Series]:
    """(about `count` companies, which each of them is): copies with other legal forms and typos, groups behind one domain."""
    rng = np.random.default_rng(seed)
    base = int(count * 0.7)
    brand = _surnames(rng, base)
    trade = rng.choice(_TRADES, base)
    frame = pd.DataFrame({"brand": brand, "trade": trade}).drop_duplicates().reset_index(drop=True)
    size = len(frame)
    frame["name"] = [
        f"{b} {t} {f}".strip() for b, t, f in zip(frame["brand"], frame["trade"], rng.choice(_FORMS, size), strict=True)
    ]
    frame["website"] = "https://www." + frame["brand"].str.lower() + frame["trade"].str.lower() + ".com/about"
    frame["phone"] = [f"+1416{number:07d}" for number in rng.integers(2_000_000, 9_999_999, size)]
    frame["address"] = [
        f"{number} {street} Street"
        for number, street in zip(rng.integers(1, 900, size), rng.choice(_STREETS, size), strict=True)
    ]
    frame["city"] = rng.choice(_CITIES, size)
    frame["truth"] = np.arange(size)
    for column, share in {"website": 0.3, "phone": 0.3, "address": 0.4, "city": 0.2}.items():
        frame.loc[rng.random(size) < share, column] = None
    sisters = frame.dropna(subset=["website"]).sample(count // 12, random_state=5).copy()
    sisters["trade"] = [_TRADES[(_TRADES.index(item) + 3) % len(_TRADES)] for item in sisters["trade"]]
    sisters["name"] = sisters["brand"] + " " + sisters["trade"] + " Ltd"
    sisters["truth"] = 10_000_000 + np.arange(len(sisters))
    known = set(zip(frame["brand"], frame["trade"], strict=True))
    sisters = sisters[
        [pair not in known for pair in zip(sisters["brand"], sisters["trade"], strict=True)]
    ].drop_duplicates(["brand", "trade"])
    copies = frame.sample(count // 5, random_state=6).copy()
    words = copies["brand"] + " " + copies["trade"]
    copies["name"] = [
        typo(rng, text) if hit else text for text, hit in zip(words, rng.random(len(copies)) < 0.2, strict=True)
    ]
    copies["name"] += pd.Series(
        rng.choice([" LLC", " Incorporated", "", ", Inc.", " Co Ltd"], len(copies)), index=copies.index
    )
    copies.loc[rng.random(len(copies)) < 0.2, "name"] = copies["name"].str.upper()
    for column in ("phone", "address"):
        copies.loc[rng.random(len(copies)) < 0.3, column] = None
    table = (
        pd.concat([frame, sisters, copies], ignore_index=True).sample(frac=1, random_state=seed).reset_index(drop=True)
    )
    return table[list(COMPANY_KINDS)], table["truth"]
