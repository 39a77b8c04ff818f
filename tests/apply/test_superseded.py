"""Runs that wrote to the same records of the client's own, taken back in any order: as if the run had never been."""

from __future__ import annotations

from itertools import chain, combinations, permutations

import pytest
from operations import op
from test_execute import without_blanks
from test_restore import DEAL, FIRM, LINE, ON, THEIRS, plain

from pb2hl.apply.superseded import with_value
from pb2hl.ledger import State
from pb2hl.operations import REMOVED_TAGS, Kind, Target

OTHER = {"id": "their0firm00000002", "name": "Poe Ltd"}
FIELD = {"id": "their0field0000001", "name": "Shoe", "dataType": "TEXT", "model": "contact"}
WHERE = {"$url": {"contactId": THEIRS["id"]}}


def shoe(value: str) -> dict:
    """A custom value."""
    return {"customFields": [{"id": FIELD["id"], "fieldValue": value}]}


RUNS = {
    "a": [
        (Target.CONTACT, {"city": "Ottawa", "source": "web", "dndSettings": {"email": ON}, **shoe("39")}),
        (Target.CONTACT_TAGS, {**WHERE, "tags": ["x", "w"]}),
        (Target.LINK, {"contactId": THEIRS["id"], "businessId": FIRM["id"]}),
        (Target.OPPORTUNITY, {"monetaryValue": 60, "name": "Roof a"}),
        (Target.BUSINESS, {"city": "Ottawa"}),
    ],
    "b": [
        (Target.CONTACT, {"city": "Kanata", "phone": "+16135550155", "dnd": True, **shoe("40")}),
        (Target.CONTACT_TAGS, {**WHERE, "tags": ["y", "w"]}),
        (Target.LINK, {"contactId": THEIRS["id"], "businessId": OTHER["id"]}),
        (Target.OPPORTUNITY, {"monetaryValue": 70}),
    ],
    "c": [
        (Target.CONTACT, {"phone": "+16135550156", "lastName": "Blythe", "dndSettings": {"whatsApp": ON}}),
        (Target.CONTACT_TAGS, {**WHERE, REMOVED_TAGS: ["hers"]}),
        (Target.BUSINESS, {"city": "Hull", "website": "https://blythe.example"}),
    ],
}  # fmt: skip
ABOUT = {Target.OPPORTUNITY: DEAL["id"], Target.BUSINESS: FIRM["id"]}


def operations(run: str) -> list:
    """What a run writes."""
    return [
        op(target, f"{target}{run}", payload, kind=Kind.LINK if target is Target.LINK else Kind.UPDATE,
           existing_id=ABOUT.get(target, THEIRS["id"]))
        for target, payload in RUNS[run]
    ]  # fmt: skip


@pytest.fixture
def place(stage):
    """`place()`: a fresh location with records of its own, and a fresh ledger."""

    def start():
        firms = [FIRM, OTHER]
        return stage(contacts=[THEIRS], businesses=firms, pipelines=[LINE], opportunities=[DEAL], custom_fields=[FIELD])

    return start


def held(scene) -> dict:
    """Their records."""
    dump = scene.dump()
    firms = {"businesses": {FIRM["id"]: dump["businesses"][FIRM["id"]]}}
    contact = plain(dump, "contacts")
    contact["tags"] = sorted(contact.get("tags") or [])
    return without_blanks(
        {"contact": contact, "firm": plain(firms, "businesses"), "deal": plain(dump, "opportunities")}
    )


def clear(scene) -> None:
    """Make room for another ledger."""
    scene.ledger.close()
    for file in scene.folder.glob("ledger.sqlite*"):
        file.unlink()


QUICK = (("b", "a", "c"), ("a", "c", "b"))
ORDERS = [order if order in QUICK else pytest.param(order, marks=pytest.mark.slow) for order in permutations(RUNS)]


@pytest.mark.parametrize("order", ORDERS)
def test_any_order(place, order):
    """After each run that is taken back the records are as if only the others had ever written to them; in the end as before."""
    expected = {}
    subsets = chain.from_iterable(combinations(sorted(RUNS), size) for size in range(len(RUNS)))
    for subset in subsets:
        scene = place()
        for run in subset:
            scene.load(operations(run))
        expected[subset] = held(scene)
        clear(scene)
    scene = place()
    for run in RUNS:
        scene.load(operations(run))
    ids = dict(zip(RUNS, [run.run_id for run in scene.ledger.runs()], strict=True))
    left = set(RUNS)
    for run in order:
        left.remove(run)
        result = scene.rollback(of_runs={ids[run]})
        assert not result.failed and not result.kept, result.kept
        assert held(scene) == expected[tuple(sorted(left))], (run, left)
    assert {entry.state for entry in scene.ledger.iterate()} == {State.UNDONE}
    assert scene.ledger.verify_log() is None


def test_a_before_image_takes_a_value_over_in_every_shape():
    """Plain, a channel, a custom value of a contact, a property of a business; what was not there is not there."""
    source = {"city": "Hull", "dndSettings": {"sms": {"status": "active"}}, "customFields": [{"id": "f", "value": "1"}]}
    target = {"city": "Ottawa", "name": "n", "dndSettings": {"sms": {"status": "inactive"}, "fb": ON},
              "customFields": [{"id": "g", "value": "2"}, {"id": "f", "value": "3"}]}  # fmt: skip
    assert with_value("city", source, target)["city"] == "Hull"
    assert "name" not in with_value("name", source, target)
    assert with_value("dndSettings.sms", source, target)["dndSettings"] == {"sms": {"status": "active"}, "fb": ON}
    assert with_value("dndSettings.fb", source, target)["dndSettings"] == {"sms": {"status": "inactive"}}
    assert with_value("customFields.f", source, target)["customFields"] == [
        {"id": "g", "value": "2"},
        {"id": "f", "value": "1"},
    ]
    firm = {"name": "A", "properties": {"name": "A", "industry": "x"}}
    later = {"name": "B", "properties": {"name": "B", "industry": "y", "size": 3}}
    assert with_value("name", firm, later) == {"name": "A", "properties": {"name": "A", "industry": "y", "size": 3}}
    assert with_value("customFields.industry", firm, later)["properties"]["industry"] == "x"
    assert "size" not in with_value("customFields.size", firm, later)["properties"]
