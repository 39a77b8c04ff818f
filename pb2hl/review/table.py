"""A review sheet as a table to edit in JupyterLab. The sheet is the state: the widget reads it, edits it, saves it."""

from __future__ import annotations

import getpass
import html
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from pb2hl.clock import SYSTEM_CLOCK, Clock, stamp
from pb2hl.errors import Problem, SheetError
from pb2hl.report.drawing.cells import words
from pb2hl.review.behind import Behind
from pb2hl.saved import LEFT, Still, as_of
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.values.counting import agree, counted

STATIC_ROWS = 500
"""Rows that the read-only rendering of an executed notebook shows."""

_STAMPED = ("who", "when")
_REMEMBERED = 200  # edits that can be undone


@dataclass(frozen=True)
class ReviewSpec:
    """How a sheet is reviewed.

    `columns` must be there; `editable` ones may be changed. `choices` gives a column's allowed values: a list, or
    `{"column": other, "by": {value of other: list}, "otherwise": list}`. `words`: all that `decision` may say, with what each does. `free` columns take other texts as well. `preview` columns are shown in full for the row in focus.
    `threshold` and `low` (0-1) colour the confidence. `check` names what is wrong with a whole sheet. `choices` may nest.
    `derive` gives the cells that follow from a row's other cells; `shows` what a row does to real values; `behind` the staged records of its rows.
    """

    columns: Sequence[str]
    editable: Sequence[str] = ("decision", "comment")
    choices: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    free: Sequence[str] = ()
    preview: Sequence[str] = ("target", "examples", "reason", "why", "comment")
    widths: Mapping[str, int] = field(default_factory=dict)
    threshold: float = 0.8
    low: float = 0.6
    check: Callable[[pd.DataFrame], Sequence[Problem]] = lambda _frame: ()
    keyed_by: str = ""  # rows that share this column's value are accepted together
    hidden: Sequence[str] = ()  # columns that the sheet keeps and nobody needs to see
    first: Sequence[str] = ()  # columns shown first, the very first stays in sight; the sheet keeps its own order
    derive: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _row: {}
    shows: Callable[[Mapping[str, str]], Preview | None] | None = None
    behind: Callable[[Collection[str]], Behind | None] = lambda _ids: None  # the records of a match sheet's source ids


@dataclass(frozen=True, slots=True)
class Preview:
    """Values of the row in focus before and after its transform: (before, after, whether the value was lost), and one sentence."""

    pairs: Sequence[tuple[str, str, bool]]
    note: str = ""
    lost: int = 0


def login() -> str:
    """The name under which this kernel's person is logged in; "review" where the machine knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "review"


class ReviewTable(Still, anywidget.AnyWidget):
    """The sheet at `path` as an editable table; `who` (else whoever is logged in) is recorded with each decision.

    Edits are validated at once and stay unsaved until `save()`; `undo()` takes back the last one. A new kernel shows the
    sheet as it is on disk.
    """

    _esm = Path(__file__).with_name("review_table.js")
    title = traitlets.Unicode("").tag(sync=True)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    spec: Any = traitlets.Dict().tag(sync=True)
    problems: Any = traitlets.Dict().tag(sync=True)
    unsaved = traitlets.Int(0).tag(sync=True)
    can_undo = traitlets.Bool(False).tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)

    def __init__(self, path: Path | str, spec: ReviewSpec, *, who: str = "", clock: Clock = SYSTEM_CLOCK):
        self._path = Path(path)
        self._review = spec
        self._who = who.strip() or login()
        self._clock = clock
        self._undo: list[list[tuple[int, str, str]]] = []
        super().__init__(title=self._path.stem, spec=_for_browser(spec) | {"sheet": str(self._path.resolve())})
        self.on_msg(self._receive)
        self.reload()

    @property
    def frame(self) -> pd.DataFrame:
        """The sheet as it stands now, unsaved edits included (a copy)."""
        return self._frame.copy()

    def reload(self) -> None:
        """Read the sheet again; unsaved edits are dropped."""
        self._frame = read_sheet(self._path, self._review.columns)
        self._disk = self._path.read_bytes()
        self._base = self._frame.copy()
        self._undo.clear()
        self._show()
        self._finish_save("", 0)

    def _look_again(self) -> None:
        """Show what a step or another editor wrote meanwhile; where edits are unsaved, say so and leave them."""
        if not self._path.exists() or self._path.read_bytes() == self._disk:
            return
        if self.unsaved:
            self.message = f"{self._path.name} was changed elsewhere; saving takes over what does not clash"
        else:
            with suppress(SheetError):
                self.reload()

    def _cell(self, row: int, column: str) -> str:
        return str(self._frame.at[row, column])

    def _line(self, row: int) -> dict[str, str]:
        return {str(name): str(cell) for name, cell in self._frame.iloc[row].items()}

    def _show(self) -> None:
        first = [name for name in self._review.first if name in self._frame.columns]
        rest = [name for name in self._frame.columns if name not in (*first, *self._review.hidden)]
        self.columns = [*first, *rest]
        self.spec = {**self.spec, "titles": {name: words(name) for name in self.columns}}
        self.rows = self._frame[self.columns].to_numpy().tolist()

    def _announce(self, changes: Sequence[tuple[int, str, str]], *, theirs: bool = False) -> None:
        self.send({"type": "cells", "changes": [list(item) for item in changes], "theirs": theirs})

    def edit(self, changes: Sequence[tuple[int, str, str]]) -> None:
        """Set cells: (row from 0, column, text). Columns that may not be edited and rows that are not there are refused, whole."""
        wrong = [
            item for item in changes if item[1] not in self._review.editable or not 0 <= item[0] < len(self._frame)
        ]
        if wrong:
            self.message = f"{wrong[0][1]} of row {wrong[0][0] + 2} cannot be edited"
            return
        self._apply([*changes, *self._follow(changes), *self._stamps(changes)])

    def _follow(self, changes: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
        """Cells that follow from the changed ones."""
        found = []
        for row in sorted({row for row, _, _ in changes}):
            now = self._line(row) | {column: text for at, column, text in changes if at == row}
            found += [(row, column, text) for column, text in self._review.derive(now).items() if now[column] != text]
        return found

    def accept(self, rows: Sequence[int]) -> None:
        """Take the proposal of `rows` as their decision; rows without a proposal stay as they are."""
        if "proposal" not in self._frame.columns:
            return
        changes: list[tuple[int, str, str]] = []
        for row in self._together(rows):
            if 0 <= row < len(self._frame) and (proposal := self._cell(row, "proposal")):
                changes.append((row, "decision", proposal))
        self._apply([*changes, *self._follow(changes), *self._stamps(changes)])

    def _together(self, rows: Sequence[int]) -> list[int]:
        key = self._review.keyed_by
        if not key or key not in self._frame.columns:
            return list(rows)
        wanted = {self._frame[key].iat[row] for row in rows if 0 <= row < len(self._frame)}
        return [row for row, value in enumerate(self._frame[key]) if value in wanted]

    def _stamps(self, changes: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
        decided = sorted({row for row, column, _ in changes if column != "comment"})
        now = stamp(self._clock.now())
        marks = [("who", self._who), ("when", now)]
        return [(row, column, text) for row in decided for column, text in marks if column in self._frame.columns]

    def _apply(self, changes: Sequence[tuple[int, str, str]]) -> None:
        if not changes:
            return
        before = [(row, column, self._cell(row, column)) for row, column, _ in changes]
        for row, column, text in changes:
            self._frame.at[row, column] = str(text)
        self._undo = [*self._undo, before][-_REMEMBERED:]
        self._keep(changes)
        self._announce(changes)
        self._finish_save("", self.unsaved + 1)

    def preview(self, row: int) -> None:
        """Send what `row` does to real values, as the sheet stands now."""
        if self._review.shows is None or not 0 <= row < len(self._frame):
            return
        found = self._review.shows(self._line(row))
        body = {"pairs": [list(pair) for pair in found.pairs], "note": found.note, "lost": found.lost} if found else {}
        self.send({"type": "preview", "row": row, "pairs": [], "note": "", "lost": 0} | body)

    def undo(self) -> None:
        """Take back the last edit (also one that was saved; save again to write it)."""
        if not self._undo:
            return
        before = self._undo.pop()
        for row, column, text in reversed(before):
            self._frame.at[row, column] = text
        self._keep(before[::-1])
        self._announce(before[::-1])
        self._finish_save("", max(1, self.unsaved - 1) if self.unsaved != 1 else 0)

    def save(self) -> bool:
        """Write the sheet; what another editor saved meanwhile is taken over cell by cell.

        False, and nothing written, when both changed a cell, or rows came or went: `message` says which. Saving again then keeps
        the cells as they are here; reload takes the other editor's.
        """
        if self._path.exists() and self._path.read_bytes() != self._disk and not self._take_over():
            return False
        write_sheet(self._path, self._frame)
        self._base = self._frame.copy()
        self._disk = self._path.read_bytes()
        self._finish_save("", 0)
        return True

    def _take_over(self) -> bool:
        """Bring the other editor's cells in, except where both changed one; whether the sheet may be written now."""
        theirs = read_sheet(self._path, self._review.columns)
        fixed = [name for name in self._frame.columns if name not in (*self._review.editable, *_STAMPED)]
        same = list(theirs.columns) == list(self._base.columns) and len(theirs) == len(self._base)
        if not same or not theirs[fixed].equals(self._base[fixed]):
            self._take_rows(theirs, fixed)
            return False
        new, mine = theirs != self._base, self._frame != self._base
        differs = theirs != self._frame
        both = new & mine & differs
        if {"decision", "when"} <= set(both):  # who decides anew for what stood there has decided too
            both["decision"] |= differs["decision"] & (mine["decision"] & new["when"] | new["decision"] & mine["when"])
        clash = [
            (int(row), str(name)) for name in self._review.editable if name in both for row in both.index[both[name]]
        ]
        decided = {row for row, _ in clash}
        taken = [
            (int(row), str(name), str(theirs.at[row, name]))
            for name in theirs.columns for row in new.index[new[name] & ~mine[name]] if row not in decided
        ]  # fmt: skip
        for row, name, text in taken:
            self._frame.at[row, name] = text
        self._undo.clear()
        self._keep(taken)
        self._announce(taken, theirs=True)
        self._disk, self._base = self._path.read_bytes(), theirs
        if clash:
            named = ", ".join(f"row {row + 2} {name} (there: {theirs.at[row, name]!s})" for row, name in clash[:3])
            self.message = f"{self._path.name} was changed elsewhere, in {len(clash)} of your cells: {named}. Save again to keep yours, or Reload."
        return not clash

    def _take_rows(self, theirs: pd.DataFrame, fixed: Sequence[str]) -> None:
        """Show other rows than were here, with the unsaved edits of those that are still there."""
        mine = self._frame != self._base
        edits = [(row, str(name), self._cell(row, str(name))) for name in mine for row in mine.index[mine[name]]]
        names = [name for name in fixed if name in theirs]
        rows = zip(*(theirs[name] for name in names), strict=True)
        where = {key: row for row, key in reversed(list(enumerate(rows)))}
        there = [where.get(tuple(self._base.loc[row, names])) for row, _, _ in edits]
        stay = [(row, name, text) for row, (_, name, text) in zip(there, edits, strict=True) if row is not None and name in theirs]  # fmt: skip
        gone = len({row for (row, _, _), place in zip(edits, there, strict=True) if place is None})
        self.reload()
        self._apply(stay)
        self._undo.clear()
        left = f"; edits of {counted(gone, 'row')} that {agree(gone, 'is', 'are')} gone were left out" if gone else ""
        kept = ", with your edits: save again to write them" if stay else ""
        self._finish_save(f"{self._path.name} was changed elsewhere, in its rows: they are shown now{kept}{left}", len({row for row, _, _ in stay}))  # fmt: skip

    def _keep(self, changes: Sequence[tuple[int, str, str]]) -> None:
        """Put the cells into what a reloaded page or a second display gets; nothing is sent for it."""
        if self.rows:
            place = {name: at for at, name in enumerate(self.columns)}
            for row, column, text in changes:
                self.rows[row][place[column]] = str(text)

    def _finish_save(self, message: str, unsaved: int) -> None:
        found: dict[str, dict[str, str]] = {}
        for problem in self._review.check(self._frame):
            if problem.row >= 2:
                found.setdefault(str(problem.row - 2), {})[problem.field or "decision"] = problem.message
        self.problems = found
        self.can_undo = bool(self._undo)
        self.unsaved = unsaved
        self.message = message

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        kind = content.get("type")
        if kind == "edit":
            self.edit([(int(row), str(column), str(text)) for row, column, text in content["changes"]])
        elif kind == "accept":
            self.accept([int(row) for row in content["rows"]])
        elif kind == "preview":
            self.preview(int(content["row"]))
        elif kind == "rows":
            self._look_again()
            self.send({"type": "rows", "rows": self.rows})
        elif kind in ("undo", "save", "reload"):
            getattr(self, kind)()

    def static_html(self, most: int = STATIC_ROWS) -> str:
        """The sheet as a read-only HTML table, for notebooks that are looked at without a kernel."""
        names = self.columns
        head = "".join(f'<th scope="col"{LEFT}>{html.escape(words(name))}</th>' for name in names)
        lines = [
            f"<tr>{''.join(self._static_cell(name, str(cell)) for name, cell in zip(names, row, strict=True))}</tr>"
            for row in self._frame[names].head(most).itertuples(index=False, name=None)
        ]
        more = (
            f"<p>{len(self._frame) - most} rows more in {html.escape(self._path.name)}</p>"
            if len(self._frame) > most
            else ""
        )
        title = f"{html.escape(self._path.name)}: {len(self._frame)} rows"
        return f"<details open><summary>{title}</summary><table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}{as_of()}</details>"

    def _static_cell(self, name: str, cell: str) -> str:
        """A cell of the static table; confidence and what is undecided carry a mark and a colour, as in the widget."""
        text = html.escape(cell)
        if name == "decision" and not cell.strip():
            return '<td style="text-align:left;color:#8a4b00"><i>undecided</i></td>'
        if name == "confidence" and (value := pd.to_numeric(cell.replace(",", "."), errors="coerce")) == value:
            high, low = self._review.threshold, self._review.low
            mark, colour = ("✓", "#cdeed6") if value >= high else ("~", "#fdeebf") if value >= low else ("!", "#f9d3cf")
            return f'<td style="background:{colour};color:#1b1f24">{mark} {text}</td>'
        return f"<td{LEFT}>{text}</td>"


def _for_browser(spec: ReviewSpec) -> dict[str, Any]:
    return {
        "editable": list(spec.editable),
        "choices": ({"decision": list(spec.words)} if spec.words else {}) | dict(spec.choices),
        "words": dict(spec.words),
        "free": list(spec.free),
        "preview": list(spec.preview),
        "widths": {
            "examples": 200,
            "reason": 260,
            "why": 260,
            "proposal": 130,
            "decision": 130,
            "confidence": 110,
            "when": 150,
        }
        | dict(spec.widths),
        "threshold": spec.threshold,
        "low": spec.low,
        "shows": spec.shows is not None,
    }
