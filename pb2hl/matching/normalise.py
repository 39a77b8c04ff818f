"""Values as they are compared: folded text, digits of phones and dates, canonical e-mails. Works on distinct values."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from pb2hl.matching import dates, domains, legal_forms
from pb2hl.matching.kinds import Kind
from pb2hl.values.fold import unaccented
from pb2hl.values.wordlists import lines

DATA = Path(__file__).parent / "data"

_BLANK = frozenset(
    "null none nan na n/a n.a. nil - -- --- . ? #n/a #null! unknown undefined unbekannt inconnu <na> nat (none) (blank)".split()
)
"""Texts that stand for "nothing" in exports."""

_APOSTROPHE = re.compile(r"[.'’`´]")
_NOT_WORD = re.compile(r"[\W_]+")
_EXTENSION = re.compile(r"(?:;ext=|\bext\.?|\bextension|\bx|#|\bdurchwahl|\bposte)\s*+\.?+:?+\s*+\d{1,6}\s*$", re.I)
_FLOAT = re.compile(r"^\d+\.0+$|^\d+(\.\d+)?[eE]\+?\d+$")
_SAME_WORD = 4
"""Letters of a mailbox from which it may be called as its domain is."""
_PHONE_DIGITS = 9
"""National numbers agree with international ones in their last nine digits; what is left off is country and trunk prefix."""


@lru_cache
def word_map(name: str) -> dict[str, str]:
    """The data file `name` of lines `canonical: variant variant …` as variant → canonical."""
    found: dict[str, str] = {}
    for line in read_list(name):
        head, _, rest = line.partition(":")
        for word in rest.split():
            found.setdefault(word, head.strip())
    return found


def read_list(name: str) -> tuple[str, ...]:
    """The lines of the data file `name`, without comments and blanks."""
    return lines(DATA / name)


def compared(text: str) -> str:
    """`text` without case, accents and surrounding space; "" for what stands for nothing."""
    text = unaccented(text.strip())
    return "" if text in _BLANK else text


def words(text: str) -> str:
    """Folded words of `text`, one space between; apostrophes and dots close up, all else separates."""
    folded = compared(text)
    if folded.isalpha():
        return folded
    return _NOT_WORD.sub(" ", _APOSTROPHE.sub("", folded)).strip()


def letters(text: str) -> str:
    """Folded letters and digits of `text` and nothing else; `12.0` is `12`."""
    folded = compared(text)
    if folded.endswith(".0") and folded[:-2].isdigit():
        folded = folded[:-2]
    return folded if folded.isalnum() else _NOT_WORD.sub("", folded)


def phone(text: str) -> str:
    """The last nine digits of a phone number without its extension; "" when it is too short or a filler such as 000000."""
    text = text.strip()
    if _FLOAT.match(text):
        text = f"{float(text):.0f}"
    digits = text if text.isdigit() else re.sub(r"\D", "", _EXTENSION.sub("", text))
    digits = digits[-_PHONE_DIGITS:]
    filler = len(digits) < 6 or len(set(digits)) < 2 or digits in "01234567890123456789" or digits in "9876543210"
    return "" if filler else digits


def email(text: str) -> str:
    """The address in `text`: lower case, without display name, plus-tag, and the dots that Gmail ignores; "" for nobody's."""
    folded = compared(text)
    if "<" in folded:
        folded = folded.partition("<")[2].partition(">")[0]
    folded = folded.removeprefix("mailto:").strip(" ,;")
    local, at, domain = folded.partition("@")
    if not at:
        return folded
    if _nobodys(local, domain):
        return ""
    if "+" in local:
        local = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"


def _nobodys(local: str, domain: str) -> bool:
    """Whether an address stands where nobody knows one: `none@none.com`, `noreply@shop.com`, `x@x.com`."""
    plain = _NOT_WORD.sub("", local).rstrip("0123456789")
    short = len(local) < _SAME_WORD and domain.partition(".")[0] == local
    return short or plain in read_list("nobodys_mailboxes.txt") or not (plain or local)


def address(text: str) -> str:
    """The words of an address with street words in their short form (`Street` → `st`)."""
    short = word_map("street_words.txt")
    return " ".join(short.get(word, word) for word in words(text).split())


def postcode(text: str) -> str:
    """Letters and digits; of a US ZIP+4 the five."""
    plain = letters(text)
    return plain[:5] if len(plain) == 9 and plain.isdigit() else plain


_BY_KIND: dict[Kind, Callable[[str], str]] = {
    Kind.PHONE: phone,
    Kind.EMAIL: email,
    Kind.ADDRESS: address,
    Kind.POSTCODE: postcode,
    Kind.CITY: words,
    Kind.ORGANISATION: legal_forms.core_name,
    Kind.DOMAIN: domains.registrable,
    Kind.IDENTIFIER: letters,
    Kind.CATEGORY: words,
    Kind.TEXT: words,
}


def normalise(texts: np.ndarray, kind: Kind) -> np.ndarray:
    """The distinct `texts` of a column of `kind` as they are compared ("" for missing)."""
    if kind in (Kind.DATE, Kind.BIRTH_DATE):
        return dates.normalise(texts)
    function = _BY_KIND[kind]
    return np.array([function(text) for text in texts], dtype=object)


def as_text(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(code of each row, distinct texts) of any column; missing values are -1."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime("%Y-%m-%d")
    elif column.dtype == object:
        column = column.map(_text_of, na_action="ignore")
    codes, values = pd.factorize(column)
    return codes.astype(np.int32), np.array([str(value) for value in np.asarray(values, dtype=object)], dtype=object)


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | set | np.ndarray):
        return " ".join(str(item) for item in value)
    return str(value)
