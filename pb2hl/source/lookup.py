"""Finding the one record that a text means: by id, e-mail, name, or a label such as `Jane Roe (jane@acme.com)`.

The only place where references are understood: staging, checks, reconciliation and plan all ask an `Index`. What several
records fit is ambiguous, what none fits dangles; nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pb2hl.model import CUSTOM_PREFIX
from pb2hl.values.fold import fold_marks

_EMAIL = re.compile(r"(?<![^\s<>()\[\],;|\"'@])[^\s<>()\[\],;|\"'@]++@[^\s<>()\[\],;|\"']+")
_BRACKET = re.compile(r"^(.{0,300}?)(?<!\s)\s*+[(\[<#]\s*+([^()\[\]<>]*[^()\[\]<>\s])\s*+[)\]>]?\s*+$")


class How(StrEnum):
    """How a reference was settled, or why it was not."""

    ID = "id"
    HEALED_ID = "id, healed"
    EMAIL = "e-mail"
    NAME = "name"
    COMPANY = "only contact of the company"
    DANGLING = "dangling"
    AMBIGUOUS = "ambiguous"
    BLANK = "blank"


class Found(NamedTuple):
    """The record that a text means (source id, "" when none) and how that is known. True when there is one."""

    source_id: str
    how: How
    candidates: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.source_id)

    @property
    def why(self) -> str:
        """Why no record is meant: dangling or ambiguous; "" when one is, or nothing was said."""
        return "" if self.source_id or self.how is How.BLANK else str(self.how)


_BLANK = Found("", How.BLANK)


class Index:
    """Every way to name the records of one staged table (`frame`; empty: no record).

    `survivor_of` sends a merged record's id to the record that took it in. `by_source_id`: references were resolved at staging, so an
    id is that very record's, even when the export gave the id to several (`7`, `7~2`). The ways are worked out when first asked for.
    """

    def __init__(
        self, frame: pd.DataFrame, survivor_of: Mapping[str, str] | None = None, *, by_source_id: bool = False
    ):
        self._frame = frame if "source_id" in frame.columns else pd.DataFrame({"source_id": pd.Series(dtype="str")})
        self._survivor_of = dict(survivor_of or {})
        self._by_source_id = by_source_id
        self._known: dict[str, Found] = {}

    def find(self, text: str | None) -> Found:
        """The one record that `text` means."""
        text = (text or "").strip()
        if not text:
            return _BLANK
        if text in self._ids:
            return self._by_id(text)
        if text not in self._known:
            self._known[text] = self._look(text)
        return self._known[text]

    def first(self, texts: Iterable[str | None]) -> Found:
        """What the first of `texts` that means a record means; else why the first that says anything does not."""
        found = [self.find(text) for text in texts]
        return next((item for item in found if item), next((item for item in found if item.why), _BLANK))

    def hold(self, texts: pd.Series) -> npt.NDArray[np.bool_]:
        """Which of `texts` are the id of one record as they stand; what the others mean `find` tells."""
        return np.asarray(texts.isin(self._ids - self._shared.keys()), dtype=bool)

    def _by_id(self, text: str) -> Found:
        if sharing := self._shared.get(text):
            return Found("", How.AMBIGUOUS, sharing)
        return Found(self._survivor_of.get(text, text), How.ID)

    def _look(self, text: str) -> Found:
        best: Found | None = None
        for found in self._ways(text):
            if found:
                return found
            best = found if best is None else best
        return Found("", How.DANGLING) if best is None else best

    @cached_property
    def _ids(self) -> set[str]:
        return {*self._frame["source_id"].tolist(), *self._survivor_of}

    @cached_property
    def _shared(self) -> dict[str, tuple[str, ...]]:
        """Ids that the export gave to several records → those they have now."""
        if self._by_source_id:
            return {}
        numbered = (text for text in self._ids if re.search(r".~\d+$", text))
        given = _gather((text.rsplit("~", 1)[0], text) for text in numbered)
        return {text: tuple(sorted((text, *ids))) for text, ids in given.items() if text in self._ids}

    @cached_property
    def _healed(self) -> dict[str, tuple[str, ...]]:
        own = (text for text in self._ids if not text.startswith("~"))
        return _gather((heal(text), self._survivor_of.get(text, text)) for text in own)

    @cached_property
    def _emails(self) -> dict[str, tuple[str, ...]]:
        found = _gather(_pairs(self._frame, ("email", "email_2")))
        for key, ids in _gather(_further(self._frame)).items():
            found.setdefault(key, ids)
        return found

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        return _gather(_named(self._frame))

    @cached_property
    def _employed(self) -> dict[str, tuple[str, ...]]:
        """People by the company that they name: `Customer` of a deal may be either."""
        if "company_name" not in self._frame:
            return {}
        here = self._frame[self._frame["company_name"].notna()]
        return _gather(zip(here["company_name"].map(fold_marks), here["source_id"], strict=True))

    def _only(self, ids: tuple[str, ...] | None, how: How) -> Iterable[Found]:
        """The record of rows that are called so, where they are one."""
        if ids:
            records = {self._survivor_of.get(one, one) for one in ids}
            yield Found(records.pop(), how) if len(records) == 1 else Found("", How.AMBIGUOUS, ids)

    def _ways(self, text: str) -> Iterable[Found]:
        yield from self._only(self._healed.get(heal(text)), How.HEALED_ID)
        for address in _EMAIL.findall(text):
            yield from self._only(self._emails.get(address.casefold().strip(".:").removeprefix("mailto:")), How.EMAIL)
        yield from self._only(self._names.get(fold_marks(text)), How.NAME)
        yield from self._only(self._names.get(_turned(text)), How.NAME)
        yield from self._only(self._employed.get(fold_marks(text)), How.COMPANY)
        if match := _BRACKET.match(text):
            outside, inside = match[1], match[2]
            if inside in self._ids:
                yield self._by_id(inside)
            yield from self._only(self._healed.get(heal(inside)), How.HEALED_ID)
            if not _EMAIL.search(inside):
                yield from self._only(self._names.get(fold_marks(outside)), How.NAME)
        if (match := re.match(r"^(\S+)\s*[:|–—-]\s+\S", text)) and match[1] in self._ids:
            yield self._by_id(match[1])
        if (url := re.match(r"(?i)^https?://.*[/=]([\w-]+)/?$", text)) and url[1] in self._ids:
            yield self._by_id(url[1])


@dataclass(frozen=True)
class LookedUp:
    """`source_id`: what each row's (first) reference means, "" when none; `state`: blank, found, dangling or ambiguous."""

    source_id: pd.Series
    state: pd.Series


_STATES = ("blank", "found", "ambiguous", "dangling")
"""The worst of a list's items is the list's."""


def look_up(references: pd.Series, index: Index) -> LookedUp:
    """What each of `references` (text, or lists of text whose every item must be found) means; distinct texts are asked once."""
    plain = pd.Series(references.to_numpy(dtype=object), index=range(len(references)))
    texts = plain.map(lambda value: list(value) if hasattr(value, "tolist") else value).explode()
    texts = texts.astype("str").str.strip()
    distinct = texts.dropna().drop_duplicates()
    found = {text: index.find(text) for text in distinct}
    ids = texts.map({text: item.source_id for text, item in found.items()}).fillna("")
    ranks = {text: 1 if item else _STATES.index(item.how) for text, item in found.items()}
    worst = texts.map(ranks).fillna(0).astype(int).groupby(level=0).max()
    first = ids[ids != ""].groupby(level=0).first().reindex(range(len(references)), fill_value="")
    return LookedUp(
        pd.Series(first.to_numpy(), index=references.index, dtype="str"),
        pd.Series([_STATES[rank] for rank in worst], index=references.index, dtype="str"),
    )


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


def _further(frame: pd.DataFrame) -> Iterable[tuple[str, str]]:
    if "more_emails" in frame:
        for mails, source_id in zip(frame["more_emails"], frame["source_id"], strict=True):
            if mails is not None and not isinstance(mails, float):
                yield from ((mail.casefold(), source_id) for mail in mails)


def _named(frame: pd.DataFrame) -> Iterable[tuple[str, str]]:
    for column in ("name", "full_name", "title", "file_name", "domain"):
        if column in frame:
            here = frame[column].notna()
            yield from (
                (fold_marks(text), source_id)
                for text, source_id in zip(frame.loc[here, column], frame.loc[here, "source_id"], strict=True)
            )
    if {"first_name", "last_name"} <= set(frame.columns):
        lasts = _forms(frame, "last_name")
        for both in (first + " " + last for first in _forms(frame, "first_name") for last in lasts):
            yield from ((fold_marks(text), source_id) for text, source_id in zip(both, frame["source_id"], strict=True))


def _forms(frame: pd.DataFrame, field: str) -> list[pd.Series]:
    """A name as staged and, where the parts of other columns were joined to it (middle name, particle), also without them."""
    whole = bare = frame[field].fillna("").astype("str")
    for column in [name for name in frame.columns if name.startswith(CUSTOM_PREFIX) and frame[name].dtype != object]:
        if not pd.api.types.is_string_dtype(frame[column].dtype):
            continue
        part = frame[column].fillna("").str.strip()
        has_second = part.ne("").to_numpy()
        if (
            has_second.any()
            and _parts(bare.iloc[[int(has_second.argmax())]], part.iloc[[int(has_second.argmax())]])
            and _parts(bare[has_second], part[has_second])
        ):
            shorter = zip(bare, part, strict=True)
            bare = pd.Series([_without(text, item) for text, item in shorter], index=bare.index, dtype="str")
    return [whole] if bare is whole else [whole, bare]


def _parts(names: pd.Series, parts: pd.Series) -> bool:
    """Whether each part begins or ends its name."""
    return all(_without(name, part) != name for name, part in zip(names, parts, strict=True))


def _without(name: str, part: str) -> str:
    return name.removeprefix(f"{part} ").removesuffix(f" {part}") if part else name


def _turned(text: str) -> str:
    """`Roe, Jane` as `jane roe`."""
    last, comma, first = text.partition(",")
    return fold_marks(f"{first} {last}") if comma else ""
