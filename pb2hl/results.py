"""What a step leaves behind: facts as plain data, which notebooks, the command line and reports all draw from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import Damaged, Problem, Severity
from pb2hl.whole import read_frame, read_json, write_frame, write_json

FAILURE = "failed.json"
"""File beside a step's result that says what its last run failed with."""

RESULT = "result.json"
_TABLES = "tables-"
"""Start of the name of the folder that holds a result's tables: a new one each time, named by the result, so that a result and
its tables are replaced together or not at all."""


class Status(StrEnum):
    """How a step ended."""

    DONE = "done"
    NOTHING_TO_DO = "nothing to do"
    WAITING = "waiting"  # for a person: an approval, an admin, a decision
    INCOMPLETE = "incomplete"  # it did what could be done, and not everything that was asked for is there; exit code 1
    FAILED = "failed"  # its checks failed; exit code 1


@dataclass(frozen=True, slots=True)
class Failure:
    """What the last run of a step failed with, kept beside the result that an earlier run left; the next result ends it."""

    message: str
    hint: str
    at: str

    def sentence(self) -> str:
        """As one line: what went wrong, and what to do."""
        first = self.message.strip().splitlines()[0] if self.message.strip() else "no reason is known"
        return f"{first.rstrip('.')}. {self.hint[:1].upper()}{self.hint[1:]}" if self.hint else first

    def save(self, folder: Path) -> None:
        """Keep it in `folder`, unless a result was left there at or after its time."""
        left = StepResult.left_at(folder)
        if left < self.at:
            write_json(folder / FAILURE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Failure | None:
        """The failure kept in `folder`, or None."""
        path = folder / FAILURE
        if not path.exists():
            return None
        body = read_json(path, f"delete {path}, and run the step again")
        return cls(*(str(body.get(name, "")) for name in ("message", "hint", "at")))


_SMALL = 100_000
"""Bytes up to which the tables of results that were read last stay in memory: an index draws the same ones for every page."""


@lru_cache(maxsize=64)
def _kept(path: Path, file_number: int, written_at: int, hint: str) -> pd.DataFrame:
    """The table in `path` as it was written at that moment; such a file is written once and never changed."""
    return read_frame(path, hint)


class _Tables(Mapping[str, pd.DataFrame]):
    """The tables of a saved result, each read when it is first asked for."""

    def __init__(self, folder: Path, names: tuple[str, ...], hint: str):
        self._folder, self._names, self._hint = folder, names, hint
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            path = self._folder / f"{name}.parquet"
            if not path.exists():
                raise Damaged(f"{path} is missing", hint=self._hint)
            found = path.stat()
            small = found.st_size <= _SMALL and bool(found.st_ino)
            self._read[name] = (
                _kept(path, found.st_ino, found.st_mtime_ns, self._hint).copy(deep=False)
                if small
                else read_frame(path, self._hint)
            )
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class StepResult:
    """The outcome of one step.

    `headline` is one plain sentence for a client. `counts` are the figures that `--json` and `status` print (flat,
    JSON-able). `tables` is the evidence, each a DataFrame a report can show. `facts` is anything else, JSON-able.
    """

    step: str
    status: Status
    headline: str
    counts: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    next_step: str = ""
    at: str = field(default_factory=lambda: stamp(SYSTEM_CLOCK.now()))

    def as_json(self) -> dict[str, Any]:
        """Everything but the tables, as JSON-able data; each table is named with its number of rows."""
        return {
            "step": self.step,
            "status": str(self.status),
            "headline": self.headline,
            "counts": dict(self.counts),
            "tables": {name: len(table) for name, table in self.tables.items()},
            "problems": [problem.as_dict() for problem in self.problems],
            "facts": dict(self.facts),
            "next_step": self.next_step,
            "at": self.at,
        }

    def save(self, folder: Path) -> None:
        """Write `result.json` and one Parquet file a table below `folder` (made when missing), all together or nothing."""
        name = f"{_TABLES}{SYSTEM_CLOCK.now():%Y%m%dT%H%M%S%f}"
        try:
            for table, frame in self.tables.items():
                write_frame(folder / name / f"{table}.parquet", frame)
            write_json(folder / RESULT, {**self.as_json(), "tables_in": name}, indent=1)
        except BaseException:
            shutil.rmtree(folder / name, ignore_errors=True)
            raise
        (folder / FAILURE).unlink(missing_ok=True)
        for old in (*folder.glob(f"{_TABLES}*"), *folder.glob("*.parquet")):
            if old.is_file():
                old.unlink(missing_ok=True)
            elif old.name != name:
                shutil.rmtree(old, ignore_errors=True)

    @staticmethod
    def left_at(folder: Path) -> str:
        """When the result in `folder` was left; "" when there is none."""
        body = read_result(folder)
        return str(body["at"]) if body else ""

    @classmethod
    def load(cls, folder: Path) -> StepResult | None:
        """The result saved in `folder`, or None when there is none."""
        body = read_result(folder)
        if body is None:
            return None
        try:
            return cls(
                step=body["step"],
                status=Status(body["status"]),
                headline=body["headline"],
                counts=body["counts"],
                tables=_Tables(folder / body.get("tables_in", ""), tuple(body["tables"]), again(folder)),
                problems=tuple(
                    Problem(**{**item, "severity": Severity(item["severity"])}) for item in body["problems"]
                ),
                facts=body["facts"],
                next_step=body["next_step"],
                at=body["at"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"{folder / RESULT} is damaged: {error!r}", hint=again(folder)) from error


def again(folder: Path) -> str:
    """The way out of a damaged result in `folder`."""
    return f"delete {folder}, then run its step again: nothing that was loaded is sent twice"


def read_result(folder: Path) -> dict[str, Any] | None:
    """The body of the result saved in `folder`, without its tables; None when there is none. Raises Damaged."""
    path = folder / RESULT
    if not path.exists():
        return None
    body = read_json(path, again(folder))
    if "at" not in body:
        raise Damaged(f"{path} is damaged: it does not say when it was left", hint=again(folder))
    return body
