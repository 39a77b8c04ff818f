"""Phones that are answered for many: a reception's or a group's, and nobody's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching.fields import Field
from pb2hl.matching.rules import Pairs


@dataclass(frozen=True)
class Desks:
    """`answered`: which of the values of `phone` are; the last item is that of no phone."""

    phone: Field | None
    answered: np.ndarray

    @classmethod
    def of(cls, phone: Field | None, name: Field | None, least: int) -> Desks:
        """The phones that records of at least `least` different names share; none where a table has no names."""
        if phone is None or name is None:
            return cls(phone, np.zeros(1 if phone is None else len(phone.values) + 1, bool))
        rows = pd.DataFrame({"phone": np.concatenate(phone.codes), "name": np.tile(name.primary, len(phone.codes))})
        rows = rows[(rows["phone"] >= 0) & (rows["name"] >= 0)].drop_duplicates()
        return cls(phone, np.r_[np.bincount(rows["phone"], minlength=len(phone.values)) >= least, False])

    def ring(self, pairs: Pairs) -> np.ndarray:
        """Pairs that have such a phone in common."""
        found = np.zeros(len(pairs.left), bool)
        columns = () if self.phone is None else self.phone.codes
        for first in columns:
            for second in columns:
                one = first[pairs.left]
                found |= (one == second[pairs.right]) & (one >= 0) & self.answered[one]
        return found
