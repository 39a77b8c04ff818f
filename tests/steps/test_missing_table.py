"""A staged table that is gone: no step goes on as if the export had never had it."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.errors import Damaged
from pb2hl.steps.check.check import check
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.workspace import Config, Workspace


@pytest.fixture
def ws(tmp_path) -> Workspace:
    """Contacts and companies, staged; then somebody takes the contacts away."""
    export = tmp_path / "export"
    export.mkdir()
    pd.DataFrame({"ID": ["1", "2"], "First name": ["Ann", "Bo"], "Last name": ["Roe", "Li"], "Email": ["a@acme.example", "b@acme.example"]}).to_csv(export / "contacts.csv", index=False)  # fmt: skip
    pd.DataFrame({"ID": ["9"], "Company name": ["Acme"], "Website": ["acme.example"]}).to_csv(export / "companies.csv", index=False)  # fmt: skip
    found = Workspace.create(tmp_path / "ws", Config(export=str(export), location="L", timezone="America/Toronto", country="CA"))  # fmt: skip
    inventory(found)
    assert found.has_table("contacts") and not found.has_table("deals")
    (found.staged / "contacts.parquet").unlink()
    return found


@pytest.mark.parametrize("work", [check, mapper.staged_tables, lambda ws: ws.table("contacts")])
def test_a_missing_table_is_told(ws, work):
    """Reading, mapping and checking name the file and what stages it again; what was never exported is just not there."""
    with pytest.raises(Damaged, match=r"contacts\.parquet is missing") as told:
        work(ws)
    assert "inventory" in told.value.hint
    assert ws.table("deals").empty
