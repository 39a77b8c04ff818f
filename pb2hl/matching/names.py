"""Persons' names: titles off, generation suffixes apart, full names split, nicknames under one root."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pb2hl.matching.normalise import fold, read_list, word_map, words

_TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame lady lord rev reverend fr father sister hon judge capt captain col colonel maj major "
    "lt sgt cpl mme mlle m monsieur madame herr frau fraulein hr fru sr sra srta don dona dipl ing mag phd md dds dvm cpa esq mba rn "
    "bsc msc llb llm qc kc cfa pmp cma ca jd pe frcs".split()
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
    while len(tokens) > 1 and tokens[0] in _TITLES and (len(tokens) > 2 or tokens[0] not in _LEADING_ONLY):
        tokens.pop(0)
    while len(tokens) > 1 and tokens[-1] in _TITLES - _LEADING_ONLY and len(tokens) > 2:
        tokens.pop()
    return " ".join(tokens), generation


@lru_cache(maxsize=1 << 18)
def split_full_name(text: str) -> tuple[str, str, str]:
    """(given names, surname, generation) of a full name; `Surname, Given` and particles (`van der Berg`) are understood.

    One word alone counts as a surname.
    """
    folded = fold(text)
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
    """Given names that are common enough for two different ones never to be a typo of each other."""
    listed = {name for line in read_list("given_names.txt") for name in line.split()}
    return frozenset(listed | set(word_map("nicknames.txt").values()))


@lru_cache
def shared_mailboxes() -> frozenset[str]:
    """Names before the @ of mailboxes that several people read."""
    return frozenset(name for line in read_list("shared_mailboxes.txt") for name in line.split())


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
    first = name.partition(" ")[0]
    return min(_nickname_roots().get(first, (first,)))


def nickname_groups(values: np.ndarray) -> np.ndarray:
    """For each distinct name the numbers of the roots it is a form of, -1 filling up; one row a name."""
    roots = _nickname_roots()
    number = {root_: at for at, root_ in enumerate(sorted({item for found in roots.values() for item in found}))}
    width = max(map(len, roots.values()))
    groups = np.full((len(values), width), -1, np.int16)
    for at, value in enumerate(values):
        for column, root_ in enumerate(sorted(roots.get(value.partition(" ")[0], ()))):
            groups[at, column] = number[root_]
    return groups


def share_a_root(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Whether rows of two `nickname_groups` tables have a root in common: Bob and Robert, Liz and Elizabeth."""
    shared = np.zeros(len(left), bool)
    for column in range(left.shape[1]):
        shared |= (left[:, column, None] == right).any(axis=1) & (left[:, column] >= 0)
    return shared


def is_shared_mailbox(address: str) -> bool:
    """Whether an e-mail address (normalised) is one that several people read, such as `info@`."""
    local = address.partition("@")[0]
    return local in shared_mailboxes() or local.strip("0123456789._-") in shared_mailboxes()


def shared_mailbox_flags(addresses: np.ndarray) -> np.ndarray:
    """`is_shared_mailbox` of every distinct address."""
    return np.fromiter((is_shared_mailbox(address) for address in addresses), bool, len(addresses))
