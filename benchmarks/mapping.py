"""How good the proposer is on real headings: `python benchmarks/mapping.py header_truth.csv`.

The truth table has columns source_system, object, source_column, sample_values (` | ` between), highlevel_field, also_ok
(`|` between), in column order. Prints top-1 (over rows that are neither custom nor ignore), F1 (over proposals that are
neither), the share of consent columns right, the expected calibration error in 10 bins, each also by system, the time
for 200 columns of 100,000 rows, and that of the look across tables of a million rows.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from pb2hl.mapper import fields_sheet, propose, propose_fields, recognise
from pb2hl.mapper.proposer.namesakes import find_namesakes
from pb2hl.mapper.proposer.structure import Table, relate

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.mapper.corpus import tables

NEITHER = {"custom", "ignore"}
CONSENT = {"dnd", "dndSettings"}


def answers(truth: pd.DataFrame) -> pd.DataFrame:
    """`truth` with the proposer's target and confidence; each (system, object) is one table."""
    parts = []
    for (_, object_), rows in truth.groupby(["source_system", "object"], sort=False):
        samples = [str(text).split(" | ") for text in rows["sample_values"]]
        height = max(map(len, samples))
        frame = pd.DataFrame(np.array([(cells + [""] * height)[:height] for cells in samples], dtype=object).T)
        frame.columns = list(rows["source_column"])
        found = propose(frame, object_)
        parts.append(
            rows.assign(
                target=found["target"].to_numpy(),
                confidence=found["confidence"].to_numpy(),
                reason=found["reason"].to_numpy(),
            )
        )
    found = pd.concat(parts).sort_index()
    allowed = [{row.highlevel_field, *row.also_ok.split("|")} - {""} for row in found.itertuples()]
    found["right"] = [target in ok for target, ok in zip(found["target"], allowed, strict=True)]
    found["consent"] = [bool(ok & CONSENT) and not ok & {"tags"} for ok in allowed]
    return found


def measures(found: pd.DataFrame) -> dict[str, float]:
    """Top-1, precision, recall, F1, consent and calibration error (all 0-1) of answered rows."""
    wanted = ~found["highlevel_field"].isin(NEITHER)
    proposed = ~found["target"].isin(NEITHER)
    hits = int((proposed & found["right"]).sum())
    recalled = int((wanted & proposed & found["right"]).sum())
    precision = hits / max(1, int(proposed.sum()))
    recall = recalled / max(1, int(wanted.sum()))
    bins = np.minimum((found["confidence"].to_numpy() * 10).astype(int), 9)
    error = sum(
        abs(found["right"].to_numpy()[bins == at].mean() - found["confidence"].to_numpy()[bins == at].mean())
        * (bins == at).mean()
        for at in range(10)
        if (bins == at).any()
    )
    return {
        "top1": float(found.loc[wanted, "right"].mean()) if wanted.any() else float("nan"),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "consent": float(found.loc[found["consent"], "right"].mean()) if found["consent"].any() else float("nan"),
        "calibration_error": float(error),
    }


def of_systems() -> dict[str, float]:
    """Shares (0-1) of the corpus of systems (`tests/mapper/systems`) that are recognised and whose columns are right."""
    found = tables()
    objects = [recognise(table)[0] for table in found]
    right = [object_ in table.objects for object_, table in zip(objects, found, strict=True)]
    columns = []
    for object_, table in zip(objects, found, strict=True):
        if object_ and object_ in table.objects:
            for row in fields_sheet([(table, object_)]).itertuples():
                if row.column not in table.fields:  # of a table that a person decides: nobody says what it is
                    continue
                wanted = table.fields[row.column]
                columns.append(row.proposal in wanted or (row.proposal == "ignore" and "custom" in wanted))
    return {"tables": len(found), "recognised": sum(right) / len(right), "columns right": sum(columns) / len(columns)}


def seconds(columns: int = 200, rows: int = 100_000) -> float:
    """Seconds to propose for a wide, long table."""
    names = ["Email", "Prénom", "Phone", "Close Date", "Betrag", "Notes", "cf", "Owner", "Tags", "Do not email"]
    kinds = ["a{}@b.com", "Jean{}", "+1613555{:04d}", "2024-01-01", "{}.50", "text {} text", "{}", "jo{}", "x,{}", "no"]
    cells = [pd.Series([kind.format(at % 9999) for at in range(rows)]) for kind in kinds]
    frame = pd.concat([cells[at % len(kinds)] for at in range(columns)], axis=1)
    frame.columns = [f"{names[at % len(names)]} {at}" for at in range(columns)]
    begun = time.perf_counter()
    propose(frame, "contact")
    return time.perf_counter() - begun


def seconds_across(rows: int = 1_000_000) -> float:
    """Processor seconds of the look across tables (ids, references by id and by name): `rows` people and as many notes."""
    random = np.random.default_rng(0)

    def texts(values: object, form: str = "{}") -> pd.Series:
        return pd.Series(values).map(form.format).astype("str")

    firms = rows // 10
    frames = {
        "companies": {"Nr": texts(np.arange(firms), "F{}"), "Firma": texts(np.arange(firms), "Firma {}")},
        "contacts": {
            "Zyx": texts(np.arange(rows), "P{}"), "Vorname": texts(random.integers(0, 2_000, rows), "Vor{}"),
            "Nachname": texts(random.integers(0, 50_000, rows), "Nach{}"), "E-Mail": texts(np.arange(rows), "a{}@x.de"),
            "Qqq": texts(random.integers(0, firms, rows), "F{}"), "Www": texts(random.integers(0, firms, rows), "Firma {}"),
        },
        "notes": {"Zu": texts(random.integers(0, rows, rows), "P{}"), "Text": texts(random.integers(0, rows, rows), "note {}")},
    }  # fmt: skip
    tables = []
    for object_, columns in frames.items():
        frame = pd.DataFrame(columns)
        raw = SimpleNamespace(file=f"{object_}.csv", sheet="", headings=list(frame.columns), frame=frame)
        tables.append(Table(raw, object_, propose_fields(raw, object_)))
    begun = time.process_time()
    relate(tables)
    find_namesakes(tables)
    return time.process_time() - begun


def main() -> None:
    """Print the figures; `--wrong` lists every wrong answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--no-speed", action="store_true")
    given = parser.parse_args()
    truth = pd.read_csv(given.truth, dtype=str, keep_default_na=False)
    found = answers(truth)
    by_system = {system: measures(rows) for system, rows in found.groupby("source_system", sort=False)}
    table = pd.DataFrame({**by_system, "ALL": measures(found)}).T.round(3)
    print(table.to_string())
    if given.wrong:
        columns = [
            "source_system",
            "object",
            "source_column",
            "highlevel_field",
            "also_ok",
            "target",
            "confidence",
            "reason",
        ]
        print(found.loc[~found["right"], columns].to_string(max_colwidth=44))
    print("systems:", {name: round(value, 3) for name, value in of_systems().items()})
    if not given.no_speed:
        print(f"200 columns x 100,000 rows: {seconds():.2f} s")
        print(f"across tables, 1,000,000 people and notes: {seconds_across():.2f} s of processor time")


if __name__ == "__main__":
    main()
