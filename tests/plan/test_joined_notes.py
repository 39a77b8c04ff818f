"""Activities that share notes: which do, what the notes say, and how a later export finds them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl.operations import JOINED, Operation, Target
from pb2hl.plan import Gone
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.records.joined_notes import MOST_CHARACTERS
from tests.plan.frames import Built, at, frame, inputs

PEOPLE = frame({"id": "1", "first_name": "Ann", "email": "ann@b.example"}, {"id": "2", "first_name": "Ben"})


def call(id_: str, day: int, contact: str = "1", **more: Any) -> dict[str, Any]:
    """An activity of a contact."""
    row = {"id": id_, "type": "call", "direction": "outbound", "at": at(f"2021-03-{day:02}"), "contact_id": contact}
    return {**row, "subject": f"About {id_}", "body": f"Words of {id_}", "owner": None, **more}


def built(*rows: dict[str, Any], policy: str = "joined", **more: Any) -> Built:
    """The plan of these activities beside two contacts."""
    given = inputs({"contacts": PEOPLE, "activities": frame(*rows)}, policy={"activity_notes": policy})
    return Built(replace(given, **more))


def notes(plan: Built) -> dict[str, Operation]:
    """The notes by the activity whose they are."""
    return {op.source_id: op for op in plan.of(Target.NOTE)}


def test_activities_of_a_contact_become_one_note_oldest_first():
    """One note a contact tells every activity with its date, kind, direction, subject and text; the last line holds its marker alone."""
    found = notes(built(call("b", 9), call("a", 2), call("z", 3, "2")))
    assert list(found) == ["a", "z"] and found["a"].payload[JOINED] == ["b"] and JOINED not in found["z"].payload
    body = found["a"].payload["body"]
    words = [
        "Call · outbound · 2021-03-01",
        "About a",
        "Words of a",
        "activity a",
        "2021-03-08",
        "About b",
        "activity b",
    ]
    assert [body.index(word) for word in words] == sorted(body.index(word) for word in words)
    assert body.endswith("<p>PB:activities:a | 2 activities in one note</p>") and body.count("PB:") == 1


def test_a_note_alone_is_the_note_of_the_default():
    """An activity that shares its note with none is planned exactly as without the policy."""
    one, other = (notes(built(call("a", 2), policy=policy))["a"] for policy in ("joined", "one each"))
    assert one == other


def test_notes_are_split_at_activities_before_they_grow_too_long():
    """No shared note is longer than the bound; no activity is cut, one that is longer by itself has its own note."""
    rows = [call(f"a{day}", day, body="word " * 250) for day in range(1, 9)] + [call("long", 20, body="word " * 2_000)]
    found = notes(built(*rows))
    shared = [op for op in found.values() if JOINED in op.payload]
    assert len(shared) > 1 and all(len(op.payload["body"]) <= MOST_CHARACTERS + 100 for op in shared)
    assert (
        sum(1 + len(op.payload.get(JOINED, ())) for op in found.values()) == 9 and JOINED not in found["long"].payload
    )


def test_the_plan_says_what_sharing_saves_and_loses():
    """Requests saved are told from what was planned, and each activity's own note stands among the losses."""
    plan = built(call("a", 1), call("b", 2), call("c", 3), call("z", 3, "2"))
    (told,) = [problem for problem in plan.plan.problems if problem.code == "notes_joined"]
    apart = built(call("a", 1), call("b", 2), call("c", 3), call("z", 3, "2"), policy="one each")
    saved = apart.plan.estimate.requests["note"] - plan.plan.estimate.requests["note"]
    assert saved == 2 and "2 requests fewer" in told.message and told.count == 3
    (lost,) = plan.plan.losses[plan.plan.losses["what"] == "note of its own"]["records"]
    assert lost == 3


def test_an_author_stands_on_a_note_only_where_all_have_the_same():
    """Whose a note is is never guessed: of several owners each is named at its activity."""
    given = built(call("a", 1, owner="Jo"), call("b", 2, owner="Max"))
    body = notes(given)["a"].payload["body"]
    assert "owner Jo" in body and "owner Max" in body and "userId" not in notes(given)["a"].payload


def test_what_is_new_makes_a_further_note():
    """An activity that a later export brings leaves the standing note as it was sent, and stands in a note of its own."""
    first = notes(built(call("a", 1), call("b", 2)))["a"]
    later = notes(built(call("a", 1), call("b", 2), call("c", 3), noted={"a": "a", "b": "a"}))
    assert later["a"] == first and JOINED not in later["c"].payload


def test_notes_that_were_loaded_shared_stay_so_whatever_the_policy_says():
    """Back to one note each, or the other way: what stands is changed in place and nothing is made twice."""
    joined, apart = {"a": "a", "b": "a"}, {"a": "a", "b": "b"}
    rows = (call("a", 1), call("b", 2), call("c", 3), call("d", 4))
    back = notes(built(*rows, policy="one each", noted=joined))
    assert back["a"].payload[JOINED] == ["b"] and list(back) == ["a", "c", "d"]
    assert [op.payload.get(JOINED) for op in notes(built(*rows, noted=apart)).values()] == [None, None, ["d"]]


def test_an_activity_that_moves_to_another_contact_leaves_the_note():
    """The standing note is planned without it, and it stands in a note of its new contact."""
    later = notes(built(call("a", 1), call("b", 2, "2"), call("c", 3), noted={"a": "a", "b": "a", "c": "a"}))
    assert later["a"].payload[JOINED] == ["c"] and "Words of b" not in later["a"].payload["body"]
    assert later["b"].payload["$url"] != later["a"].payload["$url"]


def test_the_first_of_a_note_moves_and_the_others_stay():
    """The note goes with the activity whose marker it has; the others are written anew where they hang."""
    later = notes(built(call("a", 1, "2"), call("b", 2), call("c", 3), noted={"a": "a", "b": "a", "c": "a"}))
    assert JOINED not in later["a"].payload and later["b"].payload[JOINED] == ["c"]


def test_rows_that_left_the_export_stay_in_their_note():
    """A note keeps the text of an activity that the later export lacks, even of the one whose marker it has."""
    first = notes(built(call("a", 1), call("b", 2), call("c", 3)))["a"]
    for lost in ("a", "b"):
        rows = [row for row in (call("a", 1), call("b", 2), call("c", 3)) if row["id"] != lost]
        gone = {"activities": Gone(frame(*(row for row in (call("a", 1), call("b", 2)) if row["id"] == lost)), {})}
        later = built(*rows, noted=dict.fromkeys("abc", "a"), gone=gone)
        assert notes(later)["a"] == first
        exceptions = later.plan.tables["lineage_exceptions"]
        assert not set(exceptions["bucket"]) & {str(Bucket.LOST)} and lost not in set(exceptions["source_id"])


def test_rows_without_a_contact_share_nothing():
    """Each activity that names nobody hangs on a placeholder of its own, and so does its note."""
    alone = notes(built(call("a", 1, None), call("b", 2, None)))
    assert len(alone) == 2 and not any(JOINED in op.payload for op in alone.values())


def test_an_export_without_activities_has_no_notes_of_them():
    """The policy asks nothing of an export that has none."""
    given = inputs({"contacts": PEOPLE}, policy={"activity_notes": "joined"})
    assert not Built(given).of(Target.NOTE)


def test_ties_keep_their_order_in_every_export():
    """Activities of one moment stand in the order of their ids, so that a re-ordered export changes no note."""
    rows = [call("b", 1), call("a", 1), call("c", 1)]
    one, other = (notes(built(*order))["a"] for order in (rows, rows[::-1]))
    assert one == other and not pd.isna(one.payload["body"])
