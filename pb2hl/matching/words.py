"""Words of two names set against each other: which are shared, and what each side keeps for itself."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, JaroWinkler

from pb2hl.matching.kinds import EXACT, Kind

_CLOSE = 0.92
_NEARLY = 0.85
"""Share of the (rarity-weighted) words that two names must have in common to be nearly the same."""
_MOSTLY = 0.70
_UNLIKE = 50
"""Names whose token set ratio (0-100) is lower share no word; comparing them word by word would take a while."""
_ACRONYM = 5
_ABBREVIATION = 4
_LONG = 7
"""Letters of a word from which a wrong first letter is a slip; `Parker` and `Barker` are two names."""


class WordComparer:
    """Compares organisation names word by word; a rare word counts more than a common one."""

    def __init__(self, values: np.ndarray, counts: np.ndarray):
        frequency: Counter[str] = Counter()
        for text, count in zip(values, counts.tolist(), strict=True):
            for word in set(text.split()):
                frequency[word] += count
        total = float(max(counts.sum(), 1))
        self._rarity = {word: math.log(1 + total / count) for word, count in frequency.items()}
        self._most = math.log(1 + total)

    def levels(self, left: list[str], right: list[str]) -> np.ndarray:
        """The organisation level (see `kinds.LEVELS`) of each pair of different names."""
        level = np.zeros(len(left), np.int8)
        alike = process.cpdist(left, right, scorer=fuzz.token_set_ratio, workers=-1, dtype=np.float32) >= _UNLIKE
        for at, (first, second) in enumerate(zip(left, right, strict=True)):
            if alike[at] or len(first) <= _ACRONYM or len(second) <= _ACRONYM:
                level[at] = self.level(first, second)
        return level

    def level(self, left: str, right: str) -> int:
        """0 no word shared, 1 words conflict, 2 acronym, 3 a part of, 4 nearly the same words, 5 same words."""
        same = EXACT[Kind.ORGANISATION] - 1
        if left.replace(" ", "") == right.replace(" ", ""):
            return same
        first, second = _parted(left.split(), right.split())
        if _acronym(first, second) or _acronym(second, first):
            return 2
        shared, own_first, own_second = self._align(first, second)
        if not shared:
            return 0
        if not own_first and not own_second:
            return same
        cosine = shared / math.sqrt((shared + own_first) * (shared + own_second))
        if own_first and own_second:
            typo = len(first) == len(second) > 2 and JaroWinkler.similarity(left, right) >= 0.95
            return 4 if cosine >= _CLOSE or (typo and cosine >= _MOSTLY) else 1
        return 4 if cosine >= _NEARLY else 3

    def _align(self, first: list[str], second: list[str]) -> tuple[float, float, float]:
        rest = list(second)
        shared = own = 0.0
        for word in sorted(first, key=lambda item: (-self._weight(item), item)):
            match = word if word in rest else next((other for other in rest if _same_word(word, other)), None)
            if match is None:
                own += self._weight(word)
            else:
                rest.remove(match)
                shared += min(self._weight(word), self._weight(match))
        return shared, own, sum(self._weight(word) for word in rest)

    def _weight(self, word: str) -> float:
        return self._rarity.get(word, self._most)


_GLUED = 6
"""Letters of a word from which it can be two words written as one."""


def _parted(first: list[str], second: list[str]) -> tuple[list[str], list[str]]:
    """The words of two names, those glued that are two words on one side and one on the other: `AcmePlumbing`."""
    return _glued(first, second), _glued(second, first)


def _glued(words: list[str], other: list[str]) -> list[str]:
    long = [word for word in other if len(word) >= _GLUED and word not in words]
    result = list(words)
    for word in long:
        for at in range(len(result) - 1):
            pair = result[at] + result[at + 1]
            if abs(len(pair) - len(word)) <= 2 and pair[0] == word[0] and _same_word(pair, word):
                result[at : at + 2] = [pair]
                break
    return result


def _acronym(short: list[str], full: list[str]) -> bool:
    if len(short) != 1 or not 2 <= len(short[0]) <= _ACRONYM or len(full) < 2:
        return False
    return "".join(word[0] for word in full).startswith(short[0])


def _same_word(left: str, right: str) -> bool:
    """Whether two words are spellings of one: a typo, an abbreviation, a plural."""
    if left.isdigit() or right.isdigit():
        return False
    if len(left) > len(right):
        left, right = right, left
    if len(left) >= (_LONG if left[0] != right[0] else _ABBREVIATION + 1) and OSA.distance(left, right) <= 1:
        return True
    if left[0] != right[0]:
        return len(left) > 4 and JaroWinkler.similarity(left, right) >= 0.93
    if len(left) >= 3 and right.startswith(left):
        return True
    if 3 <= len(left) <= 4 and len(right) >= 5 and _letters_in_order(left, right):
        return True
    return len(left) > 3 and JaroWinkler.similarity(left, right) >= 0.90


def _letters_in_order(short: str, full: str) -> bool:
    letters = iter(full)
    return all(letter in letters for letter in short)
