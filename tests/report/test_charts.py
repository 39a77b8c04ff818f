"""Every kind of chart is a valid Vega-Lite drawing: drawing one leaves Altair's own check out, for it takes most of the time."""

from __future__ import annotations

import pytest

from pb2hl.report.drawing import charts

KINDS = {
    "bars": lambda: charts.bars(["New", "<b>Won</b>"], [3, 0]),
    "stacked": lambda: charts.stacked(["contacts", "deals"], {"arrived": [2, 1], "refused": [0, 3]}),
    "columns": lambda: charts.columns(["2026-01", "2026-02"], [1, 5]),
    "lines": lambda: charts.lines(
        [0.0, 0.5, 1.0], {"pairs": [0.1, 0.9, 0.2]}, marks={"merged from": 0.5}, label="score"
    ),
    "timeline": lambda: charts.timeline({"inventory": "2026-01-02T10:00:00Z", "load": "2026-01-03T10:00:00Z"}),
    "network": lambda: charts.network(
        {"contacts": "30", "companies": "9"},
        [("contacts", "companies", "company", True), ("companies", "companies", "parent", False)],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_is_valid_by_altairs_own_schema(kind):
    """Nothing that a chart says is unknown to Vega-Lite or of a wrong type."""
    bundle, _ = charts.for_notebook(KINDS[kind]())
    drawn = {**bundle[charts.LAB_MIME], "$schema": "https://vega.github.io/schema/vega-lite/v6.json"}
    charts.altair().Chart.from_dict(drawn, validate=True)
