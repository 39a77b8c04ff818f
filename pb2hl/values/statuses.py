"""Status words of exports in the major languages, as HighLevel's own: how deals end, appointments go, tasks stand.

One home for them: the mapping sheets propose with it, and the plan falls back on it. For a deal the status column's word
wins; where it says nothing of these, the stage's outcome does (a stage called `Won` never overrules a status `lost`).
"""

from __future__ import annotations

from functools import cache

from pb2hl.values.fold import fold_marks
from pb2hl.values.wordlists import VALUES, sections


def word_key(text: str) -> str:
    """A word as it is compared: lower case, no accents, words and numbers with single spaces (`Closed_Won` → `closed won`)."""
    return fold_marks(text) or text.strip()


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


def call_status(word: str) -> str:
    """How a call ended, in HighLevel's words (completed, no-answer, voicemail, …); "" for a word that says none of them."""
    return vocabulary("calls").get(word_key(word), "")
