"""What a caller may say about a matching beside the table and its kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import pandas as pd

from pb2hl.progress import SILENT, Cancel, Progress

THRESHOLD = 0.5
"""Two groups of rows become one cluster when they match more likely than not."""


class Options(TypedDict, total=False):
    """Keyword arguments of `find_duplicates` and `match_companies`; what each means is said in `find_duplicates`."""

    threshold: float
    doubtful: float | None
    labels: pd.DataFrame | None
    workers: int
    executor: Any
    progress: Progress
    cancel: Cancel | None


@dataclass(frozen=True)
class Settings:
    """The `Options` with their defaults: threshold and doubtful as probabilities (0-1), workers in threads (-1: all cores), executor "local", "dask" or a Dask client."""

    threshold: float = THRESHOLD
    doubtful: float | None = None
    labels: pd.DataFrame | None = None
    workers: int = -1
    executor: Any = "local"
    progress: Progress = SILENT
    cancel: Cancel | None = None
