"""What the values of a column look like, from a sample of its distinct values. Facts only; no decisions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.matching.legal_forms import shows_company
from pb2hl.values import consents
from pb2hl.values.statuses import deal_status

SAMPLE_ROWS = 1_200
"""Cells looked at in a column (from the top, the middle and the end): enough to tell kinds, small enough for 200 columns."""

SAMPLE_VALUES = 100
"""Distinct values that the patterns are tried on."""

MOST_ANSWERS = 25
"""A column with more distinct values holds no answers of yes, no or unsubscribed (dates apart)."""

_BLANK = frozenset({"", "null", "none", "n/a", "na", "#n/a", "-", "--", "nan", "nil", "<na>", "(blank)"})
_BOOLEAN = frozenset(
    "y n yes no true false t f 0 1 x on off oui non ja nein si sì sí sim não nao ano nie tak wahr falsch vrai faux".split()
)
_OUTCOME = frozenset(
    "open won lost abandoned closed won closed lost gewonnen verloren gagné perdu ganado perdido".split()
)

_PATTERNS = {
    "email": re.compile(
        r"^[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,}([,;]\s*[^@\s,;]+@[^@\s,;]+)*$|^.*<[^@\s<>]+@[^@\s<>]+\.\w+>$"
    ),
    "reached": re.compile(r"^[^@\s,;<>|/]+@[^@\s,;<>|/]+\.[A-Za-z]{2,}\s*[,;|/]"),  # an address and more: no name
    "url": re.compile(r"^(https?://|www\.)\S+$", re.I),
    "domain": re.compile(r"^(?!\d+\.\d+$)([a-z0-9-]+\.)+[a-z]{2,}$", re.I),
    "datetime": re.compile(
        r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ]\d{1,2}:\d{2}.*$|^[A-Z][a-z]{2} \d{1,2},? \d{4} \d{1,2}:\d{2}.*$|^1[0-9]{12}$"
    ),
    "date": re.compile(
        r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$|^\d{1,2}[ -][^\W\d_]{3,9}\.?[ -]\d{2,4}$|^[^\W\d_]{3,9}\.? \d{1,2},? \d{4}$"
    ),
    "yearless": re.compile(
        r"^(--)?\d{1,2}[-/.]\d{1,2}\.?$|^\d{1,2}\.? [^\W\d_]{3,9}\.?$|^[^\W\d_]{3,9}\.? \d{1,2}$"
    ),  # a day of any year
    "moment": re.compile(
        r"^(19|20)\d{2}(0[1-9]|1[0-2])[0-3]\d([0-2]\d[0-5]\d([0-5]\d)?)?$|^-?[1-9]\d{8,9}(\.\d+)?$|^-?[1-9]\d{10,12}$|^[1-9]\d{15}$"
    ),  # compact dates and times since 1970: only what is called a date is one
    "clock": re.compile(
        r"^((1899-12-3[01]|1900-01-0[01])[T ])?\d{1,2}(:\d{2}(:\d{2}(\.\d+)?)?|h\d{2}|(?= ?[ap]))\s?([ap]\.?\s?m\.?|uhr)?$",
        re.I,
    ),
    "percent": re.compile(r"^-?\d+([.,]\d+)?\s?%$"),
    "money": re.compile(
        r"^\(?-?\s?([$€£¥₹]|CA\$|US\$|[A-Z]{3}\s)\s?-?[\d.,\s']+\)?$|^\(?-?[\d.,\s']+\s?([$€£¥₹zł]+|[A-Z]{3})\)?$|^\(?-?\d{1,3}(?:(,\d{3})+(\.\d{1,2})?|(\.\d{3})+,\d{1,2}|([ \u00a0\u202f'’]\d{3})+[.,]\d{1,2})\)?$"
    ),
    "number": re.compile(r"^-?\d+([.,]\d+)?([eE][+-]?\d+)?$"),
    "digit": re.compile(r"^\d$"),
    "phone": re.compile(
        r"^(?=(?:\D*\d){7,16}\D*(?:(?:ext|x|poste)\.?\s*\d+)?$)\+?\(?\d[\d\s().\-/]*\d(\s*(ext|x|poste)\.?\s*\d+)?$",
        re.I,
    ),
    "timezone": re.compile(
        r"^(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|US|Canada)/\w+(/\w+)?$|^(UTC|GMT)([+-]\d{1,2}(:?\d{2})?)?$"
    ),
    "html": re.compile(r"<(p|br|div|span|b|a|img|ul|table|h\d)\b[^<>]*>", re.I | re.S),
    "hash": re.compile(r"^[0-9a-f]{32,64}$|^[A-Za-z0-9+/]{20,}={1,2}$"),
    "guid": re.compile(
        r"^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$|^00[0-9A-Z][A-Za-z0-9]{12,15}$", re.I
    ),
    "postal": re.compile(
        r"^\d{5}(-\d{4})?$|^[A-Z]\d[A-Z]\s?\d[A-Z]\d$|^[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}$|^\d{4}\s?[A-Z]{2}$|^\d{2}-\d{3}$",
        re.I,
    ),
    "code": re.compile(r"^[A-Z]{0,6}[-_/.]?\d+([-/.]\d+)*$", re.I),
    "dialled": re.compile(r"^(\+|00?[1-9]|\()|^\d+[ .\-/]\d+[ .\-/]\d+"),
    "rrule": re.compile(r"^(RRULE:)?FREQ=", re.I),
    "json": re.compile(r"^\s*[\[{].*[\]}]\s*$", re.S),
    "person": re.compile(r"^[^\W\d_][\w'’.-]*(,? [^\W\d_][\w'’.-]*){1,3}$"),
}


_COMPANIES = re.compile(r"(?i)(& sons|\b(group|holdings?))\.?$")
"""Words that end companies' names beside legal forms."""


@lru_cache(maxsize=8_192)
def is_company(text: str) -> bool:
    """Whether a name has a legal form or another word that only companies have."""
    return bool(_COMPANIES.search(text.strip())) or shows_company(text)


def is_person(text: str) -> bool:
    """Whether a text could be a person's name, by its words; many companies' names could be one too."""
    return bool(_PATTERNS["person"].match(text.strip())) and not is_company(text)


_WORDS_OF_A_NAME = 4
_HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{3,5}")


def is_whole_name(text: str) -> bool:
    """Whether a text is written as a given name and a surname are (`Karin Ek`, `田中一郎`), though firms may be so too."""
    words = text.split()
    capital = all(word[:1].isupper() or not word[:1].islower() for word in words[:: max(1, len(words) - 1)])
    several = 1 < len(words) <= _WORDS_OF_A_NAME and capital and not any(map(str.isdigit, text))
    return several or bool(_HAN.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Signals:
    """The look of a column. Shares are 0-1 over the sampled distinct values."""

    filled: int = 0
    rows: int = 0
    distinct: int = 0
    mean_length: float = 0.0
    spaced: float = 0.0  # share of values with a space
    shares: dict[str, float] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    def share(self, kind: str) -> float:
        """How much of the sample looks like `kind`."""
        return self.shares.get(kind, 0.0)

    def looks(self, *kinds: str, at_least: float = 0.7) -> bool:
        """Whether the sample looks like one of `kinds`."""
        return any(self.share(kind) >= at_least for kind in kinds)

    @property
    def whole_names(self) -> bool:
        """Whether nearly all values are names of people in several words."""
        return self.spaced >= 0.9 and self.looks("person", at_least=0.8)

    @property
    def unique(self) -> float:
        """Distinct over filled among the sampled cells, 0-1."""
        return self.distinct / self.filled if self.filled else 0.0


def _sample(values: pd.Series) -> pd.Series:
    if len(values) <= SAMPLE_ROWS:
        return values
    third = SAMPLE_ROWS // 3
    middle = len(values) // 2
    return pd.concat([values.iloc[:third], values.iloc[middle : middle + third], values.iloc[-third:]])


def _texts(values: pd.Series) -> list[str]:
    found = []
    for value in _sample(values).tolist():
        if value is None or value is pd.NA or value != value:
            continue
        text = (value if isinstance(value, str) else str(value))[:2_000].strip()
        if text.casefold() not in _BLANK:
            found.append(text)
    return found


def signals(values: pd.Series) -> Signals:
    """The signals of one column (any dtype); only a sample of its cells is read."""
    texts = _texts(values)
    distinct = list(dict.fromkeys(texts))
    sample = distinct[:SAMPLE_VALUES]
    if not sample:
        return Signals(rows=len(values))
    shares = {
        name: sum(1 for text in sample if (pattern.search(text) if name == "html" else pattern.match(text)))
        / len(sample)
        for name, pattern in _PATTERNS.items()
    }
    shares["company"] = sum(map(is_company, sample)) / len(sample)
    if shares["phone"]:
        days = [_PATTERNS["date"].match(text) or _PATTERNS["datetime"].match(text) for text in sample]
        phones = [bool(_PATTERNS["phone"].match(text)) and not day for text, day in zip(sample, days, strict=True)]
        shares["phone"] = sum(phones) / len(sample)
    low = [text.casefold() for text in sample]
    shares["boolean"] = sum(1 for text in low if text in _BOOLEAN) / len(low) if len(distinct) <= 3 else 0.0
    answers = [consents.says(text) for text in sample] if len(distinct) <= MOST_ANSWERS or shares["date"] else [""]
    shares["consent"] = sum(1 for said in answers if said in ("refused", "given")) / len(answers)
    shares["answer"] = sum(1 for said in answers if said) / len(answers)
    titles = heading_words("salutations")
    shares["salutation"] = sum(1 for text in low if text.replace(".", "").strip() in titles or text in titles) / len(
        low
    )
    shares["ended"] = sum(1 for text in low if deal_status(text) in ("won", "lost")) / len(low)
    shares["outcome"] = sum(1 for text in low if text in _OUTCOME) / len(low)
    return Signals(
        filled=len(texts),
        rows=len(values),
        distinct=len(distinct),
        mean_length=sum(map(len, sample)) / len(sample),
        spaced=sum(1 for text in sample if " " in text) / len(sample),
        shares={name: share for name, share in shares.items() if share},
        examples=tuple(text[:80] for text in sample[:3]),
    )
