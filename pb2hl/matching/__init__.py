"""Who is the same person, which rows are one company."""

from __future__ import annotations

from pb2hl.matching.api import find_duplicates, match_companies
from pb2hl.matching.matches import Matches, explain

__all__ = ["Matches", "explain", "find_duplicates", "match_companies"]
