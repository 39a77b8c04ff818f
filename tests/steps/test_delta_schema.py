"""A later export that needs more of the location: stages, pipelines, options, tags, owners go through their gates and land."""

from __future__ import annotations

import pytest

from pb2hl.errors import GateClosed
from pb2hl.results import Status, StepResult
from pb2hl.steps.gates import gates
from tests.steps import small
from tests.steps.test_audit import call


def grown() -> small.Tables:
    """A later export with a stage inside a known pipeline, another pipeline, a tag and a record for each."""
    later = small.tables()
    small.row(later, "deals", "D1")["Stage"] = "Negotiation"
    new = {
        "Deal Name": "Axle",
        "Contact ID": "11",
        "Company ID": "C1",
        "Pipeline": "Service",
        "Stage": "Open call",
        "Status": "open",
    }
    later["deals"].append({"Deal ID": "D3", **new, "Amount": "50", "Owner": "1", "Created": "2024-06-01"})
    small.row(later, "contacts", "12")["Tags"] = "fair; autumn"
    return later


@pytest.mark.slow
def test_new_schema_is_shown_approved_and_then_lands(migration):
    """Nothing is written before the schema gate is approved again; then every deal lands in its stage, and the load still goes."""
    dump = migration.sandbox.state.dump()
    with pytest.raises(GateClosed, match="gate schema") as stopped:
        migration.delta(grown())
    assert migration.sandbox.state.dump() == dump, "nothing moves before the approval"
    told = "\n".join(problem.message for problem in stopped.value.problems)
    assert all(name in told for name in ("Negotiation", "Service", "autumn")), told
    diff = StepResult.load(migration.ws.results("schema")).tables["diff"]
    assert set(diff["kind"]) == {"pipeline", "tag"}
    wheel = migration.arrived().opportunity("Wheel")["pipelineStageId"]
    gates.approve(migration.ws, "schema", "Jane")
    result = migration.run("delta", export=migration.folder / "later")
    found = migration.arrived()
    assert found.stage(found.opportunity("Wheel")) == ("Sales", "Negotiation")
    assert found.stage(found.opportunity("Axle")) == ("Service", "Open call")
    assert "autumn" in found.contact("max@quarry.example")["tags"]
    assert result.counts["held"] == result.counts["refused"] == result.counts["unresolved"] == 0
    stages = next(p["stages"] for p in found.dump["pipelines"].values() if p["name"] == "Sales")
    assert wheel in {stage["id"] for stage in stages}, "the stages that were there are the same"
    assert migration.run("load").counts["sent"] == 0
    audit = migration.run("audit")
    assert audit.status is Status.DONE, [str(problem) for problem in audit.problems]
    assert migration.run("delta", export=migration.folder / "later").status is Status.NOTHING_TO_DO


@pytest.mark.slow
def test_new_owner_and_stage_that_people_made(migration):
    """An owner nobody mapped stops the delta; with every default taken he goes to the fallback and all lands."""
    (line,) = [p for p in migration.sandbox.state.dump()["pipelines"].values() if p["name"] == "Sales"]
    stages = [
        {key: stage[key] for key in ("id", "name", "position", "stageWinProbability")} for stage in line["stages"]
    ]
    own = {"name": "By hand", "position": len(stages), "stageWinProbability": 90}
    call(migration.sandbox, "PUT", f"/opportunities/pipelines/{line['id']}", json={"stages": [*stages, own]})
    later = grown()
    small.row(later, "deals", "D2")["Owner"] = "9"
    later["users"].append({"User ID": "9", "Name": "Cy New", "Email": "cy@elsewhere.example", "Active": "Y"})
    with pytest.raises(GateClosed, match="never saw") as stopped:
        migration.delta(later)
    assert "new_owner" in {problem.code for problem in stopped.value.problems}
    with pytest.raises(GateClosed, match="mapping"):
        migration.run("delta", export=migration.folder / "later")
    gates.approve(migration.ws, "mapping", "Jane", force=True)
    result = migration.run("delta", export=migration.folder / "later", approve_all="Jane")
    found = migration.arrived()
    assert found.stage(found.opportunity("Wheel")) == ("Sales", "Negotiation") and not result.counts["held"]
    names = [s["name"] for p in found.dump["pipelines"].values() if p["name"] == "Sales" for s in p["stages"]]
    assert "By hand" in names and len(names) == len(stages) + 2
    assert migration.run("load").counts["sent"] == 0


@pytest.mark.slow
def test_pipelines_that_the_token_may_not_make(migration):
    """The admin gets the exact steps for the new pipeline and the new stage; done by hand, the delta goes on with them."""
    scenario = migration.sandbox.state.scenario
    scenario.lacking_scopes = ["pipelines.create"]
    with pytest.raises(GateClosed, match="wait for an admin") as stopped:
        migration.delta(grown(), approve_all="Jane")
    steps = StepResult.load(migration.ws.results("schema")).tables["instructions"]
    told = "\n".join(steps["do"])
    assert "Name it exactly: Service" in told and "Add the stage Negotiation" in told and "delta" in told
    assert "Negotiation" in str(stopped.value)
    scenario.lacking_scopes = []
    (line,) = [p for p in migration.sandbox.state.dump()["pipelines"].values() if p["name"] == "Sales"]
    keys = ("id", "name", "position", "stageWinProbability")
    stages = [{key: stage[key] for key in keys} for stage in line["stages"]]
    added = {"name": "Negotiation", "position": len(stages), "stageWinProbability": 70}
    call(migration.sandbox, "PUT", f"/opportunities/pipelines/{line['id']}", json={"stages": [*stages, added]})
    body = {"locationId": migration.sandbox.location, "name": "service", "stages": [{"name": "Open call", "position": 0}]}  # fmt: skip
    call(migration.sandbox, "POST", "/opportunities/pipelines", json=body)
    scenario.lacking_scopes = ["pipelines.create"]
    result = migration.run("delta", export=migration.folder / "later", approve_all="Jane")
    found = migration.arrived()
    assert not result.counts["held"] and not result.counts["refused"], result.tables["errors"].to_csv()
    assert found.stage(found.opportunity("Wheel")) == ("Sales", "Negotiation")
    assert found.stage(found.opportunity("Axle")) == ("service", "Open call")
    assert migration.run("status").counts["in_doubt_now"] == 0
    assert migration.run("delta", export=migration.folder / "later").status is Status.NOTHING_TO_DO
