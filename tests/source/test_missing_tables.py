"""References to an object that the export does not hold at all."""

from __future__ import annotations

from pb2hl.steps.shared.intake import decide_fields, stage_tables, take_in
from pb2hl.workspace import parse_config

CONFIG = parse_config({"export": "x", "location": "l"})


def test_what_a_lone_table_says_of_others_is_not_lost(tmp_path):
    """Notes alone: each contact and company that they name is among the cells without a value; authors keep their text."""
    path = tmp_path / "notes.csv"
    path.write_text(
        "Note,Contact,Company,Author,Date\nHi,Jane Roe (j@a.example),Acme,kim@x.example,2021-04-03\n", "utf-8"
    )
    intake = take_in(path, into=tmp_path / "files")
    fields = decide_fields(intake, tmp_path / "none.csv", CONFIG).sheet
    staged = stage_tables(intake, fields, CONFIG)
    lost = staged.not_converted.set_index("field")["text"].to_dict()
    assert lost == {"contact_id": "Jane Roe (j@a.example)", "company_id": "Acme"}
    assert staged.tables["notes"]["author"].tolist() == ["kim@x.example"]
