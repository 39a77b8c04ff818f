"""Progress and cancellation: what every step takes, and what it shows in a terminal or a notebook."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from pb2hl.errors import Cancelled
from pb2hl.lean import kernel_shell
from pb2hl.phases import Phases, code
from pb2hl.values.counting import counted
from pb2hl.values.visible import visible

NOTES_VARIABLE = "PB2HL_NOTES"
"""The file into which a notebook's bars write their notes as well; set by the runner, whose terminal shows them."""


@contextmanager
def relayed(say: Callable[[str], None]) -> Iterator[None]:
    """Hand every note of the processes started inside the block to `say`, as it is written."""
    with tempfile.TemporaryDirectory(prefix="pb2hl-") as folder:
        path = Path(folder) / "notes"
        path.touch()
        before = os.environ.get(NOTES_VARIABLE)
        os.environ[NOTES_VARIABLE] = str(path)
        over = threading.Event()
        reader = threading.Thread(target=_follow, args=(path, say, over), daemon=True)
        reader.start()
        try:
            yield
        finally:
            over.set()
            reader.join()
            if before is None:
                del os.environ[NOTES_VARIABLE]
            else:
                os.environ[NOTES_VARIABLE] = before


def _follow(path: Path, say: Callable[[str], None], over: threading.Event) -> None:
    with open(path, encoding="utf-8") as file:
        while True:
            last = over.wait(LOOK_EVERY_S)
            for line in file.readlines():
                say(line.rstrip("\n"))
            if last:
                return


LOOK_EVERY_S = 0.25
"""How soon a note of a notebook shows in the terminal."""


class Cancel:
    """A flag that a person sets and a step looks at between two units of work."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask the step to stop at its next safe point."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if a stop was asked for."""
        if self.requested:
            raise Cancelled("Stopped as asked; what was done is recorded.", hint="run the same command again")

    @contextmanager
    def on_interrupt(self) -> Iterator[Cancel]:
        """Turn the first Ctrl-C into a clean stop while the block runs; a second one interrupts at once.

        Outside the main thread (where Python allows no signal handlers) it changes nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = signal.getsignal(signal.SIGINT)

        def handle(_signum: int, _frame: object) -> None:
            if self.requested:
                raise KeyboardInterrupt
            self.set()

        signal.signal(signal.SIGINT, handle)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, before)


class Progress(Protocol):
    """Where a step tells how far it is."""

    def start(self, what: str, total: int | None = None, unit: str = "rows") -> None:
        """Begin a bar named `what` of `total` units (None when unknown), closing the one before."""

    def advance(self, n: int = 1) -> None:
        """`n` units more are done."""

    def note(self, text: str) -> None:
        """Say something beside the bar: why it waits, what it found."""

    def finish(self) -> None:
        """Close the bar."""


class Silent:
    """Progress that shows nothing."""

    def start(self, what: str, total: int | None = None, unit: str = "rows") -> None: ...

    def advance(self, n: int = 1) -> None: ...

    def note(self, text: str) -> None: ...

    def finish(self) -> None: ...


GOING = "{n:,.0f} of {total:,.0f}{unit} · {pace} · {remaining} left{postfix}"
UNKNOWN = "{n:,.0f}{unit} · {pace} · {elapsed}{postfix}"
OVER = "{n:,.0f} of {total:,.0f}{unit} · {pace} · took {elapsed}{postfix}"
"""How far, how fast, how long still: what a bar says while it goes on, while nobody knows of how many, and when it is over."""


def _pace(rate: float, unit: str) -> str:
    """`rate` a second in words; a slow one is told a minute."""
    if rate >= 10:
        return f"{rate:,.0f}{unit}/s"
    return f"{rate:.1f}{unit}/s" if rate >= 0.1 else f"{rate * 60:.1f}{unit}/min"


class _Bar(tqdm):
    """A tqdm bar that says its counts in words."""

    def __init__(self, what: str, total: int | None, unit: str, **options: Any):
        self._whole = total is not None
        super().__init__(
            total=total, desc=what, unit=f" {unit}", mininterval=0.5, bar_format=self._says(GOING), **options
        )

    def _says(self, words: str) -> str:
        return ("{desc}: {percentage:3.0f}% |{bar:20}| " + words) if self._whole else "{desc}: " + UNKNOWN

    @property
    def format_dict(self) -> dict[str, Any]:
        """tqdm's figures, and the `pace` of late; of the whole when it is over."""
        shown = super().format_dict
        rate = None if self._over else shown["rate"]
        rate = shown["n"] / max(shown["elapsed"], 0.001) if rate is None else rate
        return {**shown, "pace": _pace(rate, self.unit)}

    _over = False

    def say(self, text: str) -> None:
        """Show `text` beside the bar."""
        self.set_postfix_str(text)

    def finish(self) -> None:
        """Say how long it took, and end the line."""
        self._over = True
        self.bar_format = self._says(OVER)
        self.close()


class _CellBar(_Bar):
    """A bar in a notebook cell. A saved notebook keeps it as it was last; tqdm's own widget is kept as it began."""

    def __init__(self, what: str, total: int | None, unit: str, phases: Phases | None = None):
        self._phases = phases or Phases()
        self._waits: dict[str, tuple[int, float]] = {}
        super().__init__(what, total, unit, file=io.StringIO())

    def say(self, text: str) -> None:
        """Show `text` beside the bar; what it waited for stays below it, added up, when it is over."""
        if found := _WAIT.fullmatch(text):
            times, seconds = self._waits.get(found[1], (0, 0.0))
            self._waits[found[1]] = times + 1, seconds + float(found[2])
        super().say(text)

    def _waited(self) -> list[str]:
        longest = sorted(self._waits.items(), key=lambda item: -item[1][1])[:MOST_WAITS]
        return [f"waited {counted(times, 'time')}, {seconds:,.0f} s: {reason}" for reason, (times, seconds) in longest]

    def _says(self, words: str) -> str:
        return ("{desc}: {percentage:3.0f}% · " + words) if self._whole else "{desc}: " + UNKNOWN

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Show `msg`, or the bar as it stands, in place of what was shown."""
        text = str(self) if msg is None else msg
        part = f'<progress value="{self.n}" max="{self.total}"></progress> ' if self.total else ""
        lines = [*self._phases.past, text, *(self._waited() if self._over else ())]
        self._phases.show(lines, part + code(lines))

    def finish(self) -> None:
        """Say how long it took; of what took longer than a moment, or waited, that stays above the next phase."""
        if self.postfix and _WAIT.fullmatch(self.postfix):
            self.set_postfix_str("", refresh=False)  # what it waited for has lines of its own
        super().finish()
        if self._waits or self.format_dict["elapsed"] >= WORTH_A_LINE_S:
            self._phases.past += [str(self), *self._waited()]


class _TerminalBar(_Bar):
    """A bar in a terminal. It is drawn anew while nothing advances, so that people see that something goes on."""

    leave: bool

    def __init__(self, what: str, total: int | None, unit: str, **options: Any):
        known = os.get_terminal_size(sys.stderr.fileno()).columns  # 0 in a terminal that nobody gave a size
        super().__init__(
            what, total, unit, **({"dynamic_ncols": True} if known else {"ncols": 80, "nrows": 24}), **options
        )
        self._closed = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self) -> None:
        while not self._closed.wait(TICK_S):
            self.refresh()

    def close(self) -> None:
        """Stop drawing; a line stays of what took longer than a moment."""
        if hasattr(self, "_closed"):
            self._closed.set()
        self.leave = self.leave and self.format_dict["elapsed"] >= WORTH_A_LINE_S
        super().close()


class _LogBar(_Bar):
    """A bar where lines stay, as in a log: a line now and then, and one at the end of what took its time.

    What is said while the last line is still young is said a little later: it may be the reason for a long wait.
    """

    def __init__(self, what: str, total: int | None, unit: str):
        self._written_at = time.monotonic()
        self._began = self._written_at
        self._unsaid = threading.Event()
        self._closed = threading.Event()
        super().__init__(what, total, unit, file=io.StringIO())
        threading.Thread(target=self._tick, daemon=True).start()

    def say(self, text: str) -> None:
        """Show `text` beside the bar, in a line of its own soon."""
        self._unsaid.set()
        super().say(text)

    def _tick(self) -> None:
        while not self._closed.wait(TICK_S):
            if self._unsaid.is_set():
                self.display()

    def _says(self, words: str) -> str:
        return ("{desc}: {percentage:3.0f}% · " + words) if self._whole else "{desc}: " + UNKNOWN

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Write a line, if the last one is long enough ago."""
        if time.monotonic() - self._written_at >= LINE_EVERY_S:
            self._line()

    def _line(self) -> None:
        self._written_at = time.monotonic()
        self._unsaid.clear()
        sys.stderr.write(f"{self}\n")

    def close(self) -> None:
        """The last line, of what took longer than anybody wants to wait in the dark."""
        self._closed.set()
        if not self.disable and time.monotonic() - self._began >= WORTH_A_LINE_S:
            self._line()
        super().close()


class _Between(_TerminalBar):
    """What a terminal shows between two bars, when the work there takes longer than a moment; it leaves no line."""

    def __init__(self, delay_s: float = 0.0) -> None:
        super().__init__("working", None, "", leave=False, delay=delay_s)

    def _says(self, words: str) -> str:
        return "{desc} · {elapsed}"


TICK_S = 0.5
LINE_EVERY_S = 10.0
WORTH_A_LINE_S = 1.0
MOST_WAITS = 12
"""Reasons for waiting that a saved notebook names."""

_WAIT = re.compile(r"(.*) \((\d+) s\)")


def waiting(reason: str, seconds: float) -> str:
    """The note that says why a step waits, and how long."""
    return f"{reason} ({seconds:.0f} s)"


def _kind() -> type[_CellBar | _TerminalBar | _LogBar]:
    if kernel_shell() is not None:
        return _CellBar
    return _TerminalBar if sys.stderr.isatty() else _LogBar


class Bar:
    """Progress with rate and time left: a bar in a terminal (on stderr) or a notebook's cell, lines in a log."""

    def __init__(self) -> None:
        self._bar: _CellBar | _TerminalBar | _LogBar | None = None
        self._notes = os.environ.get(NOTES_VARIABLE, "")
        self._between: _Between | None = None
        self._inside = False
        self._phases = Phases()

    def __enter__(self) -> Bar:
        """Inside the block a terminal always shows that something goes on, also between two bars."""
        self._inside = True
        self._idle(_kind() is _TerminalBar, 0.0)
        if _kind() is _CellBar:
            self._phases.say("working …")
        return self

    def __exit__(self, *_: object) -> None:
        """No bar is left behind, whatever ended the work."""
        self._inside = False
        self.finish()
        self._phases.fold()

    def _idle(self, shown: bool, delay_s: float = TICK_S) -> None:
        if self._between is not None:
            self._between.close()
        self._between = _Between(delay_s) if shown else None

    def start(self, what: str, total: int | None = None, unit: str = "rows") -> None:
        self._close()
        self._idle(False)
        kind = _kind()
        more = {"phases": self._phases} if kind is _CellBar else {}
        self._bar = kind(what, total, unit, **more) if total != 0 else None  # nothing to do is nothing to show

    def advance(self, n: int = 1) -> None:
        if self._bar is not None:
            self._bar.update(n)

    def note(self, text: str) -> None:
        text = " ".join(visible(text).split())
        if self._bar is not None:
            self._bar.say(text)
        elif self._inside and _kind() is _CellBar:
            self._phases.say(text)
        if self._notes:
            with open(self._notes, "a", encoding="utf-8") as file:
                file.write(text + "\n")

    def finish(self) -> None:
        self._close()
        self._idle(self._inside and _kind() is _TerminalBar)
        if self._inside and _kind() is _CellBar:
            self._phases.say("working …")

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.finish()
            self._bar = None


SILENT = Silent()
