"""Reading a location that holds things already."""

from __future__ import annotations

import json

from pb2hl.highlevel import Destination, read_destination, run


def read(connect, sandbox) -> Destination:
    """The location read through a client."""

    async def go() -> Destination:
        async with connect(sandbox) as client:
            return await read_destination(client)

    return run(go())


def test_a_location_is_read_saved_and_loaded(rehearse, connect, recorder, tmp_path):
    """Settings, people, schema and the index of 1,203 contacts survive saving; reading takes few requests."""
    contacts = [{"firstName": f"P{n}", "email": f"p{n}@example.com", "tags": ["old"]} for n in range(1203)]
    sandbox = rehearse(contacts=contacts, businesses=[{"name": "Acme"}], lost_reasons=["Too dear"])
    place = read(connect, sandbox)
    assert len(place.contacts) == 1203 and set(place.contacts["email"]) == {item["email"] for item in contacts}
    assert list(place.contacts["tags"].iloc[0]) == ["old"]
    assert json.loads(place.contacts["record"].iloc[0])["id"] == place.contacts["id"].iloc[0]
    assert list(place.businesses["name"]) == ["Acme"]
    assert [reason["name"] for reason in place.lost_reasons] == ["Too dear"]
    assert place.settings["allow_duplicate_contact"] is False and place.settings["timezone"] == "America/Toronto"
    assert len(place.users) == 8 and all(user["active"] for user in place.users)
    assert len(recorder.sent) < 30 and recorder.problems == []
    place.save(tmp_path)
    again = Destination.load(tmp_path)
    assert again.users == place.users and again.fields == place.fields and again.pipelines == place.pipelines
    assert again.contacts["email"].tolist() == place.contacts["email"].tolist()
    assert Destination.load(tmp_path / "nothing") is None


def test_an_empty_location_has_typed_frames(sandbox, connect):
    """Frames have their columns even when nothing is there."""
    place = read(connect, sandbox)
    assert len(place.contacts) == 0 and "email" in place.contacts and str(place.contacts["dnd"].dtype) == "bool"


def test_missing_scopes_are_collected(rehearse, connect):
    """A token without some scopes still reads the rest, and says which are missing."""
    place = read(connect, rehearse(lacking_scopes=["workflows.readonly", "calendars.readonly"]))
    assert place.missing_scopes == ("calendars.readonly", "workflows.readonly")
    assert len(place.users) == 8


def test_beyond_ten_thousand_records(rehearse, connect):
    """Search cursors reach what page numbers do not."""
    contacts = [{"firstName": f"P{n}", "email": f"p{n}@example.com"} for n in range(700)]
    sandbox = rehearse(contacts=contacts, behaviour={"search_page_limit": 100, "search_depth": 200})
    assert len(read(connect, sandbox).contacts) == 700
