"""The rebuild reference: every workflow with HighLevel's terms, delays and a checklist."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import report
from pb2hl.report.workflows import ACTIONS, TRIGGERS, UNKNOWN, term
from pb2hl.workspace import Config, Workspace


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("Create task 'Call the lead' for the owner", ACTIONS, "Add Task"),
        ("Send SMS", ACTIONS, "Send SMS"),
        ("Wait", ACTIONS, "Wait"),
        ("Contact created with tag 'lead'", TRIGGERS, "Contact Tag"),
        ("Deal enters Renewals / Due Soon", TRIGGERS, "Pipeline Stage Changed"),
        ("zzz", ACTIONS, UNKNOWN),
    ],
)
def test_terms(text, terms, expected):
    """Source wording leads to HighLevel's own word, and what has none says so."""
    assert term(text, terms) == expected


def test_the_reference_is_beside_the_index(tmp_path):
    """Steps as JSON or as plain text are listed with their delays and ticked one by one."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    ws.staged.mkdir()
    steps = ['[{"do": "Send e-mail", "delay": "2 days"}, "Wait"]', "Wait -> Send SMS"]
    pd.DataFrame({"name": ["One", None], "trigger": ["Deal won", None], "steps": steps}).to_parquet(
        ws.staged / "workflows.parquet"
    )
    index = report.write_index(ws).read_text(encoding="utf-8")
    html = (ws.reports / "workflows.html").read_text(encoding="utf-8")
    assert 'href="workflows.html"' in index
    assert "Step 1: Send Email, after 2 days" in html and "Step 2: Send SMS" in html and "Workflow 2" in html
    assert html.count('type="checkbox"') == 14


def test_each_workflow_has_a_page_of_its_own(tmp_path):
    """The overview links a page a workflow under a name that no file system minds; pages of workflows that went are gone."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    ws.staged.mkdir()
    names = ["../../Renewal / <b>yearly</b>", "ΔΔ", "Welcome"]
    frame = pd.DataFrame({"name": names, "trigger": "Deal won", "steps": "Wait 2 days -> Send SMS"})
    frame.to_parquet(ws.staged / "workflows.parquet")
    report.write_index(ws)
    found = {path.relative_to(ws.reports).as_posix() for path in ws.reports.rglob("*.html")}
    singles = {"workflows/01-renewal-b-yearly-b.html", "workflows/02.html", "workflows/03-welcome.html"}
    assert found == {"index.html", "workflows.html"} | singles
    overview = (ws.reports / "workflows.html").read_text(encoding="utf-8")
    assert all(f'href="{name}"' in overview for name in singles)
    page = (ws.reports / "workflows" / "03-welcome.html").read_text(encoding="utf-8")
    assert "Opportunity Status Changed" in page and "Step 2: Send SMS" in page and 'href="../workflows.html"' in page
    assert page.count('type="checkbox"') == 7
    frame.head(2).to_parquet(ws.staged / "workflows.parquet")
    report.write_index(ws)
    assert len(list((ws.reports / "workflows").iterdir())) == 2
