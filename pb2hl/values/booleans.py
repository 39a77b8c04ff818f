"""Yes and no in the words of several languages."""

from __future__ import annotations

import numpy as np

from pb2hl.values.parsed import Context, Parsed, one_by_one
from pb2hl.values.wordlists import VALUES, listed

TRUE = listed(VALUES / "yes_no.txt", "yes")
FALSE = listed(VALUES / "yes_no.txt", "no")


def booleans(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as True or False. `x` and ticks are True; a number other than 0 and 1 is not a boolean."""

    def convert(text: str) -> tuple[bool | None, str]:
        word = text.casefold().strip(" .!'\"[]()")
        if word in TRUE:
            return True, ""
        if word in FALSE:
            return False, ""
        return None, "neither yes nor no"

    values, reasons = one_by_one(texts, convert)
    words = sorted({text.casefold() for text, reason in zip(texts, reasons, strict=True) if not reason})
    return Parsed(values, reasons, {"words": words[:12]} if words else {})
