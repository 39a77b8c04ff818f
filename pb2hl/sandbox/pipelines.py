"""Pipelines and their stages; deleting one deletes its opportunities for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape, check_items

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_PATH = "/opportunities/pipelines"
_OPTIONAL = "useOpportunityProbability:bool showInFunnel:bool showInPieChart:bool colorRenderMode:dot|bg-tint|none"
_NEW_STAGE = Shape("name! position!:num stageWinProbability:num showInFunnel:bool showInPieChart:bool color")
_STAGE = Shape("id name! position!:num stageWinProbability:num showInFunnel:bool showInPieChart:bool color originId")


@endpoint("GET", _PATH, "opportunities.readonly", query="locationId")
def list_all(sandbox: State, call: Call) -> Answer:
    """Every pipeline; the list lags behind writes."""
    lag = max(sandbox.behaviour.pipelines_lag_s, 0.0)
    return Answer({"pipelines": list(sandbox.pipelines.seen(lag).values())})


@endpoint("POST", _PATH, "pipelines.create", f"locationId! name! stages!:list {_OPTIONAL}", switch="pipelines_api")
def create(sandbox: State, call: Call) -> Answer:
    """Make a pipeline with its stages."""
    return Answer({"pipeline": make(sandbox, call.body)}, 201)


def make(sandbox: State, body: dict[str, Any]) -> Record:
    """Store a new pipeline; 400 when its name is taken."""
    name = _free_name(sandbox, body["name"], "")
    check_items("stages", body["stages"], _NEW_STAGE if "id" not in body else _STAGE)
    stamp = sandbox.stamp()
    return sandbox.pipelines.put(
        {
            "id": body.get("id") or sandbox.ids.record("pipeline"),
            "name": name,
            "locationId": sandbox.location,
            "stages": _stages(sandbox, body["stages"], ()),
            "showInFunnel": body.get("showInFunnel", True),
            "showInPieChart": body.get("showInPieChart", True),
            "useOpportunityProbability": body.get("useOpportunityProbability", False),
            "colorRenderMode": body.get("colorRenderMode", "dot"),
            "dateAdded": stamp,
            "dateUpdated": stamp,
        }
    )


@endpoint("GET", _PATH + "/{id}", "opportunities.readonly", switch="pipelines_api")
def read(sandbox: State, call: Call) -> Answer:
    """One pipeline, immediate."""
    return Answer({"pipeline": _pipeline(sandbox, call)})


@endpoint("PUT", _PATH + "/{id}", "pipelines.create", f"name stages:list {_OPTIONAL}", switch="pipelines_api")
def update(sandbox: State, call: Call) -> Answer:
    """Change a pipeline: `stages` replace all stages; opportunities of a stage left out land in the first one."""
    held, body = _pipeline(sandbox, call), call.body
    changes = {key: value for key, value in body.items() if key not in ("name", "stages")}
    if body.get("name") is not None:
        changes["name"] = _free_name(sandbox, body["name"], held["id"])
    if body.get("stages") is not None:
        check_items("stages", body["stages"], _STAGE)
        sent = body["stages"]
        if not sandbox.behaviour.put_keeps_stage_ids:
            sent = [{key: value for key, value in stage.items() if key != "id"} for stage in sent]
        changes["stages"] = _stages(sandbox, sent, tuple(stage["id"] for stage in held["stages"]))
        _move_orphans(sandbox, held["id"], changes["stages"])
    return Answer({"pipeline": sandbox.pipelines.put({**held, **changes, "dateUpdated": sandbox.stamp()})})


@endpoint("DELETE", _PATH + "/{id}", "pipelines.create", switch="pipelines_api")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a pipeline and every opportunity in it."""
    held = _pipeline(sandbox, call)
    for record in sandbox.opportunities.find("pipeline", held["id"]):
        sandbox.opportunities.remove(record["id"])
    sandbox.pipelines.remove(held["id"])
    return Answer({"succeded": True, "success": True})


def _pipeline(sandbox: State, call: Call) -> Record:
    held = sandbox.pipelines.get(call.path["id"])
    if held is None:
        raise missing("Pipeline", call.path["id"])
    return held


def _free_name(sandbox: State, name: str, own_id: str) -> str:
    if not name.strip():
        raise invalid("name should not be empty")
    if any(held["id"] != own_id for held in sandbox.pipelines.find("name", name.strip().lower())):
        raise Reject(400, f"Pipeline with name {name.strip()} already exists")
    return name.strip()


def _stages(sandbox: State, sent: list[dict[str, Any]], known: tuple[str, ...]) -> list[Record]:
    if not sent:
        raise invalid("stages should not be empty")
    names = [stage["name"].strip().lower() for stage in sent]
    if "" in names or len(set(names)) < len(names):
        raise invalid("stages must have unique names")
    in_order = sorted(sent, key=lambda stage: stage["position"])
    given = all(stage.get("stageWinProbability") is not None for stage in in_order)
    recompute = not given and sandbox.behaviour.recompute_stage_probabilities
    stages = []
    for index, stage in enumerate(in_order):
        probability = stage.get("stageWinProbability")
        if recompute or probability is None:
            probability = round((index + 1) / (len(in_order) + 1) * 100, 2)
        if not 0 <= probability <= 100:
            raise invalid("stages.stageWinProbability must not be greater than 100")
        stages.append(
            {
                "id": stage["id"]
                if stage.get("id") and (not known or stage["id"] in known)
                else sandbox.ids.uuid("stage"),
                "name": stage["name"].strip(),
                "position": index,
                "showInFunnel": stage.get("showInFunnel", True),
                "showInPieChart": stage.get("showInPieChart", True),
                "stageWinProbability": probability,
                **({"color": stage["color"]} if stage.get("color") else {}),
            }
        )
    return stages


def _move_orphans(sandbox: State, pipeline_id: str, stages: list[Record]) -> None:
    kept = {stage["id"] for stage in stages}
    for record in sandbox.opportunities.find("pipeline", pipeline_id):
        if record["pipelineStageId"] not in kept:
            sandbox.opportunities.put({**record, "pipelineStageId": stages[0]["id"]})
