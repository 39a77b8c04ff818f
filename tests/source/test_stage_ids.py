"""Deals that point to pipelines and stages by id, as exports with a table of each do."""

from __future__ import annotations

import json

from pb2hl.source import name_stages
from pb2hl.steps.shared.intake import decide_fields, stage_tables, take_in
from pb2hl.workspace import parse_config

CONFIG = parse_config({"export": "x", "location": "l"})


def _staged(tmp_path, body):
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    intake = take_in(path, into=tmp_path / "files")
    return stage_tables(intake, decide_fields(intake, tmp_path / "none.csv", CONFIG).sheet, CONFIG).tables


DEALS = [
    {"id": 1, "title": "One", "pipeline_id": 1, "stage_id": 11, "value": 5, "status": "open"},
    {"id": 2, "title": "Two", "pipeline_id": 2, "stage_id": 22, "value": 6, "status": "lost"},
    {"id": 3, "title": "Three", "pipeline_id": None, "stage_id": 12, "value": 7, "status": "won"},
]
STAGES = [
    {"id": 11, "pipeline_id": 1, "name": "New", "order_nr": 1, "probability": 10},
    {"id": 12, "pipeline_id": 1, "name": "Won", "order_nr": 2, "probability": 100},
    {"id": 21, "pipeline_id": 2, "name": "New", "order_nr": 1, "probability": 20},
    {"id": 22, "pipeline_id": 2, "name": "Lost", "order_nr": 2, "probability": 0},
]


def test_ids_become_names(tmp_path):
    """Two pipelines of one name stay two; a deal without a pipeline takes that of its stage; the ids stay in raw.*."""
    body = {"deals": DEALS, "stages": STAGES, "pipelines": [{"id": 1, "name": "Sales"}, {"id": 2, "name": "sales"}]}
    tables = _staged(tmp_path, body)
    deals = tables["deals"].set_index("source_id")
    assert deals["pipeline"].to_dict() == {"1": "Sales", "2": "sales (2)", "3": "Sales"}
    assert deals["stage"].to_dict() == {"1": "New", "2": "Lost", "3": "Won"}
    assert deals["raw.stage_id"].to_dict() == {"1": "11", "2": "22", "3": "12"}
    stages = tables["pipelines"].dropna(subset=["stage"])
    assert sorted(zip(stages["pipeline"], stages["stage"], strict=True)) == [
        ("Sales", "New"), ("Sales", "Won"), ("sales (2)", "Lost"), ("sales (2)", "New"),
    ]  # fmt: skip


def test_one_table_of_both(tmp_path):
    """A stages table that names its pipeline beside the id is enough."""
    stages = [{**row, "pipeline_name": "Sales" if row["pipeline_id"] == 1 else "Service"} for row in STAGES]
    deals = _staged(tmp_path, {"deals": DEALS, "stages": stages})["deals"]
    assert deals["pipeline"].tolist() == ["Sales", "Service", "Sales"] and deals["stage"].tolist() == [
        "New",
        "Lost",
        "Won",
    ]


def test_names_stay(tmp_path):
    """Deals that name their stages are left alone, an unknown stage among them too."""
    deals = [{"id": 1, "title": "One", "pipeline": "Sales", "stage": "New", "value": 5}, {"id": 2, "title": "Two", "pipeline": "Sales", "stage": "Odd", "value": 5}]  # fmt: skip
    tables = _staged(tmp_path, {"deals": deals, "pipelines": [{"pipeline": "Sales", "stage": "New", "position": 1}]})
    again, problems = name_stages(tables)
    assert again["deals"]["stage"].tolist() == ["New", "Odd"] and not problems
