"""The review sheets `duplicates.csv` and `companies.csv`: written with proposals, read back with decisions.

A person may edit `decision`, `survivor` and `gives` in every row, and move a row to another cluster by its `cluster` cell.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, Clock, stamp
from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.matching import given
from pb2hl.matching.cluster import components
from pb2hl.matching.evidence import text_column
from pb2hl.matching.given import GIVES
from pb2hl.matching.proposals import KEEP_APART, MERGE
from pb2hl.matching.survivorship import Rule, default_rules
from pb2hl.sheets import write_sheet
from pb2hl.values.fold import fold
from pb2hl.workspace import Workspace

_DECISION = ("proposal", "decision", "who", "when", "comment")
DUPLICATES = ("cluster", "source_id", "name", "email", "phone", "company", "score", "why", "survivor", *_DECISION)
COMPANIES = (
    "cluster", "source_id", "name", "domain", "canonical_name", "canonical_domain", "parent_id", "parent_name", "score", "why",
    "survivor", *_DECISION,
)  # fmt: skip
OF_SHEET = {"duplicates": "contacts", "companies": "companies"}
"""The object that a match sheet is about."""
SURVIVORSHIP = ("object", "field", *_DECISION)
SHEETS = {"duplicates": DUPLICATES, "companies": COMPANIES, "survivorship": SURVIVORSHIP}
"""Columns of the sheets of this step, by sheet name."""

SKIP = "skip"
DECISIONS = (MERGE, KEEP_APART, SKIP, "")
"""What a row's `decision` may hold. Only `merge` merges; an empty one is undecided, `skip` looked at and left open."""
YES = "yes"
_TRUE = frozenset({"yes", "y", "x", "true", "1", "ja", "oui"})


def duplicates_sheet(contacts: pd.DataFrame, companies: pd.Series, proposed: pd.DataFrame) -> pd.DataFrame:
    """The sheet's rows: every contact in a cluster of two or more. `companies`: company name by contact position."""
    frame = pd.DataFrame(
        {
            "source_id": text_column(contacts, "source_id"),
            "name": _person(contacts),
            "email": text_column(contacts, "email"),
            "phone": text_column(contacts, "phone"),
            "company": companies.to_numpy(),
        }
    )
    return _finish(frame.merge(proposed, on="source_id"), DUPLICATES)


def _person(contacts: pd.DataFrame) -> pd.Series:
    joined = (text_column(contacts, "first_name") + " " + text_column(contacts, "last_name")).str.strip()
    return joined.where(joined != "", text_column(contacts, "full_name"))


def companies_sheet(facts: pd.DataFrame, proposed: pd.DataFrame) -> pd.DataFrame:
    """The sheet's rows: every company. `facts`: source_id, name, domain, canonical_*, parent_*."""
    frame = facts.merge(proposed, on="source_id", how="left")
    frame["cluster"] = frame["cluster"].fillna(frame["source_id"])
    return _finish(frame, COMPANIES)


def with_canonical(facts: pd.DataFrame, proposed: pd.DataFrame, contacts_of: pd.Series) -> pd.DataFrame:
    """`facts` with one canonical name and domain for each proposed merge: what most contacts use, then the fuller one.

    `contacts_of`: number of contacts by company source id. A name all in capitals yields to one that is not.
    """
    facts = facts.copy()
    members = facts.reset_index().merge(
        proposed.loc[proposed["proposal"] == MERGE, ["source_id", "cluster"]], on="source_id"
    )
    if members.empty:
        return facts
    members["contacts"] = members["source_id"].map(contacts_of).fillna(0)
    for column, target in (("name", "canonical_name"), ("canonical_domain", "canonical_domain")):
        filled = members[members[column] != ""]
        votes = filled.groupby(["cluster", column], as_index=False).agg(
            contacts=("contacts", "sum"), rows=("contacts", "size")
        )
        votes["quiet"] = votes[column].str.upper() != votes[column]
        votes["length"] = votes[column].str.len()
        order = ["cluster", "contacts", "rows", "quiet", "length", column]
        best = votes.sort_values(order, ascending=[True, False, False, False, False, True]).drop_duplicates("cluster")
        chosen = members["cluster"].map(best.set_index("cluster")[column]).fillna("")
        facts.loc[members["index"], target] = chosen.to_numpy()
    return facts


def _finish(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    frame = frame.reindex(columns=[*columns, GIVES])
    best = pd.to_numeric(frame["score"]).groupby(frame["cluster"]).transform("max").fillna(0.0)
    first = (frame["survivor"] != YES).astype(int)
    order = np.lexsort((frame["source_id"], first, frame["cluster"], -best))
    frame = frame.iloc[order].reset_index(drop=True)
    frame["score"] = [f"{score:.4f}" if score == score else "" for score in pd.to_numeric(frame["score"])]
    return frame.astype(object).where(frame.notna(), "").astype(str)


def survivorship_sheet(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a field of each object: the rule by which a merged record gets its value."""
    rows = [
        (object_, column, str(rule))
        for object_, frame in tables.items()
        for column, rule in default_rules(object_, list(frame.columns)).items()
    ]
    return (
        pd.DataFrame(rows, columns=["object", "field", "proposal"])
        .reindex(columns=list(SURVIVORSHIP))
        .fillna("")
        .astype(str)
    )


def keep_decisions(new: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """`new` with the decisions, survivors and cluster edits of `old` wherever the rows that hang together are the same."""
    rows = pd.Index(new["source_id"]).append(pd.Index(old["source_id"])).unique()
    at_new, at_old = rows.get_indexer(new["source_id"]), rows.get_indexer(old["source_id"])
    start_new = pd.Series(at_new).groupby(new["cluster"].to_numpy()).transform("first").to_numpy()
    start_old = pd.Series(at_old).groupby(old["cluster"].to_numpy()).transform("first").to_numpy()
    together = components(len(rows), np.r_[at_new, at_old], np.r_[start_new, start_old])
    in_both = np.isin(np.arange(len(rows)), at_new) & np.isin(np.arange(len(rows)), at_old)
    changed = np.unique(together[~in_both])
    kept = old.drop_duplicates("source_id").set_index("source_id")
    result = new.copy()
    usable = ~np.isin(together[at_new], changed)
    for column in (
        "cluster",
        "survivor",
        "decision",
        "who",
        "when",
        "comment",
        GIVES,
        "canonical_name",
        "canonical_domain",
        "parent_id",
    ):
        if column in result.columns and column in kept.columns:
            before = result["source_id"].map(kept[column])
            decided = (result["source_id"].map(kept["decision"]).fillna("") != "") | (
                column in ("cluster", "comment", "decision", "who", "when")
            )
            result[column] = result[column].where(~(usable & decided.to_numpy() & before.notna().to_numpy()), before)
    return result


def check(sheet: pd.DataFrame, name: str, known: Collection[str]) -> list[Problem]:
    """Everything that is wrong with an edited sheet; rows count from 2, below the heading."""
    problems = []

    def wrong(at: int, field: str, message: str) -> None:
        problems.append(Problem("sheet_value", message, Severity.CRITICAL, file=f"{name}.csv", row=at + 2, field=field))

    decisions = _decisions(sheet)
    seen: dict[str, int] = {}
    for at, (source_id, cluster, decision) in enumerate(
        zip(sheet["source_id"].tolist(), sheet["cluster"].tolist(), decisions.tolist(), strict=True)
    ):
        if decision not in DECISIONS:
            wrong(at, "decision", f"{decision!r} is none of merge, keep apart, skip, or empty")
        if source_id not in known:
            wrong(at, "source_id", f"{source_id!r} is not in the export")
        if source_id in seen:
            wrong(at, "source_id", f"{source_id!r} is also in row {seen[source_id] + 2}")
        if not cluster.strip():
            wrong(at, "cluster", "the cluster is empty")
        seen.setdefault(source_id, at)
    for at, message in given.wrong(sheet, decisions == MERGE, OF_SHEET[name]):
        wrong(at, GIVES, message)
    merging = np.flatnonzero((decisions == MERGE).to_numpy())
    marked = is_yes(sheet["survivor"]).to_numpy()
    clusters: dict[str, list[int]] = {}
    for at, cluster in zip(merging.tolist(), sheet["cluster"].iloc[merging], strict=True):
        clusters.setdefault(str(cluster), []).append(at)
    for cluster in sorted(clusters):
        rows = clusters[cluster]
        if len(rows) < 2:
            wrong(rows[0], "decision", f"cluster {cluster} has one row to merge; it needs two")
        if marked[rows].sum() > 1:
            wrong(rows[0], "survivor", f"cluster {cluster} has several survivors; mark one row yes")
    return problems


def require_valid(sheets: dict[str, pd.DataFrame], known: dict[str, Collection[str]]) -> None:
    """Raise SheetError with all problems of all `sheets` (by name) at once; `known`: the source ids of each."""
    problems = [problem for name, sheet in sheets.items() for problem in check(sheet, name, known[name])]
    if problems:
        raise SheetError("The review sheets do not hold together", hint="mend the rows named above", problems=problems)


def is_yes(column: pd.Series) -> pd.Series:
    """Which cells of a survivor column say yes."""
    return column.astype(str).str.strip().str.casefold().isin(_TRUE)


def _decisions(sheet: pd.DataFrame) -> pd.Series:
    return sheet["decision"].astype(str).str.strip().str.casefold()


def survivors(sheet: pd.DataFrame) -> dict[str, str]:
    """source id → surviving source id, for every row that a decision merges into another or that survives."""
    merging = sheet[_decisions(sheet) == MERGE]
    ids, clusters = merging["source_id"].astype(str).tolist(), merging["cluster"].tolist()
    survivor: dict[str, str] = {}
    for yes in (is_yes(merging["survivor"]).tolist(), [True] * len(merging)):
        for source_id, cluster, chosen in zip(ids, clusters, yes, strict=True):
            if chosen:
                survivor.setdefault(cluster, source_id)
    return {source_id: survivor[cluster] for source_id, cluster in zip(ids, clusters, strict=True)}


def merged_or_alone(sheet: pd.DataFrame, survivor_of: Collection[str]) -> pd.DataFrame:
    """The rows that merged or stand in a cluster of their own: a proposed name is not given to a row that was kept apart."""
    alone = sheet.groupby("cluster")["source_id"].transform("size") == 1
    return sheet[sheet["source_id"].isin(survivor_of) | alone]


def chosen_rules(sheet: pd.DataFrame | None, object_: str, columns: list[str]) -> dict[str, Rule]:
    """The survivorship rules of `object_`: the sheet's decision, else the default. SheetError names every unknown rule."""
    rules = default_rules(object_, columns)
    if sheet is None:
        return rules
    problems = []
    for at, (owner, field, decision) in enumerate(zip(sheet["object"], sheet["field"], sheet["decision"], strict=True)):
        text = fold(decision)
        if owner != object_ or not text or field not in rules:
            continue
        try:
            rules[field] = Rule(text)
        except ValueError:
            problems.append(
                Problem(
                    "sheet_value",
                    f"{decision!r} is no rule",
                    Severity.CRITICAL,
                    file="survivorship.csv",
                    row=at + 2,
                    field=field,
                )
            )
    if problems:
        raise SheetError(
            "survivorship.csv does not hold together", hint="use one of: " + ", ".join(Rule), problems=problems
        )
    return rules


def accept_all(ws: Workspace, who: str, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Decide every undecided row as proposed (the band below the high threshold: keep apart), as given by `who`.

    Returns how many rows were decided. For batch runs; decisions that are there stay.
    """
    count = 0
    for name in ("duplicates", "companies"):
        sheet = ws.sheet(name, SHEETS[name])
        open_ = (_decisions(sheet) == "") & (sheet["proposal"].str.strip() != "")
        if open_.any():
            sheet.loc[open_, "decision"] = sheet.loc[open_, "proposal"]
            sheet.loc[open_, "who"] = who
            sheet.loc[open_, "when"] = stamp(clock.now())
            write_sheet(ws.sheets / f"{name}.csv", sheet)
        count += int(open_.sum())
    return count
