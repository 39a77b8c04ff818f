"""Opportunities: create, read, update, status, upsert, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.contacts import full_name, known_user
from pb2hl.sandbox.customvalues import merge_custom
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.values import date_only

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_STATUS = "open|won|lost|abandoned|all"
_COMMON = (
    f"pipelineStageId monetaryValue:num forecastExpectedCloseDate forecastProbability:num assignedTo customFields:list "
    f"name status:{_STATUS}"
)
_PLAIN = ("name", "status", "monetaryValue", "source", "lostReasonId")
_ALLOWED_ON_CREATE = "source:any"


@endpoint(
    "POST",
    "/opportunities/",
    "opportunities.write",
    f"{_COMMON} pipelineId! locationId! name! status!:{_STATUS} contactId! {_ALLOWED_ON_CREATE}",
)
def create(sandbox: State, call: Call) -> Answer:
    """Create an opportunity of a contact in a pipeline."""
    body = call.body
    _forbid(sandbox.behaviour.opportunity_takes_source, body, "source")
    return Answer({"opportunity": view(sandbox, make(sandbox, body))}, 201)


def make(sandbox: State, body: dict[str, Any]) -> Record:
    """Store a new opportunity, checked against pipeline, stage, contact and the duplicate setting."""
    if sandbox.contacts.get(body["contactId"]) is None:
        raise Reject(400, f"Contact with id {body['contactId']} not found")
    fields = _clean(sandbox, body)
    _refuse_second_open(sandbox, body["contactId"], body["pipelineId"], fields["status"])
    stamp = sandbox.stamp()
    record = {
        "id": body.get("id") or sandbox.ids.record("opportunity"),
        "locationId": sandbox.location,
        "contactId": body["contactId"],
        "pipelineId": body["pipelineId"],
        "pipelineStageId": _stage(sandbox, body["pipelineId"], body.get("pipelineStageId")),
        "monetaryValue": 0,
        "assignedTo": None,
        "source": None,
        "lostReasonId": None,
        "followers": [],
        **fields,
        "customFields": merge_custom(sandbox, "opportunity", [], body.get("customFields")),
        "createdAt": stamp,
        "updatedAt": stamp,
        "lastStatusChangeAt": stamp,
        "lastStageChangeAt": stamp,
    }
    sandbox.opportunities.put(record)
    _sync_owner(sandbox, record, fields)
    sandbox.fire("opportunity_created", opportunityId=record["id"], contactId=record["contactId"])
    return record


@endpoint("GET", "/opportunities/{id}", "opportunities.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One opportunity, immediate."""
    left_out = ("customFields", "lostReasonId") if sandbox.behaviour.thin_opportunities else ()
    shown = view(sandbox, opportunity(sandbox, call))
    return Answer({"opportunity": {name: value for name, value in shown.items() if name not in left_out}})


@endpoint("PUT", "/opportunities/{id}", "opportunities.write", f"{_COMMON} pipelineId lostReasonId:any source:any")
def update(sandbox: State, call: Call) -> Answer:
    """Change an opportunity."""
    _forbid(sandbox.behaviour.opportunity_put_takes_lost_reason, call.body, "lostReasonId")
    _forbid(sandbox.behaviour.opportunity_takes_source, call.body, "source")
    return Answer({"opportunity": view(sandbox, _change(sandbox, opportunity(sandbox, call), call.body))})


@endpoint("PUT", "/opportunities/{id}/status", "opportunities.write", f"status!:{_STATUS} lostReasonId")
def set_status(sandbox: State, call: Call) -> Answer:
    """Change an opportunity's status, with the reason it was lost for."""
    _change(sandbox, opportunity(sandbox, call), call.body)
    return Answer({"succeded": True, "success": True})


@endpoint(
    "POST",
    "/opportunities/upsert",
    "opportunities.write",
    f"id pipelineId! locationId! followers!:strs isRemoveAllFollowers!:bool followersActionType!:add|remove name "
    f"status:{_STATUS} pipelineStageId monetaryValue:any forecastExpectedCloseDate forecastProbability:num assignedTo "
    "lostReasonId contactId",
)
def upsert(sandbox: State, call: Call) -> Answer:
    """Change the opportunity of that id, or the contact's one in the pipeline, else create one."""
    body = {
        key: value for key, value in call.body.items() if key not in ("followersActionType", "isRemoveAllFollowers")
    }
    held = sandbox.opportunities.get(body.get("id") or "")
    if held is None and body.get("contactId"):
        found = sandbox.opportunities.find("contact", body["contactId"])
        held = next((record for record in found if record["pipelineId"] == body["pipelineId"]), None)
    if held is not None:
        changes = {
            key: value for key, value in body.items() if key not in ("id", "contactId", "locationId", "followers")
        }
        return Answer({"opportunity": view(sandbox, _change(sandbox, held, changes)), "new": False})
    if not body.get("contactId"):
        raise invalid("contactId should not be empty")
    new = {"status": "open", "name": "Opportunity", **body}
    return Answer({"opportunity": view(sandbox, make(sandbox, new)), "new": True})


@endpoint("DELETE", "/opportunities/{id}", "opportunities.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete an opportunity."""
    sandbox.opportunities.remove(opportunity(sandbox, call)["id"])
    return Answer({"succeded": True, "success": True})


def view(sandbox: State, record: Record) -> dict[str, Any]:
    """An opportunity as the API gives it, its contact inside."""
    person = sandbox.contacts.get(record["contactId"])
    shown = {key: value for key, value in record.items() if key != "customFields"}
    shown["customFields"] = [{"id": item["id"], "fieldValue": item["value"]} for item in record["customFields"]]
    shown["pipelineStageUId"] = record["pipelineStageId"]
    shown["effectiveProbability"] = record.get("forecastProbability", _stage_probability(sandbox, record))
    if person is not None:
        brief = {"id": person["id"], "name": full_name(person), "tags": person["tags"]}
        brief |= {key: person[key] for key in ("companyName", "email", "phone") if person.get(key)}
        shown["contact"] = brief
    return {key: value for key, value in shown.items() if value is not None}


def _forbid(allowed: bool, body: dict[str, Any], name: str) -> None:
    if name in body and not allowed:
        raise invalid(f"property {name} should not exist")
    if body.get(name) is not None and not isinstance(body[name], str):
        raise invalid(f"{name} must be a string")


def opportunity(sandbox: State, call: Call) -> Record:
    """The opportunity of the path; 404 when there is none."""
    record = sandbox.opportunities.get(call.path["id"])
    if record is None:
        raise missing("Opportunity", call.path["id"])
    return record


def _change(sandbox: State, held: Record, body: dict[str, Any]) -> Record:
    fields = _clean(sandbox, body)
    stamp = sandbox.stamp()
    pipeline_id = body.get("pipelineId") or held["pipelineId"]
    if body.get("pipelineStageId") or pipeline_id != held["pipelineId"]:
        fields["pipelineStageId"] = _stage(sandbox, pipeline_id, body.get("pipelineStageId"))
        fields["lastStageChangeAt"] = stamp
    if fields.get("status", held["status"]) != held["status"]:
        fields["lastStatusChangeAt"] = stamp
    record = {**held, **fields, "pipelineId": pipeline_id, "updatedAt": stamp}
    record["customFields"] = merge_custom(sandbox, "opportunity", held["customFields"], body.get("customFields"))
    sandbox.opportunities.put(record)
    _sync_owner(sandbox, record, fields)
    return record


def _sync_owner(sandbox: State, record: Record, fields: dict[str, Any]) -> None:
    """A new owner becomes the contact's too and, through it, that of its other deals, where the location keeps them at one."""
    person = sandbox.contacts.get(record["contactId"])
    if sandbox.behaviour.owner_sync and fields.get("assignedTo") and person is not None:
        sandbox.contacts.put({**person, "assignedTo": fields["assignedTo"], "dateUpdated": sandbox.stamp()})
        for deal in (
            sandbox.opportunities.find("contact", record["contactId"]) if sandbox.behaviour.owner_sync_chains else ()
        ):
            sandbox.opportunities.put({**deal, "assignedTo": fields["assignedTo"], "updatedAt": sandbox.stamp()})


def _clean(sandbox: State, body: dict[str, Any]) -> dict[str, Any]:
    fields = {key: body[key] for key in _PLAIN if key in body and (body[key] is not None or key == "lostReasonId")}
    if "name" in fields and not fields["name"].strip():
        raise invalid("name should not be empty")
    if fields.get("status") == "all":
        raise invalid("status must be one of the following values: open, won, lost, abandoned")
    if fields.get("lostReasonId") and sandbox.lost_reasons.get(fields["lostReasonId"]) is None:
        raise Reject(400, "Invalid lost reason id")
    if "assignedTo" in body:
        fields["assignedTo"] = known_user(sandbox, body["assignedTo"])
    if body.get("forecastExpectedCloseDate"):
        fields["forecastExpectedCloseDate"] = date_only(sandbox, body["forecastExpectedCloseDate"])
        if fields["forecastExpectedCloseDate"] is None:
            raise invalid("forecastExpectedCloseDate must be a valid ISO 8601 date string")
    if body.get("forecastProbability") is not None:
        if not 0 <= body["forecastProbability"] <= 100:
            raise invalid("forecastProbability must not be greater than 100")
        fields["forecastProbability"] = body["forecastProbability"]
    return fields


def _stage(sandbox: State, pipeline_id: str, stage_id: str | None) -> str:
    pipeline = sandbox.pipelines.get(pipeline_id)
    if pipeline is None:
        raise Reject(400, "The pipeline id is invalid.")
    if not stage_id:
        return pipeline["stages"][0]["id"]
    if stage_id not in [stage["id"] for stage in pipeline["stages"]]:
        raise Reject(400, "The pipeline stage id is invalid.")
    return stage_id


def _stage_probability(sandbox: State, record: Record) -> float | None:
    pipeline = sandbox.pipelines.get(record["pipelineId"])
    stages = pipeline["stages"] if pipeline else []
    return next((stage["stageWinProbability"] for stage in stages if stage["id"] == record["pipelineStageId"]), None)


def _refuse_second_open(sandbox: State, contact_id: str, pipeline_id: str, status: str) -> None:
    if sandbox.scenario.location.allow_duplicate_opportunity or status != "open":
        return
    for other in sandbox.opportunities.find("contact", contact_id):
        if other["pipelineId"] == pipeline_id and other["status"] == "open":
            extra = {"code": "OPPORTUNITY_NO_DUPLICATE", "meta": {"existingId": other["id"]}}
            raise Reject(400, "Can not create duplicate opportunity for the contact.", extra)
