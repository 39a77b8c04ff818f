"""A table in a browser with facets that filter each other. Counts are made in Python; only what is visible travels."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import pandas as pd
import traitlets

from pb2hl.errors import ConfigError
from pb2hl.report.drawing.cells import text_of
from pb2hl.saved import LEFT, Still
from pb2hl.values.fold import fold_marks

PAGE = 50
"""Rows that travel to the browser at once."""
STILL_ROWS = 10
"""Rows that stand in a saved notebook."""
TOP = 12
"""Values that a facet shows, the commonest first."""
BINS = 16
MISSING, LOST = "missing", "not converted"
_HIDDEN = ("row_hash",)
_ORIGIN = ("source_file", "source_sheet", "source_row")
"""Where a record stands in the export: shown after what it says, and no facet but the file."""


class Facet:
    """One column as codes, so that counting under a filter is one `bincount`: values by frequency, or bins from low to high."""

    def __init__(self, column: pd.Series, lost: np.ndarray | None = None):
        self._folded: list[str] | None = None
        self.missing = column.isna().to_numpy()
        self.lost = lost
        numeric = _is_number(column)
        moment = pd.api.types.is_datetime64_any_dtype(column.dtype)
        self.binned = (numeric or moment) and column.nunique() > TOP
        if self.binned:
            self.codes, self.labels = _bins(column, moment)
        else:
            plain = pd.api.types.is_string_dtype(column.dtype) and column.dtype != object
            texts = column if plain else column.map(text_of, na_action="ignore").astype("string")
            codes, values = pd.factorize(np.array(texts.astype(object).where(texts.notna(), None), dtype=object))
            order = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(values)), kind="stable")
            place = np.empty(len(values), dtype=np.int64)
            place[order] = np.arange(len(values))
            self.codes = np.where(codes >= 0, place[codes], -1) if len(values) else codes
            self.labels = [text_of(values[i]) for i in order]

    def mask(self, chosen: Sequence[Any]) -> np.ndarray:
        """The rows that hold any of the chosen values (by number), or are missing or not converted."""
        numbers = [value for value in chosen if isinstance(value, int)]
        found = np.isin(self.codes, numbers)
        if MISSING in chosen:
            found |= self.missing
        if LOST in chosen and self.lost is not None:
            found |= self.lost
        return found

    @property
    def many(self) -> bool:
        """Whether it has more values than it shows."""
        return not self.binned and len(self.labels) > TOP

    def counts(self, kept: np.ndarray, search: str = "") -> list[dict[str, Any]]:
        """What the facet shows of the rows `kept`: value, label, count; with `search` only values that hold that text."""
        codes = self.codes[kept]
        number = np.bincount(codes[codes >= 0], minlength=len(self.labels))
        shown: Iterable[int] = range(len(self.labels)) if self.binned else np.argsort(-number, kind="stable")
        if wanted := fold_marks(search):
            if self._folded is None:
                self._folded = [fold_marks(label) for label in self.labels]
            folded = self._folded
            shown = (int(i) for i in shown if wanted in folded[i])
        shown = shown if self.binned else islice(shown, TOP)
        found = [{"value": int(i), "label": self.labels[i], "count": int(number[i])} for i in shown]
        found = [item for item in found if item["count"] or self.binned]
        if self.missing.any():
            found.append({"value": MISSING, "label": MISSING, "count": int(self.missing[kept].sum())})
        if self.lost is not None and self.lost.any():
            found.append({"value": LOST, "label": LOST, "count": int(self.lost[kept].sum())})
        return found


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def _bins(column: pd.Series, moment: bool) -> tuple[np.ndarray, list[str]]:
    """(bin of each value, -1 for missing; the span of each bin as text)."""
    if moment:
        numbers = pd.to_datetime(column, utc=True).astype("datetime64[ns, UTC]").astype("int64").to_numpy(float)
    else:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan).copy()
    numbers[column.isna().to_numpy()] = np.nan
    known = numbers[np.isfinite(numbers)]
    edges = np.linspace(known.min(), known.max(), BINS + 1)
    if not moment and not (known % 1).any():
        edges = np.unique(np.rint(edges))  # whole numbers have whole bounds
    codes = np.clip(np.digitize(numbers, edges[1:-1]), 0, len(edges) - 2)
    codes[~np.isfinite(numbers)] = -1
    ends = [text_of(pd.Timestamp(int(e)).date()) if moment else f"{e:,.6g}" for e in edges]
    return codes, [f"{low} – {high}" for low, high in pairwise(ends)]


class TableBrowser(Still, anywidget.AnyWidget):
    """`frame` with facets. A click filters, a click on a heading sorts; the facets count what the others leave; `selection` is what
    is left, in that order, as a frame. `folded` facets open on demand. Columns of numbers, and those
    that `numbers` names though they hold texts, are written to the right."""

    _esm = Path(__file__).with_name("browser.js")
    title = traitlets.Unicode("").tag(sync=True)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    facets: Any = traitlets.List().tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)
    searches = traitlets.Dict().tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    every = traitlets.Int(0).tag(sync=True)
    order: Any = traitlets.List([]).tag(sync=True)
    folded = traitlets.Bool(False).tag(sync=True)
    numbers: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        title: str = "",
        not_converted: pd.DataFrame | None = None,
        folded: bool = False,
        numbers: Sequence[str] = (),
    ):
        self._frame = frame.reset_index(drop=True)
        told = [str(name) for name in frame.columns if not str(name).startswith("raw.") and name not in _HIDDEN]
        names = sorted(told, key=lambda name: name in _ORIGIN and len(told) > len(_ORIGIN) + 1)
        lost = _lost(self._frame, title, not_converted)
        self._facets: dict[str, Facet] = {}
        for name in names:
            if name in _ORIGIN[1:]:
                continue
            facet = Facet(self._frame[name], lost.get(name))
            if (
                facet.binned
                or 1 < len(facet.labels) <= len(frame) // 2
                or facet.missing.any()
                or facet.lost is not None
            ):
                self._facets[name] = facet
        right = [name for name in names if name in numbers or _is_number(self._frame[name])]
        super().__init__(title=title, columns=names, every=len(frame), folded=folded, numbers=right)
        self._masks: dict[str, np.ndarray] = {}
        self.observe(lambda _change: self._filter(), names=["chosen", "order"])
        self.observe(lambda _change: self._count(), names=["searches"])
        self.observe(lambda _change: self._show(), names=["page"])
        self._filter()

    @property
    def selection(self) -> pd.DataFrame:
        """The rows that the facets leave, with all their columns (a copy)."""
        return self._frame.iloc[self._order].copy()

    def choose(self, column: str, *labels: str) -> TableBrowser:
        """Filter by the values `labels` of `column` (none: no filter by it), as a click does.

        A column that is too plain or too varied to be shown as a facet becomes one. Raises ConfigError for a column or a value that is not there.
        """
        if column not in self.columns:
            raise ConfigError(f"there is no column {column!r}", hint=f"one of: {', '.join(self.columns)}")
        facet = self._facets.setdefault(column, Facet(self._frame[column]))
        unknown = [label for label in labels if label not in (MISSING, LOST, *facet.labels)]
        if unknown:
            raise ConfigError(
                f"{column} never is {unknown[0]!r}", hint=f"such as: {', '.join(facet.labels[:TOP]) or MISSING}"
            )
        values = [label if label in (MISSING, LOST) else facet.labels.index(label) for label in labels]
        self.chosen = {
            **{name: of for name, of in self.chosen.items() if name != column},
            **({column: values} if values else {}),
        }
        return self

    def _kept(self, but: str = "") -> np.ndarray:
        kept = np.ones(len(self._frame), dtype=bool)
        for name, mask in self._masks.items():
            if name != but:
                kept &= mask
        return kept

    def _filter(self) -> None:
        self._masks = {
            name: self._facets[name].mask(of) for name, of in self.chosen.items() if of and name in self._facets
        }
        self._count()
        self._order = self._sorted(np.flatnonzero(self._kept()))
        self.total = len(self._order)
        self.page = 0
        self._show()

    def _count(self) -> None:
        every = self._kept()
        self.facets = [
            {
                "column": name,
                "binned": facet.binned,
                "many": facet.many,
                "values": facet.counts(
                    self._kept(name) if name in self._masks else every, str(self.searches.get(name, ""))
                ),
            }
            for name, facet in self._facets.items()
        ]

    def _sorted(self, rows: np.ndarray) -> np.ndarray:
        """`rows` in the order that `order` asks for: [column, whether from high to low], or none for the table's own."""
        if not self.order or self.order[0] not in self.columns:
            return rows
        keys = _keys(self._frame[self.order[0]].iloc[rows].reset_index(drop=True))
        return rows[keys.sort_values(ascending=not self.order[1], kind="stable", na_position="last").index.to_numpy()]

    def _show(self) -> None:
        part = self._frame.iloc[self._order[self.page * PAGE : (self.page + 1) * PAGE]][self.columns]
        self.rows = [[text_of(value)[:200] for value in row] for row in part.itertuples(index=False, name=None)]

    def static_html(self) -> str:
        """The rows in sight as plain HTML, for notebooks that are looked at without a kernel."""
        right = dict.fromkeys(self.numbers, ' style="text-align:right"')
        head = "".join(f'<th scope="col"{right.get(name, LEFT)}>{html.escape(name)}</th>' for name in self.columns)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{right.get(name, LEFT)}>{html.escape(cell)}</td>"
                for name, cell in zip(self.columns, row, strict=True)
            )
            + "</tr>"
            for row in self.rows[:STILL_ROWS]
        )
        cut = f", the first {STILL_ROWS} here" if self.total > STILL_ROWS else ""
        title = f"{html.escape(self.title)}: {self.total:,} of {self.every:,} rows{cut}"
        return f"<details open><summary>{title}</summary><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"


def _keys(column: pd.Series) -> pd.Series:
    """What a column is sorted by: numbers and moments as they are, texts that are all numbers or shares as numbers, others as texts."""
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    texts = column.map(text_of, na_action="ignore").astype("string")
    numbers = pd.to_numeric(texts.str.replace(r"[,\s%]", "", regex=True), errors="coerce")
    return numbers if numbers.notna().sum() == texts.notna().sum() else texts.str.casefold()


def _lost(frame: pd.DataFrame, table: str, not_converted: pd.DataFrame | None) -> Mapping[str, np.ndarray]:
    """By column, which rows hold a cell whose typed value is missing."""
    needed = {"object", "field", "source_row", "source_file"}
    if not_converted is None or not needed <= set(not_converted.columns) or "source_row" not in frame.columns:
        return {}
    own = not_converted[not_converted["object"] == table]
    where = pd.MultiIndex.from_frame(frame[["source_file", "source_row"]].astype("str"))
    return {
        str(name): where.isin(pd.MultiIndex.from_frame(cells[["source_file", "source_row"]].astype("str")))
        for name, cells in own.groupby("field")
    }
