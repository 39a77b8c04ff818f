"""A workspace as a notebook opens it: where it stands, its tables, any record's way, any table in a browser."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pyarrow.parquet as pq
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pb2hl.analyst.browser import TableBrowser
from pb2hl.analyst.earlier import begun_anew
from pb2hl.analyst.find import find, named_references
from pb2hl.analyst.lines import Lines
from pb2hl.analyst.parameters import BATCH, read
from pb2hl.analyst.trace import trace
from pb2hl.errors import ConfigError
from pb2hl.limits import Limits
from pb2hl.model import OBJECTS, RAW_PREFIX
from pb2hl.notebook import serve_command, stops_in_a_sentence
from pb2hl.report.drawing.cells import text_of
from pb2hl.report.verdict import outcome_html
from pb2hl.review.tabs import MappingReview
from pb2hl.saved import LEFT, as_of
from pb2hl.workspace import BASE_URL, CONFIG_NAME, Workspace, existing_export, parse_config


class OpenedWorkspace(Workspace):
    """A workspace with what an analyst asks of it in a notebook."""

    @property
    def tables(self) -> pd.DataFrame:
        """Every staged table: its rows, columns, the files it came from, and how many records came from each sheet."""
        rows = []
        for name in OBJECTS:
            path = self.staged / f"{name}.parquet"
            if not path.exists():
                continue
            layout = pq.read_schema(path)
            origin = self.table(name, [c for c in ("source_file", "source_sheet") if c in layout.names])
            files = sorted(
                {str(value) for value in origin.get("source_file", pd.Series(dtype=object)).dropna().unique()}
            )
            rows.append((name, len(origin), len(layout.names), ", ".join(files)))
        return Lines(rows, columns=["table", "rows", "columns", "files"])

    def heads(self, rows: int = 5) -> Heads:
        """The first `rows` of every staged table."""
        return Heads({name: self.table(name).head(rows) for name in self.tables["table"]})

    @property
    def settings(self) -> pd.DataFrame:
        """Every setting of migration.toml: its section, its value, what it may be and what it decides."""
        return Lines(list(_settings(self.config)), columns=["section", "setting", "value", "allowed", "decides"])

    def trace(self, object_: str, source_id: str = "", *, row: int = 0, file: str = "") -> pd.DataFrame:
        """One record's way, by its id or by the row of its file: its fate and why, its cells as exported, staged, decided, sent and stored."""
        return trace(self, object_, source_id, row=row, file=file)

    def find(self, object_: str, **wanted: Any) -> pd.DataFrame:
        """The records of a staged table that say all of `wanted`: `find("contacts", company="mill", email=None)`."""
        return find(self, object_, **wanted)

    def explore(self, name: str) -> TableBrowser:
        """The staged table `name` in a browser with facets; `.selection` is what is left of it as a frame."""
        frame = named_references(self, name)
        dropped = self.staged / "not_converted.parquet"
        lost = self.table("not_converted") if dropped.exists() else pd.DataFrame()
        return TableBrowser(frame, title=name, not_converted=lost)

    def _repr_html_(self) -> str:
        config = self.config
        facts = {
            "workspace": str(self.path),
            "export": str(config.export),
            "location": f"{config.location} at {config.base_url}",
            "country, zone, currency": f"{config.country}, {config.timezone}, {config.currency}",
        }
        lines = "".join(
            f'<tr><th scope="row"{LEFT}>{html.escape(k)}</th><td{LEFT}>{html.escape(v)}</td></tr>'
            for k, v in facts.items()
        )
        return outcome_html(self) + f"<table>{lines}</table>{as_of()}"

    def __repr__(self) -> str:
        return f"Workspace {self.path} (location {self.config.location})"


class Heads(dict[str, pd.DataFrame]):
    """The first rows of tables, by name; drawn as a part to open each, without the untouched texts."""

    def _repr_html_(self) -> str:
        return "".join(
            f"<details><summary><b>{html.escape(name)}</b></summary>{Lines(_shown(frame))._repr_html_()}</details>"
            for name, frame in self.items()
        )


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in frame.columns if not str(name).startswith("raw.") and name != "row_hash"]
    return frame[names].map(text_of)


def _settings(config: BaseModel | Limits, section: str = "") -> Iterator[tuple[str, str, str, str, str]]:
    for name, field in _fields(config).items():
        value = getattr(config, name)
        if isinstance(value, BaseModel | Limits):
            yield from _settings(value, name)
        else:
            yield section, name, text_of(value), _allowed(field), " ".join((field.description or "").split())


def _fields(config: BaseModel | Limits) -> Mapping[str, FieldInfo]:
    """What a section may say, by name; `Limits` is a dataclass, for the ground floor knows no sections."""
    fields: Mapping[str, FieldInfo] = vars(type(config))["__pydantic_fields__"]
    return fields


def _allowed(field: FieldInfo) -> str:
    """The words a setting may have, its limits, or its kind."""
    words = get_args(field.annotation)
    if words and all(isinstance(word, str) for word in words):
        return ", ".join(words)
    limits = [
        f"{name} {getattr(item, key)}"
        for item in field.metadata
        for key, name in (("ge", "from"), ("le", "to"))
        if hasattr(item, key)
    ]
    return " ".join(limits) or _KINDS.get(str(getattr(field.annotation, "__name__", field.annotation)), "text")


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true, false", "tuple": "a list of texts"}
"""What a setting of a Python type is to somebody who writes it into migration.toml; any other is text."""


def open_workspace(path: str | Path = ".", **parameters: Any) -> OpenedWorkspace:
    """The workspace at `path`; run by the command line, this kernel from now on dies with that command.

    `parameters` of a batch run (`take_defaults`, `mask`) are looked at now, so that a word which is neither yes nor no is refused
    before any step runs. Raises ConfigError, also when there is no workspace, saying which cell to edit.
    """
    serve_command()
    os.umask(0o077)  # what this kernel writes holds client data: it is for its owner only
    for name, value in parameters.items():
        if name not in BATCH:
            raise ConfigError(f"there is no parameter {name}", hint=f"one of: {', '.join(BATCH)}")
        read(BATCH[name], value)
    folder = Path(path).resolve()
    if not (folder / CONFIG_NAME).exists():
        raise ConfigError(
            f"{folder} is no workspace: it has no {CONFIG_NAME}",
            hint="set `workspace` in the first cell to the folder that `pb2hl init` made, and run the cells again",
        )
    begun_anew()
    stops_in_a_sentence()
    return OpenedWorkspace(folder)


def init(
    path: str | Path, *, export: str | Path, location: str, base_url: str = BASE_URL, **settings: Any
) -> OpenedWorkspace:
    """Make a workspace for one migration; `settings` are those of migration.toml (country, timezone, currency, …)."""
    body = {
        "export": str(existing_export(Path(export)).resolve()),
        "location": location,
        "base_url": base_url,
        **settings,
    }
    Workspace.create(path, parse_config(body, "the call"))
    return OpenedWorkspace(path)


def tables(ws: Workspace) -> pd.DataFrame:
    """Every staged table of `ws`: its rows, columns and files."""
    return OpenedWorkspace(ws.path).tables


def table(ws: Workspace, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    """The staged table `name` as a frame: each record with its source file, sheet and row; `columns` may ask for `row_hash` too."""
    frame = ws.table(name, columns)
    return frame if columns else frame.drop(columns="row_hash", errors="ignore")


def explore(ws: Workspace, name: str) -> TableBrowser:
    """The staged table `name` in a browser with facets."""
    return OpenedWorkspace(ws.path).explore(name)


def heads(ws: Workspace, rows: int = 5) -> Heads:
    """The first `rows` of every staged table of `ws`."""
    return OpenedWorkspace(ws.path).heads(rows)


def settings(ws: Workspace) -> pd.DataFrame:
    """Every setting of migration.toml with its value, what it may be and what it decides."""
    return OpenedWorkspace(ws.path).settings


def mapping_review(ws: Workspace, *, who: str = "") -> MappingReview:
    """Every mapping sheet in one review of tabs that count what is open; a click shows a column's values as they were exported."""

    def look(object_: str, heading: str) -> TableBrowser:
        frame = ws.table(object_)
        names = [
            name
            for name in ("source_id", f"{RAW_PREFIX}{heading}", "source_file", "source_row")
            if name in frame.columns
        ]
        return TableBrowser(
            frame[names].rename(columns={f"{RAW_PREFIX}{heading}": heading}), title=f"{object_}, {heading}"
        )

    return MappingReview(ws, who=who, look=look)
