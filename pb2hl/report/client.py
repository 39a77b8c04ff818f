"""What a client who pays for the migration reads first on the index: what became of everything, what is left to do, who signed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from pb2hl.register import AUDIT, DELTA, LOAD, REPAIR, SCHEMA, chapters_of
from pb2hl.report.drawing.balance import BALANCED, LEFT_OUT, TITLE, balance
from pb2hl.report.drawing.charts import stacked
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Brand, Section, Step
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.status import MigrationState
from pb2hl.results import StepResult
from pb2hl.steps.balance.balance import OF_SERIES
from pb2hl.steps.balance.pieces import MERGED, OPEN_FATES, RECORDS, Fate
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

Results = Mapping[str, StepResult | None]
_BALANCING = (AUDIT, REPAIR, DELTA, LOAD)
"""The steps that say what became of everything, those that look first where two ended in the same second."""
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml", ".webp": "image/webp"}  # fmt: skip


def brand(ws: Workspace) -> Brand:
    """The agency's name, logo and colour as migration.toml gives them; a logo that is not there or no picture is left out."""
    agency = ws.config.agency
    path = ws.path / agency.logo
    kind = _PICTURES.get(path.suffix.lower(), "")
    logo = ""
    if agency.logo and kind and path.is_file():
        logo = f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    return Brand(agency.name, logo, agency.colour)


def by_object(results: Results, evidence: Evidence, migration: MigrationState) -> Section | None:
    """What became of the records of each object, by the latest step that drew a balance; every kind of piece, and what was left out by whom,
    fold below. Nothing once the migration was taken back."""
    found = latest_balance(results, migration)
    if found is None:
        return None
    table, every = records_by_object(found), balance(evidence, found.tables["balance"])
    left = found.tables.get("left_out", pd.DataFrame())
    inner = (
        [replace(every, title="Links, owners, tags and files as well", blurb="", chart=None, folded=True)]
        if every
        else []
    )
    if len(left):
        drawn = evidence.table("left_out", left, caption=LEFT_OUT, columns=tuple(left.columns))
        inner.append(Section(LEFT_OUT, table=drawn, folded=True))
    if table.empty:
        return replace(every, sections=tuple(inner[1:])) if every else None
    met = [name for name in table.columns[2:] if table[name].sum() or name == "arrived"]
    names = {name: "to do" if name == "open" else name.replace("_", " ") for name in met}
    series = {names[name]: [float(n) for n in table[name]] for name in met}
    label = "; ".join(f"{line['object']}: " + ", ".join(f"{line[name]:,} {names[name]}" for name in met if line[name]) for line in table.to_dict("records"))  # fmt: skip
    chart = stacked(table["object"].tolist(), series, {names[name]: SHADES[name] for name in met})
    drawn = evidence.table(
        "by_object",
        table[["object", "expected", *met]],
        caption="Records by object",
        labels={"expected": "Asked for", "open": "To do"},
    )
    blurb = "Every record that the export asks for is in exactly one column; only what arrived, and what a named person merged or left out, is settled."
    return Section(TITLE, f"{blurb}{_of_series(found)}", drawn, chart, label, sections=tuple(inner))


def series_of(result: StepResult) -> dict[str, int]:
    """{rows, times}: appointments of the export that take place several times, and the times, each a record of its own; {} where none is."""
    rows, times = (int(result.counts.get(name, 0)) for name in OF_SERIES)
    return {"rows": rows, "times": times} if rows else {}


def _of_series(result: StepResult) -> str:
    found = series_of(result)
    if not found:
        return ""
    rows, times = found["rows"], found["times"]
    return f" {counted(rows, 'appointment')} of the export {agree(rows, 'takes', 'take')} place several times: {agree(rows, 'its', 'their')} {counted(times, 'time')} are appointments of their own in HighLevel, and are asked for one by one."


SHADES = {"arrived": "arrived", "merged": "merged into", "left_out": "left out", "refused": "refused", "open": "held"}
"""Fate of a record as the index tells it → the series whose colour it has on the other pages."""


def records_by_object(result: StepResult) -> pd.DataFrame:
    """A row an object: its records of the export, and how many of them met which fate (`SHADES`), as `result` balanced them."""
    balance, left_out = result.tables["balance"], result.tables.get("left_out")
    own = balance[balance["what"] == RECORDS].groupby("object", sort=False).sum(numeric_only=True)
    merged = _merged(left_out).reindex(own.index, fill_value=0)
    columns = {
        "expected": own["expected"],
        "arrived": own["arrived"],
        "merged": merged,
        "left_out": own["left out"] - merged,
        "refused": own["refused"],
        "open": own[[str(fate) for fate in OPEN_FATES if fate != Fate.REFUSED]].sum(axis=1),
    }
    return pd.DataFrame(columns).astype(int).reset_index()


def _merged(left_out: pd.DataFrame | None) -> pd.Series:
    if left_out is None or left_out.empty:
        return pd.Series(dtype=int)
    own = left_out[(left_out["why"] == MERGED) & (left_out["what"] == RECORDS)]
    return own.groupby("object")["count"].sum()


def latest_balance(results: Results, migration: MigrationState) -> StepResult | None:
    """The latest result whose table `balance` says what became of everything; None where nothing was loaded, or all of it was taken back."""
    found = [result for step in _BALANCING if (result := results.get(step.result())) is not None and _balances(result)]
    return max((one for one in found if not migration.taken_back(one)), key=lambda one: one.at, default=None)


def _balances(result: StepResult) -> bool:
    table = result.tables.get("balance", pd.DataFrame())
    return set(table.columns) >= BALANCED and not table.empty


@dataclass(frozen=True, slots=True)
class Remaining:
    """One thing that remains to be done: what (a key of `BY`), how many, the report that lists them, and
    since when it waits (the moment, UTC, of the step that found it)."""

    what: str
    count: int = 0
    href: str = ""
    since: str = ""


def remaining(results: Results, migration: MigrationState) -> list[Remaining]:
    """What remains to be done; the counts are those of the reports."""
    latest = max((result.at for result in results.values() if result is not None), default="")
    found = [Remaining("goes_on", since=latest)] if migration.following else []
    schema = results.get(SCHEMA.result())
    if schema is not None and not migration.taken_back(schema):
        hand = len(schema.tables.get("instructions", ())) + len(schema.tables.get("click_list", ()))
        flows = len(schema.tables.get("workflows", ()))
        found += [Remaining("by_hand", hand, "schema.html", schema.at)] if hand else []
        found += [Remaining("workflows", flows, "schema.html", schema.at)] if flows else []
    later = results.get(DELTA.result())
    if later is not None and not migration.taken_back(later) and (clashes := len(later.tables.get("conflicts", ()))):
        found.append(Remaining("conflicts", clashes, f"{chapters_of(DELTA.result())[0].file}.html", later.at))
    asked = latest_balance(results, migration)
    if asked is not None and (count := len(asked.tables.get("open", ()))):
        found.append(Remaining("open_pieces", count, f"{chapters_of(asked.step)[0].file}.html", asked.at))
    return found


BY = {
    "goes_on": ("analyst", "next", "warn"),
    "by_hand": ("administrator", "by hand", "mute"),
    "workflows": ("administrator", "after the load", "mute"),
    "conflicts": ("analyst", "to decide", "warn"),
    "open_pieces": ("analyst", "open", "bad"),
}
"""Who does it, when, and its tone."""


def to_do(results: Results, mask: Mask, migration: MigrationState) -> Section | None:
    """What remains to be done, and by whom."""
    steps = []
    for item in remaining(results, migration):
        who, state, tone = BY[item.what]
        text = mask.text(_sentence(item, migration))
        steps.append(Step(f"The {who}", text, state, tone, item.href, item.since))
    title, blurb = "What remains to be done, and by whom", "With the moment since when each waits."
    return Section(title, blurb, steps=tuple(steps)) if steps else None


def _sentence(item: Remaining, migration: MigrationState) -> str:
    n = item.count
    if item.what == "by_hand":
        return f"{counted(n, 'thing')} {agree(n, 'is', 'are')} clicked by hand, for no API does it: the schema report lists each."
    if item.what == "workflows":
        return f"{counted(n, 'workflow')} {agree(n, 'was', 'were')} to be paused for the load: publish {agree(n, 'it', 'them')} again once it is done."
    if item.what == "conflicts":
        return f"{counted(n, 'value')} {agree(n, 'was', 'were')} changed in Perfect Books and in HighLevel: HighLevel's {agree(n, 'stays', 'stay')} until it is decided in sheets/conflicts.csv."
    if item.what == "open_pieces":
        step = item.href.removesuffix(".html")
        return f"{counted(n, 'piece')} of the export neither arrived nor {agree(n, 'was', 'were')} left out: {step} lists each with its reason."
    return migration.following
