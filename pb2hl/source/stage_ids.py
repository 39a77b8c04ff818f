"""Pipelines and stages that an export names by id: a table of pipelines, one of stages, and deals that point to both.

What the deals say is looked up in the pipelines table's other columns, and the name takes its place; the id stays in
`raw.*`. Pipelines that share one name become two (`Sales`, `Sales (2)`), as HighLevel wants and their ids say.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.model import RAW_PREFIX
from pb2hl.values.counting import agree, counted

_KNOWN = 0.8  # share of different values that a column must hold to be what they mean


def name_stages(tables: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """(tables with names where deals and stages gave ids of pipelines and stages, what was done)."""
    done = dict(tables)
    pipelines = done.get("pipelines")
    if pipelines is None or pipelines.empty or "pipeline" not in pipelines:
        return done, []
    pipelines, deals = pipelines.copy(), done.get("deals", pd.DataFrame()).copy()
    problems: list[Problem] = []
    stage = pipelines["stage"] if "stage" in pipelines else pd.Series(None, index=pipelines.index, dtype="str")
    heads, steps = stage.isna() & pipelines["pipeline"].notna(), stage.notna()
    stage_names = set(_text(stage[steps]).dropna())
    if heads.any() and steps.any():
        names = _ids(_text(pipelines.loc[steps, "pipeline"]), pipelines[heads], "pipeline", apart=True)
        if names is not None and "pipeline" in deals:
            deals["pipeline"] = _named(deals["pipeline"], names, problems, "pipelines")
        if names is not None:
            pipelines["pipeline"] = pipelines["pipeline"].where(~steps, _text(pipelines["pipeline"]).map(names))
    elif "pipeline" in deals:
        names = _ids(_text(deals["pipeline"]), pipelines, "pipeline", apart=False)
        if names is not None:
            deals["pipeline"] = _named(deals["pipeline"], names, problems, "pipelines")
    if "stage" in deals and steps.any() and not set(_text(deals["stage"]).dropna()) <= stage_names:
        _stages(deals, pipelines[steps], problems)
    done["pipelines"] = pipelines
    if len(deals):
        done["deals"] = deals
    return done, problems


def _text(column: pd.Series) -> pd.Series:
    return column.astype("str").str.strip().str.replace(r"^(\d+)\.0+$", r"\1", regex=True).where(column.notna())


def _names(frame: pd.DataFrame, field: str) -> set[str]:
    return set(_text(frame[field]).dropna())


def _ids(said: pd.Series, frame: pd.DataFrame, field: str, *, apart: bool) -> dict[str, str] | None:
    """{id: name} from the raw column of `frame` that holds what is `said`, each id with one name; None when there is none.

    With `apart` (one row an id) names that occur again get ` (2)`.
    """
    wanted = set(said.dropna()) - _names(frame, field)
    if len(wanted) <= (1 - _KNOWN) * said.nunique():
        return None
    for column in (name for name in frame.columns if name.startswith(RAW_PREFIX)):
        pairs = pd.DataFrame({"id": _text(frame[column]), "name": _text(frame[field])}).dropna().drop_duplicates()
        pairs = pairs[pairs["id"] != ""]
        if pairs["id"].duplicated().any() or len(wanted & set(pairs["id"])) < _KNOWN * len(wanted):
            continue
        return _numbered(pairs) if apart else dict(zip(pairs["id"], pairs["name"], strict=True))
    return None


def _numbered(pairs: pd.DataFrame) -> dict[str, str]:
    again = pairs.groupby(pairs["name"].str.casefold()).cumcount() + 1
    return {
        key: name if number == 1 else f"{name} ({number})"
        for key, name, number in zip(pairs["id"], pairs["name"], again, strict=True)
    }


def _named(column: pd.Series, names: Mapping[str, str], problems: list[Problem], what: str) -> pd.Series:
    said = _text(column)
    known = said.isin(names)
    if missing := int((said.notna() & ~known & ~said.isin(set(names.values()))).sum()):
        problems.append(
            Problem(
                "unknown_stage",
                f"{counted(missing, 'deal')} {agree(missing, 'names', 'name')} {what} that the {what} table does not have",
                Severity.WARNING,
                field=what.removesuffix("s"),
                count=missing,
                treatment="kept as they are",
            )
        )
    return column.where(~known, said.map(dict(names))).astype("str").where(column.notna())


def _stages(deals: pd.DataFrame, steps: pd.DataFrame, problems: list[Problem]) -> None:
    """Names of stages for their ids, and the pipeline of a stage for deals that name none."""
    said = _text(deals["stage"])
    names = _ids(said, steps, "stage", apart=False)
    if names is None:
        return
    homes = _ids(said, steps.assign(stage=steps["pipeline"]), "stage", apart=False) or {}
    if "pipeline" not in deals:
        deals["pipeline"] = pd.Series(None, index=deals.index, dtype="str")
    deals["pipeline"] = deals["pipeline"].where(deals["pipeline"].notna(), said.map(homes)).astype("str")
    deals["pipeline"] = deals["pipeline"].where(deals["pipeline"].notna() & (deals["pipeline"] != "nan"))
    deals["stage"] = _named(deals["stage"], names, problems, "stages")
