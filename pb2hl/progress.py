"""Progress and cancellation: what every step takes, and what it shows in a terminal or a notebook."""

from __future__ import annotations

import html
import io
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from pb2hl.errors import Cancelled

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
            raise Cancelled("Stopped as asked; what was done is recorded.", hint="run the same command again to go on")

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


class _CellBar(tqdm):
    """A tqdm bar in a notebook cell. A saved notebook keeps it as it was last; tqdm's own widget is kept as it began."""

    def __init__(self, **options: Any):
        self._cell: Any = None
        super().__init__(file=io.StringIO(), **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Show `msg`, or the bar as it stands, in place of what was shown."""
        from IPython.display import display

        text = str(self) if msg is None else msg
        part = f'<progress value="{self.n}" max="{self.total}"></progress> ' if self.total else ""
        shown = {"text/plain": text, "text/html": f"{part}<code>{html.escape(text)}</code>"}
        if self._cell is None:
            self._cell = display(shown, raw=True, display_id=True)
        else:
            self._cell.update(shown, raw=True)


def _in_a_cell() -> bool:
    return "ipykernel.zmqshell" in sys.modules and sys.modules["IPython"].get_ipython() is not None


class Bar:
    """Progress as a tqdm bar with rate and ETA, on stderr in a terminal and in the cell of a notebook."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._notes = os.environ.get(NOTES_VARIABLE, "")

    def start(self, what: str, total: int | None = None, unit: str = "rows") -> None:
        self.finish()
        kind = _CellBar if _in_a_cell() else tqdm
        self._bar = kind(total=total, desc=what, unit=f" {unit}", mininterval=0.5, dynamic_ncols=True)

    def advance(self, n: int = 1) -> None:
        if self._bar is not None:
            self._bar.update(n)

    def note(self, text: str) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(text)
        if self._notes:
            with open(self._notes, "a", encoding="utf-8") as file:
                file.write(" ".join(text.split()) + "\n")

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


SILENT = Silent()
