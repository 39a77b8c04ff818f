"""Duplicates and companies: how sure the proposals are, and the proposals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pb2hl.report.drawing.charts import lines, stacked
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.page import Section
from pb2hl.results import StepResult
from pb2hl.steps.prepare.match import merge_lines
from pb2hl.steps.prepare.match_told import told
from pb2hl.values.counting import counted

ESSENTIAL = ("How sure the matches are", "What was decided, by whom", "Duplicate contacts")
"""Sections that the notebook shows where the step ran."""

_DRAWN = {"duplicates", "companies", "score_histogram", "thresholds", "cluster_sizes"}
_KINDS = ("contacts", "companies")


def draw(context: Context) -> tuple[list[Section], set[str]]:
    """The sections of the match report."""
    found = [
        context.section(
            "duplicates",
            "Duplicate contacts",
            "One row a source record of a cluster; none is merged without a decision.",
        ),
        context.section("companies", "Companies", "Companies of one domain or name, and the parent of each."),
        _decisions(context),
        _scores(context),
        *(_thresholds(context, kind) for kind in _KINDS),
        _sizes(context),
    ]
    return [part for part in found if part], _DRAWN


def _decisions(context: Context) -> Section | None:
    """What was merged and kept apart, and by whom."""
    sheets = [
        context.frame(name).assign(object=kind)
        for name, kind in (("duplicates", "contacts"), ("companies", "companies"))
    ]
    every = pd.concat([sheet for sheet in sheets if {"decision", "who", "cluster"} <= set(sheet.columns)] or [pd.DataFrame({"decision": []})])  # fmt: skip
    made = every[every["decision"].fillna("") != ""]
    if made.empty:
        return None
    grouped = made.groupby(["object", "decision", "who"], sort=False)
    table = grouped.agg(rows=("source_id", "size"), clusters=("cluster", "nunique")).reset_index()
    chart = stacked(table["object"].unique().tolist(), {
        str(decision): [int(table.loc[(table["decision"] == decision) & (table["object"] == kind), "rows"].sum()) for kind in table["object"].unique()]
        for decision in table["decision"].unique()
    })  # fmt: skip
    label = "; ".join(f"{row.rows} {row.object} rows: {row.decision}, by {row.who}" for row in table.itertuples())
    return Section(
        "What was decided, by whom", "", context.evidence.table("decided", table, caption="Decisions"), chart, label
    )


def _limits(context: Context) -> dict[str, float]:
    """The scores (0-1) from which a person is asked (`low`) and from which merges are proposed: one `high`, or one an object."""
    lines = merge_lines(context.ws)
    high = (
        {"high": lines["contacts"]}
        if len(set(lines.values())) == 1
        else {f"{name} high": at for name, at in lines.items()}
    )
    return {"low": context.ws.config.thresholds.match_low, **high}


def _highs(limits: dict[str, float]) -> str:
    return " and ".join(
        f"{at:g}" + (f" ({name.removesuffix(' high')})" if name != "high" else "")
        for name, at in limits.items()
        if name != "low"
    )


def _scores(context: Context) -> Section | None:
    scores = context.frame("score_histogram")
    if not {"object", "from", "to", "pairs"} <= set(scores.columns) or not len(scores):
        return None
    limits = _limits(context)
    pivot = scores.pivot_table(index=["from", "to"], columns="object", values="pairs", aggfunc="sum", fill_value=0)
    filled = pivot.index[pivot.sum(axis="columns") > 0]
    if not len(filled):
        return None
    inside = pivot.loc[filled[0] : filled[-1]]
    labels = [
        f"{low:.2f} – {top:.2f}"
        + "".join(f"  ◂ {name} {limit:g}" for name, limit in limits.items() if low <= limit < top)
        for low, top in inside.index
    ]
    sums = {str(name): inside[name].tolist() for name in inside.columns}
    span = f"All of them score {filled[0][0]:g} to {filled[-1][1]:g}." if len(filled) == 1 else ""
    return Section(
        "How sure the matches are",
        f"{_pairs_found(sums)} by match score, 0 to 1. From {_highs(limits)} up a merge is proposed; from {limits['low']:g} "
        f"to there a person decides; below, nobody is asked. {span}".rstrip(),
        context.evidence.table("score_histogram", scores, caption="Pairs by score"),
        None if len(filled) == 1 else stacked(labels, sums),
        "Pairs by score from low to high, with the thresholds",
        folded=True,
    )


def _pairs_found(sums: Mapping[str, Sequence[float]]) -> str:
    return " and ".join(f"{counted(int(sum(pairs)), 'candidate pair')} of {name}" for name, pairs in sums.items())


def _thresholds(context: Context, kind: str) -> Section | None:
    every = context.frame("thresholds")
    if not {"object", "threshold", "precision", "recall"} <= set(every.columns):
        return None
    table = every[every["object"] == kind].reset_index(drop=True)
    if table.empty or not table["pairs"].sum():
        return None
    chart = lines(
        table["threshold"].tolist(),
        {"precision": table["precision"].tolist(), "recall": table["recall"].tolist()},
        marks={"low": _limits(context)["low"], "high": merge_lines(context.ws).get(kind, 1.0)},
        label="threshold",
    )
    return Section(
        f"What another threshold would do: {kind}",
        "Share of the pairs above each threshold that are matches (precision), and share of all matches that lie above it "
        f"(recall), {_reasons_by(context, kind)}.",
        context.evidence.table(f"thresholds_{kind}", table, caption=f"Estimated precision and recall, {kind}"),
        chart,
        f"Estimated precision and recall of {kind} by threshold",
        folded=True,
    )


def _reasons_by(context: Context, kind: str) -> str:
    """Where the estimate comes from: the scores alone, or the decisions of the review."""
    reviews = context.frame("review")
    found = reviews[(reviews["object"] == kind) & (reviews["shift"] != 0)] if "shift" in reviews.columns else reviews
    if not len(found):
        return "as fields tell that had no say in the score; where `known` is false too few pairs can tell, and the scores speak for themselves"
    review = found.iloc[0]
    text = f"re-estimated from {counted(int(review['pairs']), 'decided pair')}, of which {int(review['confirmed'])} were merged"
    known = pd.notna(review["threshold"])
    return text + (f"; from {review['threshold']:g} up 99 of 100 pairs are matches" if known else "")


def _sizes(context: Context) -> Section | None:
    sizes = context.frame("cluster_sizes")
    if not {"object", "rows", "clusters"} <= set(sizes.columns) or not len(sizes):
        return None
    pivot = _folded(sizes).pivot_table(index="order", columns="object", values="clusters", aggfunc="sum", fill_value=0)
    labels = [f"{rows} rows" if rows < _LARGE else f"{_LARGE} rows and more" for rows in pivot.index]
    chart = stacked(labels, {str(name): pivot[name].tolist() for name in pivot.columns})
    return Section(
        "How large the clusters are",
        "Clusters proposed to merge, by how many rows each has. A very large one deserves a look.",
        context.evidence.table("cluster_sizes", sizes, caption="Clusters by number of rows"),
        chart,
        "Clusters by number of rows",
        folded=True,
    )


_LARGE = 12


def _folded(sizes: pd.DataFrame) -> pd.DataFrame:
    return sizes.assign(order=sizes["rows"].clip(upper=_LARGE))


def _people(result: StepResult) -> StepResult:
    return _kind(result, "contacts", "contact", drop={"companies", "cycles"})


def _companies(result: StepResult) -> StepResult:
    return _kind(result, "companies", "company", drop={"duplicates"})


def _kind(result: StepResult, kind: str, noun: str, drop: set[str]) -> StepResult:
    """The match of one kind of record; tables with a column `object` keep the rows of that kind."""
    other = {"contact": "compan", "company": "contact"}[noun]
    counts = {name: value for name, value in result.counts.items() if not name.startswith(other)}
    tables = {name: _of(frame, kind) for name, frame in result.tables.items() if name not in drop}
    problems = tuple(item for item in result.problems if noun == "company" or item.code not in _OF_COMPANIES)
    return replace(result, headline=told(counts, kind), counts=counts, tables=tables, problems=problems)


_OF_COMPANIES = {"parent_cycle"}


def _of(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    return frame[frame["object"] == kind].reset_index(drop=True) if "object" in frame.columns else frame


def extract(result: StepResult, file: str) -> StepResult:
    """The part of `result` that the report `file` is about: people or companies."""
    return _people(result) if file == "duplicates" else _companies(result)
