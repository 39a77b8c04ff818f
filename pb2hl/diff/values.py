"""Compare one value that was sent with the one that is stored."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import phonenumbers
from bs4 import BeautifulSoup

from pb2hl.values.fold import fold
from pb2hl.values.keys import is_key_of


class Class(StrEnum):
    """How a stored value relates to the one sent."""

    EQUAL = "equal"
    NORMALISED = "normalised"  # the same value in the platform's own writing
    CHANGED = "changed"
    MISSING = "missing"  # sent, not stored
    EXTRA = "extra"  # stored, not sent
    SYNCED = "owner sync"  # an owner that HighLevel's own sync of contacts and opportunities has put there


_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[-+]\d{2}:?\d{2})?)?")
_PHONE = re.compile(r"\+?[\d\s().\-/]{5,}")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")


def compare(sent: Any, stored: Any, field: str = "", region: str = "") -> tuple[Class, str]:
    """The class of `stored` against `sent`, and what the platform did to it.

    `region` (ISO 3166-1 alpha-2) reads national phone numbers; `field` tells the settings of channels, which are strict.
    """
    if _blank(sent) or _blank(stored):
        if _blank(sent) and _blank(stored):
            return Class.EQUAL, ""
        return (Class.EXTRA, "nothing was sent") if _blank(sent) else (Class.MISSING, "HighLevel stored nothing")
    if sent == "active" and stored == "permanent" and field.startswith("dndSettings."):
        return Class.NORMALISED, "a stricter opt-out of this channel stood there before"
    if _many(sent) or _many(stored):
        return _compare_lists(_items(sent), _items(stored), region)
    return _compare_texts(_text(sent), _text(stored), region)


def _blank(value: Any) -> bool:
    if _many(value):
        return all(_blank(item) for item in value)
    return value is None or value == {} or value != value or str(value).strip() == ""


def _many(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


def _items(value: Any) -> list[str]:
    return [_text(item) for item in value] if _many(value) else [_text(value)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _compare_lists(sent: list[str], stored: list[str], region: str) -> tuple[Class, str]:
    if sorted(sent) == sorted(stored):
        return Class.EQUAL, ""
    left = {fold(_squash(item)) for item in sent}
    right = {fold(_squash(item)) for item in stored}
    if left == right:
        return Class.NORMALISED, "case, spacing or order"
    if len(sent) == len(stored) == 1:
        return _compare_texts(sent[0], stored[0], region)
    lost, new = _named(left - right), _named(right - left)
    if right < left:
        return Class.MISSING, f"lost: {lost}"
    if left < right:
        return Class.EXTRA, f"added: {new}"
    return Class.CHANGED, f"lost: {lost}; added: {new}"


def _named(items: Iterable[str]) -> str:
    return ", ".join(sorted(items)[:5])


@lru_cache(maxsize=100_000)
def _compare_texts(sent: str, stored: str, region: str) -> tuple[Class, str]:
    if sent == stored:
        return Class.EQUAL, ""
    for same, what in _WAYS:
        if same(sent, stored, region):
            return Class.NORMALISED, what
    if len(stored) >= 50 and len(stored) < len(sent) and _squash(sent).startswith(_squash(stored)):
        return Class.CHANGED, f"cut off after {len(stored)} characters"
    return Class.CHANGED, "another value"


def _squash(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _same_spacing(a: str, b: str, _region: str) -> bool:
    return _squash(a) == _squash(b)


def _same_case(a: str, b: str, _region: str) -> bool:
    return fold(_squash(a)) == fold(_squash(b))


def _same_number(a: str, b: str, _region: str) -> bool:
    return bool(_NUMBER.fullmatch(a.strip()) and _NUMBER.fullmatch(b.strip())) and float(a) == float(b)


def _same_phone(a: str, b: str, region: str) -> bool:
    if not (_PHONE.fullmatch(a.strip()) and _PHONE.fullmatch(b.strip())):
        return False
    left = _e164(a, region)
    return bool(left) and left == _e164(b, region)


def _e164(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _instant(text: str) -> datetime | None:
    text = text.strip()
    if re.fullmatch(r"-?\d{12,13}", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    if not _DATE.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _same_date(a: str, b: str, _region: str) -> bool:
    left, right = _instant(a), _instant(b)
    if left is None or right is None:
        return False
    day_only = 10 in (len(a.strip()), len(b.strip()))
    return left == right or (day_only and left.date() == right.date())


def _html_text(text: str) -> str:
    if _TAG.search(text):
        text = BeautifulSoup(text, "html.parser").get_text(" ")
    return re.sub(r"\s+", "", html.unescape(text))


def _same_html(a: str, b: str, _region: str) -> bool:
    if not (_TAG.search(a) or _TAG.search(b) or "&" in a + b):
        return False
    left = _html_text(a)
    return left != "" and left == _html_text(b)


def _same_option(a: str, b: str, _region: str) -> bool:
    """HighLevel gives back the key of an option that was set by its label."""
    return is_key_of(b, a)


def _bare_url(text: str) -> str:
    return re.sub(r"^https?://", "", fold(text)).rstrip("/")


def _same_url(a: str, b: str, _region: str) -> bool:
    return a.strip().lower().startswith(("http", "www.")) and _bare_url(a) == _bare_url(b)


_WAYS = (
    (_same_spacing, "spacing"),
    (_same_case, "case"),
    (_same_number, "number form"),
    (_same_date, "date form"),
    (_same_phone, "phone form"),
    (_same_html, "HTML form"),
    (_same_url, "URL form"),
    (_same_option, "option key"),
)
"""What HighLevel is known to rewrite (BEHAVIOUR.md), from the harmless to the far-reaching."""
