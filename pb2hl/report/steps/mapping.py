"""Mapping and owners: where every column, stage, owner, tag and picklist value goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl.report.drawing.charts import stacked
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.held import with_held
from pb2hl.report.drawing.page import Section
from pb2hl.report.drawing.parts import Drawn, Part, goes_to, sections
from pb2hl.results import StepResult
from pb2hl.values.counting import agree, counted

_DECIDED = ("decision", "who", "when", "comment")
PARTS = (
    Part("owners", "Owners", "Who owns the records, and which user of HighLevel takes them.", ("owner", "name", "email", "active", "records", "user_email", "match", "reason", *_DECIDED), ("match", "", "")),
    Part("stages", "Pipelines and stages", "Every stage of the source, and where its deals go.", ("pipeline", "stage", "outcome", "deals", "target_pipeline", "target_stage", "status", "confidence", "reason", *_DECIDED)),
    Part("custom_fields", "Custom fields for the export's own columns", "Those that Perfect Books' users added. What else has no field of HighLevel's own gets one too: the schema report has every field that is made."),
    Part("fields", "Every column", "Where each column goes; a low confidence deserves a look.", ("object", "column", "examples", "target", "label", "type", "confidence", "reason", *_DECIDED), ("object", "goes_to", "")),
    Part("tags", "Tags", "HighLevel keeps tags in lower case; spellings that differ only so become one.", ("object", "tag", "count", "target", "reason", *_DECIDED)),
    Part("picklists", "Picklist values", "", ("object", "field", "value", "count", "option", "reason", *_DECIDED)),
    Part("transforms", "How values are rewritten", "Before and after, with what could not be converted."),
    Part("lapsed", "Decisions that lapsed", "Decided for an earlier export and not taken over: by whom, and why."),
)  # fmt: skip

ESSENTIAL = ("Where columns go, and how sure that is",)
"""Sections that the notebook shows where the step ran."""


def summary(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """What it came to, in sentences for the client."""
    without = counts.get("owners without a user", 0)
    return [
        _places(tables.get("fields")),
        f"{counted(without, 'owner')} {agree(without, 'has', 'have')} no user in HighLevel; the owners page says where their records go." if without else "Every owner has a user.",
    ]  # fmt: skip


def _places(fields: pd.DataFrame | None) -> str:
    """How many columns go where; the figures add up to all of them."""
    if fields is None or not {"object", "target", "decision"} <= set(fields.columns):
        return ""
    places = goes_to(fields).value_counts()
    told = ", ".join(f"{place} {count:,}" for place, count in places.items())
    return f"Where the {counted(len(fields), 'column')} of the export {agree(len(fields), 'goes', 'go')}: {told}."


def draw(context: Context) -> Drawn:
    """The sections of the mapping's reports."""
    found, used = with_held(context, sections(context, PARTS))
    certain = _certainty(context)
    return [*([certain] if certain else []), *found], used | {
        "problems"
    }  # the page lists the result's problems already


LIKELY = 0.6
"""Confidence from which a proposal that is not sure is called likely."""
BANDS = ("decided by a person", "sure", "likely", "doubtful", "undecided")


def _certainty(context: Context) -> Section | None:
    """Columns by where they go, and by how sure that is."""
    fields, limits = context.frame("fields"), context.ws.config.thresholds
    if not {"decision", "confidence", "who"} <= set(fields.columns) or fields.empty:
        return None
    sure = pd.to_numeric(fields["confidence"], errors="coerce").fillna(0)
    band = pd.Series("doubtful", index=fields.index)
    band[sure >= LIKELY] = "likely"
    band[sure >= limits.mapping_high] = "sure"
    band[~fields["who"].fillna("").isin(("", "proposal"))] = BANDS[0]
    band[fields["decision"].fillna("") == ""] = BANDS[-1]
    counts = pd.crosstab(goes_to(fields), band)
    bands = [name for name in BANDS if name in counts.columns]
    chart = stacked(list(counts.index), {name: counts[name].tolist() for name in bands})
    label = "Columns by where they go: " + "; ".join(f"{place}: " + ", ".join(f"{row[name]} {name}" for name in bands if row[name]) for place, row in counts.iterrows())  # fmt: skip
    blurb = f"Sure: a confidence of {limits.mapping_high:g} and more; likely: {LIKELY:g} and more; the rest deserves a look."
    return Section("Where columns go, and how sure that is", blurb, chart=chart, chart_label=label)


def _mapping(result: StepResult) -> StepResult:
    return replace(result, tables={name: frame for name, frame in result.tables.items() if name != "owners"})


def _owners(result: StepResult) -> StepResult:
    owners = result.tables.get("owners", pd.DataFrame(columns=["user_email", "records"]))
    matched = owners["user_email"].fillna("").astype("str") != ""
    records = pd.to_numeric(owners["records"], errors="coerce").fillna(0).astype("int64")
    counts = {
        "owners": len(owners),
        "with_a_user": int(matched.sum()),
        "without_a_user": int((~matched).sum()),
        "records": int(records.sum()),
        "records_of_owners_without_a_user": int(records[~matched].sum()),
    }
    return replace(
        result,
        headline=_owners_line(counts),
        counts=counts,
        tables={"owners": owners},
        problems=tuple(item for item in result.problems if item.code.startswith("owner")),
        facts={},
    )


def _owners_line(counts: Mapping[str, int]) -> str:
    if not counts["owners"]:
        return "The export names no owners: every record goes to the fallback owner, or to nobody where there is none."
    if not counts["without_a_user"]:
        return f"All {counts['owners']:,} owners have their user in HighLevel."
    return (
        f"{counts['with_a_user']:,} of {counts['owners']:,} owners have their user in HighLevel; "
        f"{counted(counts['records_of_owners_without_a_user'], 'record')} of the others go where the table says."
    )


def extract(result: StepResult, file: str) -> StepResult:
    """The part of `result` that the report `file` is about: the owners, or all the rest."""
    return _owners(result) if file == "owners" else _mapping(result)
