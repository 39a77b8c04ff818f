"""Deletions of a rollback that something else answers: the one record is told, the rest goes on, and nothing waits for long."""

from __future__ import annotations

import pytest

from pb2hl.errors import Unreachable
from pb2hl.highlevel import retry
from pb2hl.ledger import State
from pb2hl.operations import Target
from pb2hl.sandbox.scenario import AnsweredAs, Faults

PAGE = "<html><head><title>Sign in to the network</title></head></html>"
ANSWERS = {
    "not there": (404, '{"message": "not found"}'),
    "broken": (500, '{"message": "Internal server error"}'),
    "a page": (200, PAGE),
    "null": (200, "null"),
    "done": (200, '{"succeded": true}'),
    "refused": (422, '{"message": "no"}'),
}


@pytest.fixture
def hurried(monkeypatch):
    """Attempts follow each other at once."""
    monkeypatch.setattr(retry, "FIRST_DELAY_S", 0.0)
    monkeypatch.setattr(retry, "LONGEST_DELAY_S", 0.0)


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_rest_goes_on(scene, hurried, answer):
    """Of one task and its contact whose deletion is answered so the rollback says that they could not be taken back; what they need
    stays too, everything else goes, and once the answers are HighLevel's own the next rollback takes the rest back."""
    before = scene.dump()
    scene.load()
    task = next(scene.ledger.iterate(target=Target.TASK)).destination_id
    contact = scene.sandbox.tasks.records[task]["contactId"]
    status, body = ANSWERS[answer]
    kind = "text/html" if body == PAGE else "application/json"
    chosen = [f"^DELETE /contacts/{contact}$", f"^DELETE /contacts/[^/]+/tasks/{task}"]
    answers = [AnsweredAs(match=match, status=status, body=body, media_type=kind) for match in chosen]
    scene.sandbox.faults.replace(Faults(answer=answers))
    result = scene.rollback()
    left = {entry.destination_id for entry in scene.ledger.iterate(state=State.DONE)}
    assert {contact, task} <= left and result.failed and result.failed + result.held >= 2
    assert contact in scene.sandbox.contacts.records and len(scene.sandbox.contacts.records) == 1 + len(
        before["contacts"]
    )
    assert not scene.sandbox.opportunities.records and not scene.sandbox.appointments.records
    scene.sandbox.faults.replace(Faults())
    last = scene.rollback()
    assert not last.failed and not last.kept and scene.dump() == before


def test_a_page_in_place_of_every_deletion_stops_it(scene, hurried):
    """Not record by record: the error names what answers, and nothing counts as taken back."""
    scene.load(scene.operations(12))
    held = scene.dump()
    scene.sandbox.faults.replace(Faults(answer=[AnsweredAs(match="^DELETE ", body=PAGE, media_type="text/html")]))
    with pytest.raises(Unreachable, match="Sign in to the network"):
        scene.rollback()
    assert scene.dump() == held
    assert not any(entry.kind == "create" for entry in scene.ledger.iterate(state=State.UNDONE))


def test_a_file_of_the_media_library_that_stays_is_seen(scene):
    """It was uploaded, not created, and is looked for as every record is."""
    before = scene.dump()
    scene.load()
    scene.sandbox.faults.replace(Faults(pretend=["^DELETE /medias/"]))
    assert [row[0] for row in scene.rollback().outcomes if row[5] == "failed"] == [str(Target.MEDIA)]
    scene.sandbox.faults.replace(Faults())
    assert not scene.rollback().failed and scene.dump() == before
