"""Results of this kernel that are still on screen: once the notebook is begun anew they say that they are of an earlier run.

A cell that is run again loses what it showed. What a failed or stopped run did not reach keeps it, and must not look like today's.
"""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from typing import Any

from pb2hl.notebook import PARENT_VARIABLE
from pb2hl.register import STEPS, notebooks
from pb2hl.report.drawing.page import moment
from pb2hl.review.confirm import Confirm


@dataclass(frozen=True)
class _Shown:
    place: int
    at: str
    verdict: str
    handle: Any


_SHOWN: list[_Shown] = []
_PANELS: list[tuple[int, Confirm]] = []


def show_verdict(step: str, at: str, verdict: str) -> None:
    """Show the `verdict` that a step's result of the moment `at` begins with."""
    from IPython.display import HTML, display

    handle = display(HTML(verdict), display_id=True)  # type: ignore[no-untyped-call]
    if handle is not None and PARENT_VARIABLE not in os.environ:
        _SHOWN.append(_Shown(_place(step), at, verdict, handle))


def remember_panel(step: str, panel: Confirm) -> Confirm:
    """`panel`, which stands at the gate of `step`."""
    _PANELS.append((_place(step), panel))
    return panel


def begun_anew(step: str = "") -> None:
    """A run begins with `step`, or from the top: what was shown of the steps after it is of an earlier one."""
    from IPython.display import HTML

    first = _place(step) if step else EVERYWHERE - 1
    if step and first == EVERYWHERE:
        return  # a look at the migration moves nothing on
    for shown in [one for one in _SHOWN if one.place > first]:
        _SHOWN.remove(shown)
        told = f"From an earlier run ({html.escape(moment(shown.at))}); this cell was not run again since."
        shown.handle.update(
            HTML(f"<p><b>{told}</b></p><details><summary>What it showed then</summary>{shown.verdict}</details>")
        )
    for place, panel in [one for one in _PANELS if one[0] > first]:
        _PANELS.remove((place, panel))
        panel.retire()


EVERYWHERE = -1
"""Where stands what belongs to no place in the order of a migration, such as its status."""


def _place(step: str) -> int:
    """Where the notebook of the step stands in the order of a migration: what one notebook shows side by side belongs together."""
    wanted = STEPS[step].notebook if step in STEPS else ""
    return next((at for at, one in enumerate(notebooks()) if wanted and one.notebook == wanted), EVERYWHERE)
