"""Lost reasons that deals have and the location has not: no API makes them, so an admin does, and the schema step waits and looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.highlevel.destination import LOST_REASONS
from pb2hl.plan.records.deal_values import UNKNOWN_REASON
from pb2hl.policies import Policy
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold

WHAT = "lost reasons"
WHERE = "In HighLevel open Settings > Custom Fields > Opportunity > Lost reason"
ANEW = "pb2hl schema --apply looks for them and goes on"

COLUMNS = ("what", "step", "do", "why")
"""Of the table of instructions for an admin."""

Row = tuple[str, int, str, str]


def lacking(problems: Iterable[Problem], place: Destination, policy: Policy) -> dict[str, int]:
    """Reason → lost deals of it, of the reasons that wait for an admin; none where the location does not tell its reasons."""
    if policy.lost_reasons != "stop" or f"{LOST_REASONS.method} {LOST_REASONS.path}" in place.unavailable:
        return {}
    return {problem.field: problem.count for problem in problems if problem.code == UNKNOWN_REASON}


def instructions(asked: Mapping[str, int], place: Destination) -> pd.DataFrame:
    """One row a step (COLUMNS) for the reasons that the plan lacked, as the location stands now; none where it lacked none."""
    return pd.DataFrame(_steps(asked, place) if asked else [], columns=list(COLUMNS))


def missing(asked: Mapping[str, int], place: Destination) -> dict[str, int]:
    """Those of the reasons that the location has not."""
    there = {fold(str(reason["name"])) for reason in place.lost_reasons}
    return {reason: count for reason, count in asked.items() if fold(reason) not in there}


def _steps(asked: Mapping[str, int], place: Destination) -> list[Row]:
    lacking = missing(asked, place)
    steps = [WHERE] if lacking else []
    steps += [f"Add it exactly: {reason} ({counted(count, 'deal')})" for reason, count in lacking.items()]
    steps.append(f"Save, then {ANEW}" if lacking else f"They are all there now: {ANEW}")
    why = 'no API makes them; lost_reasons = "custom field" under [policy] keeps them in a field instead'
    return [(WHAT, number, step, why) for number, step in enumerate(steps, 1)]


def problem(asked: Mapping[str, int], severity: Severity = Severity.WARNING) -> list[Problem]:
    """What is said of them; nothing where nothing is lacking. `severity`: critical of the step that waits for them."""
    if not asked:
        return []
    names, deals = ", ".join(list(asked)[:10]), sum(asked.values())
    return [
        Problem(
            "lost_reasons_wait",
            f"{counted(len(asked), 'lost reason')} that {counted(deals, 'deal')} {agree(deals, 'has', 'have')} {agree(len(asked), 'waits', 'wait')} for an admin: {names}",
            severity,
            count=len(asked),
            treatment='the instructions say how to make them, or lost_reasons = "custom field" under [policy] keeps them in a field',
        )
    ]
