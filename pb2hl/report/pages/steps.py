"""Mapping, schema, load, delta, audit and rollback: which table comes first, under which name, with which chart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from pb2hl.report.charts import columns, stacked
from pb2hl.report.context import Context
from pb2hl.report.page import Section
from pb2hl.report.pages import diffs

ARRIVED = "arrived_"


@dataclass(frozen=True)
class Part:
    """One table of a result: its title, what it says, the columns shown (all when empty), and what its chart counts."""

    table: str
    title: str
    blurb: str = ""
    shown: tuple[str, ...] = ()
    chart: tuple[str, str, str] = ()  # (label column, series column, number column or "" for rows)
    checklist: bool = False


_DECIDED = ("decision", "who", "when", "comment")
PARTS: dict[str, tuple[Part, ...]] = {
    "mapping": (
        Part("owners", "Owners", "Who owns the records, and which user of HighLevel takes them.", ("owner", "name", "email", "active", "records", "user_email", "match", "reason", *_DECIDED), ("match", "", "")),
        Part("stages", "Pipelines and stages", "Every stage of the source, and where its deals go.", ("pipeline", "stage", "outcome", "deals", "target_pipeline", "target_stage", "status", "confidence", "reason", *_DECIDED)),
        Part("custom_fields", "Custom fields to make", "What HighLevel has no field of its own for."),
        Part("fields", "Every column", "Where each column goes; a low confidence deserves a look.", ("object", "column", "examples", "target", "label", "type", "confidence", "reason", *_DECIDED), ("object", "goes_to", "")),
        Part("tags", "Tags", "HighLevel keeps tags in lower case; spellings that differ only so become one.", ("object", "tag", "count", "target", "reason", *_DECIDED)),
        Part("picklists", "Picklist values", "", ("object", "field", "value", "count", "option", "reason", *_DECIDED)),
        Part("transforms", "How values are rewritten", "Before and after, with what could not be converted."),
        Part("lapsed", "Decisions that lapsed", "Decided for an earlier export and not taken over: by whom, and why."),
    ),
    "schema": (
        Part("diff", "What is made, what is there", "To make: missing in HighLevel. Exists: used as it is. Conflict: there, but of another type. Cannot: the token may not, see the instructions.", chart=("kind", "state", "")),
        Part("preflight", "Preflight", "Token, scopes, settings, allowance and clock, examined before anything is written."),
        Part("instructions", "Instructions for the administrator", "What the token may not do: do it by hand, then run the step again; it verifies."),
        Part("workflows", "Workflows to pause", "They are published and could fire when records are created.", checklist=True),
        Part("click_list", "To click by hand", "No API shows layouts and roles: tick each off.", checklist=True),
        Part("losses", "What goes elsewhere, and how many records", "Said before the load: HighLevel has no equal place for these."),
        Part("duplicate_opportunities", "Second open deals of one contact", "The location allows one opportunity a contact and pipeline."),
        Part("identity", "E-mails and phones held by two people", "HighLevel takes each once; the second person keeps it in a custom field."),
        Part("estimate", "Requests and time", "Of the whole migration, by step and what for. At most 100 in 10 seconds and 200,000 a day."),
        Part("verified", "Read back after making", "Each field, tag, pipeline and calendar as HighLevel holds it now."),
    ),
    "load": (
        Part("outcomes", "Outcomes by object", "Done: HighLevel holds it. Skipped: it was there, or a decision left it out. Refused: HighLevel's answer is below.", chart=("object", "state", "count")),
        Part("errors", "What was not sent or did not land", "With the reason or HighLevel's own answer, and the id of the request."),
        Part("losses", "Values HighLevel would not take"),
        Part("requests", "Requests planned and sent", "Planned before anything was written; sent until now, by step."),
    ),
    "delta": (
        Part("conflicts", "Conflicts", "Changed in the source and in HighLevel: HighLevel's value is kept until somebody decides in sheets/conflicts.csv."),
        Part("updates", "Values changed in the source", "", (), ("object", "field", "")),
        Part("new", "New records"),
        Part("removed", "Gone from the source", "Nothing is deleted in HighLevel for it without a decision."),
        Part("deleted", "Deleted by decision"),
        Part("errors", "What did not land"),
    ),
    "rollback": (
        Part("plan", "What is taken back", "The last made first; restore puts the values back that a record had before.", (), ("object", "action", "operations")),
        Part("kept", "Kept", "People have worked on these since, or they were there before: they stay, and why."),
        Part("outcomes", "Every operation", "", (), ("object", "outcome", "")),
    ),
    "audit": (
        Part("objects", "Expected and arrived", "Read back from HighLevel in full, by kind of record.", (), ("object", "", "arrived")),
    ),
}  # fmt: skip
_AUDIT_REST = (
    Part("unbalanced", "Not accounted for"),
    Part("not_landed", "What was not sent or did not land"),
    Part("in_doubt", "Outcome unknown"),
    Part("owners", "Owners"),
    Part("links", "Contacts linked to their business"),
    Part("tags", "Tags"),
    Part("class_counts", "Fields by class"),
)


def draw(context: Context) -> tuple[list[Section], set[str]]:
    """The sections of a step that is laid out in `PARTS`."""
    step = context.result.step
    found = [_section(context, part) for part in PARTS[step]]
    used = {part.table for part in PARTS[step]}
    if step == "load":
        found.insert(1, _rate(context))
        used.add("timeline")
    if step == "mapping":
        used.add("problems")  # the page lists the result's problems already
    if step in {"audit", "delta"}:
        more, names = diffs.draw(context)
        found += sorted(more, key=lambda part: not part.title.startswith("Zero loss"))
        used |= names
    if step == "audit":
        found += [_section(context, part) for part in _AUDIT_REST]
        used |= {part.table for part in _AUDIT_REST} | {t for t in context.result.tables if t.startswith(ARRIVED)}
    return [part for part in found if part is not None], used


def _section(context: Context, part: Part) -> Section | None:
    frame = context.frame(part.table)
    if frame.empty:
        return None
    told = context.section(part.table, part.title, part.blurb, columns=part.shown)
    if part.checklist and told is not None:
        shown = context.mask.frame(frame).astype("str")
        return replace(told, table=None, checklist=tuple(": ".join(row) for row in shown.itertuples(index=False)))
    drawn = frame.assign(goes_to=frame["decision"].map(_goes_to)) if part.table == "fields" else frame
    chart = _chart(context.mask.frame(drawn), part.chart) if part.chart else None
    return replace(told, chart=chart[0], chart_label=chart[1]) if told is not None and chart else told


def _goes_to(decision: str) -> str:
    """What a decision of the fields sheet means for a column, in a word for a chart."""
    return {"": "undecided", "custom": "custom field", "ignore": "left out"}.get(
        decision or "", "HighLevel's own field"
    )


def _chart(frame: pd.DataFrame, chart: tuple[str, str, str]) -> tuple | None:
    by, split, number = chart
    if not {name for name in chart if name} <= set(frame.columns):
        return None
    weights = frame[number] if number else pd.Series(1, index=frame.index)
    keys = [frame[by].astype("str"), frame[split].astype("str") if split else pd.Series("", index=frame.index)]
    counts = weights.groupby(keys).sum().unstack(fill_value=0)
    drawn = stacked(list(counts.index), {str(name): counts[name].tolist() for name in counts.columns})
    told = "; ".join(f"{name}: " + ", ".join(f"{n:.0f} {kind}".strip() for kind, n in row.items() if n) for name, row in counts.iterrows())  # fmt: skip
    return drawn, told


def _rate(context: Context) -> Section | None:
    frame = context.frame("timeline")
    if len(frame) < 2:
        return None
    chart = columns([str(at)[11:19] for at in frame["at"]], frame["operations"].tolist())
    peak = f"{int(frame['operations'].max()):,} at most, {int(frame['operations'].sum()):,} in all"
    table = context.evidence.table("timeline", frame, caption="Operations over time")
    return Section(
        "Operations over time",
        f"Finished in each interval: {peak}.",
        table,
        chart=chart,
        chart_label=f"Operations over time: {peak}",
        folded=True,
    )
