"""The schema step examines the location before it proposes."""

from __future__ import annotations

from pb2hl.errors import Severity
from pb2hl.results import StepResult
from pb2hl.steps.proposal.proposed_schema import propose_again


def test_the_proposal_shows_the_preflight(migration):
    """A scope that the plan needs is critical when it is lacking, one that it does not need is a warning, all are listed."""
    migration.sandbox.state.scenario.lacking_scopes = ["notes.readonly", "medias.readonly"]
    result = migration.run("schema")
    states = dict(result.tables["preflight"][["check", "state"]].itertuples(index=False, name=None))
    assert states["scope contacts.readonly"] == "ok" and states["scope notes.readonly"] == "failed"
    assert states["scope medias.readonly"] == "warning" and {"daily allowance", "clock"} <= states.keys()
    told = {problem.message.split(":")[0]: problem.severity for problem in result.problems}
    assert told["scope notes.readonly"] is Severity.CRITICAL
    again = propose_again(migration.ws)
    assert again.tables["preflight"]["check"].tolist() == list(states), "kept when only the sheets changed"
    assert StepResult.load(migration.ws.results("schema")).problems == again.problems
