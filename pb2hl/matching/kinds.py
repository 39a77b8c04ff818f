"""What a column can be, and the words for how alike two of its values are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pandas as pd

from pb2hl.errors import ConfigError, Problem, Severity


class Kind(StrEnum):
    """The kinds of columns that `find_duplicates` and `match_companies` compare."""

    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    FULL_NAME = "full_name"
    BIRTH_DATE = "birth_date"
    DATE = "date"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    POSTCODE = "postcode"
    CITY = "city"
    ORGANISATION = "organisation"
    DOMAIN = "domain"
    IDENTIFIER = "identifier"
    CATEGORY = "category"
    TEXT = "text"


LEVELS: dict[Kind, tuple[str, ...]] = {
    Kind.GIVEN_NAME: ("different", "resembling", "close or initial", "typo, nickname or short form", "same"),
    Kind.SURNAME: ("different", "resembling", "close or part of", "typo", "same"),
    Kind.BIRTH_DATE: (
        "different",
        "two digits or one part differ",
        "one digit differs or day and month swapped",
        "same",
    ),
    Kind.DATE: ("different", "two digits or one part differ", "one digit differs or day and month swapped", "same"),
    Kind.PHONE: ("different", "one digit differs", "same"),
    Kind.EMAIL: ("different", "resembling", "close", "same name at another domain", "letters misplaced", "same"),
    Kind.ADDRESS: ("different", "another number", "some words shared", "similar", "part of", "nearly the same", "same"),
    Kind.POSTCODE: ("different", "two characters differ", "one character differs", "same"),
    Kind.CITY: ("different", "close", "same"),
    Kind.ORGANISATION: (
        "no word shared",
        "words conflict",
        "acronym",
        "a part of",
        "nearly the same words",
        "same words",
        "same",
    ),
    Kind.DOMAIN: ("different", "same under another ending", "same"),
    Kind.IDENTIFIER: ("different", "two characters differ", "one character differs", "same"),
    Kind.CATEGORY: ("different", "same"),
    Kind.TEXT: ("different", "some words shared", "similar", "part of", "nearly the same", "same"),
}
"""Names of the agreement levels of each compared kind, from 0 (disagreement) to the last (exact). A full name is compared
as its given name and surname."""

EXACT = {kind: len(levels) - 1 for kind, levels in LEVELS.items()}
"""The exact level of each kind. No other comparison than equality yields it."""


def level_of(kind: Kind, name: str) -> int:
    """The number of a level by its name in `LEVELS`."""
    return LEVELS[kind].index(name)


MISSING = -1
"""The level of a pair of which one side is missing: evidence of nothing."""


def check_kinds(frame: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, Kind]:
    """`kinds` with values of `Kind`.

    Raises ConfigError, naming at once every kind that is unknown and every column that `frame` lacks or has twice.
    """
    problems = []
    checked: dict[str, Kind] = {}
    for column, name in kinds.items():
        count = int((frame.columns == column).sum())
        if count != 1:
            seen = "is not in the table" if count == 0 else f"is in the table {count} times"
            problems.append(
                Problem("matching_column", f"column {column!r} {seen}", Severity.CRITICAL, field=str(column))
            )
        try:
            checked[column] = Kind(name)
        except ValueError:
            problems.append(Problem("matching_kind", f"{name!r} is no kind", Severity.CRITICAL, field=str(column)))
    if not kinds:
        problems.append(Problem("matching_kind", "no column is given", Severity.CRITICAL))
    if problems:
        raise ConfigError(
            "The columns to match do not fit the table",
            hint="give each existing column one of: " + ", ".join(Kind),
            problems=problems,
        )
    return checked
