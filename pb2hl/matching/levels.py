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
    """Compares pairs of `records`: each field by `comparer`, exact agreement as exact level + band of the value."""

    records: Records
    comparer: Comparer
    bands: dict[str, Bands]

    @classmethod
    def over(cls, records: Records, workers: int = -1) -> Levels:
        """The comparison of `records` on `workers` threads (-1: all cores)."""
        return cls(
            records,
            Comparer(records.fields, workers=workers),
            {field.name: Bands.of(field) for field in records.fields},
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
        """`levels` with an e-mail name that is made of the person's own name, at two domains, as evidence of nothing.

        Where both names agree already, `jane.roe@` says them once more; where they do not, it is evidence.
        """
        mail, given, surname = (self.records.of_kind(kind) for kind in (Kind.EMAIL, *NAMES))
        if mail is None or given is None or surname is None or mail.name not in levels:
            return levels
        same = (levels[given.name] >= EXACT[given.kind]) & (levels[surname.name] >= EXACT[surname.kind])
        at = np.flatnonzero((levels[mail.name] == _ECHO) & same)
        if not len(at):
            return levels
        made = np.fromiter(
            (
                _made_of(str(mail.values[box]), str(given.values[first]), str(surname.values[last]))
                for box, first, last in zip(
                    mail.primary[left[at]], given.primary[left[at]], surname.primary[left[at]], strict=True
                )
            ),
            bool,
            len(at),
        )
        changed = levels[mail.name].copy()
        changed[at[made]] = MISSING
        return {**levels, mail.name: changed}


def _made_of(address: str, given: str, surname: str) -> bool:
    """Whether the name of a mailbox is the person's: their surname (or given name) with nothing beside but the other or its initial."""
    local = "".join(mark for mark in address.partition("@")[0] if mark.isalpha())
    first, last = ("".join(mark for mark in name if mark.isalpha()) for name in (given, surname))
    if not first or not last:
        return False
    return local in {first + last, last + first, first[0] + last, last + first[0], first + last[0], first, last}
