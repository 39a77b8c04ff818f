"""The steps as a client reads them: their order, the question each report answers, and what its tables are."""

from __future__ import annotations

from pb2hl.register import Chapter, chapters, result_of
from pb2hl.results import Status

STATUS_TONES = {Status.DONE: "good", Status.NOTHING_TO_DO: "mute", Status.WAITING: "warn", Status.FAILED: "bad"}


_LEGAL = {
    "trust_accounts": (
        "Trust accounts three ways",
        "Bank, ledger and the sum of client ledgers at the end, by account.",
    ),
    "trust_days": ("Trust balances by day", "Balances at the end of each day with a transaction."),
    "trust_differences": ("Trust differences traced", "Every transaction behind a difference, with its effect on it."),
    "trust_clients": (
        "Client ledgers",
        "Each client's balance and its lowest point; an overdrawn one is another client's money.",
    ),
    "time_issues": ("Time entries against rates", "What the rate table does not bear out, with the effect in money."),
}


WORKFLOWS = "workflows"
"""File name of the workflow rebuild reference, which is drawn from the staged workflows."""


CAPTIONS: dict[str, dict[str, tuple[str, str]]] = {"check-before": _LEGAL}
"""Result → table → (title, what it says), where a table needs more than its own name."""


def chapters_of(result: str) -> tuple[Chapter, ...]:
    """The chapters drawn from the saved `result`, the main one first; a result without any gets a plain one."""
    found = tuple(item for item in chapters() if result_of(item) == result)
    return found or (Chapter(result, result.replace("-", " ").capitalize(), "", result=result),)
