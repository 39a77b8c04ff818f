"""How many of what, as people write it: `1 cell`, `1,234 cells`, `2 entries`, `1 person is`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import SupportsInt


def counted(n: SupportsInt, noun: str) -> str:
    """`n` with the last word of `noun` (given for one) in the number that fits: `counted(2, "audit log entry")`."""
    return f"{int(n):,} {noun if int(n) == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The last word of `noun` for several: cell → cells, entry → entries, address → addresses."""
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search(r"(s|x|ch|sh)$", noun) else f"{noun}s"


def listed(parts: Iterable[str]) -> str:
    """`a, b and c`; "" of nothing."""
    items = list(parts)
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def agree(n: SupportsInt, one: str, several: str) -> str:
    """The form of a verb for `n` of something: `agree(1, "is", "are")`."""
    return one if int(n) == 1 else several


def lasting(seconds: SupportsInt) -> str:
    """How long that is, in the unit that people say it in: `20 seconds`, `8 minutes`, `3 hours`, `2 days`; rounded up."""
    whole = int(seconds)
    for unit, length, most in (("second", 1, 90), ("minute", 60, 90), ("hour", 3600, 48)):
        if whole <= most * length:
            return counted(-(-whole // length), unit)
    return counted(-(-whole // 86400), "day")


def predicate(n: SupportsInt, text: str) -> str:
    """What `n` of something do, the verb in the form that fits: `predicate(2, "has|have no key")`. A text without `|` fits any number."""
    one, between, several = text.partition("|")
    verb, _, rest = several.partition(" ")
    return f"{agree(n, one, verb)} {rest}".rstrip() if between else text
