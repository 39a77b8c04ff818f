"""The steps as a client reads them: their order, the question each report answers, and what its tables are."""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Chapter:
    """One report: the step's result it is drawn from, its file name, title, the question it answers, the gate behind it."""

    step: str
    file: str
    title: str
    question: str
    gate: str = ""
    tables: dict[str, tuple[str, str]] = field(default_factory=dict)  # result table → (title, what it says)


CHAPTERS: tuple[Chapter, ...] = (
    Chapter("inventory", "inventory", "Inventory", "What does the export hold, and what of it will not move as it is?"),
    Chapter("match", "duplicates", "Duplicates", "Who is in the export more than once?"),
    Chapter("match", "companies", "Companies", "Which rows are one company, and who belongs to whom?"),
    Chapter("mapping", "mapping", "Mapping", "Which column, stage and tag becomes what in HighLevel?", "mapping"),
    Chapter("mapping", "owners", "Owners", "Who owns the records, and which user of HighLevel takes them?", "mapping"),
    Chapter("check-before", "checks-before", "Checks before the load", "Is the data fit to be moved?", tables=_LEGAL),
    Chapter("schema", "schema", "Schema", "What must be made in HighLevel before records can land?", "schema"),
    Chapter("sample", "sample", "Sample", "Does a small part arrive exactly as it should?", "sample"),
    Chapter("load", "load", "Load", "What was sent, and what did HighLevel answer?"),
    Chapter(
        "delta", "delta", "Delta", "What changed in the source since, and does it clash with work done in HighLevel?"
    ),
    Chapter("audit", "audit", "Audit", "Did every record and every value arrive?"),
    Chapter("check-after", "checks-after", "Checks after the load", "Does what arrived keep the rules?"),
    Chapter("rollback", "rollback", "Rollback", "What was taken back?"),
)

WORKFLOWS = "workflows"
"""File name of the workflow rebuild reference, which is drawn from the staged workflows."""


def chapters(step: str) -> tuple[Chapter, ...]:
    """The chapters drawn from `step`, the main one first; a step without any gets a plain one."""
    found = tuple(item for item in CHAPTERS if item.step == step)
    return found or (Chapter(step, step, step.replace("-", " ").capitalize(), ""),)
