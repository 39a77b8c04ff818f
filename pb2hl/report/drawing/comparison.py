"""Sample, audit and delta: source, sent and stored side by side, by class and by record, and where every cell ended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pb2hl.report.drawing.charts import stacked
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.page import Section
from pb2hl.values.counting import counted

MOST_RECORDS = 60
"""Records with a view of their own, those with differences first."""
MOST_ROWS = 300
"""Fields in the table of all of them: the records below say the same side by side, and each row is nine cells that a browser draws."""
MOST_FIELDS = 6_000
"""Fields in all these views together; fewer where their texts are long (`tables.MOST_CHARACTERS`)."""
_SIDE_BY_SIDE = ("field", "source_columns", "source_value", "prepared", "sent", "stored", "class", "explanation")
_SHOWN = ("object", "source_id", *_SIDE_BY_SIDE)
"""The columns of the tables over all records; the CSV also has the id of each record in HighLevel."""
_LABELS = {"source_columns": "From columns", "source_value": "As exported", "prepared": "How it was prepared"}
_SAME = {"equal"}


def draw(context: Context) -> tuple[list[Section], set[str]]:
    """The sections of every table that compares fields, and of the zero-loss table."""
    found: list[Section] = []
    used: set[str] = set()
    for name, frame in context.result.tables.items():
        if {"field", "sent", "stored", "class"} <= set(frame.columns) and not frame.empty:
            found += _diff(context, name, frame)
            used.add(name)
        elif {"object", "bucket"} <= set(frame.columns) and not frame.empty:
            found.append(_zero_loss(context, name, frame))
            used.add(name)
    return found, used


def _diff(context: Context, name: str, frame: pd.DataFrame) -> list[Section]:
    """The comparison as a chart and tables; a frame that holds differences only is shown once, without record views."""
    by = "object" if "object" in frame.columns else "field"
    counts = pd.crosstab(frame[by].astype("str"), frame["class"].astype("str"))
    chart = stacked(list(counts.index), {str(column): counts[column].tolist() for column in counts.columns})
    label = "Fields by class: " + ", ".join(f"{n} {kind}" for kind, n in frame["class"].value_counts().items())
    facts = tuple((str(kind), str(n)) for kind, n in frame["class"].value_counts().items())
    blurb = (
        "Each value as exported, as sent and as HighLevel keeps it. Equal and normalised values (phone, case of tags and e-mails, "
        "HTML) are as they should be; changed, missing and extra ones are not, and say why."
    )
    different = frame[~frame["class"].isin(_SAME)]
    found = [Section("Fields compared", blurb, chart=chart, chart_label=label, facts=facts)]
    if len(different):
        table = context.evidence.table(
            f"{name}-differences",
            different,
            caption="Everything that is not simply equal",
            columns=_SHOWN,
            labels=_LABELS,
        )
        found.append(Section("Everything that is not simply equal", "Filter by class or object.", table))
    if len(different) < len(frame):
        found.append(
            Section(
                "All fields",
                table=context.evidence.table(
                    name, frame, caption="All fields", columns=_SHOWN, labels=_LABELS, most=MOST_ROWS
                ),
            )
        )
        records = _records(context, frame)
    else:
        records = ()
    if records:
        every = len(frame.groupby(["object", "source_id"]))
        sentence = f"{counted(len(records), 'record')} of {every:,}, those with differences first; the CSV of all fields has every one."
        found.append(Section("Record by record", sentence, records=records))
    return found


def _records(context: Context, frame: pd.DataFrame) -> tuple:
    if not {"object", "source_id"} <= set(frame.columns):
        return ()
    keys = [frame["object"], frame["source_id"]]
    off = (~frame["class"].isin(_SAME)).groupby(keys, sort=False).sum()
    chosen = _of_every_kind(off).head(MOST_RECORDS)
    rows = frame.groupby(keys, sort=False).indices
    order = np.concatenate([rows[key] for key in chosen.index])
    every = context.evidence.table(
        "record", frame.iloc[order], columns=_SIDE_BY_SIDE, labels=_LABELS, csv=False, most=MOST_FIELDS
    )
    found, start = [], 0
    for key, differing in zip(chosen.index.tolist(), chosen.tolist(), strict=True):
        size = len(rows[key])
        if start >= len(every.rows):
            break
        name = context.mask.text(f"{key[0]} {key[1]}")
        table = replace(every, caption=name, rows=every.rows[start : start + size], total=size)
        found.append((f"{name}: {counted(size, 'field')}, {differing} not simply equal", table))
        start += size
    return tuple(found)


def _of_every_kind(differing: pd.Series) -> pd.Series:
    """`differing` (fields a record, by object and id), those with most first; where as many differ, one record of each object in turn."""
    ranked = differing.sort_values(ascending=False, kind="stable")
    turns = ranked.groupby([ranked.index.get_level_values(0), ranked], sort=False).cumcount()
    order = pd.DataFrame({"differing": -ranked, "turn": turns}).sort_values(["differing", "turn"], kind="stable")
    return ranked.loc[order.index]


def _zero_loss(context: Context, name: str, frame: pd.DataFrame) -> Section:
    """Every filled cell of the source in exactly one bucket."""
    number = next((c for c in ("cells", "rows", "count", "values", "filled", "records") if c in frame.columns), "")
    weights = frame[number] if number else pd.Series(1, index=frame.index)
    counts = weights.groupby([frame["object"].astype("str"), frame["bucket"].astype("str")]).sum().unstack(fill_value=0)
    chart = stacked(list(counts.index), {str(column): counts[column].tolist() for column in counts.columns})
    label = "How many ended where: " + ", ".join(f"{n:.0f} {bucket}" for bucket, n in counts.sum().items())
    unit = "row" if number == "rows" else "filled cell"
    blurb = f"Every {unit} of the source is in exactly one of these; what is neither landed nor normalised says where it went."
    table = context.evidence.table(name, frame, caption=f"Where every {unit} ended")
    return Section(f"Zero loss: where every {unit} ended", blurb, table, chart, label)
