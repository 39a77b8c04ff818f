"""The seal: a custom value of the location that names the last entry of the audit log of the ledger which wrote to it last.

A ledger that holds that entry is the one that wrote last, or goes on from it. One that does not is an older copy, was restored from a
backup, lost its tail, or belongs to another workspace. Every kind of record is covered by it, whatever searches show. A location
that takes no custom values, or a token without their scopes, leaves the comparison of the newest records (`freshness`).
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pb2hl.apply.ledger_end import LedgerEnd
from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import AnswerLost, ApiError, HighLevelError, ScopeMissing, TokenRefused
from pb2hl.highlevel import Client
from pb2hl.highlevel.records import customvalues
from pb2hl.highlevel.records.base import Record, id_of
from pb2hl.ledger import LedgerPort, State
from pb2hl.ledger.port import OPEN
from pb2hl.markers import DEFAULT_SOURCE
from pb2hl.operations import Kind, Target
from pb2hl.progress import SILENT, Progress
from pb2hl.values.visible import visible

NAME = "Perfect Books Migration"
"""The custom value of the default source; another source's has the source's name behind it."""

ADOPTED = "seals"
"""The fact that holds seals of other ledgers which this one was made anew from."""

EVERY = 500
"""Writes between two seals of one run: a ledger that lost more than so many is noticed, at 0.2 % of the requests."""

_SEAL = re.compile(r"^(\d{1,18}) ([0-9a-f]{64}) ?(.{0,300})", re.DOTALL)


def name_of(source: str) -> str:
    """What the custom value of a source is called."""
    return NAME if source == DEFAULT_SOURCE else f"{NAME} ({source})"


async def foreign(client: Client, ledger: LedgerPort) -> str | None:
    """What the seal tells of another ledger that wrote last; "" when this one did, or nobody; None when it cannot be asked."""
    held = await _held(client, ledger)
    return None if held is None else _foreign(held, ledger)


def _foreign(held: Sequence[Record], ledger: LedgerPort) -> str:
    adopted = set(ledger.recall(ADOPTED) or ())
    for record in held:
        value = str(record.get("value") or "")
        read = _SEAL.match(value)
        if read and value not in adopted and not ledger.has_logged(int(read[1]), read[2]):
            return visible(read[3]) or "at an unknown time"
    return ""


async def adopt(client: Client, ledger: LedgerPort) -> None:
    """Go on from the ledger that wrote last: this one was just made anew from what that one made."""
    if held := await _held(client, ledger):
        ledger.remember(ADOPTED, [str(record.get("value") or "") for record in held])


async def _held(client: Client, ledger: LedgerPort) -> list[Record] | None:
    try:
        return await customvalues.named(client, name_of(ledger.source))
    except TokenRefused:
        raise
    except (ScopeMissing, ApiError):
        return None


@dataclass
class Sealer:
    """Seals the location before the first write of a run, and every `EVERY` writes: called by the client before each write.

    Where another ledger wrote last nothing is sealed: a run that may not write then was stopped before, and a rollback goes on.
    """

    ledger: LedgerPort
    progress: Progress = SILENT
    end: LedgerEnd = field(default_factory=lambda: LedgerEnd(None))
    every: int = EVERY
    required: bool = True
    """Whether nothing may be written where the location's answers do not show that it is sealed; a rollback goes on."""
    behind: str = ""
    """What the seal tells of another ledger that wrote last, once it was found."""
    _writes: int = 0
    _id: str = ""
    _off: bool = False
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, client: Client) -> None:
        """One write is about to leave; nothing does while the location is being sealed."""
        self.end.note(self.ledger)
        if self._off:
            return
        async with self._one:
            due, self._writes = self._writes % self.every == 0, self._writes + 1
            if due and not self._off:
                await self._seal(client)

    async def _seal(self, client: Client) -> None:
        try:
            if not self._id:
                held = await _held(client, self.ledger)
                self.behind = _foreign(held or (), self.ledger)
                if held is None or self.behind:
                    self._off = True
                    self.progress.note(_WITHOUT if held is None else f"another ledger wrote last: {self.behind}")
                    return
                self._id = next(map(id_of, held or ()), "")
            await self._written(client, text(self.ledger))
        except TokenRefused:
            raise
        except (ScopeMissing, ApiError):
            self._off = True
            self.progress.note(_WITHOUT)

    async def _written(self, client: Client, value: str) -> None:
        """Seal with `value`, twice where the answer does not show that it was done. Raises NotSealed where it is not there then."""
        for _ in range(2):
            try:
                self._id = await customvalues.write(client, name_of(self.ledger.source), value, self._id)
                return
            except AnswerLost:
                if await self._shown(client, value):
                    return
        await client.wait_out_lag(client.doubt_at)
        if not await self._shown(client, value):
            self._off = True
            self.progress.note(_NOT_TAKEN)
            if self.required:
                raise NotSealed(_NOT_TAKEN, hint=_UNSEALED_HINT)

    async def _shown(self, client: Client, value: str) -> bool:
        """Whether the location's list shows the seal as it was just written."""
        held = await _held(client, self.ledger) or ()
        self._id = next((id_of(record) for record in held if customvalues.holds(record, value)), self._id)
        return any(customvalues.holds(record, value) for record in held)


_WITHOUT = (
    "the location keeps no seal for us (scopes locations/customValues.readonly and .write): "
    "whether this ledger wrote last is told by the newest records alone"
)


_NOT_TAKEN = (
    f"the location does not keep the custom value {NAME!r}, by which this migration's ledger is known: its answers to writing it "
    "are none of HighLevel's"
)
_UNSEALED_HINT = (
    "check that the base URL is HighLevel's and that a custom value can be made by hand (Settings > Custom Values), then run the "
    "same command again"
)


class NotSealed(HighLevelError):
    """The location answers that it keeps the seal, and does not."""


def text(ledger: LedgerPort) -> str:
    """The seal of a ledger as it is now, and for people when it was set and what had been made until then."""
    number, head = ledger.log_head()
    made = Counter[str]()
    for row in ledger.counts():
        if row["state"] == State.DONE and row["kind"] == Kind.CREATE:
            made[str(row["target"])] += int(row["count"])
    told = ", ".join(f"{count} {target}" for target, count in sorted(made.items())) or "nothing yet"
    return f"{number} {head} set {stamp(SYSTEM_CLOCK.now())} by pb2hl, do not edit; made until then: {told}"[
        :400
    ].strip()


async def unseal(client: Client, ledger: LedgerPort) -> bool:
    """Take the seal away once nothing of the migration is left in the location; False where it stays although it was to go."""
    left = any(row["state"] in (State.DONE, *OPEN) and row["target"] != Target.OBJECT for row in ledger.counts())
    held = None if left else await _held(client, ledger)
    if not held or _foreign(held, ledger):
        return True
    try:
        return all([await customvalues.remove(client, record) for record in held])
    except TokenRefused:
        raise
    except ScopeMissing:
        return True
    except (ApiError, AnswerLost):
        return False
