"""What a step leaves behind: facts as plain data, which notebooks, the command line and reports all draw from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import Problem, Severity

FAILURE = "failed.json"
"""File beside a step's result that says what its last run failed with."""


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

    def told(self) -> str:
        """As one line: what went wrong, and what to do."""
        first = self.message.strip().splitlines()[0] if self.message.strip() else "no reason is known"
        return f"{first.rstrip('.')}. {self.hint[:1].upper()}{self.hint[1:]}" if self.hint else first

    def save(self, folder: Path) -> None:
        """Keep it in `folder`, unless a result was left there at or after its time."""
        left = StepResult.left_at(folder)
        if left < self.at:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / FAILURE).write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Failure | None:
        """The failure kept in `folder`, or None."""
        path = folder / FAILURE
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


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
        """Write `result.json` and one Parquet file a table into `folder` (made when missing)."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.parquet"):
            old.unlink()
        for name, table in self.tables.items():
            table.to_parquet(folder / f"{name}.parquet")
        body = json.dumps(self.as_json(), ensure_ascii=False, indent=1, default=str)
        temporary = folder / "result.json.tmp"
        temporary.write_text(body, encoding="utf-8")
        temporary.replace(folder / "result.json")
        (folder / FAILURE).unlink(missing_ok=True)

    @staticmethod
    def left_at(folder: Path) -> str:
        """When the result in `folder` was left; "" when there is none."""
        path = folder / "result.json"
        return str(json.loads(path.read_text(encoding="utf-8"))["at"]) if path.exists() else ""

    @classmethod
    def load(cls, folder: Path) -> StepResult | None:
        """The result saved in `folder`, or None when there is none."""
        path = folder / "result.json"
        if not path.exists():
            return None
        body = json.loads(path.read_text(encoding="utf-8"))
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in body["tables"]}
        problems = tuple(Problem(**{**item, "severity": Severity(item["severity"])}) for item in body["problems"])
        return cls(
            step=body["step"],
            status=Status(body["status"]),
            headline=body["headline"],
            counts=body["counts"],
            tables=tables,
            problems=problems,
            facts=body["facts"],
            next_step=body["next_step"],
            at=body["at"],
        )
