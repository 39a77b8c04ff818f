"""What keeps a migration from being whole, and what to do about it: told wherever the next step is."""

from __future__ import annotations

from pb2hl.ledger import Ledger
from pb2hl.mapper import run_again
from pb2hl.operations import RECORD_TARGETS, Kind
from pb2hl.register import AUDIT, REPAIR, gates
from pb2hl.results import Status, StepResult
from pb2hl.steps.balance.balance import lacking
from pb2hl.steps.balance.pieces import ABSENT, STANDS_OTHERWISE
from pb2hl.steps.gates.gates import open_points
from pb2hl.steps.overview.cut_short import sends_the_rest
from pb2hl.steps.shared.owner_order import SWITCH
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

Way = tuple[str, str]
"""What to know or do first, as the beginning of a sentence ("" for nothing), and the command that follows, without its workspace."""


def before_approval(ws: Workspace, gate: str) -> Way:
    """What stands in the way of approving `gate`, and the command that comes first; ("", "") where nothing does."""
    step, points = gates()[gate], open_points(ws, gate)
    if not points:
        return "", ""
    these = agree(len(points), "it", "them")
    if step.gate_of_sheets and run_again(points):
        return "the sheets or the export were changed since the tables were staged: ", step.id
    if step.gate_of_sheets:
        return f"settle {counted(len(points), 'open point')} (the approval lists {these}), then: ", step.approval
    result = StepResult.load(ws.results(step.result()))
    if result and StepResult.left_at(ws.results(REPAIR.id)) > result.at:
        return "a repair has sent since what was missing; to see it: ", step.id
    told = "; ".join(lacking(result)) if result else ""
    what = told or f"{counted(len(points), 'open point')} of reports/{step.chapters[0].file}.html"
    if result and result.counts.get("asked_refused"):
        return (
            f"{what}; mend it and send it again, then {step.id} anew (or approve {gate} with --force, on record): ",
            REPAIR.id,
        )
    return f"{what}; mend it (or approve {gate} with --force, on record), then: ", step.id


def after_audit(ws: Workspace) -> Way:
    """What to do after an audit that did not find everything there; ("", "") without an audit, or after a whole one."""
    audit = StepResult.load(ws.results(AUDIT.result()))
    if audit is None or audit.status not in (Status.INCOMPLETE, Status.FAILED):
        return "", ""
    if StepResult.left_at(ws.results(REPAIR.id)) > audit.at:
        return "", AUDIT.id
    report = f"reports/{AUDIT.chapters[0].file}.html"
    ours, theirs = _absent(ws, audit)
    if audit.counts.get("asked_refused"):
        return f"mend what {report} names and send it again: ", REPAIR.id
    if ours:
        return "what is gone is made again by: ", REPAIR.id
    once, synced = _unkept(audit)
    if once:
        return "what HighLevel did not keep is sent once more by: ", REPAIR.id
    if synced:
        return f"{SWITCH}; after that the owners are sent again by: ", REPAIR.id
    if theirs:
        return "restore in HighLevel what was there before this migration, then: ", AUDIT.id
    if _unsent(audit) and not audit.counts.get("wrong"):
        with Ledger.open(ws) as ledger:
            return "what was not sent is sent by: ", sends_the_rest(ledger)
    return f"mend in HighLevel what {report} names, then: ", AUDIT.id


def _unkept(audit: StepResult) -> tuple[int, int]:
    """How many values that do not stand in the location can be sent once more, and how many owners HighLevel's sync changed."""
    unkept = audit.tables.get("unkept")
    if unkept is None or unkept.empty:
        return 0, 0
    synced = unkept["synced"].astype(bool)
    return int((~synced & ~unkept["tried"].astype(bool)).sum()), int(synced.sum())


def _unsent(audit: StepResult) -> bool:
    """Whether anything is open that a load sends: not where a record is there, and only its owner or tags are not."""
    pieces = audit.tables.get("open")
    return pieces is not None and not pieces["why"].isin(STANDS_OTHERWISE).all()


def _absent(ws: Workspace, audit: StepResult) -> tuple[int, int]:
    """How many pieces that this migration made or wrote are not in the location any more, and how many that were there before it."""
    absent = audit.tables.get("absent")
    if absent is None or absent.empty:
        return 0, 0
    absent = absent[~absent["why"].isin(STANDS_OTHERWISE)] if "why" in absent else absent
    deleted = set(absent.loc[absent["why"] == ABSENT, "op_id"]) if "why" in absent else set(absent["op_id"])
    with Ledger.open(ws) as ledger:
        entries = ledger.entries(absent["op_id"]).values()
        theirs = sum(
            entry.kind is Kind.UPDATE and entry.target in RECORD_TARGETS and entry.op_id in deleted for entry in entries
        )
    return len(entries) - theirs, theirs
