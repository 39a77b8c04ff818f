"""FLEET.csv: one row a location, and everything that is wrong with it at once; made from a folder of exports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.errors import ConfigError, Pb2hlError, Problem, Severity, SheetError
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold_marks
from pb2hl.workspace import BASE_URL, CONFIG_NAME, TOKEN_VARIABLE, Config, Workspace, parse_config

COLUMNS = ("workspace", "location", "token_variable", "export", "options")
"""Paths count from the CSV's folder. `token_variable` names a variable of the workers' environment. `options` are settings of
migration.toml, `key = value` with semicolons between them, those of a section as `policy.no_owner = accept`."""

FILE_NAME = "fleet.csv"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPORTS = (".zip", ".csv", ".xlsx", ".xls", ".json", ".sqlite", ".db")


@dataclass(frozen=True, slots=True)
class Member:
    """One location of a fleet: all that a worker is told, and no token."""

    row: int
    """As a spreadsheet shows it."""
    workspace: str
    location: str
    token_variable: str
    base_url: str = BASE_URL

    @property
    def name(self) -> str:
        """What people call it: the name of its workspace."""
        return Path(self.workspace).name

    def open(self) -> Workspace:
        """Its workspace."""
        return Workspace(self.workspace)


def read_fleet(path: Path | str) -> tuple[Member, ...]:
    """The members of the fleet in `path`, each with a workspace: it is made where there is none yet.

    Nothing is made unless every row is right: raises SheetError with the problems of all rows, by row and column.
    """
    path = Path(path).resolve()
    frame = read_sheet(path, COLUMNS)
    rows = [_Row(path, number, cells) for number, cells in enumerate(frame[list(COLUMNS)].to_dict("records"), start=2)]
    problems = [problem for row in rows for problem in row.problems]
    problems += _repeated(path, rows)
    if not rows:
        problems.append(Problem("fleet", "it names no location", Severity.CRITICAL, file=path.name))
    if problems:
        hint = f"mend the rows, then run it again; the columns are {', '.join(COLUMNS)}"
        raise SheetError(
            f"{path.name} has {counted(len(problems), 'problem')}; nothing was begun",
            hint=hint, problems=sorted(problems, key=lambda problem: (problem.row, problem.field)),
        )  # fmt: skip
    return tuple(row.member() for row in rows)


class _Row:
    """One row while it is looked at."""

    def __init__(self, path: Path, number: int, cells: Mapping[Any, Any]):
        self._file, self.number = path.name, number
        self.cells = {name: str(value).strip() for name, value in cells.items()}
        self.problems: list[Problem] = []
        self.folder = path.parent / self.cells["workspace"]
        self.config: Config | None = None
        for name in ("workspace", "location", "token_variable"):
            if not self.cells[name]:
                self._wrong(name, "is empty")
        self._look_at_token()
        if self.cells["workspace"]:
            self._look_at_workspace(path)

    def _wrong(self, field: str, message: str, treatment: str = "") -> None:
        self.problems.append(
            Problem("fleet", message, Severity.CRITICAL, self._file, row=self.number, field=field, treatment=treatment)
        )

    def _look_at_token(self) -> None:
        given = self.cells["token_variable"]
        if given and not _VARIABLE.fullmatch(given):  # it may be the token itself: never shown
            remedy = f"write the name of a variable that the workers' environment has, such as {TOKEN_VARIABLE}_ACME"
            self._wrong("token_variable", "is no name of a variable", remedy)

    def _look_at_workspace(self, path: Path) -> None:
        if (self.folder / CONFIG_NAME).exists():
            self._compare_with_workspace()
        elif self.folder.is_file():
            self._wrong("workspace", f"{self.cells['workspace']} is a file")
        elif not self.cells["export"]:
            self._wrong("export", "is empty, and the workspace is not made yet")
        elif not (export := path.parent / self.cells["export"]).exists():
            self._wrong("export", f"{self.cells['export']} does not exist")
        else:
            self._read_settings({"export": str(export.resolve())})

    def _compare_with_workspace(self) -> None:
        try:
            self.config = Workspace(self.folder).config
        except Pb2hlError as error:
            self._wrong("workspace", error.message)
            return
        if self.cells["location"] and self.config.location != self.cells["location"]:
            self._wrong("location", f"the workspace's migration.toml says {self.config.location}")

    def _read_settings(self, settings: dict[str, Any]) -> None:
        settings["location"] = self.cells["location"] or "?"
        for part in filter(None, (part.strip() for part in self.cells["options"].split(";"))):
            key, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals or key in ("location", "export"):
                self._wrong(
                    "options", f"{part!r} is no `key = value`" if not equals else f"{key} has a column of its own"
                )
                continue
            section, _, name = key.rpartition(".")
            (settings.setdefault(section, {}) if section else settings)[name] = value
        try:
            self.config = parse_config(settings, self._file)
        except ConfigError as error:
            for problem in error.problems:
                self._wrong("options", f"{problem.field}: {problem.message}")

    def member(self) -> Member:
        """The member, its workspace made."""
        assert self.config is not None
        if not (self.folder / CONFIG_NAME).exists():
            Workspace.create(self.folder, self.config)
        cells = self.cells
        folder = str(self.folder.resolve())
        return Member(self.number, folder, cells["location"], cells["token_variable"], self.config.base_url)


def _repeated(path: Path, rows: list[_Row]) -> list[Problem]:
    """Workspaces and locations that stand there twice: two migrations would write over each other."""
    found: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        base_url = row.config.base_url if row.config else ""
        for field, key in (
            ("workspace", str(row.folder.resolve())),
            ("location", f"{base_url} {row.cells['location']}"),
        ):
            if not row.cells[field]:
                continue
            first = seen.setdefault((field, key), row.number)
            if first != row.number:
                text = f"{row.cells[field]} already stands in row {first}"
                found.append(Problem("fleet", text, Severity.CRITICAL, path.name, row=row.number, field=field))
    return found


def init_fleet(folder: Path | str, *, out: Path | str = "") -> tuple[Path, int]:
    """Make a fleet's CSV of a folder of exports, one row for each folder, zip or file in it; (its path, rows that are new).

    Rows that stand there already are kept as they are. A person fills in the location of each row.
    """
    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise ConfigError(
            f"{folder} is no folder", hint="name the folder that holds the exports, one folder or .zip a client"
        )
    path = Path(out).resolve() if out else folder / FILE_NAME
    known = read_sheet(path, COLUMNS) if path.exists() else pd.DataFrame(columns=list(COLUMNS), dtype="str")
    there = {str((path.parent / export).resolve()) for export in known["export"] if export}
    exports = [
        item for item in sorted(folder.iterdir()) if _is_export(item) and item != path and str(item) not in there
    ]
    if not exports and known.empty:
        raise ConfigError(
            f"{folder} holds no export", hint="put each client's export there: a folder, a .zip or a file"
        )
    names = {name.casefold() for name in known["workspace"]}
    rows = [_new_row(item, path.parent, names) for item in exports]
    write_sheet(path, pd.concat([known, pd.DataFrame(rows, columns=list(COLUMNS))], ignore_index=True).fillna(""))
    return path, len(rows)


def _is_export(item: Path) -> bool:
    if item.name.startswith((".", "~")):
        return False
    if item.is_dir():
        workspaces = (item / CONFIG_NAME).exists() or any(item.glob(f"*/{CONFIG_NAME}"))
        return any(item.iterdir()) and not workspaces
    return item.suffix.lower() in _EXPORTS and item.name != FILE_NAME


def _new_row(export: Path, beside: Path, names: set[str]) -> dict[str, str]:
    plain = (
        re.sub(r"[^a-z0-9]+", "-", fold_marks(export.stem if export.is_file() else export.name)).strip("-") or "client"
    )
    name, number = plain, 2
    while f"workspaces/{name}" in names:
        name, number = f"{plain}-{number}", number + 1
    names.add(f"workspaces/{name}")
    shown = export.relative_to(beside) if export.is_relative_to(beside) else export
    variable = f"{TOKEN_VARIABLE}_{name.replace('-', '_').upper()}"
    return {
        "workspace": f"workspaces/{name}",
        "location": "",
        "token_variable": variable,
        "export": str(shown),
        "options": "",
    }


def described(count: int) -> str:
    """`3 locations`, with its verb."""
    return f"{counted(count, 'location')} {agree(count, 'is', 'are')}"
