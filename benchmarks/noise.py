"""Errors as people, scanners and systems make them, for the generated sets: a share of the cells of a column is spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

Spoil = Callable[[np.random.Generator, str], str]

_BESIDE = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl", "l": "ko", "m": "nk",
    "n": "bm", "o": "ip", "p": "ol", "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "xs",
}  # fmt: skip
_SOUNDS = (
    ("ph", "f"),
    ("ck", "k"),
    ("ie", "ei"),
    ("y", "i"),
    ("c", "k"),
    ("mm", "m"),
    ("ll", "l"),
    ("tt", "t"),
    ("z", "s"),
    ("ee", "ea"),
)
_SCANNED = (("m", "rn"), ("l", "1"), ("o", "0"), ("h", "li"), ("cl", "d"), ("s", "5"), ("u", "v"))


def keyed(rng: np.random.Generator, text: str) -> str:
    """One wrong keystroke: a letter left out, doubled, changed over with its neighbour or hit beside."""
    if len(text) < 3:
        return text
    at = int(rng.integers(0, len(text) - 1))
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[: at + 1] + text[at:]
    if kind == 2:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    near = _BESIDE.get(text[at].lower())
    return text[:at] + (near[int(rng.integers(0, 2))] if near else "e") + text[at + 1 :]


def digit(rng: np.random.Generator, text: str) -> str:
    """One digit replaced by another."""
    places = [at for at, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return text
    at = int(rng.choice(places))
    return f"{text[:at]}{(int(text[at]) + int(rng.integers(1, 10))) % 10}{text[at + 1 :]}"


def _replaced(rng: np.random.Generator, text: str, table: tuple[tuple[str, str], ...]) -> str:
    fitting = [pair for pair in table if pair[0] in text.lower()]
    if not fitting:
        return keyed(rng, text)
    old, new = fitting[int(rng.integers(0, len(fitting)))]
    at = text.lower().index(old)
    return text[:at] + new + text[at + len(old) :]


def heard(rng: np.random.Generator, text: str) -> str:
    """A spelling that sounds alike."""
    return _replaced(rng, text, _SOUNDS)


def scanned(rng: np.random.Generator, text: str) -> str:
    """A letter misread."""
    return _replaced(rng, text, _SCANNED)


def mistyped(rng: np.random.Generator, text: str) -> str:
    """A wrong key mostly, else misheard or misread; one spoilt word in six is spoilt twice."""
    for _ in range(1 + int(rng.random() < 1 / 6)):
        text = (keyed, keyed, keyed, heard, scanned)[int(rng.integers(0, 5))](rng, text)
    return text


def initial(rng: np.random.Generator, text: str) -> str:
    """The first letter, now and then with a dot."""
    return text[:1] + ("." if rng.random() < 0.4 else "")


def word_lost(rng: np.random.Generator, text: str) -> str:
    """One word left out, if two stay."""
    words = text.split()
    if len(words) < 3:
        return text
    words.pop(int(rng.integers(0, len(words))))
    return " ".join(words)


def date_wrong(rng: np.random.Generator, text: str) -> str:
    """A `YYYY-MM-DD` with one part wrong, changed over, or the first of January."""
    year, month, day = text.split("-")
    kind = int(rng.integers(0, 5))
    if kind == 0 and int(day) <= 12:
        return f"{year}-{day}-{month}"
    if kind == 1:
        return f"{int(year) + int(rng.choice([-10, -1, 1, 10]))}-{month}-{day}"
    if kind == 2:
        return f"{year}-{month}-{int(rng.integers(1, 29)):02}"
    return f"{year}-01-01" if kind == 3 else digit(rng, text)


def spoil(rng: np.random.Generator, column: pd.Series, share: float, how: Spoil) -> pd.Series:
    """`column` with a `share` (0-1) of its filled cells spoilt."""
    hit = rng.random(len(column)) < share
    return pd.Series(
        [how(rng, cell) if yes and isinstance(cell, str) and cell else cell for cell, yes in zip(column, hit, strict=True)],
        index=column.index, dtype=object,
    )  # fmt: skip


def blank(rng: np.random.Generator, frame: pd.DataFrame, shares: Mapping[str, float]) -> pd.DataFrame:
    """`frame` with a share of the cells of each column gone (in place)."""
    for column, share in shares.items():
        frame[column] = frame[column].astype(object).mask(rng.random(len(frame)) < share, None)
    return frame


def drawn(rng: np.random.Generator, pool: list[str], count: int, steep: float = 0.7) -> np.ndarray:
    """`count` items of `pool`, few of them often: shares fall with rank to the power of `steep`."""
    share = 1 / np.arange(2, len(pool) + 2) ** steep
    return rng.choice(np.array(pool, dtype=object)[rng.permutation(len(pool))], count, p=share / share.sum())


def copies(rng: np.random.Generator, base: pd.DataFrame, count: int, most: int = 10) -> pd.DataFrame:
    """About `count` rows of `base`, one to `most` an entity and half of the entities once, numbered in `truth`."""
    times = np.minimum(rng.geometric(0.5, len(base)), most)
    base = base.assign(truth=np.arange(len(base)))
    return base.loc[base.index.repeat(times)].head(count).reset_index(drop=True)


def shuffled(frame: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """(table, truth) in random order."""
    frame = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    return frame.drop(columns="truth"), frame["truth"]
