"""Who is the same person, which rows are one company.

`find_duplicates` and `match_companies` work on any table; `resolve` turns decided review sheets into `Merges`.
"""

from __future__ import annotations

from pb2hl.matching.api import find_duplicates, match_companies
from pb2hl.matching.matches import Matches, explain
from pb2hl.matching.merges import Merges, decided_merges
from pb2hl.matching.sheets import accept_all

__all__ = ["Matches", "Merges", "accept_all", "decided_merges", "explain", "find_duplicates", "match_companies"]
