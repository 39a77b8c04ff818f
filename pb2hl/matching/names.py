"""Persons' names: titles off, generation suffixes apart, full names split, nicknames under one root."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from anyascii import anyascii
from rapidfuzz.distance import JaroWinkler, Levenshtein

from pb2hl.matching.normalise import compared, read_list, words

_OF_A_MAN = frozenset("mr sir lord monsieur herr hr senor sr don signor sig".split())
_OF_A_WOMAN = frozenset("mrs ms miss dame lady madame mme mlle frau fraulein fru senora sra srta dona signora".split())
_TITLES = (
    _OF_A_MAN
    | _OF_A_WOMAN
    | frozenset(
        (
            "mx dr prof professor rev reverend fr father sister hon judge capt captain col colonel maj major lt sgt cpl m dipl ing "
            "mag phd md dds dvm cpa esq mba rn bsc msc llb llm qc kc cfa pmp cma ca jd pe frcs "
        ).split()
    )
)
_LEADING_ONLY = frozenset(
    {"m", "don", "sr", "ca", "pe", "md", "hr", "fr", "father", "sister", "judge", "major", "miss"}
)
"""Titles that are names or suffixes too: dropped only in front, and only when two words stay."""
_GENERATIONS = {
    "jr": "2",
    "junior": "2",
    "jnr": "2",
    "ii": "2",
    "2nd": "2",
    "sr": "1",
    "senior": "1",
    "snr": "1",
    "iii": "3",
    "3rd": "3",
    "iv": "4",
    "younger": "2",
    "elder": "1",
    "filho": "2",
    "neto": "3",
    "hijo": "2",
    "fils": "2",
    "pere": "1",
}
_PARTICLES = frozenset(
    "van von der den de del della di da dos das du la le el al bin ibn ben ter ten zu zur af av st saint mac mc o".split()
)


@lru_cache(maxsize=1 << 18)
def split_generation(text: str) -> tuple[str, str]:
    """(words of a name without titles and generation, generation: "1" senior, "2" junior, "3", "4" or "")."""
    tokens = words(text).split()
    generation = ""
    while len(tokens) > 1 and tokens[-1] in _GENERATIONS:
        generation = _GENERATIONS[tokens.pop()]
        if len(tokens) > 1 and tokens[-1] == "the":
            tokens.pop()
    while len(tokens) > 1 and tokens[0] in _TITLES and (len(tokens) > 2 or tokens[0] not in _LEADING_ONLY):
        tokens.pop(0)
    while len(tokens) > 1 and tokens[-1] in _TITLES - _LEADING_ONLY and len(tokens) > 2:
        tokens.pop()
    return " ".join(tokens), generation


@lru_cache(maxsize=1 << 18)
def title_of(text: str) -> int:
    """1 when a name begins with a man's title, 2 with a woman's, 0 with none."""
    first, _, rest = words(text).partition(" ")
    return 0 if not rest else 1 if first in _OF_A_MAN else 2 if first in _OF_A_WOMAN else 0


_AND = re.compile(r"[&+]|(?i:\b(?:and|und|et|og|och)\b)|\b(?:en|ve|y|e|i|и|та)\b")
"""Single letters only where they are small: capitals are initials."""


@lru_cache(maxsize=1 << 18)
def several_people(text: str) -> bool:
    """Whether a given or full name is of several people: `Mark & Mary`, `Herr und Frau Bell`."""
    if text.islower():
        text = text.title()
    parts = [words(part) for part in _AND.split(text, maxsplit=1)]
    return len(parts) == 2 and all(len(part) > 1 for part in parts)


@lru_cache(maxsize=1 << 18)
def split_full_name(text: str) -> tuple[str, str, str]:
    """(given names, surname, generation) of a full name; `Surname, Given` and particles (`van der Berg`) are understood.

    One word alone counts as a surname.
    """
    folded = compared(text)
    if "@" in folded:
        return "", "", ""
    head, comma, tail = folded.partition(",")
    if comma and words(tail) and split_generation("x " + tail)[0] != "x":
        surname, generation = split_generation(head)
        given, second = split_generation(tail)
        return given, surname, generation or second
    name, generation = split_generation(folded.replace(",", " "))
    tokens = name.split()
    if len(tokens) < 2:
        return "", name, generation
    start = len(tokens) - 1
    while start > 1 and tokens[start - 1] in _PARTICLES:
        start -= 1
    return " ".join(tokens[:start]), " ".join(tokens[start:]), generation


@lru_cache
def known_given_names() -> frozenset[str]:
    """Given names in use: two different ones are never a misspelling of each other."""
    return frozenset(read_list("given_names.txt"))


def in_use(values: np.ndarray) -> np.ndarray:
    """Which of the distinct names are known given names."""
    known = known_given_names()
    return np.fromiter((value in known for value in values), bool, len(values))


_FEMININE = ("a", "ia", "ina", "ine", "ette", "etta", "elle", "ella", "а", "я", "α", "ة")
_ENDINGS = (
    *(("o", "a"), ("us", "a"), ("os", "a"), ("y", "a"), ("e", "a"), ("i", "a"), ("as", "a")),
    *(("и", "я"), ("ии", "ия"), ("ι", "η"), ("οσ", "α"), ("οσ", "η")),
)


def man_and_woman(left: str, right: str) -> bool:
    """Whether two names are the masculine and the feminine form of one, so two people: Michael, Michaela; Mario, Maria."""
    if len(left) > len(right):
        left, right = right, left
    if right.startswith(left) and len(left) > 2 and right[len(left) :] in _FEMININE:
        return True
    return any(
        one.endswith(his) and two.endswith(hers) and one.removesuffix(his) == two.removesuffix(hers)
        for one, two in ((left, right), (right, left))
        for his, hers in _ENDINGS
    )


def a_letter_apart_by_sex(left: str, right: str) -> bool:
    """Whether one letter more makes a woman's name of a man's (`Alex`, `Alexa`), short forms of others though both may be."""
    short, long = sorted((left, right), key=len)
    return len(long) == len(short) + 1 and long.startswith(short) and len(short) > 2 and long[-1] in _FEMININE


def a_letter_apart(left: str, right: str) -> bool:
    """Whether one letter more or another one makes a name of the other (`Jan`, `Jana`; `Luca`, `Luka`): twins are called so, and
    one person misspelt; letters that changed places (`Micheal`) are an error."""
    return Levenshtein.distance(left, right, score_cutoff=1) == 1


def begins(left: str, right: str) -> bool:
    """Whether one name begins the other or is its initial (`Jan`, `Jan Willem`; `M`, `Mark`), spaces left aside."""
    one, two = left.replace(" ", ""), right.replace(" ", "")
    return one.startswith(two) or two.startswith(one)


_DIMINUTIVES = ("ie", "y", "ey", "i", "ee", "ita", "ito", "inha", "inho", "chen", "ka", "ko", "ek", "usha", "usia", "s")
_STEM = 3


def diminutive(left: str, right: str) -> bool:
    """Whether one name is a pet form of the other: its ending off, it begins it (`Robbie`, `Robert`)."""
    return _pet_form(left, right) or _pet_form(right, left)


def _pet_form(short: str, full: str) -> bool:
    for ending in _DIMINUTIVES:
        stem = short.removesuffix(ending)
        if stem != short and len(stem) >= _STEM:
            plain = stem[:-1] if stem[-1] == stem[-2] else stem
            if (full.startswith(stem) or (full.startswith(plain) and len(plain) >= _STEM)) and len(full) > len(plain):
                return True
    return False


@lru_cache(maxsize=1 << 16)
def latin(text: str) -> str:
    """A folded name in Latin letters, whatever script it is in; `саша` → `sasha`."""
    return text if text.isascii() else compared(anyascii(text))


BEARERS = 8
"""Different surnames with which a given name is met before it counts as a name and no misspelling."""


def bearers(given: np.ndarray, surname: np.ndarray | None, count: int) -> np.ndarray:
    """With how many different surnames (codes, -1 for none; None: rows) each of `count` given names (codes) is met."""
    at = np.flatnonzero(given >= 0) if surname is None else np.flatnonzero((given >= 0) & (surname >= 0))
    if surname is None:
        return np.bincount(given[at], minlength=count)
    pair = np.unique(given[at].astype(np.int64) << 32 | surname[at].astype(np.int64))
    return np.bincount(pair >> 32, minlength=count)


@lru_cache
def shared_mailboxes() -> frozenset[str]:
    """Names before the @ of mailboxes that several people read."""
    return frozenset(read_list("shared_mailboxes.txt"))


@lru_cache
def _nickname_roots() -> dict[str, frozenset[str]]:
    roots: dict[str, set[str]] = {}
    for line in read_list("nicknames.txt"):
        root, _, variants = line.partition(":")
        for name in (root, *variants.split()):
            roots.setdefault(name, set()).add(root)
    return {name: frozenset(found) for name, found in roots.items()}


def root(name: str) -> str:
    """The name that nicknames are blocked under: `bob` → `robert`; other names are their own root."""
    first = latin(name.partition(" ")[0])
    return min(_nickname_roots().get(first, (first,)))


_ALIKE = 0.8
"""Similarity (Jaro-Winkler, 0-1) from which two forms of one name are spellings of each other: Kate, Katherine."""


@dataclass(frozen=True)
class Forms:
    """For each distinct name: the numbers of the names it is a form of (one row a name, -1 filling up), the number it has
    itself as such a name (-1: none), and whether it is a given name in its own right."""

    values: np.ndarray
    of: np.ndarray
    own: np.ndarray
    listed: np.ndarray

    @classmethod
    def among(cls, values: np.ndarray) -> Forms:
        """The forms of distinct names, by their first word; other scripts by how they are written in Latin letters."""
        roots = _nickname_roots()
        number = {root_: at for at, root_ in enumerate(sorted({item for found in roots.values() for item in found}))}
        of = np.full((len(values), max(map(len, roots.values()))), -1, np.int16)
        own = np.full(len(values), -1, np.int16)
        for at, value in enumerate(values):
            first = latin(value.partition(" ")[0])
            own[at] = number.get(first, -1)
            for column, root_ in enumerate(sorted(roots.get(first, ()))):
                of[at, column] = number[root_]
        return cls(values, of, own, in_use(values))

    def one_name(self, left: np.ndarray, right: np.ndarray, other: Forms) -> np.ndarray:
        """Whether the names at `left` here and at `right` in `other` can be one person's: Bob and Robert, Liz and Beth.

        Two forms of one name that are names in their own right are two people's (Lisa and Betty, Molly and Maureen), unless
        they are spellings of each other.
        """
        one, two = self.of[left], other.of[right]
        direct, shared = np.zeros(len(one), bool), np.zeros(len(one), bool)
        for column in range(one.shape[1]):
            filled = one[:, column] >= 0
            shared |= (one[:, column, None] == two).any(axis=1) & filled
            direct |= (one[:, column] == other.own[right]) & filled
        direct |= (self.own[left, None] == two).any(axis=1) & (self.own[left] >= 0)
        alike = np.zeros(len(one), bool)
        for at in np.flatnonzero(shared & ~direct).tolist():
            both = self.values[left[at]], other.values[right[at]]
            alike[at] = JaroWinkler.similarity(*both) >= _ALIKE
        return direct | (shared & (alike | ~(self.listed[left] & other.listed[right])))


def is_shared_mailbox(address: str) -> bool:
    """Whether an e-mail address (normalised) is one that several people read, such as `info@`."""
    local = address.partition("@")[0]
    return local in shared_mailboxes() or local.strip("0123456789._-") in shared_mailboxes()


def shared_mailbox_flags(addresses: np.ndarray) -> np.ndarray:
    """`is_shared_mailbox` of every distinct address."""
    return np.fromiter((is_shared_mailbox(address) for address in addresses), bool, len(addresses))
