"""Followers of contacts and opportunities: users, ten at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pb2hl.sandbox.answers import Answer, invalid
from pb2hl.sandbox.contacts import contact, known_user
from pb2hl.sandbox.opportunities import opportunity
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State

MOST_FOLLOWERS = 10


@endpoint("POST", "/contacts/{contactId}/followers", "contacts.write", "followers!:strs")
def follow_contact(sandbox: State, call: Call) -> Answer:
    """Add followers to a contact."""
    held = contact(sandbox, call.path["contactId"])
    after, added = _more(sandbox, held["followers"], call.body["followers"])
    sandbox.contacts.put({**held, "followers": after, "dateUpdated": sandbox.stamp()})
    return Answer({"followers": after, "followersAdded": added}, 201)


@endpoint("DELETE", "/contacts/{contactId}/followers", "contacts.write", "followers!:strs")
def leave_contact(sandbox: State, call: Call) -> Answer:
    """Take followers off a contact."""
    held = contact(sandbox, call.path["contactId"])
    after, gone = _less(held["followers"], call.body["followers"])
    sandbox.contacts.put({**held, "followers": after, "dateUpdated": sandbox.stamp()})
    return Answer({"followers": after, "followersRemoved": gone})


@endpoint("POST", "/opportunities/{id}/followers", "opportunities.write", "followers!:strs")
def follow_opportunity(sandbox: State, call: Call) -> Answer:
    """Add followers to an opportunity."""
    held = opportunity(sandbox, call)
    after, added = _more(sandbox, held["followers"], call.body["followers"])
    sandbox.opportunities.put({**held, "followers": after, "updatedAt": sandbox.stamp()})
    return Answer({"followers": after, "followersAdded": added}, 201)


@endpoint("DELETE", "/opportunities/{id}/followers", "opportunities.write", "followers!:strs")
def leave_opportunity(sandbox: State, call: Call) -> Answer:
    """Take followers off an opportunity; all of them with `isRemoveAllFollowers`."""
    held = opportunity(sandbox, call)
    every = call.query.get("isRemoveAllFollowers") == "true"
    after, gone = _less(held["followers"], held["followers"] if every else call.body["followers"])
    sandbox.opportunities.put({**held, "followers": after, "updatedAt": sandbox.stamp()})
    return Answer({"followers": after, "followersRemoved": gone})


def _more(sandbox: State, held: list[str], users: list[str]) -> tuple[list[str], list[str]]:
    """(followers afterwards, those added); 422 above ten, 400 for who is no user."""
    added = [user for user in users if user not in held and known_user(sandbox, user)]
    if len(held) + len(added) > MOST_FOLLOWERS:
        raise invalid(f"followers must contain no more than {MOST_FOLLOWERS} elements")
    return [*held, *added], added


def _less(held: list[str], users: list[str]) -> tuple[list[str], list[str]]:
    """(followers afterwards, those taken away)."""
    gone = [user for user in users if user in held]
    return [user for user in held if user not in gone], gone
