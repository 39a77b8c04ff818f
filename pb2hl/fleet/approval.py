"""Approving one gate of many locations at once: whoever does it says which, and each ledger has it on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pb2hl import report
from pb2hl.errors import ConfigError, Pb2hlError
from pb2hl.fleet.members import Member
from pb2hl.fleet.work import following
from pb2hl.register import gates as registered
from pb2hl.steps.gates import gates
from pb2hl.values.counting import counted


@dataclass(frozen=True, slots=True)
class Approved:
    """What became of one location: `approved`, `not waiting` or `open` with the reason."""

    workspace: str
    location: str
    outcome: str
    said: str = ""


def approve_all(members: Sequence[Member], gate: str, who: str, *, only: str = "*", note: str = "") -> list[Approved]:
    """Approve `gate` wherever it waits, in the members whose workspace or location fits `only` (as in file names: `acme-*`).

    Nothing is forced: a location with open points stays shut, and is listed with them.
    """
    if gate not in registered():
        raise ConfigError(f"there is no gate {gate!r}", hint=f"one of: {', '.join(registered())}")
    chosen = [member for member in members if fits(member, only)]
    if not chosen:
        raise ConfigError(
            f"no location fits {only!r}", hint="--only takes names of workspaces or locations, with * and ?"
        )
    record = f"in bulk, {counted(len(chosen), 'location')} that fit {only!r}" + (f": {note}" if note else "")
    return [_approved(member, gate, who, record) for member in chosen]


def fits(member: Member, only: str) -> bool:
    """Whether the workspace's name or the location fits the pattern."""
    return fnmatchcase(member.name, only) or fnmatchcase(member.location, only)


def _approved(member: Member, gate: str, who: str, record: str) -> Approved:
    try:
        ws = member.open()
        if following(ws) != f"approve {gate}":
            return Approved(member.name, member.location, "not waiting")
        approval = gates.approve(ws, gate, who, note=record)
        report.write_index(ws)
        return Approved(member.name, member.location, "approved", approval.subject_hash[:12])
    except Pb2hlError as error:
        return Approved(member.name, member.location, "open", str(error))
