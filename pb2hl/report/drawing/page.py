"""The pieces of a report page as data, and their rendering: one file, no request, nothing from the data unescaped."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pb2hl import __version__
from pb2hl.errors import Problem
from pb2hl.report.drawing.charts import Drawing, narrow_svg, svg

_TEMPLATES = Path(__file__).parent / "templates"
_MANY = 8
"""Columns that a sheet of paper holds in the usual size."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, its sort key when the text does not sort right, and a tone (good, warn, bad, mute)."""

    text: str
    sort: str = ""
    tone: str = ""
    href: str = ""
    bars: tuple[float, ...] = ()  # heights 0-1 of a small histogram


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `choices` makes it a filter."""

    label: str
    numeric: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table as shown: at most as many rows as a page holds; `total` of all; `csv` is the relative link to all of them."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    csv: str = ""
    printed: int = 1_000_000  # rows that go on paper

    @property
    def bare(self) -> frozenset[int]:
        """Places of the columns that say nothing in the rows that go on paper; paper has no room for them."""
        rows = self.rows[: self.printed]
        return frozenset(at for at in range(len(self.columns)) if not any(row[at].text for row in rows))

    @property
    def wide(self) -> bool:
        """Whether its columns need a smaller type on paper."""
        return len(self.columns) - len(self.bare) > _MANY


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of an index or a checklist line: text and where it leads."""

    title: str
    text: str = ""
    state: str = ""
    tone: str = ""
    href: str = ""
    at: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a page. `chart` becomes SVG whose texts are escaped; everything else is text and gets escaped too."""

    title: str
    blurb: str = ""
    table: Table | None = None
    chart: Drawing | None = None
    chart_label: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    preformatted: str = ""
    steps: tuple[Step, ...] = ()
    checklist: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    records: tuple[tuple[str, Table], ...] = ()  # one table a record, chosen from a list
    records_printed: int = 1_000_000  # of them, how many go on paper
    checklist_printed: int = 1_000_000
    folded: bool = False  # the table opens on demand; with a chart it repeats its figures, and stays off paper

    @property
    def of_hashes(self) -> bool:
        """Whether its facts are hashes: evidence to compare on screen, and a wall on paper."""
        return len(self.facts) > 1 and all(_HASH.fullmatch(value) for _, value in self.facts)


_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Brand:
    """Whose report it is: a name, a logo as a `data:` address, a colour as `#rrggbb`; each may be empty."""

    name: str = ""
    logo: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Page:
    """A whole report."""

    title: str
    kicker: str
    headline: str
    question: str = ""  # what the page answers
    status: str = ""
    tone: str = ""
    summary: tuple[str, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    problems_total: int = 0
    problems_csv: str = ""
    sections: tuple[Section, ...] = ()
    next_step: str = ""
    at: str = ""
    masked: bool = False
    index: str = ""  # relative link to the index; empty on the index itself
    brand: Brand = Brand()
    more_figures: tuple[tuple[str, str], ...] = ()  # those beyond the first six, folded
    problems_printed: int = 1_000_000  # problems that go on paper
    approval: str = ""  # who approved the gate behind this page, and when
    extra: dict[str, Any] = field(default_factory=dict)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8"))
    environment.filters["moment"] = moment
    environment.filters["svg"] = svg
    environment.filters["narrow_svg"] = narrow_svg
    script = (_TEMPLATES / "tables.js").read_text(encoding="utf-8")
    environment.globals["script"] = Markup(script)
    environment.globals["script_hash"] = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals["version"] = __version__
    return environment


def moment(at: str, *, seconds: bool = False) -> str:
    """`2026-01-31T09:30:05Z` (or with a zone of UTC) as `2026-01-31 09:30 UTC`, or with its seconds; anything else as it is."""
    found = _STAMP.fullmatch(at)
    return f"{found[1]} {found[2]}{(found[3] or '') if seconds else ''} UTC" if found else at


def moments(texts: list[str]) -> list[str]:
    """Moments of a column for people: with seconds only where they tell its rows apart."""
    plain = [moment(at) for at in texts]
    apart = len(set(plain)) < len(set(texts)) == len(texts)
    return [moment(at, seconds=True) for at in texts] if apart else plain


_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(?:\.\d+)?(?:Z|\+00:00)")


def render(page: Page) -> str:
    """`page` as one HTML document. Its only script is ours, pinned by hash in the content security policy."""
    return _environment().get_template("page.html").render(page=page)


def render_client(page: Page, words: Any) -> str:
    """`page` in a client's language as one HTML document without any script; `words` says what stands between its parts."""
    return _environment().get_template("client.html").render(page=page, words=words)


def render_notebook(title: str, content: Markup, *, masked: bool = False) -> str:
    """The outputs of a notebook (`content`, cleaned HTML) as one HTML document in the look of the pages, without any script."""
    template = _environment().get_template("notebook.html")
    return template.render(
        title=title, kicker="Perfect Books to HighLevel · a notebook", content=content, masked=masked
    )
