"""Full names cut into parts; the spelling stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame lord lady rev reverend fr father hon judge capt captain col gen lt maj sgt "
    "herr frau hr fr. dipl ing dipl.-ing dr.-ing mag m. mme mlle monsieur madame mademoiselle me maître sr sra srta señor señora don "
    "doña sig sig.ra signor signora dott dott.ssa dhr mevr mevrouw mw drs".split()
)
SUFFIXES = frozenset(
    "jr sr ii iii iv phd ph.d md m.d dds esq esquire cpa mba jd j.d rn bsc msc llb llm qc kc cfa peng p.eng obe mbe cbe jnr snr".split()
)
PARTICLES = frozenset(
    "van von der den de del della di da dos das do du la le las los el al bin ibn ben ter ten te zu zur zum vom af av mac st st. san santa "
    "o' d' l' abu abd y e".split()
)


@dataclass(frozen=True, slots=True)
class Name:
    """Parts of a person's name; `first` holds a mononym."""

    first: str = ""
    last: str = ""
    title: str = ""
    suffix: str = ""


def split(text: str) -> Name:
    """`Roe, Jane`, `Dr. Jane van der Roe Jr.`, `Prince`, … in parts. Middle names stay with the first."""
    plain = " ".join(text.replace("\u00a0", " ").split())
    plain = re.sub(r"[(<\[][^(<\[)>\]@]*+@[^)>\]@]*[)>\]]", "", plain).strip(" ,;")
    if plain.count(",") >= 1:
        head, _, rest = plain.partition(",")
        first, suffixes = _strip_suffixes(rest.replace(",", " ").split())
        if not first:
            return _forward(head.split(), " ".join(suffixes))
        first, titles = _strip_titles(first)
        last, more = _strip_suffixes(head.split())
        last, lead = _strip_titles(last)
        return Name(" ".join(first), " ".join(last), " ".join(lead + titles), " ".join(more + suffixes))
    return _forward(plain.split(), "")


def surname_first(text: str, count: int) -> str:
    """`Rossi Giulia` as `Rossi, Giulia`: a surname of at most `count` words and the particles before each, then the given names.

    Names with a comma, and single words, stay as they are; a title stays before the surname.
    """
    words, titles = _strip_titles(text.split())
    if "," in text or len(words) < 2:
        return text
    at = 0
    for _ in range(min(count, len(words) - 1)):
        while at < len(words) - 2 and words[at].casefold() in PARTICLES:
            at += 1
        at += 1
    at = min(at, len(words) - 1)
    return f"{' '.join([*titles, *words[:at]])}, {' '.join(words[at:])}"


def _forward(words: list[str], suffix: str) -> Name:
    words, titles = _strip_titles(words)
    words, suffixes = _strip_suffixes(words) if len(words) > 1 else (words, [])
    suffix = " ".join([*suffixes, suffix]).strip()
    if len(words) < 2:
        return Name(" ".join(words), "", " ".join(titles), suffix)
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold() in PARTICLES:
        start -= 1
    if start > 1 and words[start - 1].isupper() is False and words[-1].isupper() and len(words[-1]) > 2:
        while start > 1 and words[start - 1].isupper() and len(words[start - 1]) > 2:
            start -= 1
    return Name(" ".join(words[:start]), " ".join(words[start:]), " ".join(titles), suffix)


def _strip_titles(words: list[str]) -> tuple[list[str], list[str]]:
    count = 0
    while count < len(words) - 1 and words[count].casefold().rstrip(".") in TITLES:
        count += 1
    return words[count:], words[:count]


def _strip_suffixes(words: list[str]) -> tuple[list[str], list[str]]:
    count = len(words)
    while count > 0 and words[count - 1].casefold().strip(".,") in SUFFIXES and (count > 1 or len(words) == 1):
        count -= 1
    return words[:count], words[count:]
