"""Decisions at a gate: a person approves by name; a batch run also takes every documented default, on record.

The defaults (issue of record: `run --approve-all`): merges above the high threshold are accepted and the band below is
kept apart; undecided contact, company and deal columns become custom fields; the listed workflows are confirmed as
paused; a second open deal where the location forbids it becomes a custom field and a note; rows whose key is blank or
another record's keep the one that was made for them; a table that is no object and names nobody is left out.
"""

from __future__ import annotations

from pb2hl.errors import GateClosed
from pb2hl.register import STEPS
from pb2hl.steps.gates import gates
from pb2hl.workspace import Workspace


def decide(ws: Workspace, step: str, who: str, *, take_defaults: bool = False) -> str:
    """Record `who`'s decision at the gate of `step` and say what was recorded; without a name nothing is decided.

    With `take_defaults` every undecided proposal is settled first. Raises GateClosed, naming what is undecided, when
    the gate cannot be approved. What a person approved by force, and is as it was then, stands.
    """
    if not who:
        return f"{step}: not decided here; fill in approved_by, or run: pb2hl approve"
    if take_defaults:
        STEPS[step].take_defaults(ws, who)
    if not STEPS[step].gate:
        return f"{step}: decided by {who}" if take_defaults else f"{step}: the sheets are the decision"
    gate = STEPS[step].gate
    try:
        approval = gates.approve(ws, gate, who=who)
    except GateClosed:
        stands = gates.in_force(ws, gate)
        if stands is None or not stands.forced:
            raise
        return f"{step} was approved by {stands.who} at {stands.at} in spite of what is open, and that stands: {stands.subject_hash}"
    return f"{step} approved by {who}: {approval.subject_hash}"
