"""The one place in a notebook's cell where the bars of a step follow each other, and what stays of them."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm


def code(lines: Sequence[str]) -> str:
    """Lines as they stand, escaped."""
    return "<br>".join(f"<code>{html.escape(line)}</code>" for line in lines)


@dataclass
class Phases:
    """The one place in a notebook's cell where the bars of a step follow each other: what is over, and the display."""

    past: list[str] = field(default_factory=list)
    cell: Any = None
    began: float = field(default_factory=time.monotonic)

    def show(self, plain: Sequence[str], page: str) -> None:
        """Show `page` (and, where no page can be, the lines `plain`) in place of what was shown."""
        from IPython.display import display

        shown = {"text/plain": "\n".join(plain), "text/html": page}
        if self.cell is None:
            self.cell = display(shown, raw=True, display_id=True)
        else:
            self.cell.update(shown, raw=True)

    def say(self, text: str) -> None:
        """Show `text` below what is over, while no bar is there."""
        lines = [*self.past, text]
        self.show(lines, code(lines))

    def fold(self) -> None:
        """The step is over: one line says how long it took, and holds what each part took."""
        if self.cell is None:
            return
        took = f"took {tqdm.format_interval(time.monotonic() - self.began)}"
        self.show(
            [took, *self.past], f"<details><summary>{took}</summary>{code(self.past)}</details>" if self.past else ""
        )
