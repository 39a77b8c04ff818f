"""Finding the one record that a text means: by id, e-mail, name, or a label such as `Jane Roe (jane@acme.com)`."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

_EMAIL = re.compile(r"[^\s<>()\[\],;|\"']+@[^\s<>()\[\],;|\"']+")
_BRACKET = re.compile(r"^(.*?)\s*[(\[<#]\s*([^()\[\]<>]+?)\s*[)\]>]?\s*$")


class How(StrEnum):
    """How a reference was settled, or why it was not."""

    ID = "id"
    HEALED_ID = "id, healed"
    EMAIL = "e-mail"
    NAME = "name"
    DANGLING = "dangling"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Found:
    """The record that a text means (source id, "" when none) and how that is known."""

    source_id: str
    how: How
    candidates: tuple[str, ...] = ()


class Index:
    """Every way to name the records of one staged table."""

    def __init__(self, frame: pd.DataFrame):
        self._ids = set(frame["source_id"]) if len(frame) else set()
        self._shared = {text.rsplit("~", 1)[0] for text in self._ids if re.search(r".~\d+$", text)} & self._ids
        self._healed = _gather((heal(text), text) for text in self._ids if not text.startswith("~"))
        self._emails = _gather(pair for pair in _pairs(frame, ("email", "email_2")))
        if "more_emails" in frame:
            further = (
                (mail, sid)
                for mails, sid in zip(frame["more_emails"], frame["source_id"], strict=True)
                if mails is not None and not isinstance(mails, float)
                for mail in mails
            )
            for key, ids in _gather(further).items():
                self._emails.setdefault(key, ids)
        self._names = _gather(_named(frame))

    def find(self, text: str) -> Found:
        """The one record that `text` means."""
        text = text.strip()
        if text in self._ids:
            if text in self._shared:
                return Found(
                    "",
                    How.AMBIGUOUS,
                    tuple(sorted(i for i in self._ids if i == text or re.fullmatch(re.escape(text) + r"~\d+", i))),
                )
            return Found(text, How.ID)
        best: Found | None = None
        for found in self._ways(text):
            if found.source_id:
                return found
            best = best or found
        return best or Found("", How.DANGLING)

    def _ways(self, text: str) -> Iterable[Found]:
        yield from _settle(self._healed.get(heal(text)), How.HEALED_ID)
        for address in _EMAIL.findall(text):
            yield from _settle(self._emails.get(address.casefold().strip(".:").removeprefix("mailto:")), How.EMAIL)
        yield from _settle(self._names.get(fold(text)), How.NAME)
        yield from _settle(self._names.get(_turned(text)), How.NAME)
        if match := _BRACKET.match(text):
            outside, inside = match[1], match[2]
            if inside in self._ids:
                yield Found(inside, How.ID)
            yield from _settle(self._healed.get(heal(inside)), How.HEALED_ID)
            if not _EMAIL.search(inside):
                yield from _settle(self._names.get(fold(outside)), How.NAME)
        if (match := re.match(r"^(\S+)\s*[:|–—-]\s+\S", text)) and match[1] in self._ids:
            yield Found(match[1], How.ID)
        if (url := re.match(r"(?i)^https?://.*[/=]([\w-]+)/?$", text)) and url[1] in self._ids:
            yield Found(url[1], How.ID)


def heal(text: str) -> str:
    """An id without what spreadsheets and programs change: case, `.0`, leading zeros, braces and dashes of a GUID, prefix `#`."""
    plain = text.strip().strip("{}'\"").lstrip("#").casefold()
    if re.fullmatch(r"\d+\.0+", plain):
        plain = plain.split(".")[0]
    if re.fullmatch(r"\d+(\.\d+)?e\+?\d+", plain) and float(plain).is_integer() and float(plain) < 1e17:
        plain = str(int(float(plain)))
    if plain.isdigit():
        return plain.lstrip("0") or "0"
    if re.fullmatch(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", plain):
        return plain.replace("-", "")
    return plain


def fold(name: str) -> str:
    """A name without case, accents, punctuation and extra spaces."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())


def several(text: str, index: Index) -> list[str]:
    """The references in one cell: the whole text when it means a record, else a JSON list's or a separated list's items."""
    if text.startswith("[") and text.endswith("]"):
        try:
            body = json.loads(text)
            return [item for part in body if (item := _item(part))]
        except (ValueError, RecursionError, TypeError):
            text = text.strip("[]")
    if index.find(text).how in (How.ID, How.HEALED_ID, How.NAME):
        return [text]
    for separator in (";", "|", "\n", ","):
        if separator in text:
            return [part.strip() for part in text.split(separator) if part.strip()]
    return [text]


def _item(part: object) -> str:
    if isinstance(part, dict):
        keys = {str(key).casefold(): value for key, value in part.items()}
        return str(next((keys[k] for k in ("contactid", "contact_id", "id", "email", "name") if keys.get(k)), ""))
    return "" if part is None else str(part)


def _settle(ids: tuple[str, ...] | None, how: How) -> Iterable[Found]:
    if ids:
        yield Found(ids[0], how) if len(ids) == 1 else Found("", How.AMBIGUOUS, ids)


def _gather(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, source_id in pairs:
        if key:
            before = found.get(key, ())
            if source_id not in before:
                found[key] = (*before[:20], source_id)
    return found


def _pairs(frame: pd.DataFrame, columns: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    for column in columns:
        if column in frame:
            here = frame[column].notna()
            yield from zip(frame.loc[here, column].str.casefold(), frame.loc[here, "source_id"], strict=True)


def _named(frame: pd.DataFrame) -> Iterable[tuple[str, str]]:
    for column in ("name", "full_name", "title", "file_name", "domain"):
        if column in frame:
            here = frame[column].notna()
            yield from (
                (fold(text), source_id)
                for text, source_id in zip(frame.loc[here, column], frame.loc[here, "source_id"], strict=True)
            )
    if {"first_name", "last_name"} <= set(frame.columns):
        both = frame["first_name"].fillna("").astype("str") + " " + frame["last_name"].fillna("").astype("str")
        yield from ((fold(text), source_id) for text, source_id in zip(both, frame["source_id"], strict=True))


def _turned(text: str) -> str:
    """`Roe, Jane` as `jane roe`."""
    last, comma, first = text.partition(",")
    return fold(f"{first} {last}") if comma else ""
