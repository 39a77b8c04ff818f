"""Status words of exports in the major languages, as HighLevel's own: how deals end, appointments go, tasks stand.

One home for them: the mapping sheets propose with it, and the plan falls back on it. For a deal the status column's word
wins; where it says nothing of these, the stage's outcome does (a stage called `Won` never overrules a status `lost`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from pb2hl.values.wordlists import VALUES, sections

_UNITS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "å": "a"})


def word_key(text: str) -> str:
    """A word as it is compared: lower case, no accents, words and numbers with single spaces (`Closed_Won` → `closed won`)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_UNITS))
    plain = unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))
    return " ".join(re.sub(r"[\W_]+", " ", plain).split()) or text.strip()


@cache
def vocabulary(name: str) -> dict[str, str]:
    """Every word of the list `data/<name>.txt` as it is compared → its meaning (the section it stands in)."""
    lists = sections(VALUES / f"{name}.txt")
    return {word_key(word): meaning for meaning, words in lists.items() for word in words}


def deal_status(word: str) -> str:
    """open, won, lost or abandoned for a status word of any case and language; "" when it says none of them."""
    return vocabulary("deals").get(word_key(word), "")


def appointment_status(word: str) -> str:
    """HighLevel's appointmentStatus; "" for a word that says none of them."""
    return vocabulary("appointments").get(word_key(word), "")


def task_state(word: str) -> str:
    """done or open for a task's status word; "" for a word that says neither."""
    return vocabulary("tasks").get(word_key(word), "")


def is_done(word: str) -> bool:
    """Whether a task's status word says that nothing is left to do."""
    return task_state(word) == "done"


def activity_type(word: str) -> str:
    """call, email, meeting, sms, note or task; "" for a word that says none of them."""
    return vocabulary("activities").get(word_key(word), "")


def direction(word: str) -> str:
    """inbound or outbound; "" for a word that says neither."""
    return vocabulary("directions").get(word_key(word), "")
