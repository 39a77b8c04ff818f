"""What a watch remembers: when each export was first seen so, what became of it, and what happened when. One file, written whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import pandas as pd

from pb2hl.clock import stamp
from pb2hl.errors import Damaged
from pb2hl.steps.delta.arrivals import Arrival
from pb2hl.whole import read_json, write_json
from pb2hl.workspace import Workspace

NAME = "watch.json"
MOST_EVENTS = 5_000
EVENT_COLUMNS = ("at", "export", "what", "told")


class Fate(StrEnum):
    """What became of an export."""

    SEEN = "seen"  # it has to look the same for a while
    UNFINISHED = "not whole"  # something of it says that it is still being copied
    RUNNING = "running"  # its delta began and has not ended: a kill leaves it so, and it goes on
    BROUGHT = "brought over"
    ASKS = "waits for a person"  # a gate is closed, or its files cannot be read
    FAILED = "failed"  # HighLevel, the network or the machine: tried again at each look
    OLDER = "older"  # than one that was brought over: it would set values back
    OVERTAKEN = "overtaken"  # a later export was brought over meanwhile


OPEN = (Fate.SEEN, Fate.UNFINISHED, Fate.RUNNING, Fate.FAILED)
"""Fates that may change by themselves."""


@dataclass
class Known:
    """One export: its signature with the time from which it looked so (ISO 8601 UTC), its fate, what was told of it, and what
    stood decided in the workspace when it was tried last."""

    signature: str
    since: str
    fate: Fate = Fate.SEEN
    told: str = ""
    decisions: str = ""
    left: list[str] = field(default_factory=list)
    """What its delta left for a person."""


class Diary:
    """The watch's memory of one folder, in `WS/watch.json`."""

    def __init__(self, ws: Workspace, folder: Path):
        self._path = ws.path / NAME
        self._folder = str(folder.resolve())
        hint = f"delete {self._path}; what was brought over stands in the ledger"
        body = read_json(self._path, hint) if self._path.exists() else {}
        try:
            self._others = {name: one for name, one in body.get("folders", {}).items() if name != self._folder}
            own = body.get("folders", {}).get(self._folder, {})
            known = own.get("exports", {}).items()
            self.exports = {name: Known(**{**one, "fate": Fate(one["fate"])}) for name, one in known}
            self.brought_newest = float(own.get("brought_newest", 0.0))
            self.looked = str(own.get("looked", ""))
            self._events: list[list[str]] = list(body.get("events", []))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise Damaged(f"{self._path} is damaged: {error}", hint=hint) from error

    def save(self) -> None:
        """Write it, whole or not at all."""
        own = {
            "exports": {name: asdict(one) for name, one in self.exports.items()},
            "brought_newest": self.brought_newest,
            "looked": self.looked,
        }
        write_json(
            self._path,
            {"folders": {**self._others, self._folder: own}, "events": self._events[-MOST_EVENTS:]},
            indent=1,
        )

    def note(self, now: datetime, export: str, what: str, detail: str = "") -> None:
        """Note what happened; the same thing of the same export twice in a row is noted once."""
        last = next((event for event in reversed(self._events) if event[1] == export), None)
        if last is None or last[2:] != [what, detail]:
            self._events.append([stamp(now), export, what, detail])

    def met(self, arrival: Arrival, now: datetime) -> Known:
        """What is known of an export as it looks now; one that changed since is a new one."""
        known = self.exports.get(arrival.name)
        if known is None or known.signature != arrival.signature:
            known = self.exports[arrival.name] = Known(arrival.signature, stamp(now))
        return known

    def events(self) -> pd.DataFrame:
        """What happened, the oldest first (EVENT_COLUMNS)."""
        return pd.DataFrame(self._events, columns=list(EVENT_COLUMNS), dtype="str")
