"""What a rollback puts back on records that were there before: exactly what they held, whatever ways the API has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from operations import op
from test_execute import without_blanks

from pb2hl.ledger import Outcome, State
from pb2hl.operations import Kind, Target

THEIRS = {
    "id": "their0contact0000001",
    "firstName": "Nora",
    "lastName": "Bly",
    "email": "nora@example.com",
    "city": "Hull",
    "dateOfBirth": "1980-01-02",
    "source": "fair",
    "tags": ["hers"],
    "dndSettings": {
        "sms": {"status": "permanent", "message": "asked by letter", "code": "L1"},
        "call": {"status": "active", "message": "no calls", "code": "C1"},
        "fb": {"status": "inactive"},
    },
}
FIRM = {"id": "their0firm00000001", "name": "Bly Ltd", "city": "Hull", "website": "https://bly.example"}
LINE = {"name": "Sales", "stages": [{"name": "New", "position": 0}, {"name": "Won", "position": 1}]}
DEAL = {"id": "their0deal00000001", "name": "Roof", "contactId": THEIRS["id"], "pipeline": "Sales", "stage": "New",
        "status": "open", "monetaryValue": 55}  # fmt: skip
ON = {"status": "active"}


def written(scene) -> list:
    """An update of every field of their contact, business and deal, as policy `overwrite` makes it."""
    users = [user["id"] for user in scene.sandbox.users.records.values()]
    stages = {stage["name"]: stage["id"] for stage in next(iter(scene.sandbox.pipelines.records.values()))["stages"]}
    contact = {
        "firstName": "Leonora", "lastName": "Blythe", "email": "leonora@example.com", "phone": "+16135550155",
        "address1": "1 Main St", "city": "Ottawa", "state": "ON", "postalCode": "K1A 0A1", "website": "https://nora.example",
        "dateOfBirth": "1979-03-04", "source": "web", "assignedTo": users[1], "timezone": "America/Toronto", "dnd": True,
        "dndSettings": {"email": ON, "sms": ON, "call": ON, "fb": ON},
    }  # fmt: skip
    firm = {"name": "Blythe Inc", "city": "Ottawa", "phone": "+16135550156", "website": "https://blythe.example"}
    deal = {
        "name": "Roof II",
        "pipelineStageId": stages["Won"],
        "status": "won",
        "monetaryValue": 99,
        "assignedTo": users[2],
    }
    tags = {"$url": {"contactId": THEIRS["id"]}, "tags": ["vip", "Hers"]}
    return [
        op(Target.CONTACT, "1", contact, kind=Kind.UPDATE, existing_id=THEIRS["id"]),
        op(Target.CONTACT_TAGS, "1", tags, kind=Kind.UPDATE, existing_id=THEIRS["id"]),
        op(Target.BUSINESS, "1", firm, kind=Kind.UPDATE, existing_id=FIRM["id"]),
        op(Target.OPPORTUNITY, "1", deal, kind=Kind.UPDATE, existing_id=DEAL["id"]),
    ]  # fmt: skip


def without_phone(operation):
    """The operation less the number, which nobody can clear where null does nothing and "" is refused."""
    return replace(operation, payload={key: value for key, value in operation.payload.items() if key != "phone"})


@pytest.fixture
def place(stage):
    """`place(**behaviour)`: a location with a contact, a business and a deal of its own."""

    def start(**behaviour):
        return stage(contacts=[THEIRS], businesses=[FIRM], pipelines=[LINE], opportunities=[DEAL], behaviour=behaviour)

    return start


def plain(dump, name: str) -> dict:
    """Their record less blanks, the platform's own dates, and channels that are off (which says as much as none)."""
    (record,) = dump[name].values()
    settings = {key: item for key, item in (record.get("dndSettings") or {}).items() if item["status"] != "inactive"}
    kept = {key: value for key, value in record.items() if not key.startswith("last") or key == "lastName"}
    return without_blanks({**kept, **({"dndSettings": settings} if "dndSettings" in record else {})})


@pytest.mark.parametrize(
    "behaviour",
    [{}, {"put_adds_channels": False}, {"put_null": "ignored"}, {"put_null": "refused"}],
    ids=["usual", "channels replaced", "nulls ignored", "nulls refused"],
)
def test_everything_of_theirs_is_put_back(place, behaviour):
    """Names, addresses, birthday, source, owner, tags, consent by channel with message and code; business and deal too."""
    scene = place(**behaviour)
    before = scene.dump()
    scene.load([without_phone(item) if "put_null" in behaviour else item for item in written(scene)])
    now = scene.dump()
    theirs = now["contacts"][THEIRS["id"]]
    assert theirs["dnd"] is True and theirs["city"] == "Ottawa" and theirs["dndSettings"]["email"] == ON
    result = scene.rollback()
    assert not result.failed and not result.kept, result.outcomes
    after = scene.dump()
    assert {name: plain(after, name) for name in ("contacts", "businesses", "opportunities")} == {
        name: plain(before, name) for name in ("contacts", "businesses", "opportunities")
    }
    if not behaviour.get("put_adds_channels", True):
        assert after["contacts"][THEIRS["id"]]["dndSettings"] == before["contacts"][THEIRS["id"]]["dndSettings"]
    assert {entry.state for entry in scene.ledger.iterate()} == {State.UNDONE}


@pytest.mark.parametrize("adds", [True, False])
def test_an_opt_out_that_stands_is_not_lost(place, adds):
    """A permanent opt-out is not weakened, and the message and code of one stay; what is written is what the ledger says."""
    scene = place(put_adds_channels=adds)
    scene.load(written(scene))
    channels = scene.sandbox.contacts.get(THEIRS["id"])["dndSettings"]
    assert {name: channels[name] for name in ("sms", "call")} == {
        name: THEIRS["dndSettings"][name] for name in ("sms", "call")
    }
    (entry,) = scene.ledger.iterate(target=Target.CONTACT)
    assert entry.payload["dndSettings"] == {"email": ON, "fb": ON}


@pytest.mark.parametrize("adds", [True, False])
def test_channels_with_capitals_are_the_same_channels(place, adds):
    """Where answers name channels `Email` and `SMS`, opt-outs that stand are kept, what was written is seen, and a rollback is whole."""
    scene = place(put_adds_channels=adds, capital_channels=True)
    capitals = {"sms": "SMS", "call": "Call", "fb": "FB"}
    held = scene.sandbox.contacts.get(THEIRS["id"])
    settings = {capitals[name]: item for name, item in THEIRS["dndSettings"].items()}
    scene.sandbox.contacts.put({**held, "dndSettings": settings})
    before = plain(scene.dump(), "contacts")
    scene.load(written(scene))
    channels = scene.sandbox.contacts.get(THEIRS["id"])["dndSettings"]
    assert channels == {"SMS": settings["SMS"], "Call": settings["Call"], "FB": ON, "Email": ON}
    assert not scene.rollback().failed
    assert plain(scene.dump(), "contacts") == before


def test_an_update_that_was_cut_off_is_put_back_whole(place):
    """The update arrived, its outcome was never recorded, and it is sent again: what stood before the first attempt counts."""
    scene = place()
    before = plain(scene.dump(), "contacts")
    scene.load(written(scene))
    (entry,) = scene.ledger.iterate(target=Target.CONTACT)
    scene.ledger.finish("", [Outcome(entry.op_id, State.IN_DOUBT, error="no answer")])
    scene.load(written(scene))
    assert not scene.rollback().failed
    assert plain(scene.dump(), "contacts") == before


@pytest.mark.parametrize("adds", [True, False])
def test_an_opt_out_that_a_person_gave_since_stays(place, adds):
    """A channel that a customer opted out of after the load outlives the rollback, whatever the API does with the others."""
    scene = place(put_adds_channels=adds)
    scene.load(written(scene))
    held = scene.sandbox.contacts.get(THEIRS["id"])
    stopped = {"status": "active", "message": "STOP"}
    scene.sandbox.contacts.put({**held, "dndSettings": {**held["dndSettings"], "whatsApp": stopped}})
    assert not scene.rollback().failed
    now = scene.sandbox.contacts.get(THEIRS["id"])["dndSettings"]
    assert now["whatsApp"] == stopped and now.get("email", {}).get("status") != "active"


def test_what_cannot_be_put_back_is_told(place):
    """An update that is answered and does nothing is not taken for done: the rollback fails, names the field, and is repeated."""
    scene = place(put_null="ignored")
    scene.load(written(scene))
    result = scene.rollback()
    (told,) = [row[6] for row in result.outcomes if row[5] == "failed"]
    assert result.failed == 1 and "does not put back phone" in told
    assert scene.sandbox.contacts.get(THEIRS["id"])["city"] == "Hull", "everything else is put back"
    scene.sandbox.behaviour.put_null = "clears"
    again = scene.rollback()
    assert not again.failed and not scene.sandbox.contacts.get(THEIRS["id"]).get("phone")


def test_a_field_that_cannot_be_cleared_keeps_only_itself(place):
    """HighLevel refuses to clear the country: everything else of the contact is put back, and the field is named."""
    scene = place(uncleared=["country", "website"])
    held = scene.sandbox.contacts.get(THEIRS["id"])
    scene.sandbox.contacts.put({name: value for name, value in held.items() if name not in ("country", "website")})
    before = plain(scene.dump(), "contacts")
    scene.load(
        [replace(item, payload={**item.payload, "country": "CA", "website": "https://a.example"}) if item.target is Target.CONTACT
         else item for item in written(scene)]
    )  # fmt: skip
    result = scene.rollback()
    (told,) = [row[6] for row in result.outcomes if row[5] == "failed"]
    assert "country" in told and "website" in told and "city" not in told
    assert plain(scene.dump(), "contacts") == {**before, "country": "CA", "website": "https://a.example"}
