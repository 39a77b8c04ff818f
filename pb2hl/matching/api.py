"""The two public functions: duplicates among persons, and which rows are one organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import pandas as pd

from pb2hl.matching.company_rules import CompanyRules
from pb2hl.matching.engine import link
from pb2hl.matching.kinds import check_kinds
from pb2hl.matching.matches import Matches
from pb2hl.matching.person_rules import PersonRules
from pb2hl.matching.settings import Options, Settings


def find_duplicates(frame: pd.DataFrame, kinds: Mapping[str, str], **options: Unpack[Options]) -> Matches:
    """Which rows of `frame` are one person.

    `kinds` maps column names to `given_name, surname, full_name, birth_date, date, phone, email, address, postcode, city,
    organisation, domain, identifier, category, text`; any subset works. Several e-mail, phone or domain columns are
    compared crosswise. Options: `threshold` (0.5): least probability (0-1) at which groups of rows merge. `doubtful`:
    probability given to pairs that only a person can decide (namesakes, twins, a shared mailbox, two names at one domain);
    by default just below `threshold`. `labels` (columns left, right: row labels, match: bool) are decisions of a person that
    re-estimate the scores. `workers`: threads, -1 for all cores. `executor`: "local", "dask" (the
    Dask client that is open) or a client: from 200,000 rows on its workers find and score the pairs. `progress`, `cancel`: as everywhere.

    Returns `Matches`, indexed like `frame`: cluster, survivor, score (0-1, weakest link kept), with `.pairs` (scored pairs
    with their per-field explanation) and `.model`. The clusters do not depend on the order of rows, on `workers` or on `executor`.
    Raises ConfigError for unknown kinds and columns that do not exist. `frame` is not changed.
    """
    return link(frame, check_kinds(frame, kinds), PersonRules, Settings(**options))


def match_companies(frame: pd.DataFrame, kinds: Mapping[str, str], **options: Unpack[Options]) -> Matches:
    """Which rows of `frame` are one organisation; parameters, result and errors as of `find_duplicates`."""
    return link(frame, check_kinds(frame, kinds), CompanyRules, Settings(**options))
