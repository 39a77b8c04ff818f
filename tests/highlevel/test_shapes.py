"""Answers in forms that the official files leave open: what the ports make of them is the same."""

from __future__ import annotations

from pb2hl.highlevel import run
from pb2hl.highlevel.records.pipelines import pipelines, stages_of
from tests.highlevel.test_client import reply, talk


def test_stages_are_ordered_by_their_numbers_whatever_form_these_have():
    """Positions written as text sort as numbers, 2 before 10; probabilities are numbers that can be reckoned with."""
    stages = [
        {"id": "c", "name": "Won", "position": "10", "stageWinProbability": "100.0"},
        {"id": "a", "name": "New", "position": "2", "stageWinProbability": "12.5"},
        {"id": "b", "name": "Offer", "position": 3, "stageWinProbability": None},
    ]
    (line,), _ = run(talk([reply(200, pipelines=[{"id": "p", "name": "Sales", "stages": stages}])], pipelines))
    found = [(stage["name"], stage["position"], stage["stageWinProbability"]) for stage in stages_of(line)]
    assert found == [("New", 2, 12.5), ("Offer", 3, None), ("Won", 10, 100)]


def test_stages_without_positions_keep_the_order_of_the_list():
    """The official file promises no position at all."""
    assert [stage["name"] for stage in stages_of({"stages": [{"name": "New"}, {"name": "Won"}]})] == ["New", "Won"]
