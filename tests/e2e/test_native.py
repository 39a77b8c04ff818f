"""Values go to HighLevel's own places where it has them, beside them where it has none, and back out of them."""

from __future__ import annotations

import pytest

from pb2hl.results import Status
from tests.e2e.drive import Arrived, prompt_search, step, workspace
from tests.steps import small

MORE_USERS = [{"name": f"User {n}", "email": f"u{n}@agency.example"} for n in range(11)]


def followed() -> small.Tables:
    """Followers by name and id, a stranger among them, eleven of one deal, and genders; Una is in the location already."""
    content = small.tables()
    content["users"] += [
        {"User ID": f"x{n}", "Name": user["name"], "Email": user["email"], "Active": "Y"}
        for n, user in enumerate(MORE_USERS)
    ]
    for source_id, gender, followers in (
        ("11", "female", "Bo Lang; Zed Stranger"),
        ("12", "", "2; 1"),
        ("13", "female", "Anna Vogel"),
    ):
        small.row(content, "contacts", source_id).update({"Gender": gender, "Followers": followers})
    for source_id, followers in (("D1", "; ".join(user["name"] for user in MORE_USERS)), ("D2", "Bo Lang")):
        small.row(content, "deals", source_id)["Followers"] = followers
    return content


@pytest.fixture
def location(rehearse, monkeypatch):
    """A location with thirteen users in which Una is already."""
    una = {"firstName": "Una", "lastName": "Reed", "email": "una@quarry.example"}
    sandbox = rehearse(users=[*small.USERS, *MORE_USERS], contacts=[una])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    return sandbox


def test_followers_and_genders_are_the_records_own(location, tmp_path):
    """Created records have them, at most ten followers; who is no user, the eleventh, and what is of a record that was there
    stand in fields; the audit finds all of it, a delta changes it, and a rollback leaves nothing behind."""
    before = location.state.dump(timestamps=False)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", followed()), location)
    prompt_search(ws)
    small.migrate(ws)
    arrived = Arrived.of(location)
    ada, max_, una = (arrived.contact(f"{name}.example") for name in ("ada@mill", "max@quarry", "una@quarry"))
    anna, bo = arrived.user("anna@agency.example"), arrived.user("bo@agency.example")
    assert (ada["gender"], ada["followers"], ada["custom"]["Followers"]) == ("female", [bo], "Zed Stranger")
    assert max_["followers"] == [bo, anna] and "Followers" not in max_["custom"] and not max_.get("gender")
    assert una["followers"] == [] and not una.get("gender")
    assert (una["custom"]["Followers"], una["custom"]["Gender"]) == ("Anna Vogel", "female")
    wheel = arrived.opportunity("Wheel")
    assert len(wheel["followers"]) == 10 and wheel["custom"]["Followers"] == "User 10"
    audit = step(ws, "audit")
    assert audit.counts["wrong"] == 0 and not len(audit.tables["unbalanced"])
    cells = audit.tables["accounting"].set_index(["object", "heading"])
    assert cells.loc[("contacts", "Gender"), "cells"].sum() == 2
    assert set(cells.loc[[("contacts", "Followers")], "where"]) <= {"followers", "custom field Followers"}
    later = followed()
    small.row(later, "contacts", "12")["Followers"] = "Anna Vogel"
    small.row(later, "deals", "D2")["Followers"] = ""
    delta = step(ws, "delta", export=small.write(tmp_path / "later", later))
    assert delta.status is not Status.FAILED, delta.headline
    arrived = Arrived.of(location)
    assert arrived.contact("max@quarry.example")["followers"] == [anna]
    assert arrived.opportunity("Cart")["followers"] == []
    step(ws, "rollback")
    after = location.state.dump(timestamps=False)
    for dump in (before, after):  # of Una's refusal, taken back, its channel stays as one that is off
        ((key, una),) = dump["contacts"].items()
        dump["contacts"][key] = {name: una[name] for name in una if una[name] and name != "dndSettings"}
    assert after == before
