"""Status words of exports, as HighLevel's own."""

from __future__ import annotations

import re

_DEAL = {
    "open": "open active new pending in_progress inprogress ongoing working current",
    "won": "won closed_won closedwon win success successful completed complete signed",
    "lost": "lost closed_lost closedlost loss failed rejected dead declined",
    "abandoned": "abandoned cancelled canceled withdrawn dropped void stale",
}
_APPOINTMENT = {
    "new": "new requested unconfirmed pending tentative proposed",
    "confirmed": "confirmed booked scheduled accepted planned upcoming active open busy",
    "cancelled": "cancelled canceled declined deleted rejected",
    "showed": "showed show attended held done complete completed finished happened past",
    "noshow": "noshow no_show did_not_attend missed absent did_not_show",
    "invalid": "invalid error",
}
_DONE = frozenset("done complete completed closed finished resolved cancelled canceled true yes 1 x".split())


def _table(words: dict[str, str]) -> dict[str, str]:
    return {word: status for status, line in words.items() for word in line.split()}


_DEAL_WORDS, _APPOINTMENT_WORDS = _table(_DEAL), _table(_APPOINTMENT)


def _key(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", word.casefold()).strip("_")


def deal_status(word: str) -> str:
    """open, won, lost or abandoned; "" for a word that says none of them."""
    return _DEAL_WORDS.get(_key(word), "")


def appointment_status(word: str) -> str:
    """HighLevel's appointmentStatus (calendars-v3.json); "" for a word that says none of them."""
    return _APPOINTMENT_WORDS.get(_key(word), "")


def is_done(word: str) -> bool:
    """Whether a task's status word says that nothing is left to do."""
    return _key(word) in _DONE
