"""Agreement levels of pairs of records in all fields, the exact ones parted by how frequent the value is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pb2hl.matching.compare import Comparer
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, MISSING, Kind, level_of
from pb2hl.matching.weights import Bands

NAMES = (Kind.GIVEN_NAME, Kind.SURNAME)
_ECHO = level_of(Kind.EMAIL, "same name at another domain")


@dataclass(frozen=True)
class Levels:
    """Compares pairs of `records`: each field by `comparer`, exact agreement as exact level + band of the value.

    `made_of_names`: which records' mailbox is made of their name.
    """

    records: Records
    comparer: Comparer
    bands: dict[str, Bands]
    made_of_names: np.ndarray

    @classmethod
    def over(cls, records: Records, workers: int = -1) -> Levels:
        """The comparison of `records` on `workers` threads (-1: all cores)."""
        return cls(
            records,
            Comparer(records.fields, workers=workers),
            {field.name: Bands.of(field) for field in records.fields},
            _made_of_names(records),
        )

    def of(self, left: np.ndarray, right: np.ndarray, fields: tuple[Field, ...] | None = None) -> dict[str, np.ndarray]:
        """By field name (all fields when None) the level of each pair of positions."""
        levels: dict[str, np.ndarray] = {}
        agreed: dict[str, np.ndarray] = {}
        chosen = self.records.fields if fields is None else fields
        for field in chosen:
            levels[field.name], agreed[field.name] = self.comparer.levels(field, left, right)
        if all(any(field.kind is kind for field in chosen) for kind in NAMES):
            self.comparer.join_names(levels, left, right)
        for field in chosen:
            exact = np.flatnonzero(levels[field.name] == EXACT[field.kind])
            levels[field.name][exact] += self.bands[field.name].of_value[agreed[field.name][exact]].astype(np.int8)
        return levels

    def without_echoes(
        self, levels: dict[str, np.ndarray], left: np.ndarray, right: np.ndarray
    ) -> dict[str, np.ndarray]:
        """`levels` with what an e-mail says of the name once more as evidence of nothing.

        Where both names agree already, `jane.roe@` at two domains repeats them; where they do not, it is evidence. Two
        mailboxes that only resemble each other, each made of its person's name, say how alike the names are.
        """
        mail, given, surname = (self.records.of_kind(kind) for kind in (Kind.EMAIL, *NAMES))
        if mail is None or given is None or surname is None or mail.name not in levels:
            return levels
        same = (levels[given.name] >= EXACT[given.kind]) & (levels[surname.name] >= EXACT[surname.kind])
        level = levels[mail.name]
        echo = self.made_of_names[left] & self.made_of_names[right]
        echo &= ((level == _ECHO) & same) | ((level > 0) & (level < _ECHO))
        return {**levels, mail.name: np.where(echo, MISSING, level).astype(level.dtype)} if echo.any() else levels


def _made_of_names(records: Records) -> np.ndarray:
    """Which records' (first) mailbox is called as they are."""
    made = np.zeros(records.count, bool)
    mail, given, surname = (records.of_kind(kind) for kind in (Kind.EMAIL, *NAMES))
    if mail is None or given is None or surname is None:
        return made
    at = np.flatnonzero((mail.primary >= 0) & (given.primary >= 0) & (surname.primary >= 0))
    columns = (mail.values[mail.primary[at]], given.values[given.primary[at]], surname.values[surname.primary[at]])
    made[at] = [_made_of(*texts) for texts in zip(*columns, strict=True)]
    return made


def _made_of(address: str, given: str, surname: str) -> bool:
    """Whether the name of a mailbox is the person's: their surname (or given name) with nothing beside but the other or its initial."""
    local = "".join(mark for mark in address.partition("@")[0] if mark.isalpha())
    first, last = ("".join(mark for mark in name if mark.isalpha()) for name in (given, surname))
    if not first or not last:
        return False
    return local in {first + last, last + first, first[0] + last, last + first[0], first + last[0], first, last}
