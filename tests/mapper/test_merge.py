"""Decisions and a new export: what still applies is kept, what lapses is named with its reason and kept beside the reports."""

from __future__ import annotations

import pandas as pd

from pb2hl import mapper
from pb2hl.mapper.knowledge.sheet_layout import blank
from pb2hl.mapper.sheets.merge import lapsed_problems, merged


def fields(file: str, columns: dict[str, dict[str, str]], sheet: str = "") -> pd.DataFrame:
    rows = [
        {"object": "contacts", "file": file, "sheet": sheet, "column": name, "fill": "0.5", "proposal": "custom", "decision": "custom",
         "who": "proposal", **facts} for name, facts in columns.items()
    ]  # fmt: skip
    return blank("fields", rows)


MINE = {"decision": "ignore", "who": "Ann", "when": "2026-01-01T00:00:00Z", "comment": "not needed"}


def test_a_file_of_another_name_is_the_same_table():
    """`contacts-2024.csv` becomes `contacts-2025.csv`, a sheet is renamed: the decisions on its columns stay."""
    old = fields("contacts-2024.csv", {"Shoe": MINE, "Plan": {}}, "Tab 1")
    new = fields("contacts-2025.csv", {"Shoe": {}, "Plan": {}}, "Tab 2")
    sheet, lapsed = merged("fields", new, old)
    assert sheet.loc[0, ["file", "decision", "who", "comment"]].tolist() == [
        "contacts-2025.csv",
        "ignore",
        "Ann",
        "not needed",
    ]
    assert lapsed.empty


def test_two_files_of_one_object_keep_their_own_decisions():
    """A column that two earlier files had is not guessed when neither file is there any more."""
    old = pd.concat(
        [fields("a.csv", {"Shoe": MINE}), fields("b.csv", {"Shoe": {**MINE, "decision": "city"}})], ignore_index=True
    )
    sheet, lapsed = merged("fields", fields("c.csv", {"Shoe": {}}), old)
    assert sheet.loc[0, "who"] == "proposal" and len(lapsed) == 2
    sheet, lapsed = merged("fields", fields("b.csv", {"Shoe": {}}), old)
    assert sheet.loc[0, "decision"] == "city" and lapsed["about"].tolist() == ["contacts · a.csv · Shoe"]


def test_what_lapses_says_who_and_why(tmp_path):
    """A vanished column, a proposal that changed and an ignored column that is filled now: each with its reason, archived once."""
    old = fields("c.csv", {"Gone": MINE, "Plan": {}, "Empty": {**MINE, "fill": "0"}, "Same": MINE})
    new = fields("c.csv", {"Plan": {"proposal": "city", "decision": "city"}, "Empty": {}, "Same": {}})
    sheet, lapsed = merged("fields", new, old)
    why = dict(zip(lapsed["about"].str.rpartition(" ")[2], lapsed["why"], strict=True))
    assert (
        why["Gone"] == "the export has it no longer"
        and "'city'" in why["Plan"]
        and "50% of it is filled now" in why["Empty"]
    )
    assert dict(zip(sheet["column"], sheet["decision"], strict=True)) == {"Plan": "city", "Empty": "", "Same": "ignore"}
    assert all("Ann" in item.message for item in lapsed_problems(lapsed) if "Plan" not in item.message)
    for _ in range(2):
        mapper.archive(tmp_path, lapsed)
    assert mapper.archived(tmp_path)["about"].tolist() == lapsed["about"].tolist()


def test_the_target_follows_the_decision():
    """Where the values will stand is derived: it changes with the decision, whatever the cell said."""
    sheet = fields(
        "c.csv",
        {
            "Plan": {"decision": "first_name", "target": "custom"},
            "Code": {"decision": "ignore", "target": "email"},
            "As is": {"target": "custom"},
        },
    )
    assert mapper.follow(sheet)["target"].tolist() == ["firstName", "ignore", "custom field As is"]
