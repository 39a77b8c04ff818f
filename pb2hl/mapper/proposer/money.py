"""Deals without an amount whose table has money all the same: the one column of money is it, of several a person chooses."""

from __future__ import annotations

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import terms
from pb2hl.mapper.proposer.structure import Table

DOUBT = "the amount of these deals may be here"
"""How the reason of a column begins that a person must look at before deals go without amounts."""

_MONEY = heading_words("money")


def find_amount(table: Table) -> None:
    """Propose the amount of deals that no heading names; changes the proposals in place."""
    if table.object != "deals" or (table.proposals["field"] == "amount").any() or not len(table.raw.frame):
        return
    found = [heading for heading in table.raw.headings if _could_be(table, heading)]
    if len(found) == 1 and set(terms(table.said(found[0]))) & _MONEY:
        table.decide(found[0], "amount", "monetaryValue", 0.8, "the only money in a table of deals")
        return
    for heading in found:
        others = ", ".join(repr(other) for other in found if other != heading)
        table.decide(
            heading, "custom", "custom", 0.6, f"{DOUBT}{f' (or in {others})' if others else ''}: decide amount for one"
        )


def _could_be(table: Table, heading: str) -> bool:
    """Whether an open column holds money: by its values' signs, or numbers under a word for money."""
    if table.proposed(heading) not in ("custom", "ignore") or table.reason(heading).startswith("declared"):
        return False
    seen = table.seen(heading)
    if seen.looks("money", at_least=0.8) and not seen.looks("number", "date", at_least=0.8):
        return True
    numbers = seen.share("number") + seen.share("money")
    return numbers >= 0.8 and bool(set(terms(table.said(heading))) & _MONEY)
