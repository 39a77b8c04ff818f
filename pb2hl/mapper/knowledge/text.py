"""Headings to terms: tokens in any casing and script, then the English terms of `data/lexicon.txt`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from pb2hl.mapper.knowledge.lists import heading_words, sections
from pb2hl.values.fold import unaccented
from pb2hl.values.zones import without_zone

_STOP = heading_words("joining")
"""Joining words that carry no meaning in a heading; dropped from headings and lexicon alike."""

_BETWEEN = heading_words("between")

_NOISE = heading_words("noise")
"""Vendors' prefixes and words for "field": they never tell one field from another."""

_WHOLE = heading_words("whole")
"""Short words that mean this only when they are the whole heading (`ORT`, `ST`, `by`)."""

_PLURAL_ID = re.compile(r"(?:IDs|Ids|GUIDs)(?![a-z])|(?<![A-Za-z])ids(?![A-Za-z])")
_E_MAIL = re.compile(r"(?<![^\W\d_])e[ _-]?mails?(?![^\W\d_])")
_INITIALS = re.compile(r"(?<![^\W\d_])([^\W\d_])\.(?=[^\W\d_](?![^\W\d_]))")
_NUMBER = re.compile(r"(?<![^\W\d_])n\s?[°º]\s?|(?<![^\W\d_])no\.(?=\s|$)", re.I)
"""`N°`, `Nº`, `No.`: number, not a refusal."""
_VERSION = re.compile(r"(?<=[a-z])(?:V|_v)[1-9](?![^\W_])")
"""`bodyV2`, `address_v3`: which version of a field it is, and nothing of what it holds."""
_HALF_NAME = re.compile(r"(?<![^\W_])([FL])Name(?![a-z])")
"""`FName`, `LName` of databases: one word, as `fname` is."""
_WORD = re.compile(r"[^\W\d_]+|\d+")


@lru_cache(maxsize=20_000)
def tokens(heading: str) -> tuple[str, ...]:
    """The words and numbers of a heading: camelCase, snake_case, dots, brackets and punctuation split them."""
    heading = _HALF_NAME.sub(r"\1name", _VERSION.sub("", _NUMBER.sub(" number ", heading))).replace("〒", " 郵便番号 ")
    plain = _PLURAL_ID.sub("Id", unicodedata.normalize("NFKC", heading).replace("#", " number "))
    spaced = _apart(_INITIALS.sub(r"\1", plain))
    return tuple(_WORD.findall(_E_MAIL.sub("email", unaccented(spaced))))


def _apart(text: str) -> str:
    """camelCase and `ДатаСоздания` as words, in every script that has capitals."""
    return "".join(
        f" {one}"
        if one.isupper() and (before.islower() or before.isdigit() or (before.isupper() and after.islower()))
        else one
        for before, one, after in zip(f" {text}", text, f"{text[1:]} ", strict=False)
    )


def meaning_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """`words` without joining words; Portuguese `do` and `da` only join between two others (`do not`, `to do` stay)."""
    kept = tuple(
        word
        for at, word in enumerate(words)
        if word not in _STOP
        and not (word in _BETWEEN and 0 < at < len(words) - 1 and words[at - 1] != "to" and words[at + 1] != "not")
    )
    return kept or words


def heading_key(text: str) -> tuple[str, ...]:
    """How words of headings are compared: their tokens without joining words."""
    return meaning_words(tokens(text))


@lru_cache(maxsize=1)
def phrases() -> dict[tuple[str, ...], str]:
    """Every synonym as a tuple of tokens → its English term."""
    table: dict[tuple[str, ...], str] = {}
    for term in sections("lexicon"):
        table[heading_key(term)] = term
    for term, synonyms in sections("lexicon").items():
        for synonym in synonyms:
            table[heading_key(synonym)] = term
    return table


EVERYDAY = "everyday "
"""What the terms of everyday questions begin with (`everyday who`)."""


@lru_cache(maxsize=1)
def _questions() -> dict[tuple[str, ...], str]:
    return {tokens(phrase): EVERYDAY + term for term, said in sections("everyday").items() for phrase in said}


def everyday(heading: str) -> str:
    """The everyday question that a whole heading asks (`Für wen` → `everyday whom`); "" for any other heading."""
    return _questions().get(tokens(heading), "")


@lru_cache(maxsize=1)
def _single_words() -> dict[str, str]:
    return {key[0]: term for key, term in phrases().items() if len(key) == 1}


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    return frozenset(word for key in phrases() for word in key) | PLAIN_WORDS


PLAIN_WORDS = heading_words("plain")
"""English words of headings that must never be taken for a misspelt term."""


def means(term: str) -> bool:
    """Whether a single word is a term of the lexicon or a plain word of its own."""
    return term in PLAIN_WORDS or (term,) in phrases()


_LONGEST_WORD = 80
"""Characters of a word that is looked into (the longest that a dictionary has are about 60): more are a cell's text, not a word, and
what looks for words in it takes the square of its length."""


def _split_compound(word: str) -> tuple[str, ...]:
    """A compound of two known words (`firmenadresse`, `closedate`), with a German or Dutch linking letter or none."""
    if len(word) > _LONGEST_WORD:
        return (word,)
    known = _single_words()
    for cut in range(len(word) - 2, 2, -1):
        head, tail = word[:cut], word[cut:]
        if len(tail) == 2 and tail not in ("id", "no", "nr"):
            continue
        if tail not in known and tail not in PLAIN_WORDS:
            continue
        for stem in (head, head.removesuffix("s"), head.removesuffix("n"), head.removesuffix("en")):
            if len(stem) >= 3 and (stem in known or stem in PLAIN_WORDS):
                return stem, tail
    return (word,)


def _numbered(word: str) -> tuple[str, ...]:
    """`kundnr` as `kund`, `nr`: a known word with the word for number behind it; () for others."""
    for ending in ("nr", "num", "no"):
        head = word.removesuffix(ending)
        if head != word and len(head) >= 3 and head in _single_words():
            return head, "nr"
    return ()


def _spaceless(word: str) -> tuple[str, ...]:
    """A word of a script without spaces as known words, longest first (`顧客番号` → `顧客`, `番号`); () for others."""
    if len(word) > _LONGEST_WORD or not "\u3040" <= word[:1] <= "\ud7a3":
        return ()
    known, found, at = _single_words(), [], 0
    while at < len(word):
        length = next((size for size in range(len(word) - at, 0, -1) if word[at : at + size] in known), 0)
        if length == 1 and len(word) > 2:
            length = 0
        if length:
            found.append(word[at : at + length])
        elif found and found[-1] not in known:
            found[-1] += word[at]
        else:
            found.append(word[at])
        at += length or 1
    return tuple(found) if any(part in known for part in found) else ()


def parts(heading: str) -> frozenset[str]:
    """The words of a heading, compounds taken apart (`CUSTNAME`: `cust`, `name`)."""
    return frozenset(
        part for word in tokens(heading) for part in (_split_compound(word) if len(word) >= 6 else (word,))
    )


def _respell(word: str) -> str:
    """`word`, or the one known word that it is a slip of the keyboard away from."""
    if len(word) < 6 or not word.isascii() or word in _vocabulary():
        return word
    choices = [known for known in _vocabulary() if abs(len(known) - len(word)) <= 1 and known[:1] == word[:1]]
    found = process.extract(word, choices, scorer=DamerauLevenshtein.distance, score_cutoff=1, limit=2)
    return found[0][0] if len(found) == 1 else word


_LAST = {"no": "number", "adi": "name"}
"""Words that say this behind what they are of."""


@lru_cache(maxsize=20_000)
def terms(heading: str) -> tuple[str, ...]:
    """The terms of a heading in order; words that the lexicon does not know stay as they are."""
    words = meaning_words(tokens(without_zone(heading)))
    if len(words) > 1 and words not in phrases():  # `Client No`, `Firma Adı`
        words = (*words[:-1], _LAST.get(words[-1], words[-1]))
    if words in phrases() and len(words) > 1:
        return tuple(phrases()[words].split(TOGETHER))
    content = tuple(word for word in words if word not in _NOISE) or words
    found = _translate(content)
    if all(term.isdigit() for term in found) and len(found) == len(content):
        return found
    expanded: list[str] = []
    for word in content:
        if (word,) in phrases() or word in _vocabulary() or word.isdigit():
            expanded.append(word)
        else:
            if parts := _spaceless(word) or _numbered(word):
                expanded.extend(parts)
                continue
            spelled = _respell(word)
            expanded.extend((spelled,) if spelled != word else _split_compound(word) if len(word) >= 6 else (word,))
    return _translate(tuple(expanded))


TOGETHER = "+"
"""What stands between two terms that one word says (`Rechnungsanschrift`: `billing+address`)."""


def _of_an_address(word: str) -> bool:
    return _single_words().get(word, "").rpartition(TOGETHER)[2] in ("address", "postal code")


def _translate(words: tuple[str, ...]) -> tuple[str, ...]:
    table = phrases()
    others = sum(not word.isdigit() and not _of_an_address(word) for word in words)
    alone = others <= 1  # `Ort 1` is `Ort`, `anschrift.ort` too
    found: list[str] = []
    at = 0
    while at < len(words):
        for length in range(min(6, len(words) - at), 0, -1):
            key = words[at : at + length]
            if key in table and (length > 1 or key[0] not in _WHOLE or alone):
                found += table[key].split(TOGETHER)
                at += length
                break
        else:
            word = words[at]
            single = word.removesuffix("s") if len(word) > 4 else word
            found += (table.get((single,), word) if single not in _WHOLE else word).split(TOGETHER)
            at += 1
    return tuple(found)
