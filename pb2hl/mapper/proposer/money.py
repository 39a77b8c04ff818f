"""Money that no heading calls an amount (the one column of money is it, of several a person chooses), and money counted in cents."""

from __future__ import annotations

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.values.transforms import missed

DOUBT = "the amount of these deals may be here"
"""How the reason of a column begins that a person must look at before deals go without amounts."""

MINOR_UNITS = "minor units"
"""The transform of a column that counts in cents."""

_MONEY = heading_words("money")
_HUNDREDTHS = heading_words("hundredths")


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


def read_hundredths(table: Table) -> None:
    """Propose to divide amounts whose heading says cents; where some are no whole numbers a person decides. Changes the proposals in place."""
    spec = OBJECTS[table.object]
    money = {field.name: field for field in spec.fields if field.kind is FieldKind.MONEY}
    for heading in table.raw.headings:
        field = money.get(table.proposed(heading))
        if field is None or not set(tokens(table.said(heading))) & _HUNDREDTHS:
            continue
        if not missed(table.raw.frame[heading], MINOR_UNITS, table.raw.frame)[0]:
            table.transform(heading, MINOR_UNITS)
        else:
            doubt = "the heading says hundredths (cents), yet not all of its values are whole numbers: clear or set the transform minor units"
            table.decide(heading, field.name, field.target, 0.6, doubt)


def _could_be(table: Table, heading: str) -> bool:
    """Whether an open column holds money: by its values' signs, or numbers under a word for money."""
    if table.proposed(heading) not in ("custom", "ignore") or table.is_declared(heading):
        return False
    seen = table.seen(heading)
    if seen.looks("money", at_least=0.8) and not seen.looks("number", "date", at_least=0.8):
        return True
    numbers = seen.share("number") + seen.share("money")
    return numbers >= _MOSTLY and bool(set(terms(table.said(heading))) & _MONEY)


_MOSTLY = 0.6
"""Share (0-1) of a column's values that are numbers or money where a word for money heads it; the rest may be told as not converted."""
