"""Checks: one line a rule with its verdict, and every failing row in a file of its own rule."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from pb2hl.report.drawing.charts import stacked
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.page import Cell, Column, Section

FAULTS = "Faults, the rows they touch, and what is done"
ESSENTIAL = (FAULTS, "Failing rows")
"""Sections that the notebook shows where the step ran."""

CAPTIONS = {
    "trust_accounts": (
        "Trust accounts three ways",
        "Bank, ledger and the sum of client ledgers at the end, by account.",
    ),
    "trust_days": ("Trust balances by day", "Balances at the end of each day with a transaction."),
    "trust_differences": ("Trust differences traced", "Every transaction behind a difference, with its effect on it."),
    "trust_clients": (
        "Client ledgers",
        "Each client's balance and its lowest point; an overdrawn one is another client's money.",
    ),
    "time_issues": ("Time entries against rates", "What the rate table does not bear out, with the effect in money."),
}
"""Table → (title, what it says), where a table needs more than its own name."""

VERDICTS = ("passed", "data failed", "rule broken", "not applicable")
_SHOWN = ("object", "rule", "severity", "verdict", "checked", "failing", "sample", "reason", "treatment")
_RANK = {"rule broken": 0, "data failed": 1, "passed": 2, "not applicable": 3}
_SEVERITY = {"critical": 0, "warning": 1, "info": 2}


def draw(context: Context) -> tuple[list[Section], set[str]]:
    """The sections of a check report."""
    rules, failing = context.frame("rules"), context.frame("failing")
    if rules.empty:
        return [], {"rules", "failing"}
    order = rules.assign(_v=rules["verdict"].map(_RANK), _s=rules["severity"].map(_SEVERITY))
    rules = order.sort_values(["_v", "_s", "object"], kind="stable").drop(columns=["_v", "_s"]).reset_index(drop=True)
    table = context.evidence.table("rules", rules, caption="Rules", columns=_SHOWN)
    links = (
        {str(name): _csv(context, str(name), rows) for name, rows in failing.groupby("rule_id", sort=False)}
        if len(failing)
        else {}
    )
    cells = tuple(
        (*row, Cell("all rows", href=links[name]) if name in links else Cell(""))
        for row, name in zip(table.rows, rules["rule_id"], strict=False)
    )
    linked = replace(table, columns=(*table.columns, Column("Failing rows")), rows=cells)
    counts = pd.crosstab(rules["object"], rules["verdict"]).reindex(columns=list(VERDICTS), fill_value=0)
    chart = stacked(list(counts.index), {name: counts[name].tolist() for name in VERDICTS if counts[name].any()})
    label = "Verdicts by object: " + "; ".join(
        f"{name}: " + ", ".join(f"{n} {verdict}" for verdict, n in row.items() if n) for name, row in counts.iterrows()
    )
    blurb = (
        "Three verdicts: passed; data failed; rule broken (it could not run, so it proves nothing). A critical failure or a broken "
        "rule stops the migration; a warning has a stated treatment."
    )
    found = [*_faults(context, rules), Section("Rules", blurb, linked, chart, label)]
    failed = context.section("failing", "Failing rows", "Each with its file, sheet and row in the export.")
    return found + ([failed] if failed else []), {"rules", "failing"}


def _faults(context: Context, rules: pd.DataFrame) -> list[Section]:
    """The rules that do not hold, by the number of rows."""
    off = rules[rules["verdict"].isin(VERDICTS[1:3])].sort_values("failing", ascending=False, kind="stable")
    if off.empty:
        return []
    shown = ("object", "rule", "severity", "failing", "treatment", "reason")
    table = context.evidence.table("faults", off, caption=FAULTS, columns=shown, labels={"failing": "Rows"}, csv=False)
    names = [f"{row.object}: {row.rule}" for row in off.itertuples()]
    chart = stacked(
        names, {kind: off["failing"].where(off["severity"] == kind, 0).tolist() for kind in off["severity"].unique()}
    )
    label = "; ".join(f"{name}: {n} rows" for name, n in zip(names[:10], off["failing"], strict=False))
    return [Section(FAULTS, "Each rule that does not hold; the rows themselves are below.", table, chart, label)]


def _csv(context: Context, name: str, rows: pd.DataFrame) -> str:
    return context.evidence.table(f"rule-{name}", rows.drop(columns="rule_id")).csv
