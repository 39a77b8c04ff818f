"""Lists of companies in one cell, and references that may mean a record of any object."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl.mapper import company_names, ids_of, of_any_record, propose_fields, split_by_ids, split_companies


def raw(**columns: list[str]) -> SimpleNamespace:
    """A raw table."""
    return SimpleNamespace(file="t.csv", sheet="", headings=[*columns], frame=pd.DataFrame(columns, dtype="str"))


COMPANIES = raw(id=["11", "12"], name=["Acme, Inc.", "Beta LLC"])


@pytest.mark.parametrize(
    ("heading", "cell", "first", "others"),
    [
        ("Companies", "Acme Inc.;Beta LLC", "Acme Inc.", "Beta LLC"),
        ("Company", "Acme Inc. | Beta LLC | Gamma", "Acme Inc.", "Beta LLC; Gamma"),
        ("company_ids", "[11, 12]", "11", "Beta LLC (12)"), ("company_ids", "11,12", "11", "Beta LLC (12)"),
        ("company_ids", '["11","12"]', "11", "Beta LLC (12)"), ("Companies", "Acme ::: Beta LLC", "Acme", "Beta LLC"),
    ],
)  # fmt: skip
def test_the_first_company_is_the_records_and_the_others_are_kept(heading, cell, first, others):
    """A list of names or ids is cut; what follows the first stands in a column of its own, ids with their names."""
    table = raw(**{"Email": ["ann@acme.example", "bo@beta.example"], heading: [cell, "Beta LLC"]})
    found = split_companies(table.headings, table.frame, "contacts", company_names([COMPANIES]))
    assert list(found.columns) == ["Email", heading, f"{heading} → others"]
    assert list(found[heading]) == [first, "Beta LLC"] and list(found[f"{heading} → others"]) == [others, ""]
    fields = propose_fields(found, "contacts")
    assert fields["field"].iat[1] in ("company_id", "company_name") and fields["field"].iat[2] == "custom"


@pytest.mark.parametrize("cell", ["Acme, Inc.", "Smith, Jones & Partners, LLP", "Unknown, Beta", "A/S Nord"])
def test_a_name_with_a_comma_is_one_company(cell):
    """A comma parts only companies that are known by themselves."""
    table = raw(Company=[cell, "Beta LLC"])
    assert split_companies(table.headings, table.frame, "contacts", company_names([COMPANIES])) is table.frame


def test_a_reference_to_any_record_is_taken_apart_by_whose_ids_it_holds():
    """`WhatId` of a task becomes one column an object; where an id could be of two objects it stays whole."""
    ids = {"companies": ids_of([raw(Id=["001A", "7"])], "companies"), "deals": ids_of([raw(Id=["006A", "7"])], "deals")}
    task = raw(Subject=["Call", "Mail", "Walk"], WhatId=["006A", "001A", ""])
    found = split_by_ids(task.headings, task.frame, dict.fromkeys(of_any_record(task.headings, "tasks"), ids))
    assert list(found.columns) == ["Subject", "WhatId → Deal", "WhatId → Company"]
    assert dict(zip(found.columns, propose_fields(found, "tasks")["field"], strict=True)) == {
        "Subject": "title", "WhatId → Deal": "deal_id", "WhatId → Company": "company_id",
    }  # fmt: skip
    unclear = raw(Subject=["Call"], WhatId=["7"])
    assert (
        split_by_ids(unclear.headings, unclear.frame, dict.fromkeys(of_any_record(unclear.headings, "tasks"), ids))
        is unclear.frame
    )
