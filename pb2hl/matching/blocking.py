"""Candidate pairs: many blocking rules on one and on two keys, each capped so that the pairs stay within a budget."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching import names
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import Kind
from pb2hl.progress import SILENT, Progress

PAIRS_PER_ROW = 10
"""Pairs that one blocking rule may yield, per record, in tables up to 50,000 rows; of a larger table each further record adds one."""

_LARGE = 50_000
HALF = 32
"""Bits of a record's position in a coded pair."""
_TWO_KEY_BLOCK = 400
_PARTNERS = {
    Kind.GIVEN_NAME: ("sound",),
    Kind.SURNAME: ("sound", "start"),
    Kind.DATE: ("year", "day"),
    Kind.BIRTH_DATE: ("year", "day"),
    Kind.IDENTIFIER: ("head",),
    Kind.POSTCODE: ("head",),
    Kind.PHONE: ("tail",),
    Kind.TEXT: ("rare word",),
    Kind.ADDRESS: ("rare word",),
    Kind.ORGANISATION: ("first word", "rare word"),
    Kind.EMAIL: ("start",),
    Kind.CITY: ("value",),
}
"""Keys that are combined with a key of another field when they are too common by themselves."""


@dataclass(frozen=True)
class Key:
    """A blocking key: one code a record for each source column, -1 for none. Several labels: keys that part the records alike."""

    field: Field
    labels: tuple[str, ...]
    codes: tuple[np.ndarray, ...]

    @property
    def name(self) -> str:
        return f"{self.field.name} ({self.labels[0]})"


@dataclass(frozen=True)
class Candidates:
    """Distinct candidate pairs (`left < right`, positions) and what each blocking rule yielded: rule, block_cap, pairs."""

    left: np.ndarray
    right: np.ndarray
    rules: pd.DataFrame

    def __len__(self) -> int:
        return len(self.left)

    def take(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(left, right) of the pairs at the positions `at`."""
        return self.left[at], self.right[at]


@dataclass(frozen=True)
class Rule:
    """A blocking rule: records that share a code are pairs, in blocks of up to `cap` records; at `most` so many pairs."""

    name: str
    codes: tuple[np.ndarray, ...]
    cap: int
    most: int


def candidate_pairs(records: Records, progress: Progress = SILENT) -> Candidates:
    """The pairs worth comparing: records that share a key of a block that is not too large."""
    found, report = [], []
    for rule in blocking_rules(records, progress):
        left, right = pairs_within(rule.codes, rule.cap)
        if len(left):
            found.append(left << HALF | right)
            report.append((rule.name, rule.cap, len(left)))
    pairs = distinct(np.concatenate(found)) if found else np.empty(0, np.int64)
    return Candidates(*halves(pairs), pd.DataFrame(report, columns=["rule", "block_cap", "pairs"]))


def halves(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(left, right) of coded pairs."""
    return (pairs >> HALF).astype(np.int32), (pairs & (1 << HALF) - 1).astype(np.int32)


def blocking_rules(records: Records, progress: Progress = SILENT) -> Iterator[Rule]:
    """Every rule on one key, then those on two keys that are too common by themselves."""
    count = records.count
    budget = PAIRS_PER_ROW * min(count, _LARGE) + max(count - _LARGE, 0)
    keys = [key for field in records.fields for key in _keys(field)]
    common = set()
    progress.start("finding pairs", len(keys), "blocking rules")
    for number, key in enumerate(keys):
        cap, total = block_cap(key.codes, budget)
        if total > budget:
            common.add(number)
        yield Rule(key.name, key.codes, cap, min(total, budget))
        progress.advance()
    for first, second in _two_key_rules(keys, common):
        code = _both(first.codes[0], second.codes[0])
        cap = min(block_cap((code,), budget // 2)[0], _TWO_KEY_BLOCK)
        yield Rule(f"{first.name} and {second.name}", (code,), cap, budget // 2)


def _two_key_rules(keys: list[Key], common: set[int]) -> list[tuple[Key, Key]]:
    partners = [number for number, key in enumerate(keys) if set(key.labels) & set(_PARTNERS.get(key.field.kind, ()))]
    return [
        (keys[first], keys[second])
        for at, first in enumerate(partners)
        for second in partners[at + 1 :]
        if keys[first].field is not keys[second].field and first in common and second in common
    ]


def _both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    present = (first >= 0) & (second >= 0)
    code = np.full(len(first), -1, np.int64)
    combined = first[present].astype(np.int64) * (int(second.max(initial=0)) + 1) + second[present]
    code[present] = pd.factorize(combined)[0]
    return code


def block_cap(codes: tuple[np.ndarray, ...], budget: int) -> tuple[int, int]:
    """(largest block whose pairs, with all smaller blocks', fit the `budget`; pairs of all blocks)."""
    flat = np.concatenate(codes)
    sizes = np.bincount(flat[flat >= 0])
    sizes = np.sort(sizes[sizes > 1]).astype(np.int64)
    if not len(sizes):
        return 0, 0
    running = np.cumsum(sizes * (sizes - 1) // 2)
    fitting = int(np.searchsorted(running, budget, "right"))
    if fitting == len(sizes):
        return int(sizes[-1]), int(running[-1])
    cap = int(sizes[fitting - 1]) if fitting else 0
    return (cap - 1 if cap == sizes[fitting] else cap), int(running[-1])


def pairs_within(codes: tuple[np.ndarray, ...], cap: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (left < right) of records that share a code, in blocks of up to `cap` records (None: of any size)."""
    flat = np.concatenate(codes)
    sizes = np.bincount(flat[flat >= 0])
    block = (sizes > 1) & (sizes <= (len(flat) if cap is None else cap))
    present = np.flatnonzero((flat >= 0) & np.r_[block, False][flat])
    if not len(present):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = present[np.argsort(flat[present], kind="stable")]
    code = flat[order]
    start = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    size = np.diff(np.r_[start, len(code)])
    order %= len(codes[0])
    within = _ramp(size)
    following = np.repeat(size, size) - within - 1
    first = np.repeat(np.repeat(start, size) + within, following)
    second = first + 1 + _ramp(following)
    left, right = order[first], order[second]
    apart = left != right
    left, right = left[apart], right[apart]
    return np.minimum(left, right), np.maximum(left, right)


def _ramp(lengths: np.ndarray) -> np.ndarray:
    """0, 1, … up to each of the lengths, one after the other."""
    total = int(lengths.sum())
    return np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def distinct(pairs: np.ndarray) -> np.ndarray:
    """The coded pairs, sorted, each once; `pairs` itself is sorted on the way."""
    pairs.sort()
    return pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs


def _keys(field: Field) -> list[Key]:
    keys = {_parting(field.codes): Key(field, ("value",), field.codes)}
    for label, function in _functions(field).items():
        texts = [function(value) or None for value in field.values]
        code = np.r_[pd.factorize(np.array(texts, dtype=object))[0], -1]
        key = Key(field, (label,), tuple(code[codes] for codes in field.codes))
        known = keys.get(parting := _parting(key.codes))
        keys[parting] = Key(field, (*known.labels, label), known.codes) if known else key
    return list(keys.values())


def _parting(codes: tuple[np.ndarray, ...]) -> bytes:
    """A digest that two keys share when they put the same records together."""
    flat = np.concatenate(codes)
    number = np.where(flat < 0, -1, pd.factorize(flat)[0])
    return hashlib.blake2b(number.astype(np.int64).tobytes(), digest_size=16).digest()


def _functions(field: Field) -> dict[str, Callable[[str], str]]:
    kind = field.kind
    if kind is Kind.GIVEN_NAME:
        return {"sound": lambda text: soundex(names.root(text)), "start": _latin_start}
    if kind is Kind.SURNAME:
        return {"sound": lambda text: soundex(names.latin(text).rpartition(" ")[2]), "start": _latin_start}
    if kind in (Kind.DATE, Kind.BIRTH_DATE):
        return {"year": lambda text: text[:4], "day": lambda text: text[-4:]}
    if kind in (Kind.IDENTIFIER, Kind.PHONE, Kind.POSTCODE):
        return {"head": _half(True), "tail": _half(False)}
    if kind is Kind.EMAIL:
        return {"local part": lambda text: text.partition("@")[0], "start": _start(5)}
    if kind in (Kind.TEXT, Kind.ADDRESS, Kind.ORGANISATION):
        sounds = {"sounds": _sounds} if kind is Kind.ORGANISATION else {}
        return _word_functions(field) | sounds
    return {}


def _sounds(text: str) -> str:
    """The sounds of the first and the last word: a typo seldom changes them."""
    words = [word for word in text.split() if not word.isdigit()]
    return f"{soundex(words[0])} {soundex(words[-1])}" if words else ""


def _start(length: int) -> Callable[[str], str]:
    return lambda text: text[:length] if len(text) >= length else ""


def _latin_start(text: str) -> str:
    return _start(3)(names.latin(text))


def _half(head: bool) -> Callable[[str], str]:
    def cut(text: str) -> str:
        middle = len(text) // 2
        return "" if len(text) < 4 else text[:middle] if head else text[middle:]

    return cut


def _word_functions(field: Field) -> dict[str, Callable[[str], str]]:
    weights = np.sum([np.bincount(codes[codes >= 0], minlength=len(field.values)) for codes in field.codes], axis=0)
    frequency: Counter[str] = Counter()
    for text, weight in zip(field.values, weights.tolist(), strict=True):
        for word in set(text.split()):
            frequency[word] += weight

    def rarest(text: str, number: int) -> str:
        found = sorted(set(text.split()), key=lambda word: (frequency[word], word))
        return " ".join(sorted(found[:number])) if len(found) >= number else ""

    def several(words: list[str]) -> str:
        return " ".join(words) if len(words) > 1 else ""

    return {
        "sorted words": lambda text: " ".join(sorted(text.split())),
        "first word": lambda text: text.partition(" ")[0],
        "first two words": lambda text: several(text.split()[:2]),
        "last two words": lambda text: several(text.split()[-2:]),
        "start": lambda text: text.replace(" ", "")[:7],
        "rare word": lambda text: rarest(text, 1),
        "two rare words": lambda text: rarest(text, 2),
    }


_SOUNDS = {letter: code for code, group in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for letter in group}


def soundex(text: str) -> str:
    """The American Soundex code of a folded word."""
    code, last = text[:1], _SOUNDS.get(text[:1])
    for letter in text[1:]:
        sound = _SOUNDS.get(letter)
        if sound and sound != last:
            code += str(sound)
        if letter not in "hw":
            last = sound
        if len(code) == 4:
            break
    return code
