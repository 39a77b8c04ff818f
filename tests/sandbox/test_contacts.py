"""Contacts as HighLevel stores, refuses and silently changes them."""

from __future__ import annotations

from tests.sandbox.conftest import Caller


def test_tags_and_emails_are_lower_cased(call: Caller) -> None:
    """Tags are trimmed and lower-cased, e-mails lower-cased, and new tags become tags of the location."""
    made = call.contact(email=" Jane@ACME.com", tags=[" VIP ", "vip", "Zürich"])
    assert (made["email"], made["tags"]) == ("jane@acme.com", ["vip", "zürich"])
    tags = call.ok("GET", f"/locations/{call.rehearsal.location}/tags")["tags"]
    assert [tag["name"] for tag in tags] == ["vip", "zürich"]


def test_phones(call_with) -> None:
    """E.164 stays, a spaced international one is normalised, a national one is dropped, or as the switch says."""
    call = call_with()
    assert call.contact(phone="+16135550123")["phone"] == "+16135550123"
    assert call.contact(phone="+1 613-555-0124")["phone"] == "+16135550124"
    assert "phone" not in call.contact(phone="(613) 555-0125")
    assert "phone" not in call.contact(phone="call me")
    call = call_with(behaviour={"non_e164_phones": "normalise"})
    assert call.contact(phone="(613) 555-0125")["phone"] == "+16135550125"
    call = call_with(behaviour={"non_e164_phones": "refuse"})
    assert call("POST", "/contacts/", {"phone": "call me", **call.here})[0] == 422


def test_empty_identity_is_refused(call: Caller) -> None:
    """An empty e-mail or phone is 422; so is an e-mail that is none."""
    for body in ({"email": ""}, {"phone": ""}, {"email": "nobody"}):
        assert call("POST", "/contacts/", {**body, **call.here})[0] == 422


def test_duplicates(call_with) -> None:
    """The duplicate setting answers 400 with who and why; switched on, anything goes."""
    call = call_with()
    first = call.contact(firstName="Jane", lastName="Roe", email="jane@acme.com", phone="+16135550123")
    status, answer = call("POST", "/contacts/", {"email": "JANE@acme.com", **call.here})
    assert (status, answer["message"]) == (400, "This location does not allow duplicated contacts.")
    assert answer["meta"] == {"contactId": first["id"], "contactName": "Jane Roe", "matchingField": "email"}
    assert call("POST", "/contacts/", {"phone": "+16135550123", **call.here})[1]["meta"]["matchingField"] == "phone"
    other = call.contact(email="john@acme.com")
    assert call("PUT", f"/contacts/{other['id']}", {"email": "jane@acme.com"})[0] == 400
    call = call_with(location={"allow_duplicate_contact": True})
    assert call.contact(email="a@b.co")["id"] != call.contact(email="a@b.co")["id"]


def test_no_identity_no_idempotency(call: Caller) -> None:
    """A contact with neither e-mail nor phone is made again by each create."""
    assert call.contact(firstName="Ghost")["id"] != call.contact(firstName="Ghost")["id"]


def test_put_replaces_tags_and_keeps_the_rest(call: Caller) -> None:
    """PUT replaces all tags; companyName and gender cannot be sent; dndSettings of other channels stay."""
    made = call.contact(
        email="a@b.co", tags=["a", "b"], companyName="Acme", dndSettings={"email": {"status": "active"}}
    )
    path = f"/contacts/{made['id']}"
    changed = call.ok("PUT", path, {"tags": ["c"], "dndSettings": {"sms": {"status": "active"}}})["contact"]
    assert (changed["tags"], changed["companyName"]) == (["c"], "Acme")
    assert set(changed["dndSettings"]) == {"email", "sms"}
    assert call("PUT", path, {"companyName": "X"})[0] == call("PUT", path, {"gender": "x"})[0] == 422
    assert call.ok("POST", f"{path}/tags", {"tags": ["C", "D"]})["tags"] == ["c", "d"]
    assert call.ok("DELETE", f"{path}/tags", {"tags": ["c"]})["tags"] == ["d"]


def test_upsert_merges_people(call: Caller) -> None:
    """Upsert changes whom the first matching field finds, replaces the tags, and ignores the other's phone."""
    jane = call.contact(email="jane@acme.com", tags=["old"])
    john = call.contact(email="john@acme.com", phone="+16135550123")
    answer = call.ok(
        "POST", "/contacts/upsert", {"email": "jane@acme.com", "phone": "+16135550123", "tags": ["new"], **call.here}
    )
    assert (answer["new"], answer["contact"]["id"], answer["contact"]["tags"]) == (False, jane["id"], ["new"])
    assert "phone" not in answer["contact"]
    assert call.ok("GET", f"/contacts/{john['id']}")["contact"]["phone"] == "+16135550123"


def test_custom_values(call: Caller) -> None:
    """Unknown ids and foreign options vanish with a 201, "" is ignored, null clears, dates lose their time."""
    colour = call.field("Colour", "SINGLE_OPTIONS", options=["Red", "Blue"])
    several = call.field("Several", "MULTIPLE_OPTIONS", options=["A", "B"])
    text, day, number = call.field("Text", "TEXT"), call.field("Day", "DATE"), call.field("Number", "NUMERICAL")
    sent = {colour: "red", several: ["A", "Z"], text: "x", day: "2021-03-04T23:59:00Z", number: "12.5", "nope": "y"}
    made = call.contact(email="a@b.co", customFields=[{"id": key, "fieldValue": value} for key, value in sent.items()])
    held = {item["id"]: item["value"] for item in made["customFields"]}
    assert held == {several: ["A"], text: "x", day: "2021-03-04", number: 12.5}
    values = [{"id": text, "fieldValue": ""}, {"id": day, "fieldValue": None}, {"id": number, "fieldValue": "abc"}]
    changed = call.ok("PUT", f"/contacts/{made['id']}", {"customFields": values})["contact"]
    assert {item["id"]: item["value"] for item in changed["customFields"]} == {several: ["A"], text: "x", number: 12.5}
    assert call("POST", "/contacts/", {"customFields": [{"id": text, "value": "x"}], **call.here})[0] == 422


def test_delete_takes_everything_along(call: Caller) -> None:
    """With a contact go its notes, tasks, appointments and opportunities; a shared note stays with the company."""
    made, pipeline = call.contact(email="a@b.co"), call.pipeline()
    business = call.ok("POST", "/businesses/", {"name": "Acme", **call.here})["buiseness"]["id"]
    path = f"/contacts/{made['id']}"
    call.ok("POST", f"{path}/notes", {"body": "own"})
    both = [{"objectKey": "contact", "recordId": made["id"]}, {"objectKey": "business", "recordId": business}]
    call.ok("POST", "/notes/", {"body": "shared", "relations": both}, **call.here)
    call.ok("POST", f"{path}/tasks", {"title": "t", "dueDate": "2026-01-01T00:00:00Z", "completed": False})
    assert call.deal(made, pipeline)[0] == 201
    call.ok("DELETE", path)
    dump = call.state.dump()
    assert [note["body"] for note in dump["notes"].values()] == ["shared"]
    assert dump["tasks"] == dump["opportunities"] == dump["contacts"] == {}
    status, answer = call("GET", path)
    assert status == 400 and answer["message"] == f"Contact with id {made['id']} not found"


def test_links_to_a_business(call: Caller) -> None:
    """At most fifty contacts a request; null unlinks; a deleted business leaves its contacts unlinked."""
    ids = [call.contact(email=f"u{number}@b.co")["id"] for number in range(3)]
    business = call.ok("POST", "/businesses/", {"name": "Acme", **call.here})["buiseness"]["id"]
    link = {"ids": ids, "businessId": business, **call.here}
    assert call.ok("POST", "/contacts/bulk/business", link)["ids"] == ids
    assert call("POST", "/contacts/bulk/business", {**link, "ids": ["x"] * 51})[0] == 422
    call.ok("POST", "/contacts/bulk/business", {**link, "ids": ids[:1], "businessId": None})
    assert call.ok("GET", f"/contacts/business/{business}", **call.here)["count"] == 2
    call.ok("DELETE", f"/businesses/{business}")
    assert "businessId" not in call.ok("GET", f"/contacts/{ids[1]}")["contact"]


def test_what_fires_workflows(call_with) -> None:
    """Creating contacts, tags and opportunities fires published workflows into the outbox; paused ones stay silent."""
    flows = [
        {"name": name, "status": "published", "trigger": name}
        for name in ("contact_created", "tag_added", "opportunity_created")
    ]
    call = call_with(workflows=flows)
    call.deal(call.contact(email="a@b.co", tags=["x"]), call.pipeline())
    assert [item["trigger"] for item in call.ok("GET", "/_sandbox/outbox")["outbox"]] == [
        "contact_created",
        "tag_added",
        "opportunity_created",
    ]
    call.ok("POST", "/_sandbox/workflows/pause")
    call.ok("POST", "/_sandbox/reset")
    call.contact(email="c@d.co", tags=["x"])
    assert call.state.outbox == []
