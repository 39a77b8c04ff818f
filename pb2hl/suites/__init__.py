"""Great Expectations on staged and arrived tables: suites as JSON that analysts edit, verdicts that cannot be green by accident."""

from pb2hl.suites.cross import cross_after, cross_before
from pb2hl.suites.facts import CheckFacts, prepare
from pb2hl.suites.load import Rule, Suite, load_suite, load_suites
from pb2hl.suites.validate import Verdict, validate

__all__ = [
    "CheckFacts", "Rule", "Suite", "Verdict", "cross_after", "cross_before", "load_suite", "load_suites", "prepare", "validate",
]  # fmt: skip
