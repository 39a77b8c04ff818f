"""The live window: wait for later exports in a folder and bring each over, under the approvals that stand, while the window is open."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from filelock import Timeout

from pb2hl.clock import SYSTEM_CLOCK, Clock, stamp
from pb2hl.errors import (
    Cancelled,
    ConfigError,
    GateClosed,
    HighLevelError,
    Pb2hlError,
    Problem,
    Severity,
    WorkspaceLocked,
)
from pb2hl.highlevel import run as highlevel_run
from pb2hl.ledger import Ledger
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import DELTA, INVENTORY, MAPPING, SAMPLE, WATCH
from pb2hl.results import Status, StepResult
from pb2hl.steps.delta import conflicts
from pb2hl.steps.delta.arrivals import SETTLE_S, Arrival, arrivals, cut_off, newest
from pb2hl.steps.delta.delta import bring_over
from pb2hl.steps.delta.diary import OPEN, Diary, Fate, Known
from pb2hl.steps.gates import gates
from pb2hl.steps.overview.status import WINDOW, clashing
from pb2hl.steps.shared.writing import DONE
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import CONFIG_NAME, Workspace, lock_of

STEP = WATCH.id
SLICE_S = 1.0
"""How soon a stop is heeded and the end of a machine's sleep noticed."""
AWAY_S = 120.0
"""A look that comes this much later than meant: the machine slept, or was busy beyond measure."""
LEFT_COLUMNS = ("what", "why", "to do")
_EVERY = re.compile(r"(\d+)\s*(s|m|h)", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600}


def watch(
    ws: Workspace,
    *,
    folder: Path | str | None = None,
    hours: int | None = None,
    every: str = "15m",
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> StepResult:
    """Look into `folder` every so often (`30s`, `15m`, `1h`) and run the delta for each export that is whole, the oldest first.

    The window opens with the first delta or watch and lasts `hours`; given again it is measured from the same start. What needs a
    person is kept for the end; the result tells it. Stopped, killed or put to sleep, it goes on when it is started again. Raises
    GateClosed before the load, ConfigError, WorkspaceLocked when the workspace is watched already, Cancelled.
    """
    if folder is None:
        result = StepResult(
            STEP, Status.NOTHING_TO_DO, "No folder was named; nothing is watched.", next_step=WATCH.next
        )
        result.save(ws.results(STEP))
        return result
    pause = seconds_of(every)
    gates.check(ws, MAPPING.gate)
    gates.check(ws, SAMPLE.gate, of_decisions=False)
    arrivals(Path(folder))
    with _alone(ws):
        return _Watch(ws, Path(folder), _opened(ws, hours, clock), pause, progress, cancel or Cancel(), clock).run()


def seconds_of(every: str) -> float:
    """`15m` as seconds. Raises ConfigError for what is no such time, or none between five seconds and a day."""
    found = _EVERY.fullmatch(str(every).strip())
    seconds = float(found[1]) * _UNITS[found[2].lower()] if found else 0.0
    if not 5 <= seconds <= 86_400:
        raise ConfigError(f"every is {every!r}", hint="a time from 5s to 24h, such as 30s, 15m or 1h")
    return seconds


@contextmanager
def _alone(ws: Workspace) -> Iterator[None]:
    """One watch a workspace; it holds no other command up."""
    lock = lock_of(ws.path / ".watch.lock")
    try:
        lock.acquire()
    except Timeout as error:
        raise WorkspaceLocked(f"{ws.path} is watched already", hint="stop that watch first") from error
    try:
        yield
    finally:
        lock.release()


def _opened(ws: Workspace, hours: int | None, clock: Clock) -> datetime:
    """The end of the window; it opens now if it was not open yet, and `hours` count from its start."""
    with Ledger.open(ws) as ledger:
        window = ledger.recall(WINDOW) or {}
        start = datetime.fromisoformat(window["start"]) if window else clock.now()
        if not window or hours is not None:
            end = start + timedelta(hours=hours or ws.config.policy.delta_window_hours)
            window = {"start": stamp(start), "end": stamp(end)}
            ledger.remember(WINDOW, window)
    return datetime.fromisoformat(window["end"])


@dataclass
class _Watch:
    """One watching process, which looks every `_pause_s` seconds until `_end`."""

    _ws: Workspace
    _folder: Path
    _end: datetime
    _pause_s: float
    _progress: Progress
    _cancel: Cancel
    _clock: Clock

    def __post_init__(self) -> None:
        self._diary = Diary(self._ws, self._folder)
        self._base = self._ws.export_path.resolve()
        self._loaded = newest(self._base) or _seconds(StepResult.left_at(self._ws.results(INVENTORY.result())))
        self._first = not self._diary.looked

    def run(self) -> StepResult:
        """Look, bring over, wait, until the window closes."""
        before = f"goes on; the last look was at {self._diary.looked}" if self._diary.looked else ""
        self._note("", "watching", f"{self._folder} until {stamp(self._end)}{'; ' + before if before else ''}")
        try:
            while self._clock.now() < self._end:
                self._look()
                self._wait()
        except Cancelled:
            self._note("", "stopped", "as asked; started again it goes on")
            self._result(over=False)
            raise
        self._meet()
        self._note("", "the window closed", "")
        return self._result(over=True)

    def _look(self) -> None:
        """One look: bring over what is whole, the oldest first."""
        self._diary.looked = stamp(self._clock.now())
        there = self._meet()
        self._first = False
        for arrival in there:
            self._cancel.check()
            if self._clock.now() >= self._end:
                break
            if self._is_due(arrival):
                self._bring(arrival)
        self._diary.save()
        self._result(over=False)

    def _meet(self) -> list[Arrival]:
        """What stands in the folder now, with what is known of each brought up to date."""
        try:
            found = arrivals(self._folder, {self._base})
        except ConfigError:
            self._note("", "the folder is not there", "looked for again at every look")
            return []
        now = self._clock.now()
        for arrival in found:
            known = self._diary.met(arrival, now)
            if known.fate in (Fate.SEEN, Fate.UNFINISHED):
                self._judge(arrival, known, now)
        for name in set(self._diary.exports) - {arrival.name for arrival in found}:
            if self._diary.exports[name].fate in (Fate.SEEN, Fate.UNFINISHED):
                del self._diary.exports[name]
        self._diary.save()
        return found

    def _judge(self, arrival: Arrival, known: Known, now: datetime) -> None:
        """Whether an export that was not tried yet is whole, new, or brought over by hand."""
        settled = (now - datetime.fromisoformat(known.since)).total_seconds() >= SETTLE_S
        if arrival.newest < self._diary.brought_newest or (self._first and arrival.newest <= self._loaded):
            by_hand = self._by_hand(arrival)
            known.fate = Fate.BROUGHT if by_hand else Fate.OLDER
            known.told = (
                "by hand"
                if by_hand
                else "it is older than what was loaded or brought over; bring it over by hand if it is meant"
            )
        elif why := arrival.unfinished or (cut_off(arrival) if settled else ""):
            known.fate, known.told = Fate.UNFINISHED, why
        elif self._by_hand(arrival):
            known.fate, known.told = Fate.BROUGHT, "by hand"
            self._diary.brought_newest = max(self._diary.brought_newest, arrival.newest)
        else:
            known.fate, known.told = Fate.SEEN, "" if settled else f"has to look the same for {SETTLE_S:.0f} s"
        self._note(arrival.name, str(known.fate), known.told)

    def _by_hand(self, arrival: Arrival) -> bool:
        """Whether somebody ran the delta for it since it last changed."""
        with Ledger.open(self._ws) as ledger:
            runs = [
                run for run in ledger.runs() if run.step == DELTA.id and run.status == DONE and run.facts.get("export")
            ]
        there = arrival.path.resolve()
        return any(
            Path(str(run.facts["export"])).resolve() == there and _seconds(run.started_at) > arrival.newest
            for run in runs
        )

    def _is_due(self, arrival: Arrival) -> bool:
        known = self._diary.exports[arrival.name]
        if known.fate is Fate.SEEN:
            return not known.told
        if known.fate is Fate.BROUGHT:
            decided = any(word == conflicts.SOURCE for word, _ in conflicts.decisions(self._ws).values())
            return (
                arrival.newest == self._diary.brought_newest
                and decided
                and known.decisions not in ("", self._decisions())
            )
        if arrival.newest < self._diary.brought_newest:
            if known.fate in (Fate.ASKS, Fate.FAILED):
                known.fate, known.told = (
                    Fate.OVERTAKEN,
                    "a later export was brought over; needed only if exports hold changes alone",
                )
                self._note(arrival.name, str(known.fate), known.told)
            return known.fate is Fate.RUNNING
        return known.fate in (Fate.RUNNING, Fate.FAILED) or (
            known.fate is Fate.ASKS and known.decisions != self._decisions()
        )

    def _bring(self, arrival: Arrival) -> None:
        """Run the delta for one export, and keep what came of it. Raises Cancelled."""
        known = self._diary.exports[arrival.name]
        again = known.fate is Fate.RUNNING
        known.fate, known.told = Fate.RUNNING, ""
        self._note(arrival.name, "goes on" if again else "begins", "it was cut off before" if again else "")
        self._diary.save()
        try:
            result = bring_over(self._ws, arrival.path, keep_removed=True, progress=self._progress, cancel=self._cancel)
        except Cancelled:
            raise
        except (HighLevelError, WorkspaceLocked) as error:
            known.fate, known.told = Fate.FAILED, _first_line(error)
        except Pb2hlError as error:
            known.fate, known.told = Fate.ASKS, _first_line(error)
            known.left = [str(problem) for problem in error.problems[:20]]
        else:
            self._brought(arrival, known, result)
        known.decisions = self._decisions()
        self._note(arrival.name, str(known.fate), known.told)
        self._diary.save()

    def _brought(self, arrival: Arrival, known: Known, result: StepResult) -> None:
        known.told, known.left = result.headline, []
        known.fate = Fate.FAILED if result.status is Status.FAILED else Fate.BROUGHT
        if result.status is Status.INCOMPLETE:
            known.left = ["not everything that it asks for arrived"]
        if result.counts.get("removed_waits"):
            known.left.append(
                f"{counted(int(result.counts['removed_waits']), 'row')} gone from the export would be deleted"
            )
        if known.fate is not Fate.FAILED:
            self._diary.brought_newest = max(self._diary.brought_newest, arrival.newest)

    def _decisions(self) -> str:
        """A hash of everything that a person decides: sheets, settings, approvals."""
        seen = hashlib.sha256(repr(gates.states(self._ws)).encode())
        for path in (self._ws.path / CONFIG_NAME, *sorted(self._ws.sheets.glob("*.csv"))):
            seen.update(path.name.encode() + path.read_bytes())
        return seen.hexdigest()

    def _wait(self) -> None:
        """Until the next look: sooner while something settles; a machine that slept looks at once. Raises Cancelled."""
        settling = any(known.fate is Fate.SEEN for known in self._diary.exports.values())
        now = self._clock.now()
        due = min(now + timedelta(seconds=min(self._pause_s, SETTLE_S) if settling else self._pause_s), self._end)
        left = (self._end - now).total_seconds() / 3600
        self._progress.start("waiting for later exports", None, "looks")
        asking = [
            f"{name} waits for a person: {it.told}" for name, it in self._diary.exports.items() if it.fate is Fate.ASKS
        ]
        window = f"the window is open for {left:.1f} h"
        self._progress.note("; ".join([f"next look at {stamp(due)}", window, *asking]))

        async def until() -> None:
            while (left_s := (due - self._clock.now()).total_seconds()) > 0 and not self._cancel.requested:
                await self._clock.sleep(min(left_s, SLICE_S))

        highlevel_run(until())
        self._progress.finish()
        self._cancel.check()
        late = (self._clock.now() - due).total_seconds()
        if late > AWAY_S:
            self._note("", "was away", f"this look comes {late / 60:.0f} min late: the machine slept")

    def _note(self, export: str, what: str, detail: str = "") -> None:
        self._diary.note(self._clock.now(), export, what, detail)
        self._progress.note(": ".join(part for part in (export, what, detail) if part))

    def _left(self) -> Iterator[tuple[str, str, str]]:
        """What is left, as LEFT_COLUMNS."""
        for name, known in self._diary.exports.items():
            path = self._folder / name
            by_hand = f"pb2hl delta {self._ws.path} --export {path}"
            if known.fate in (*OPEN, Fate.OLDER):
                yield (
                    name,
                    f"{known.fate}: {known.told or 'the window closed before its turn'}",
                    by_hand if known.fate is not Fate.UNFINISHED else "copy it again, whole",
                )
            elif known.fate is Fate.ASKS:
                yield name, known.told, f"decide what is open, then {by_hand}"
            yield from ((name, what, by_hand) for what in known.left if known.fate is not Fate.OVERTAKEN)
        waiting = len(conflicts.undecided(self._ws))
        if waiting:
            yield (
                "sheets/conflicts.csv",
                f"{counted(waiting, 'field')} changed on both sides",
                f"decide them, then pb2hl delta {self._ws.path} --export {clashing(self._ws)}",
            )

    def _result(self, *, over: bool) -> StepResult:
        """Save what happened and what is left, as it stands."""
        left = pd.DataFrame(list(self._left()), columns=list(LEFT_COLUMNS), dtype="str")
        fates = [known.fate for known in self._diary.exports.values()]
        brought, failed = fates.count(Fate.BROUGHT), fates.count(Fate.FAILED)
        told = f"The window {'is closed' if over else 'is open until ' + stamp(self._end)}: {counted(fates.count(Fate.BROUGHT), 'export')} brought over"
        told += (
            f"; {counted(len(left), 'thing')} {agree(len(left), 'is', 'are')} left."
            if len(left)
            else "; nothing is left."
        )
        status = (
            Status.FAILED
            if failed
            else Status.WAITING
            if len(left)
            else Status.DONE
            if brought
            else Status.NOTHING_TO_DO
        )
        result = StepResult(
            STEP, status, told,
            counts={"exports": len(fates), **{str(fate).replace(" ", "_"): fates.count(fate) for fate in Fate if fates.count(fate)}, "left": len(left),
                    "window_end": stamp(self._end), "window_closed": over},
            tables={"left": left, "exports": self._exports(), "events": self._diary.events()},
            problems=tuple(Problem("left", f"{row[0]}: {row[1]}", Severity.WARNING, treatment=row[2]) for row in left.itertuples(index=False)),
            facts={"waits_for": "person" if len(left) else "", "folder": str(self._folder)},
            next_step=WATCH.next,
        )  # fmt: skip
        result.save(self._ws.results(STEP))
        return result

    def _exports(self) -> pd.DataFrame:
        rows = [(name, str(known.fate), known.told, known.since) for name, known in self._diary.exports.items()]
        return pd.DataFrame(rows, columns=["export", "fate", "told", "seen so since"], dtype="str")


def _first_line(error: Pb2hlError) -> str:
    first = error.message.strip().splitlines()[0] if error.message.strip() else type(error).__name__
    return f"{first}{'; ' + error.hint if error.hint and isinstance(error, GateClosed) else ''}"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp() if text else 0.0
