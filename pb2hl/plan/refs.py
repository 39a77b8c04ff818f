"""Find the record that a reference means: by id, by e-mail, by a label such as `Jane Roe (jane@acme.com)`, or by name.

Ids that a spreadsheet shortened (`007` → `7`, `12.0`) are found when only one record can be meant. A reference that
several records fit is *ambiguous*, one that none fits *dangles*; both are left to the caller, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from pb2hl.plan.rows import texts

AMBIGUOUS = "~"
"""In an index: several records share this key."""

_LABEL = re.compile(r"^(?P<name>.*?)\s*[(<\[](?P<key>[^()<>\[\]]+)[)>\]]\s*$")


@dataclass(frozen=True)
class Found:
    """The source id a reference means, or why there is none: `dangling` or `ambiguous`."""

    source_id: str = ""
    why: str = ""

    def __bool__(self) -> bool:
        return bool(self.source_id)


@dataclass(frozen=True)
class Resolver:
    """Resolves references to one object; `survivor_of` sends a merged record's id to the record that took it in."""

    ids: frozenset[str]
    short_ids: Mapping[str, str]
    by_email: Mapping[str, str]
    by_name: Mapping[str, str]
    survivor_of: Mapping[str, str]
    _memory: dict[str, Found] = field(default_factory=dict, compare=False, repr=False)

    def find(self, reference: str | None) -> Found:
        """The (surviving) record that `reference` means; blank gives an empty Found without a reason."""
        if reference is None or not reference.strip():
            return Found()
        known = self._memory.get(reference)
        if known is None:
            known = self._memory[reference] = self._look(reference.strip())
        return known

    def first(self, references: Iterable[str]) -> Found:
        """The first of several references that is found, else why the first was not."""
        found = [self.find(reference) for reference in references]
        return next((item for item in found if item), next((item for item in found if item.why), Found()))

    def _look(self, reference: str) -> Found:
        label = _LABEL.match(reference)
        keys = [reference] + ([label["key"].strip(), label["name"].strip()] if label else [])
        ambiguous = False
        for key in keys:
            for hit in (
                self._exact(key),
                self.by_email.get(_fold(key), ""),
                self.by_name.get(_fold(key), ""),
                self.short_ids.get(_short(key), ""),
            ):
                if hit == AMBIGUOUS:
                    ambiguous = True
                elif hit:
                    return Found(self.survivor_of.get(hit, hit))
        return Found("", "ambiguous" if ambiguous else "dangling")

    def _exact(self, key: str) -> str:
        return key if key in self.ids or key in self.survivor_of else ""


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _short(text: str) -> str:
    bare = re.sub(r"\.0+$", "", text.strip())
    return bare.lstrip("0") or "0" if bare.isdigit() else bare.casefold()


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, source_id in pairs:
        if not key:
            continue
        before = found.get(key)
        found[key] = source_id if before in (None, source_id) else AMBIGUOUS
    return found


def resolver(frame: pd.DataFrame, survivor_of: Mapping[str, str] | None = None) -> Resolver:
    """A Resolver over a staged table (one row a survivor); names and e-mails come from whichever columns it has."""
    survivors = dict(survivor_of or {})
    if frame.empty:
        return Resolver(frozenset(), {}, {}, {}, survivors)
    ids = [str(item) for item in frame["source_id"]]
    known = frozenset(ids)
    every_id = [*ids, *(old for old in survivors if old not in known)]
    return Resolver(
        known,
        _unique((_short(item), survivors.get(item, item)) for item in every_id),
        _unique((_fold(item), source_id) for item, source_id in _emails(frame, ids)),
        _unique((_fold(item), source_id) for item, source_id in _names(frame, ids)),
        survivors,
    )


def _emails(frame: pd.DataFrame, ids: list[str]) -> Iterable[tuple[str, str]]:
    for column in ("email", "email_2", "more_emails"):
        if column in frame.columns:
            for source_id, value in zip(ids, frame[column].astype(object), strict=True):
                if isinstance(value, float) or value is pd.NA:
                    continue
                for item in texts(value):
                    yield item, source_id


def _names(frame: pd.DataFrame, ids: list[str]) -> Iterable[tuple[str, str]]:
    columns = [name for name in ("name", "full_name", "title") if name in frame.columns]
    for column in columns:
        for source_id, value in zip(ids, frame[column].fillna("").astype(str), strict=True):
            yield value, source_id
    if {"first_name", "last_name"} & set(frame.columns):
        blank = pd.Series("", index=frame.index)
        first, last = (frame.get(name, blank).fillna("").astype(str) for name in ("first_name", "last_name"))
        for source_id, one, two in zip(ids, first, last, strict=True):
            yield f"{one} {two}".strip(), source_id
            if one and two:
                yield f"{two}, {one}", source_id
