"""The index in the client's own language: the answer, what became of everything, what remains, who approved, and the way to the evidence.

Its facts are those of the English index; every word is of `client_words.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.register import chapters
from pb2hl.report.client import BY, SHADES, latest_balance, records_by_object, remaining, series_of
from pb2hl.report.drawing.charts import stacked
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Cell, Column, Page, Section, Step, Table
from pb2hl.report.index import GATE_TONES, results_now, steps_of
from pb2hl.report.status import MigrationState
from pb2hl.steps.balance.pieces import MERGED, OPEN_FATES, RECORDS
from pb2hl.workspace import Workspace

ENGLISH = "en"
EVIDENCE = "evidence.html"
"""The English index, where the index itself is in another language."""
_CATALOGUE = Path(__file__).with_name("client_words.toml")


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The words by language."""
    return tomllib.loads(_CATALOGUE.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str

    def say(self, name: str, **parts: Any) -> str:
        """The sentence `name` with its parts; whole numbers as the language writes them."""
        shown = {key: self.number(part) if isinstance(part, int) else part for key, part in parts.items()}
        return str(catalogue()[self.language][name]).format(**shown)

    def number(self, value: int) -> str:
        """A whole number with the language's sign between thousands."""
        return f"{value:,}".replace(",", str(catalogue()[self.language]["thousands"]))

    def name(self, of: str) -> str:
        """An object, gate or report; one that only this migration has keeps its own name."""
        return str(catalogue()[self.language]["names"].get(of, of))

    def state(self, of: str) -> str:
        """A state of a step or gate."""
        return str(catalogue()[self.language]["states"].get(of, of))

    def moment(self, at: str) -> str:
        """A moment (ISO 8601, UTC) as the language writes it; "" for none."""
        return f"{datetime.fromisoformat(at):{catalogue()[self.language]['date']}}" if at else ""


def client_page(ws: Workspace, index: Page, mask: Mask, folder: Path, migration: MigrationState) -> tuple[Page, Words]:
    """The page in the language of migration.toml, with its words; `index` is the English one, whose state and head it shares."""
    words, results = Words(ws.config.agency.language), results_now(ws)
    left = latest_balance(results, migration)
    table = records_by_object(left) if left is not None else pd.DataFrame()
    total = {str(name): int(n) for name, n in table.drop(columns="object").sum().items()} if len(table) else {}
    steps = steps_of(results, mask, folder, migration)
    parts = (
        _became(words, table, series_of(left) if left is not None else {}),
        _hangs_on(words, left.tables["balance"]) if left is not None else None,
        _left_out(words, left.tables.get("left_out"), mask) if left is not None else None,
        _to_do(words, remaining(results, migration)),
        _approvals(words, migration, mask),
        _evidence(words, steps),
    )
    page = replace(
        index,
        title=words.say("title"),
        kicker=f"{words.say('location')} {ws.config.location}",
        headline=_headline(words, index.status, total),
        status=words.state(index.status),
        figures=tuple((words.say(name), words.number(n)) for name, n in total.items()),
        sections=tuple(part for part in parts if part is not None),
    )
    return page, words


def _headline(words: Words, state: str, total: Mapping[str, int]) -> str:
    name = state.replace(" ", "_")
    if not total and name in {"complete", "under_way", "needs_attention"}:
        name = "trouble" if name == "needs_attention" else "begun"
    return words.say(name, **total)


def _table(words: Words, caption: str, frame: pd.DataFrame) -> Table:
    """`frame` with its headings, and the names in its cells, in the language."""
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
    columns = tuple(Column(words.say(str(name)), number) for name, number in zip(frame.columns, numeric, strict=True))
    rows = tuple(
        tuple(Cell(words.number(int(value)) if number else str(value)) for value, number in zip(row, numeric, strict=True))
        for row in frame.itertuples(index=False)
    )  # fmt: skip
    return Table(caption, columns, rows, len(frame))


def _became(words: Words, table: pd.DataFrame, series: Mapping[str, int]) -> Section | None:
    """`series` as of `client.series_of`."""
    if table.empty:
        return None
    met = [name for name in table.columns[2:] if table[name].sum() or name == "arrived"]
    shown = table[["object", "expected", *met]].assign(object=table["object"].map(words.name))
    columns = {words.say(name): [float(n) for n in table[name]] for name in met}
    label = "; ".join(
        f"{line['object']}: " + ", ".join(f"{words.say(name)} {words.number(line[name])}" for name in met if line[name])
        for line in shown.to_dict("records")
    )
    chart = stacked(list(shown["object"]), columns, {words.say(name): SHADES[name] for name in met}, words.number)
    blurb = words.say("became_blurb") + (f" {words.say('series', **series)}" if series else "")
    return Section(words.say("became"), blurb, _table(words, words.say("became"), shown), chart, label)


def _hangs_on(words: Words, balance: pd.DataFrame) -> Section | None:
    """Links, owners, tags and files: what was asked for, what arrived."""
    rest = balance[balance["what"] != RECORDS]
    if rest.empty:
        return None
    sums = rest.groupby("what", sort=False).sum(numeric_only=True)
    columns = {
        "what": sums.index.map(words.name),
        "expected": sums["expected"],
        "arrived": sums["arrived"],
        "left_out": sums["left out"],
        "open": sums[[str(fate) for fate in OPEN_FATES]].sum(axis=1),
    }
    return Section(
        words.say("more_became"),
        table=_table(words, words.say("more_became"), pd.DataFrame(columns).reset_index(drop=True)),
    )


def _left_out(words: Words, table: pd.DataFrame | None, mask: Mask) -> Section | None:
    if table is None or table.empty:
        return None
    how = (table["why"] == MERGED).map({True: words.say("merged"), False: words.say("left_out")})
    own = pd.DataFrame(
        {
            "object": table["object"].map(words.name),
            "what": table["what"].map(words.name) + ", " + how.str.lower(),
            "who": table["who"].map(lambda who: mask.text(str(who))),
            "count": table["count"],
        }
    )
    sums = own.groupby(["object", "what", "who"], sort=False)["count"].sum().reset_index()
    return Section(words.say("left_out_by"), table=_table(words, words.say("left_out_by"), sums))


def _to_do(words: Words, items: list[Any]) -> Section | None:
    steps = []
    for item in items:
        who, state, tone = BY[item.what]
        steps.append(
            Step(
                words.say(who),
                words.say(item.what, n=item.count),
                words.state(state),
                tone,
                item.href or EVIDENCE,
                item.since,
            )
        )
    return Section(words.say("what_remains"), words.say("what_remains_blurb"), steps=tuple(steps)) if steps else None


def _approvals(words: Words, migration: MigrationState, mask: Mask) -> Section:
    steps = []
    for gate, row in migration.gates.items():
        text = ""
        if row.get("who"):
            text = words.say("approved_by", who=mask.text(row["who"]), hash=row["hash"][:12])
            text += f", {words.say('forced')}" if row.get("forced") else ""
        tone = GATE_TONES.get(row["state"], "mute")
        steps.append(Step(words.name(gate), text, words.state(row["state"]), tone, at=row.get("at") or ""))
    return Section(words.say("approvals"), words.say("approvals_blurb"), steps=tuple(steps))


def _evidence(words: Words, english: Section) -> Section:
    """Each step's state and report, without the sentences that only the English reports have."""
    steps = [
        replace(step, title=words.name(item.file), text="", state=words.state(step.state))
        for item, step in zip(chapters(), english.steps, strict=True)
    ]
    steps.append(Step(words.say("all_reports"), href=EVIDENCE))
    return Section(words.say("evidence"), words.say("evidence_blurb"), steps=tuple(steps))
