"""A rollback is told people's edits by values: a delta that wrote after them, or a server whose dates tell nothing, hides none."""

from __future__ import annotations

import pytest
from operations import EXISTING, everything, op, ref
from test_execute import without_blanks
from test_undo import OTHER, TOUCHES, People, extra_field

from pb2hl.apply import plan_undo
from pb2hl.apply.dependents import NEEDED_BY, Dependents
from pb2hl.apply.location_scan import Scan, kinds_to_read
from pb2hl.apply.schema_edits import JUDGED
from pb2hl.apply.undo_plan import action
from pb2hl.errors import TokenRefused
from pb2hl.highlevel import PORTS
from pb2hl.operations import Kind, Target


@pytest.fixture
def scene(stage):
    """A location with two contacts of its own, and everything loaded."""
    made = stage(contacts=[EXISTING, OTHER])
    made.before = without_blanks(made.dump())
    made.load(everything(made.folder))
    return made


def delta(scene) -> None:
    """A delta that writes to the contact c1 and hangs a note on it, after whatever people did."""
    contact = scene.ledger.operation(ref(Target.CONTACT, "c1")["$ref"]).destination_id
    scene.sandbox.advance(60)
    scene.load(
        [
            op(Target.CONTACT, "c1+", {"lastName": "Newer"}, object_="contact", kind=Kind.UPDATE, existing_id=contact, part="delta-1"),
            op(Target.NOTE, "late", {"$url": {"contactId": contact}, "body": "late PB:notes:late |"}, marker="PB:notes:late |"),
        ]
    )  # fmt: skip


@pytest.mark.parametrize("touch", TOUCHES)
def test_a_delta_after_them_hides_no_edit(scene, touch):
    """What people did to a contact before a delta wrote to it too keeps the contact, with the delta's record on it or without."""
    extra_field(scene)
    people = People(scene)
    TOUCHES[touch](people)
    delta(scene)
    contact = people.id(Target.CONTACT, "c1")
    held = scene.dump()["contacts"][contact]
    result = scene.rollback()
    assert not result.failed
    assert scene.dump()["contacts"][contact]["id"] == held["id"], "it stays"
    assert ("contact", "c1") in {(row[0], row[2]) for row in result.kept}


def test_an_edit_within_the_second_of_the_load_is_seen(stage):
    """No time has to pass between our write and theirs."""
    scene = stage(contacts=[EXISTING, OTHER])
    scene.load(everything(scene.folder))
    contact = scene.ledger.operation(ref(Target.CONTACT, "c1")["$ref"]).destination_id
    scene.run(lambda client: client.request("PUT", f"/contacts/{contact}", json={"city": "Halifax"}))
    kept = {(row[0], row[2]): row[4] for row in scene.rollback().kept}
    assert "city" in kept["contact", "c1"]


EDITS = {
    "renamed": (Target.PIPELINE, "p", lambda p, one: p.send("PUT", f"/opportunities/pipelines/{one}", name="Mine")),
    "option": (
        Target.FIELD, "pick",
        lambda p, one: p.send("PUT", f"/locations/{p.scene.place.location}/customFields/{one}", name="Pick", options=["a", "b", "theirs"]),
    ),
    "a calendar": (Target.CALENDAR, "cal", lambda p, one: p.send("PUT", f"/calendars/{one}", name="Our visits")),
    "a tag": (Target.TAG, "vip", lambda p, one: p.send("PUT", f"/locations/{p.scene.place.location}/tags/{one}", name="very important")),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_a_piece_of_the_schema_that_people_made_theirs_stays(scene, edit):
    """A pipeline, field, calendar or tag of ours that people renamed or added to is kept, and forced it goes."""
    pick = {"model": "contact", "name": "Pick", "dataType": "SINGLE_OPTIONS", "options": ["a", "b"]}
    scene.load([op(Target.FIELD, "pick", pick, marker="Pick")])
    target, source_id, touch = EDITS[edit]
    people = People(scene)
    touch(people, people.id(target, source_id))
    result = scene.rollback()
    assert not result.failed
    assert "by a person" in {(row[0], row[2]): row[4] for row in result.kept}[str(target), source_id]
    assert not scene.rollback(force=True).kept


def test_a_file_of_theirs_in_place_of_ours_is_seen(scene):
    """They took our file out of the field and put one of their own in: as many files, another file."""
    people = People(scene)
    contact = people.id(Target.CONTACT, "c0")
    field = scene.ledger.operation(ref(Target.FIELD, "file")["$ref"]).destination_id
    held = scene.sandbox.contacts.get(contact)
    (files,) = [item["value"] for item in held["customFields"] if item["id"] == field]
    theirs = {"0a1b2c3d-theirs": next(iter(files.values()))}
    fields = [item for item in held["customFields"] if item["id"] != field]
    scene.sandbox.contacts.put({**held, "customFields": [*fields, {"id": field, "value": theirs}]})
    kept = {(row[0], row[2]): row[4] for row in scene.rollback().kept}
    assert field in kept["contact", "c0"]


def test_their_note_that_shows_a_file_of_ours_stops_nothing(scene):
    """A record of somebody else names a file that we uploaded: the file is kept, told, and everything else goes."""
    people = People(scene)
    url = scene.ledger.operation(ref(Target.MEDIA, "m")["$ref"]).answer["url"]
    people.send("POST", f"/contacts/{OTHER['id']}/notes", body=f"see {url}")
    result = scene.rollback()
    assert not result.failed
    assert [(row[0], row[4]) for row in result.kept] == [
        ("media", "is shown by 1 note that this migration did not make")
    ]


KEPT_WITH_THE_NOTE = {
    ("contact", "c0"): "still needed by 1 note of this migration that stays",
    ("file", "a1"): "the record that holds it is kept",
    ("link", "c0"): "the record that holds it is kept",
    ("business", "1"): "still needed by 1 contact of this migration that stays",
    ("media", "m"): "still needed by 1 note of this migration that stays",
    ("tag", "vip"): "still needed by 1 contact of this migration that stays",
    ("field", "bid"): "still needed by 1 business of this migration that stays",
    ("field", "file"): "still needed by 1 contact and 1 file of this migration that stay",
    ("field", "cid"): "still needed by 1 contact of this migration that stays",
    ("folder", "f"): "still needed by 1 field of this migration that stays",
}
"""What a note that stays keeps: its contact with file and link, the business, and the pieces of the schema that these use."""


def test_one_record_that_cannot_be_judged_stops_nothing(scene, monkeypatch):
    """A record of a shape that nobody foresaw, and one that HighLevel fails on again and again, are told; the rest goes."""
    port = PORTS[Target.NOTE]
    note = next(entry.destination_id for entry in scene.ledger.iterate(target=Target.NOTE) if entry.source_id == "n0")
    delete = port.delete

    async def odd(client, id, **where):
        if id == note:
            raise KeyError("unheard of")
        await delete(client, id, **where)

    monkeypatch.setattr(port, "delete", odd, raising=False)
    odd_contact = {
        **scene.sandbox.contacts.get(OTHER["id"]),
        "tags": [],
        "customFields": [{"id": 7, "value": {"a": {"b": 1}}}],
    }
    scene.sandbox.contacts.put(odd_contact)
    planned = len(plan_undo(scene.ledger).entries)
    result = scene.rollback()
    assert [(row[3], row[6]) for row in result.outcomes if row[5] == "failed"] == [
        (note, "it cannot be judged (KeyError)")
    ]
    assert {(row[0], row[2]): row[4] for row in result.kept} == KEPT_WITH_THE_NOTE
    assert result.undone == planned - len(KEPT_WITH_THE_NOTE) - 1 and result.failed == 1
    monkeypatch.undo()
    assert not scene.rollback().failed


@pytest.mark.parametrize("target", Target)
def test_every_kind_is_known_everywhere(target, scene):
    """Whatever needs or uses a kind of record can be said, read and taken back, for every kind there is."""
    entries = list(scene.ledger.iterate(target=target))
    assert all(action(entry) for entry in entries)
    kinds_to_read(entries)
    scan = Scan()
    for needy in NEEDED_BY.get(target, Target):
        scan.foreign["x"][needy] = 2
        dependents = Dependents([])
        dependents._held["x"] |= {"one": needy, "two": needy}
        assert "2" in dependents.why("x")
    assert "2" in scan.why(target, "x")
    assert target in JUDGED or target in NEEDED_BY or target in PORTS


def test_a_revoked_token_is_told_at_once(scene):
    """It is told before anything is waited out, whatever lag the location is known for, and nothing is gone."""
    held = scene.dump()
    scene.sandbox.token = "another"
    waits: list[float] = []
    with pytest.raises(TokenRefused):
        scene.rollback(client={"search_lag_s": 3600.0, "on_wait": lambda reason, seconds: waits.append(seconds)})
    assert not [wait for wait in waits if wait > 20] and scene.dump() == held


def test_a_token_revoked_in_the_middle_of_a_rollback(scene):
    """The rollback stops and says so; with a new token it goes on and ends where it would have ended."""
    faults = scene.sandbox.faults
    scene.sandbox.reset_counters()
    faults.replace(faults.settings.model_copy(update={"token_expires_after": 30}))
    with pytest.raises(TokenRefused):
        scene.rollback()
    faults.replace(faults.settings.model_copy(update={"token_expires_after": 0}))
    result = scene.rollback()
    assert not result.failed and not result.kept
    assert without_blanks(scene.dump()) == scene.before
