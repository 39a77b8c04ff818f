"""The delta on the command line: exit codes, gates, and the window that `status` tells."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pb2hl.clock import stamp
from pb2hl.ledger import Ledger
from pb2hl.steps.overview.status import WINDOW
from pb2hl.workspace import Workspace
from tests.cli.terminal import CONTACTS, DEALS
from tests.e2e.drive import Arrived


@pytest.fixture
def loaded(pb2hl, schema_made):
    """(sandbox, workspace folder) after the load."""
    assert pb2hl("sample", schema_made[1], "--yes").code == 0
    assert pb2hl("approve", schema_made[1], "sample", "--by", "Jane Roe").code == 0
    assert pb2hl("load", schema_made[1], "--yes").code == 0
    return schema_made


def later(folder, contacts: str):
    """A later export."""
    folder.mkdir()
    (folder / "contacts.csv").write_text(contacts, encoding="utf-8")
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_delta_with_known_columns(pb2hl, loaded, tmp_path):
    """Changed and new rows arrive, the same export again has nothing to do; status says before, inside and outside of the
    window where one stands, and outside both warn."""
    sandbox, ws = loaded
    assert "not open yet" in pb2hl("status", ws).out
    second = later(tmp_path / "second", CONTACTS.replace(",42", ",44") + "3,Cy,Fox,cy@c.example,613-555-0103,,41\n")
    said = pb2hl("delta", ws, "--export", second, "--yes", "--json")
    assert said.code == 0 and said.json["counts"]["sent"] > 0
    arrived = Arrived.of(sandbox)
    assert float(arrived.contact("ann@a.example")["custom"]["Shoe Size"]) == 44
    assert arrived.contact("cy@c.example")["custom"]["Perfect Books ID"] == "3"
    again = pb2hl("delta", ws, "--export", second, "--yes", "--json")
    assert again.code == 0 and again.json["counts"]["sent"] == 0
    inside = pb2hl("status", ws)
    assert inside.code == 0 and "48.0 h left" in inside.out and "outside" not in inside.out
    with Ledger.open(Workspace(ws)) as ledger:
        window = ledger.recall(WINDOW)
        ledger.remember(WINDOW, {name: _days_ago(at, 5) for name, at in window.items()})
    outside = pb2hl("status", ws)
    assert outside.code == 0 and "[warning]" in outside.out and "outside the window" in outside.out
    assert pb2hl("status", ws, "--json").json["problems"][0]["code"] == "delta_window"
    late = pb2hl("delta", ws, "--export", second, "--yes", "--json").json
    assert [p["code"] for p in late["problems"]] == ["delta_window"]
    with Ledger.open(Workspace(ws)) as ledger:
        assert ledger.recall(WINDOW)["end"] < window["end"], "another delta opens no new window"


def _days_ago(at: str, days: int) -> str:
    return stamp(datetime.fromisoformat(at) - timedelta(days=days))


@pytest.mark.slow
def test_a_delta_with_a_new_column(pb2hl, loaded, tmp_path):
    """What nobody decided stops it at its gate (3) before anything is written; taking every default needs a name (2)."""
    sandbox, ws = loaded
    before = sandbox.state.dump()
    lines = CONTACTS.splitlines()
    wider = "\n".join([lines[0] + ",Hobby Horse", lines[1] + ",rocking", lines[2] + ",flying"]) + "\n"
    second = later(tmp_path / "second", wider)
    said = pb2hl("delta", ws, "--export", second, "--yes")
    assert said.code == 3 and sandbox.state.dump() == before
    assert pb2hl("delta", ws, "--export", second, "--yes", "--approve-all").code == 2
    taken = pb2hl("delta", ws, "--export", second, "--yes", "--approve-all", "--by", "Jane Roe")
    assert taken.code == 0, taken.err
    assert Arrived.of(sandbox).contact("ann@a.example")["custom"]["Hobby Horse"] == "rocking"
    assert pb2hl("audit", ws).code == 0
