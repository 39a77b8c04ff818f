"""JSON exports in other languages: pipelines with lists of their stages, and parts of records under keys of their language."""

from __future__ import annotations

import json

import pytest

from pb2hl.mapper import fields_sheet
from pb2hl.source import read_export
from pb2hl.steps.shared.intake import take_in


def tables(tmp_path, **lists):
    """{list: table} of a JSON export."""
    (tmp_path / "export.json").write_text(json.dumps(lists), encoding="utf-8")
    return {table.sheet: table for table in read_export(tmp_path / "export.json", into=tmp_path / "into").tables}


@pytest.mark.parametrize(
    ("name", "pipeline", "stages", "stage", "position"),
    [
        ("pipelines", "name", "stages", "name", "order"), ("deal_pipelines", "label", "stages", "label", "displayOrder"), ("embudos", "nombre", "etapas", "nombre", "orden"),
        ("entonnoirs", "nom", "étapes", "nom", "ordre"), ("Trichter", "Bezeichnung", "Phasen", "Bezeichnung", "Reihenfolge"), ("funnels", "funnel", "stages", "stage", "position"),
    ],
)  # fmt: skip
def test_a_pipeline_is_read_as_its_stages(tmp_path, name, pipeline, stages, stage, position):
    """Each stage is a row with its pipeline's name, sure enough for a batch run; a pipeline's name is no stage."""
    lists = {
        name: [
            {
                "id": "7",
                pipeline: "Sales",
                stages: [{"id": "70", stage: "New", position: 1}, {"id": "71", stage: "Done", position: 2}],
            },
            {"id": "8", pipeline: "Care", stages: [{"id": "80", stage: "Call", position: 1}]},
        ],
        "deals": [{"id": "1", "name": "Roof", "stage": "New", "amount": 12, "pipeline": "Sales"}],
    }
    (tmp_path / "export.json").write_text(json.dumps(lists), encoding="utf-8")
    found = [(item.raw, item.object) for item in take_in(tmp_path / "export.json", into=tmp_path / "into").tables]
    kinds = next(raw for raw, object_ in found if object_ == "pipelines")
    sheet = fields_sheet(found)
    said = {
        row.proposal: kinds.frame[row.column].tolist() for row in sheet[sheet["object"] == "pipelines"].itertuples()
    }
    assert said["pipeline"] == ["Sales", "Sales", "Care"]
    assert said["stage"] == ["New", "Done", "Call"] and said["position"] == ["1", "2", "1"]


def test_a_history_of_stages_stays_a_cell(tmp_path):
    """A list of stages that a deal went through says nothing of pipelines, and the deal stays one row."""
    found = tables(
        tmp_path,
        deals=[
            {
                "id": "1",
                "name": "Roof",
                "stages": [{"name": "New", "date": "2023-01-01"}, {"name": "Won", "date": "2023-02-01"}],
            }
        ],
    )
    assert len(found["deals"].frame) == 1


def test_a_pipeline_without_stages_stays(tmp_path):
    """A pipeline whose list is empty is a row of its own."""
    found = tables(
        tmp_path,
        pipelines=[{"name": "Sales", "stages": [{"name": "New", "order": 1}]}, {"name": "Empty", "stages": []}],
    )
    assert found["pipelines"].frame["pipeline.name"].tolist() == ["Sales", "Empty"]


@pytest.mark.parametrize(
    ("people", "phones", "kind", "number", "emails", "address"),
    [("personas", "telefonos", "tipo", "numero", "correos", "direccion"), ("Kontakte", "Telefone", "Art", "Nummer", "E-Mails", "Adresse"), ("personnes", "téléphones", "genre", "numéro", "courriels", "adresse")],
)  # fmt: skip
def test_parts_of_a_person_are_told_in_any_language(tmp_path, people, phones, kind, number, emails, address):
    """Lists of phones by their kind and of e-mails are taken apart as English ones are."""
    person = {
        "id": "1",
        phones: [{kind: "fax", number: "915 55 01 99"}, {kind: "mobil", number: "612 345 601"}],
        emails: [{kind: "x", address: "ann@a.example"}],
    }
    frame = tables(tmp_path, **{people: [person]})[people].frame
    assert frame[f"{phones}.fax"].tolist() == ["915 55 01 99"] and frame[f"{phones}.mobil"].tolist() == ["612 345 601"]
    assert json.loads(frame[emails].iat[0]) == ["ann@a.example"]


def test_links_to_people_are_told_in_any_language(tmp_path):
    """`personas: [{clave, principal}]` of a deal names people by their ids, the main one first."""
    deal = {
        "clave": "o1",
        "título": "Roof",
        "personas": [{"clave": "p3", "principal": False}, {"clave": "p1", "principal": True}],
    }
    assert json.loads(tables(tmp_path, oportunidades=[deal])["oportunidades"].frame["personas.clave"].iat[0]) == [
        "p1",
        "p3",
    ]


def test_yes_and_no_branches_are_no_records(tmp_path):
    """Steps of a workflow with branches `yes` and `no` stay with it: `no` that holds a list is no number of a record."""
    steps = [{"do": "branch", "if": {"field": "opened"}, "yes": [{"do": "mail"}], "no": [{"do": "stop"}]}]
    assert [*tables(tmp_path, automations=[{"title": "Win back", "then": steps}])] == ["automations"]
