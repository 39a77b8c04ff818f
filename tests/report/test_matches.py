"""The report of the match: charts of scores, thresholds and cluster sizes out of the step's own facts."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from benchmarks import crm
from pb2hl.matching import find_duplicates
from pb2hl.register import chapters_of
from pb2hl.report.drawing.charts import svg
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Section
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.pages import extract
from pb2hl.report.steps import match as matches
from pb2hl.results import Status, StepResult
from pb2hl.steps.prepare.match_told import sheet_counts
from pb2hl.workspace import Config, Workspace


@pytest.fixture
def sections(tmp_path) -> dict[str, Section]:

    found = find_duplicates(crm.persons(300)[0], crm.PERSON_KINDS)
    tables = {
        "score_histogram": pd.DataFrame(
            {"object": "contacts", "from": [0.45, 0.9], "to": [0.5, 1.0], "pairs": [3, 40]}
        ),
        "thresholds": found.thresholds().assign(object="contacts"),
        "cluster_sizes": pd.DataFrame({"object": "contacts", "rows": [2, 3, 30], "clusters": [40, 3, 1]}),
    }
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="LOC"))
    result = StepResult("match", Status.DONE, "All is well.", tables=tables)
    context = Context(ws, result, chapters_of("match")[0], Evidence(tmp_path / "evidence", Mask()))
    drawn, taken = matches.draw(context)
    assert set(tables) <= taken
    return {section.title: section for section in drawn}


def test_the_three_charts_are_drawn(sections):
    """Scores with the thresholds told, precision and recall by threshold, and clusters by size, the large ones as one bar."""
    drawn = {title: svg(section.chart) for title, section in sections.items() if section.chart is not None}
    thresholds = drawn["What another threshold would do: contacts"]
    assert "precision" in thresholds and "recall" in thresholds and re.search(r">\s*high\s*<", thresholds)
    assert "12 rows and more" in drawn["How large the clusters are"] and "2 rows" in drawn["How large the clusters are"]
    assert "◂" in drawn["How sure the matches are"]
    assert "What another threshold would do: companies" not in drawn


def test_every_chart_has_its_figures_beside_it(sections):
    """What a chart shows is there as a table too, and as words for those who cannot see it."""
    assert all(section.chart_label and section.table is not None for section in sections.values())


def test_the_headline_follows_the_decisions():
    """Proposals that wait are proposals; decided ones are told as they were decided, also against the proposal or in part."""
    sheet = pd.DataFrame(
        {"cluster": list("aabbc"), "proposal": ["merge"] * 4 + ["keep apart"], "decision": [""] * 5, "source_id": list("12345")}
    )  # fmt: skip

    def said(*decisions: str) -> str:
        counts = {"contacts": 9, **sheet_counts("contact", sheet.assign(decision=decisions))}
        return extract(StepResult("match", Status.WAITING, "", counts), "duplicates").headline

    proposed = (
        "4 of 9 contact rows, in 2 clusters, are proposed to merge; 1 row is a close call; 5 wait for a decision."
    )
    assert said("", "", "", "", "") == proposed
    assert said("merge", "merge", "keep apart", "keep apart", "keep apart") == (
        "2 of 9 contact rows become 1 record by decision; 3 proposed rows stay apart."
    )
    assert said("merge", "merge", "", "", "skip") == (
        "2 of 9 contact rows become 1 record by decision; 1 row was skipped and stays apart; 2 wait for a decision."
    )
    assert said(*["keep apart"] * 5) == "None of 9 contact rows is merged by decision; 5 proposed rows stay apart."
    none = StepResult("match", Status.DONE, "", {"contacts": 9})
    assert extract(none, "duplicates").headline == "No two of 9 contact rows look like one contact."
