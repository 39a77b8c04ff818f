"""Fields, folders, pipelines, objects and calendars."""

from __future__ import annotations

from tests.sandbox.conftest import Caller


def _business_field(call: Caller, name: str, kind: str, **more: object) -> str:
    fields = call.ok("GET", "/custom-fields/object-key/business", **call.here)
    body = {
        "name": name,
        "dataType": kind,
        "fieldKey": f"business.{name}",
        "objectKey": "business",
        "showInForms": True,
    }
    answer = call.ok("POST", "/custom-fields/", {**body, "parentId": fields["folders"][0]["id"], **more, **call.here})
    return answer["field"]["id"]


def test_field_type_is_for_ever_and_options_can_be_lost(call_with) -> None:
    """PUT refuses dataType; a location may lose options at creation, which reading back shows and PUT mends."""
    call = call_with(behaviour={"lose_field_options": "last"})
    path = f"/locations/{call.rehearsal.location}/customFields"
    field = call.field("Colour", "SINGLE_OPTIONS", options=["Red", "Blue"])
    assert call.ok("GET", f"{path}/{field}")["customField"]["picklistOptions"] == ["Red"]
    status, answer = call("PUT", f"{path}/{field}", {"name": "Colour", "dataType": "TEXT"})
    assert (status, answer["message"]) == (422, ["property dataType should not exist"])
    call.ok("PUT", f"{path}/{field}", {"name": "Colour", "options": ["Red", "Blue"]})
    assert call.ok("GET", f"{path}/{field}")["customField"]["picklistOptions"] == ["Red", "Blue"]
    assert call("POST", path, {"name": "colour", "dataType": "TEXT", "model": "contact"})[0] == 400


def test_deleting_a_field_deletes_its_values(call: Caller) -> None:
    """A deleted field leaves no value behind."""
    field = call.field("Text", "TEXT")
    made = call.contact(email="a@b.co", customFields=[{"id": field, "fieldValue": "x"}])
    call.ok("DELETE", f"/locations/{call.rehearsal.location}/customFields/{field}")
    assert call.ok("GET", f"/contacts/{made['id']}")["contact"]["customFields"] == []


def test_business_values(call: Caller) -> None:
    """Lists do not persist, a label comes back as its key, dates want a time, numbers must be numbers, keys exist."""
    _business_field(call, "kinds", "MULTIPLE_OPTIONS", options=[{"key": "a", "label": "A"}])
    _business_field(call, "size", "SINGLE_OPTIONS", options=[{"key": "very_big", "label": "Very big"}])
    _business_field(call, "founded", "DATE")
    _business_field(call, "staff", "NUMERICAL")
    path = "/objects/business/records"
    good = {"name": "Acme", "kinds": ["a"], "size": "Very big", "founded": "2001-02-03T00:00:00Z", "staff": 5}
    record = call.ok("POST", path, {"properties": good, **call.here})["record"]
    expected = {"name": "Acme", "size": "very_big", "founded": "2001-02-03T00:00:00Z", "staff": 5}
    assert record["properties"] == expected
    for bad in ({"founded": "2001-02-03"}, {"staff": "5"}, {"nope": "x"}):
        assert call("POST", path, {"properties": {"name": "B", **bad}, **call.here})[0] == 400, bad
    cleared = call.ok("PUT", f"{path}/{record['id']}", {"properties": {"staff": None}}, **call.here)["record"]
    assert "staff" not in cleared["properties"]
    assert call("PUT", f"{path}/{record['id']}", {"properties": {}, **call.here}, **call.here)[0] == 422
    flat = call.ok("GET", f"/businesses/{record['id']}")["business"]
    assert flat["name"] == "Acme" and "size" not in flat


def test_business_field_needs_a_folder(call: Caller) -> None:
    """Without a folder of that object a business field is refused."""
    body = {"name": "X", "dataType": "TEXT", "fieldKey": "business.x", "objectKey": "business", "showInForms": True}
    assert call("POST", "/custom-fields/", {**body, **call.here})[0] == 422
    assert call("POST", "/custom-fields/", {**body, "parentId": "nowhere", **call.here})[0] == 400
    assert call("POST", "/custom-fields/", {**body, "objectKey": "contact", "parentId": "x", **call.here})[0] == 400


def test_business_name_search(call: Caller) -> None:
    """`eq` on a business name finds nothing, `contains` does."""
    call.ok("POST", "/objects/business/records", {"properties": {"name": "Acme"}, **call.here})
    body = {"page": 1, "pageLimit": 10, "query": "", "searchAfter": [], **call.here}
    for operator, total in (("eq", 0), ("contains", 1)):
        filters = [{"field": "properties.name", "operator": operator, "value": "Acme"}]
        assert call.ok("POST", "/objects/business/records/search", {**body, "filters": filters})["total"] == total


def test_stage_probabilities(call: Caller) -> None:
    """One stage without a probability and all are recomputed from their positions."""
    stages = [{"name": "A", "position": 0, "stageWinProbability": 5}, {"name": "B", "position": 1}]
    made = call.pipeline("P", stages=stages)
    assert [stage["stageWinProbability"] for stage in made["stages"]] == [33.33, 66.67]
    stages[1]["stageWinProbability"] = 90
    assert [s["stageWinProbability"] for s in call.pipeline("Q", stages=stages)["stages"]] == [5, 90]
    assert call("POST", "/opportunities/pipelines", {"name": "p", "stages": stages, **call.here})[0] == 400
    twins = [{"name": "A", "position": 0}, {"name": "a", "position": 1}]
    assert call("POST", "/opportunities/pipelines", {"name": "R", "stages": twins, **call.here})[0] == 422


def test_pipeline_put_and_delete(call: Caller) -> None:
    """PUT replaces all stages (their deals land in the first one) and refuses ids; DELETE takes the deals along."""
    made = call.pipeline()
    _, answer = call.deal(call.contact(email="a@b.co"), made, pipelineStageId=made["stages"][2]["id"])
    path = f"/opportunities/pipelines/{made['id']}"
    assert call("PUT", path, {"id": made["id"], "dateAdded": "x"})[0] == 422
    kept = [{"id": stage["id"], "name": stage["name"], "position": stage["position"]} for stage in made["stages"][:2]]
    changed = call.ok("PUT", path, {"stages": kept})["pipeline"]
    assert [stage["id"] for stage in changed["stages"]] == [stage["id"] for stage in kept]
    deal = call.ok("GET", f"/opportunities/{answer['opportunity']['id']}")["opportunity"]
    assert deal["pipelineStageId"] == kept[0]["id"]
    call.ok("DELETE", path)
    assert call("GET", f"/opportunities/{deal['id']}")[0] == 404


def test_older_location_has_no_pipelines_api(call_with) -> None:
    """Before June 2026 pipelines could only be listed."""
    call = call_with(behaviour={"pipelines_api": False})
    assert call("POST", "/opportunities/pipelines", {"name": "A", "stages": [], **call.here})[0] == 404
    assert call("GET", "/opportunities/pipelines", **call.here)[0] == 200


def test_ten_custom_objects(call: Caller) -> None:
    """The eleventh custom object is refused."""
    for number in range(11):
        display = {"key": "name", "name": "Name", "dataType": "TEXT"}
        body = {
            "labels": {"singular": "S", "plural": "P"},
            "key": f"o{number}",
            "primaryDisplayPropertyDetails": display,
        }
        assert call("POST", "/objects/", {**body, **call.here})[0] == (201 if number < 10 else 400)


def test_tags_of_the_location(call: Caller) -> None:
    """A tag's name is unique ignoring case; renaming and deleting reach the contacts."""
    path = f"/locations/{call.rehearsal.location}/tags"
    tag = call.ok("POST", path, {"name": " Gold "})["tag"]
    assert tag["name"] == "gold" and call("POST", path, {"name": "GOLD"})[0] == 400
    made = call.contact(email="a@b.co", tags=["gold"])
    call.ok("PUT", f"{path}/{tag['id']}", {"name": "silver"})
    assert call.ok("GET", f"/contacts/{made['id']}")["contact"]["tags"] == ["silver"]
    call.ok("DELETE", f"{path}/{tag['id']}")
    assert call.ok("GET", f"/contacts/{made['id']}")["contact"]["tags"] == []
