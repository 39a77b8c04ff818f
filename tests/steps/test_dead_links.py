"""Files on a server that is gone say nothing about HighLevel: they are told once, with their count, and stop nothing."""

from __future__ import annotations

import pytest

from pb2hl.fetch import Fetched, FetchRefused, Reason
from pb2hl.results import Status
from tests.e2e.drive import workspace
from tests.steps import small

DEAD = 40


def linked() -> small.Tables:
    """The small export with forty files that only a URL names, all on one server."""
    tables = small.tables()
    people = [row["Contact ID"] for row in tables["contacts"]]
    tables["attachments"] = [
        {
            "File ID": f"F{n}",
            "File Name": f"plan{n}.pdf",
            "URL": f"https://files.gone.example/{n}.pdf",
            "Contact ID": people[n % 3],
        }
        for n in range(DEAD)
    ]
    return tables


@pytest.mark.exhaustive
def test_forty_dead_links_stop_nothing(rehearse, tmp_path, monkeypatch):
    """Sample and load go on, the server is asked a few times only, and one problem tells all of them."""
    asked: list[str] = []

    def get(url: str, **_: object) -> Fetched:
        asked.append(url)
        raise FetchRefused(Reason.UNRESOLVED, url)

    monkeypatch.setattr("pb2hl.fetch.Fetcher.__init__.__defaults__", (get, 3))
    sandbox = rehearse(users=small.USERS, search_lag_s=0)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", linked()), sandbox)
    results = small.migrate(ws)
    assert results["sample"].status is not Status.FAILED and results["load"].status is not Status.FAILED
    told = [problem for problem in results["load"].problems if "files.gone.example" in problem.message]
    assert results["load"].counts["total_refused"] == DEAD and len(asked) <= 2 * 3, (
        "three times by the sample, three by the load"
    )
    assert [problem.count for problem in told] == [DEAD], [problem.message for problem in results["load"].problems]
    arrived = {record["email"] for record in sandbox.state.contacts.records.values()}
    assert "ada@mill.example" in arrived and len(sandbox.state.opportunities.records) == 2
