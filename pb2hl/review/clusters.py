"""Clusters of a review sheet, one at a time, their rows side by side. The sheet is the state: every decision is a cell of it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from pb2hl.matching.given import GIVES, cell_of, fields_of, given, may_be_given
from pb2hl.matching.proposals import KEEP_APART, MERGE
from pb2hl.matching.sheets import DECISIONS, OF_SHEET, SKIP, YES, is_yes
from pb2hl.matching.survivorship import taken_along
from pb2hl.review.table import ReviewTable
from pb2hl.saved import LEFT, as_of
from pb2hl.values.fold import fold

FILTERS = ("waiting", "close calls", "decided", "skipped", "all")
"""Which clusters are gone through: undecided ones, undecided ones with a row to keep apart, …"""
SAVED_AT_ONCE = 5000
"""Rows of a sheet up to which every decision is written at once; a larger one is written every `SAVED_EVERY` edits."""
SAVED_EVERY = 25
STATIC_CLUSTERS = 100
"""Clusters that the read-only rendering of an executed notebook shows."""

CANONICAL = "canonical_name"
"""The column of the companies sheet that says what a merged company is called."""
_PUT_TOGETHER = ("name", "phone")
"""Columns of the duplicates sheet that put several fields of a contact together, which stand beside each other here."""
_HIDDEN = (GIVES, "cluster", "who", "when", "proposal", "decision", "survivor", "score", "why", "comment")


class ClusterReview(ReviewTable):
    """The sheet at `path`, cluster by cluster: merge, keep apart or skip with one key, undo, and go on where one stopped.

    `spec` and `who` as of `ReviewTable`. Decisions are written to the sheet as they are taken (see `SAVED_AT_ONCE`), so a
    new kernel goes on with the first cluster that waits. `view` is what the browser shows; every action can be called.
    """

    _esm = Path(__file__).with_name("cluster_review.js")
    view = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)

    def reload(self) -> None:
        """Read the sheet again and go to the first cluster that waits; unsaved edits are dropped."""
        self._filter, self._search, self._at = FILTERS[0], "", 0
        super().reload()

    def _show(self) -> None:
        grouped = self._frame.groupby("cluster", sort=False).indices
        self._clusters = {str(name): list(map(int, rows)) for name, rows in grouped.items() if len(rows) > 1}
        shared = [row for rows in self._clusters.values() for row in rows]
        self._behind = self._review.behind(set(self._frame["source_id"].iloc[shared]))
        self._states = {name: self._state(rows) for name, rows in self._clusters.items()}
        self._wanted = self._matching()
        self._draw()

    def decide(self, decision: str, rows: Sequence[int] | None = None) -> None:
        """Give `decision` (merge, keep apart, skip or "") to the cluster in view, or to some of its `rows` (sheet rows from
        0), then go on to the next cluster that waits; with `rows` the view stays."""
        if decision not in DECISIONS:
            self.message = f"{decision!r} is none of merge, keep apart, skip"
            return
        inside = self._rows()
        chosen = inside if rows is None else [row for row in rows if row in inside]
        self._decide([(row, "decision", decision) for row in chosen], go_on=rows is None)

    def accept_proposal(self) -> None:
        """Decide the cluster in view as proposed, row by row, and go on."""
        self._decide([(row, "decision", self._cell(row, "proposal")) for row in self._rows()], go_on=True)

    def survive(self, row: int) -> None:
        """Make sheet row `row` of the cluster in view the one the others are merged into."""
        if row in self._rows():
            self._decide([(other, "survivor", YES if other == row else "") for other in self._rows()], go_on=False)

    def take(self, row: int, field: str) -> None:
        """Take `field` of the merged record from sheet row `row` of the cluster in view, with what belongs to it (an address is one
        thing); from the row that gives it already it is given back to the rule."""
        if row not in self._rows() or not self._may_give(row, field):
            self.message = f"{field} cannot be taken from one row"
            return
        if field == "name" and CANONICAL in self._frame.columns:
            self._decide([(other, CANONICAL, self._cell(row, "name")) for other in self._rows()], go_on=False)
            return
        along, changes = set(taken_along(field)), []
        for other in self._rows():
            before = fields_of(self._cell(other, GIVES))
            now = [item for item in before if item not in along]
            now += [field] if other == row and len(now) == len(before) else []
            if now != before:
                changes.append((other, GIVES, cell_of(now)))
        self._decide(changes, go_on=False)

    def _may_give(self, row: int, field: str) -> bool:
        known = GIVES in self._frame.columns and self._behind is not None and field in self._behind.rules
        return known and self._merges(row) and may_be_given(field, OF_SHEET[self._path.stem])

    def _merges(self, row: int) -> bool:
        """Whether a row is, or where undecided is proposed to be, merged."""
        return fold(self._cell(row, "decision") or self._cell(row, "proposal")) == MERGE

    def move(self, by: int) -> None:
        """Show the cluster `by` places on (back when negative); nothing is decided."""
        self._at = min(max(self._at + by, 0), max(len(self._wanted) - 1, 0))
        self._draw()

    def choose(self, which: str, search: str = "") -> None:
        """Go through the clusters that `which` (of `FILTERS`) names and that have `search` in a cell, from the first."""
        self._filter = which if which in FILTERS else FILTERS[0]
        self._search = fold(search)
        self._wanted, self._at = self._matching(), 0
        self._draw()

    def undo(self) -> None:
        """Take back the last decision and show its cluster."""
        if not self._undo:
            return
        cluster = self._cell(self._undo[-1][0][0], "cluster")
        super().undo()
        self._write(self.unsaved or 1)
        if cluster not in self._wanted:
            self._wanted.insert(self._at, cluster)
        self._at = self._wanted.index(cluster)
        self._draw()

    def _decide(self, changes: Sequence[tuple[int, str, str]], *, go_on: bool) -> None:
        if not changes:
            return
        self.edit(changes)
        self._write(self.unsaved)
        if go_on:
            self._at = min(self._at + 1, len(self._wanted))
        self._draw()

    def _write(self, unsaved: int) -> None:
        """Save what is due, unless someone else changed the file: then `message` says so and nothing is written."""
        if unsaved and (len(self._frame) <= SAVED_AT_ONCE or unsaved >= SAVED_EVERY):
            self.save()

    def _announce(self, changes: Sequence[tuple[int, str, str]], *, theirs: bool = False) -> None:
        """The browser gets whole views; only the states of the clusters that changed are told anew."""
        for cluster in {self._cell(row, "cluster") for row, _, _ in changes}:
            if cluster in self._clusters:
                self._states[cluster] = self._state(self._clusters[cluster])

    def _rows(self) -> list[int]:
        return self._clusters[self._wanted[self._at]] if self._at < len(self._wanted) else []

    def _state(self, rows: Iterable[int]) -> str:
        decisions = {fold(self._cell(row, "decision")) for row in rows}
        return "waiting" if "" in decisions else "skipped" if SKIP in decisions else "decided"

    def _matching(self) -> list[str]:
        found = []
        for cluster, rows in self._clusters.items():
            state = self._states[cluster]
            close = self._filter == "close calls" and state == "waiting" and self._has_close_call(rows)
            if (self._filter in ("all", state) or close) and self._mentioned(rows):
                found.append(cluster)
        return found

    def _has_close_call(self, rows: Sequence[int]) -> bool:
        return any(self._cell(row, "proposal") == KEEP_APART for row in rows)

    def _mentioned(self, rows: Sequence[int]) -> bool:
        if not self._search:
            return True
        return any(self._search in fold(cell) for cell in self._frame.iloc[list(rows)].to_numpy().ravel())

    def _draw(self) -> None:
        states = list(self._states.values())
        self.progress = {"of": len(states), "waiting": states.count("waiting"), "skipped": states.count("skipped")}
        self.view = {
            "filter": self._filter,
            "search": self._search,
            "at": self._at,
            "of": len(self._wanted),
            **self._cluster_view(self._rows()),
        }

    def _cluster_view(self, rows: list[int]) -> dict[str, Any]:
        if not rows:
            return {"cluster": "", "rows": [], "fields": []}
        frame = self._frame.iloc[rows]
        marked = is_yes(frame["survivor"]).to_numpy()
        first = int(marked.argmax()) if marked.any() else 0
        cards = [
            {
                "row": row,
                "survivor": at == first,
                **{name: frame[name].iat[at] for name in ("decision", "proposal", "score", "why", "comment")},
            }
            for at, row in enumerate(rows)
        ]
        fields = [_field(name, cells, first) for name, cells in self._fields(frame).items() if any(cells)]
        made = self._made_of(frame, str(frame["source_id"].iat[first]))
        for item in fields:
            name = item["name"]
            item["together"] = made.get(name, "")
            item["gives"] = [
                bool(made) and bool(cell) and self._may_give(row, name)
                for row, cell in zip(rows, item["cells"], strict=True)
            ]
            item["given"] = [self._gives(row, name) for row in rows]
        return {
            "cluster": frame["cluster"].iat[0],
            "rows": cards,
            "fields": fields,
            "merged": bool(made),
            "beside": made.get("", ""),
        }

    def _gives(self, row: int, field: str) -> bool:
        cell = self._cell(row, GIVES) if GIVES in self._frame.columns else ""
        return not set(taken_along(field)).isdisjoint(fields_of(cell))

    def _fields(self, frame: pd.DataFrame) -> dict[str, list[str]]:
        """Field → its cells: of the records themselves where they are staged, with what only the sheet says."""
        ids = frame["source_id"].tolist()
        own = self._behind.fields(ids) if self._behind is not None else {}
        said = {name: frame[name].tolist() for name in self._frame.columns if name not in _HIDDEN}
        if not own:
            return said
        return {name: cells for name, cells in said.items() if name not in (*own, *_PUT_TOGETHER)} | own

    def _made_of(self, frame: pd.DataFrame, survivor: str) -> dict[str, str]:
        """The record that the rows become which are, or where undecided are proposed to be, merged; nothing for fewer than two."""
        word = frame["decision"].where(frame["decision"] != "", frame["proposal"]).map(fold)
        ids = frame["source_id"][word == MERGE].tolist()
        if self._behind is None or len(ids) < 2:
            return {}
        lead = survivor if survivor in ids else ids[0]
        taken = given(frame, dict.fromkeys(ids, lead)).get(lead, {})
        made = self._behind.together(ids, lead, taken)
        named = str(frame.loc[frame["source_id"] == lead, CANONICAL].iat[0]) if CANONICAL in frame.columns else ""
        return made | {"name": named} if made and named else made

    def _receive(self, widget: Any, content: Mapping[str, Any], buffers: Any) -> None:
        kind = content.get("type")
        if kind == "decide":
            rows = content.get("rows")
            self.decide(str(content["decision"]), None if rows is None else [int(row) for row in rows])
        elif kind == "proposal":
            self.accept_proposal()
        elif kind == "survive":
            self.survive(int(content["row"]))
        elif kind == "take":
            self.take(int(content["row"]), str(content["field"]))
        elif kind == "move":
            self.move(int(content["by"]))
        elif kind == "choose":
            self.choose(str(content["filter"]), str(content["search"]))
        else:
            super()._receive(widget, content, buffers)

    def static_html(self, most: int = STATIC_CLUSTERS) -> str:
        """The clusters as read-only tables, side by side, those that wait first, for notebooks without a kernel."""
        waiting_first = sorted(self._clusters, key=lambda name: self._states[name] != "waiting")
        parts = [_static(self._cluster_view(self._clusters[name]), self._states[name]) for name in waiting_first[:most]]
        left = len(self._clusters) - len(parts)
        more = f"<p>{left} clusters more in {html.escape(self._path.name)}</p>" if left > 0 else ""
        title = f"{html.escape(self._path.name)}: {len(self._clusters)} clusters, {self.progress['waiting']} waiting"
        return f"<details open><summary>{title}</summary>{''.join(parts)}{more}{as_of()}</details>"


def _field(name: str, cells: list[str], first: int) -> dict[str, Any]:
    """A field across the rows of a cluster; `differs`: cells that are filled and not what the survivor (or, where it is
    blank, the first filled row) has, case and spaces aside."""
    folded = [fold(cell) for cell in cells]
    lead = folded[first] or next((text for text in folded if text), "")
    return {
        "name": name,
        "cells": cells,
        "lead": cells[folded.index(lead)],
        "differs": [text not in ("", lead) for text in folded],
    }


def _static(view: Mapping[str, Any], state: str) -> str:
    def line(head: str, cells: Iterable[str]) -> str:
        return f'<tr><th scope="row"{LEFT}>{html.escape(head)}</th>{"".join(cells)}</tr>'

    cards = view["rows"]
    head = line(
        "decision",
        [
            f'<th scope="col"{LEFT}>{html.escape(card["decision"] or card["proposal"] + "?")}{" ★" if card["survivor"] else ""}</th>'
            for card in cards
        ]
        + ([f'<th scope="col"{LEFT}>merged record</th>'] if view["merged"] else []),
    )
    body = [
        line(
            item["name"],
            [
                *(_cell(cell, differs) for cell, differs in zip(item["cells"], item["differs"], strict=True)),
                *([f"<td{LEFT}>{html.escape(item['together'])}</td>"] if view["merged"] else []),
            ],
        )
        for item in view["fields"]
    ]
    why = line("why", [f"<td{LEFT}>{html.escape(card['why'])}</td>" for card in cards])
    caption = f"{html.escape(view['cluster'])} · {state} · {html.escape(cards[0]['score'])}"
    return f"<table><caption>{caption}</caption>{head}{''.join(body)}{why}</table>"


def _cell(text: str, differs: bool) -> str:
    shown = html.escape(text)
    return f"<td{LEFT}><mark>{shown}</mark></td>" if differs else f"<td{LEFT}>{shown}</td>"
