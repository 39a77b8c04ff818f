"""The sheets of the mapping as one review: a tab each with what is open in it, and any column's values one click away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from pb2hl.mapper.knowledge.sheet_layout import SHEETS
from pb2hl.review.specs import sheet_review
from pb2hl.review.table import ReviewTable
from pb2hl.saved import Still
from pb2hl.workspace import Workspace


class MappingReview(Still, ipywidgets.VBox):
    """Every mapping sheet in a tab whose title counts what is undecided. `look` shows a column (object, heading) below the tabs."""

    def __init__(self, ws: Workspace, *, who: str = "", look: Callable[[str, str], Any] | None = None):
        self.reviews: Mapping[str, ReviewTable] = {
            name: sheet_review(ws, name, who=who) for name in SHEETS if (ws.sheets / f"{name}.csv").exists()
        }
        self._look = look
        self._tabs = ipywidgets.Tab(list(self.reviews.values()))
        self._column = ipywidgets.VBox()
        super().__init__([self._tabs, self._column])
        for review in self.reviews.values():
            review.observe(lambda _change: self._count(), names=["unsaved"])
            review.on_msg(self._receive)
        if "fields" in self.reviews and look is not None:
            self.reviews["fields"].spec = {**self.reviews["fields"].spec, "explores": True}
        self._count()

    def open_counts(self) -> dict[str, int]:
        """Undecided rows by sheet."""
        return {name: int((review.frame["decision"].str.strip() == "").sum()) for name, review in self.reviews.items()}

    def show_column(self, row: int) -> None:
        """Show the values of the column that row `row` (from 0) of the fields sheet is about, below the tabs."""
        line = self.reviews["fields"].frame.iloc[row]
        if self._look is not None:
            self._column.children = (self._look(line["object"], line["column"]),)

    def _count(self) -> None:
        self._tabs.titles = [
            f"{name} · {count} open" if count else f"{name} ✓" for name, count in self.open_counts().items()
        ]

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("type") == "explore":
            self.show_column(int(content["row"]))

    def static_html(self) -> str:
        """Every sheet as a read-only table, for notebooks that are looked at without a kernel."""
        return "".join(review.static_html() for review in self.reviews.values())
