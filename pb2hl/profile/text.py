"""What texts look like: their patterns, and the language or script they are written in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TOP_PATTERNS = 3
LANGUAGE_SAMPLE = 1000
"""Texts that are read for their language."""
_ASCII_STEPS = (("[a-z]+", "a"), ("[A-Z]+", "A"), ("[0-9]+", "9"), (r"\s+", " "))
_STEPS = ((r"\p{Ll}+", "a"), (r"\p{Lu}+", "A"), (r"\p{Lo}+", "a"), (r"\d+", "9"), (r"\s+", " "))

STOP_WORDS = {
    "en": "the and of to in is for that with was on are this have from not you will be has",
    "fr": "le la les de des et est une un pour dans pas que qui sur avec nous vous au du ne plus",
    "de": "der die das und ist nicht mit ein eine für von den dem zu auf im wir sie auch bei",
    "es": "el los las de y que en un una para con por es del se no su al más como",
    "it": "il di che e la per un una con non sono del della le si da gli è come anche",
    "pt": "de que e o do da em um uma para com não os no na se por mais dos é",
    "nl": "de het een en van is niet met voor op te zijn dat die aan bij er ook om naar",
}
"""The commonest small words of the languages told apart."""
_SCRIPTS = (
    ("Cyrillic", re.compile(r"[\u0400-\u04ff]")),
    ("Greek", re.compile(r"[\u0370-\u03ff]")),
    ("Hebrew", re.compile(r"[\u0590-\u05ff]")),
    ("Arabic", re.compile(r"[\u0600-\u06ff]")),
    ("Japanese", re.compile(r"[\u3040-\u30ff]")),
    ("Han", re.compile(r"[\u4e00-\u9fff]")),
    ("Korean", re.compile(r"[\uac00-\ud7af]")),
)
_WORDS = re.compile(r"[^\W\d_]+")


def patterns(texts: Sequence[str], weights: np.ndarray) -> str:
    """The commonest shapes with their share, such as `Aa Aa 92%`: A upper case, a lower case, 9 digits, runs as one."""
    if not len(texts):
        return ""
    shapes = pc.utf8_slice_codeunits(pa.array(texts, pa.string()), 0, 80)
    plain = pc.all(pc.string_is_ascii(shapes)).as_py()  # classes of all scripts take a millisecond each to compile
    for pattern, replacement in _ASCII_STEPS if plain else _STEPS:
        shapes = pc.replace_substring_regex(shapes, pattern, replacement)
    shapes = pc.utf8_slice_codeunits(shapes, 0, 32).dictionary_encode()
    counts = np.bincount(shapes.indices.to_numpy(zero_copy_only=False), weights=weights)
    order = np.argsort(-counts, kind="stable")[:TOP_PATTERNS]
    return " · ".join(f"{shapes.dictionary[int(i)].as_py()} {counts[i] / counts.sum():.0%}" for i in order)


def language(texts: Sequence[str]) -> str:
    """The language or script of running text (`en`, `fr 70%, en 30%`, `Cyrillic`); "" when it is not running text."""
    step = max(1, len(texts) // LANGUAGE_SAMPLE)
    sample = [text[:400] for text in texts[::step] if not text.lstrip().startswith(("{", "["))]  # JSON is no prose
    votes = Counter(vote for vote in map(_vote, sample) if vote)
    total = sum(votes.values())
    if total < max(3, len(sample) * 0.2):
        return ""
    shares = [(name, n / total) for name, n in votes.most_common(3) if n / total >= 0.1]
    if len(shares) == 1:
        return shares[0][0]
    return ", ".join(f"{name} {share:.0%}" for name, share in shares)


_SETS = {name: frozenset(words.split()) for name, words in STOP_WORDS.items()}


def _vote(text: str) -> str:
    for name, letters in _SCRIPTS:
        if letters.search(text):
            return name
    words = [word.lower() for word in _WORDS.findall(text)]
    if len(words) < 3:
        return ""
    scores = {name: sum(word in known for word in words) for name, known in _SETS.items()}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= 2 or scores[best] / len(words) > 0.15 else ""
