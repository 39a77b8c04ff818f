"""Users, workflows, lost reasons and forms: what the location has that a migration only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, missing
from pb2hl.sandbox.contacts import page_numbers
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record


def _view(sandbox: State, user: Record) -> dict[str, Any]:
    return {
        **user,
        "permissions": {},
        "roles": {"type": "account", "role": user["role"], "locationIds": [sandbox.location]},
    }


def _users(sandbox: State, deleted: bool) -> list[Record]:
    return [user for user in sandbox.users.records.values() if bool(user.get("deleted")) == deleted]


@endpoint("GET", "/users/search", "users.readonly", query="companyId")
def search_users(sandbox: State, call: Call) -> Answer:
    """The location's users, by text; deleted ones are left out."""
    text = call.query.get("query", "").lower()
    limit, skip = page_numbers(call, 100)
    found = [user for user in _users(sandbox, False) if text in f"{user['name']} {user['email']}".lower()]
    page = [_view(sandbox, user) for user in found[skip : skip + limit]]
    return Answer({"users": page, "count": len(found)})


@endpoint(
    "POST",
    "/users/search/filter-by-email",
    "users.readonly",
    "companyId! emails!:any deleted:bool skip limit projection",
    writes=False,
)
def filter_by_email(sandbox: State, call: Call) -> Answer:
    """Users by e-mail addresses."""
    emails = call.body["emails"]
    wanted = emails if isinstance(emails, list) else str(emails).split(",")
    addresses = {str(email).strip().lower() for email in wanted}
    found = [user for user in _users(sandbox, bool(call.body.get("deleted"))) if user["email"].lower() in addresses]
    return Answer({"users": [_view(sandbox, user) for user in found], "count": len(found)})


@endpoint("GET", "/users/{userId}", "users.readonly")
def read_user(sandbox: State, call: Call) -> Answer:
    """One user."""
    user = sandbox.users.get(call.path["userId"])
    if user is None:
        raise missing("User", call.path["userId"])
    return Answer(_view(sandbox, user))


@endpoint("GET", "/workflows/", "workflows.readonly", query="locationId")
def list_workflows(sandbox: State, call: Call) -> Answer:
    """The location's workflows, published and drafts; their triggers are not told."""
    flows = sandbox.workflows.records.values()
    return Answer({"workflows": [{key: value for key, value in flow.items() if key != "trigger"} for flow in flows]})


@endpoint("GET", "/opportunities/lost-reason", "opportunities.readonly", query="locationId")
def list_lost_reasons(sandbox: State, call: Call) -> Answer:
    """The location's reasons for lost opportunities."""
    text = (call.query.get("query") or call.query.get("name") or "").lower()
    limit, skip = page_numbers(call, 100)
    found = [reason for reason in sandbox.lost_reasons.records.values() if text in reason["name"].lower()]
    return Answer({"lostReasons": found[skip : skip + limit], "total": len(found)})


@endpoint("GET", "/forms/", "forms.readonly", query="locationId")
def list_forms(sandbox: State, call: Call) -> Answer:
    """The location's forms: none."""
    return Answer({"forms": [], "total": 0})
