"""Deals: where they go, stand-ins, lost reasons, the forbidden second open deal."""

from __future__ import annotations

import pytest

from pb2hl.operations import Kind, Target
from tests.plan.frames import SALES, Built, Mapped, at, frame, inputs, place

PEOPLE = frame(
    {"id": "1", "first_name": "Ann", "email": "ann@b.example"},
    {"id": "2", "first_name": "Bob", "email": "bob@b.example"},
)
STRICT = place(settings={"allow_duplicate_opportunity": False})


def deals(*rows, **more) -> Built:
    """A plan of deals of two contacts."""
    filled = [
        {"pipeline": "Sales", "stage": "New", "created_at": at(f"2020-01-{number:02}"), **row}
        for number, row in enumerate(rows, 1)
    ]
    return Built(inputs({"contacts": PEOPLE, "deals": frame(*filled)}, **more))


def test_figures_as_highlevel_takes_them():
    """Probability in percent, dates as days, amounts as numbers, the stage by reference."""
    built = deals(
        {
            "id": "1",
            "name": "Roof",
            "contact_id": ["1"],
            "amount": 1200.5,
            "probability": 0.4,
            "expected_close": at("2021-05-31").date(),
        }
    )
    body = built.one(Target.OPPORTUNITY).payload
    assert (body["monetaryValue"], body["forecastProbability"], body["forecastExpectedCloseDate"]) == (
        1200.5,
        40,
        "2021-05-31",
    )
    assert body["pipelineStageId"]["path"] == "stages.New" and body["status"] == "open"
    assert "source" not in body


def test_status_of_the_deal_wins_over_its_stage():
    """The deal's own word decides; without one the stage's outcome does."""
    built = deals(
        {"id": "1", "contact_id": ["1"], "stage": "Won"},
        {"id": "2", "contact_id": ["2"], "stage": "Won", "status": "Closed-Lost"},
    )
    assert built.one(Target.OPPORTUNITY, "1").payload["status"] == "won"
    assert built.one(Target.OPPORTUNITY, "2").payload["status"] == "lost"


def test_a_deal_without_a_contact_gets_a_marked_stand_in():
    """The stand-in's Perfect Books ID says which deal it holds, and the opportunity hangs on it."""
    built = deals({"id": "V-3", "name": "Garage", "contact_id": None})
    stand_in = built.one(Target.CONTACT, "V-3", "deals")
    assert built.custom(stand_in)["Perfect Books ID"] == "deal:V-3" == stand_in.marker
    assert built.one(Target.OPPORTUNITY).payload["contactId"] == {"$ref": stand_in.op_id}


COMPANIES = frame({"id": "9", "name": "Beta"}, {"id": "8", "name": "Gamma"})


def hosts(people, **more) -> dict:
    """{deal: source id of the contact operation it hangs on} of a deal of Beta, of Gamma, and of one that names somebody unknown."""
    rows = frame(
        {"id": "b", "name": "B", "company_id": "9", "contact_id": None},
        {"id": "g", "name": "G", "company_id": "8", "contact_id": None},
        {"id": "u", "name": "U", "company_id": "9", "contact_id": ["77"]},
    )
    built = Built(inputs({"contacts": people, "companies": COMPANIES, "deals": rows}, **more))
    made = {op.op_id: op.source_id for op in built.plan.operations if op.target is Target.CONTACT}
    found = [op for op in built.plan.operations if op.target is Target.OPPORTUNITY and op.kind is Kind.CREATE]
    return {op.source_id: made[op.payload["contactId"]["$ref"]] for op in found}


def test_a_deal_of_a_company_hangs_on_its_only_or_primary_contact():
    """Nobody is made up where the company has one contact or calls one primary; where two could be meant, or somebody else is named, one is."""
    people = [{"id": "1", "first_name": "Ann", "company_id": "9"}, {"id": "2", "first_name": "Bob", "company_id": "8"}]
    third = {"id": "3", "first_name": "Cy", "company_id": "8"}
    assert hosts(frame(*people)) == {"b": "1", "g": "2", "u": "u"}
    assert hosts(frame(*people, third)) == {"b": "1", "g": "g", "u": "u"}
    flagged = [{**person, "custom.Primary Contact": person["id"] == "3"} for person in (*people, third)]
    assert hosts(frame(*flagged)) == {"b": "1", "g": "3", "u": "u"}


def test_deals_that_were_loaded_stay_where_they_are():
    """A further contact of the company moves no opportunity, and none leaves its stand-in by itself."""
    people = frame({"id": "1", "company_id": "9"}, {"id": "2", "company_id": "8"}, {"id": "3", "company_id": "8"})
    assert hosts(people, loaded={"b": True, "g": False}) == {"b": "b", "g": "2", "u": "u"}


def test_no_second_open_deal_by_company_where_forbidden():
    """A deal that names nobody takes no place from others: where its company's contact has one already, it gets a stand-in."""
    rows = frame(*({"id": one, "name": one, "company_id": "9", "pipeline": "Sales", "stage": "New"} for one in "xy"))
    people = frame({"id": "1", "company_id": "9"})
    built = Built(inputs({"contacts": people, "companies": COMPANIES, "deals": rows}, destination=STRICT))
    assert not len(built.plan.tables["duplicate_opportunities"])
    assert built.one(Target.CONTACT, "y", "deals")


def test_known_lost_reason_goes_by_id_others_to_a_field():
    """A reason that the location knows is sent by its id; any other is kept as text."""
    destination = place(lost_reasons=({"id": "L1", "name": "Price"},))
    rows = (
        {"id": "1", "contact_id": ["1"], "stage": "Lost", "lost_reason": "price"},
        {"id": "2", "contact_id": ["2"], "stage": "Lost", "lost_reason": "Moved"},
    )
    built = deals(*rows, destination=destination)
    assert built.one(Target.OPPORTUNITY, "1").payload["lostReasonId"] == "L1"
    assert built.custom(built.one(Target.OPPORTUNITY, "2"))["Lost Reason"] == "Moved"
    assert built.plan.estimate.requests["lost reason"] == 1


def test_further_contacts_and_tags_are_kept():
    """The primary contact holds the deal; the others and the deal's tags are text, never on people."""
    built = deals({"id": "1", "contact_id": ["2", "1"], "tags": ["Hot"]})
    values = built.custom(built.one(Target.OPPORTUNITY))
    assert values["Other Contacts"] == "Ann (ann@b.example)" and values["Perfect Books Tags"] == "Hot"


@pytest.mark.parametrize("policy", ["stop", "separate contact", "custom field + note"])
def test_second_open_deal_where_forbidden(policy):
    """Two open deals of one contact in one pipeline: the policy decides, nothing is lost, and the cost is told."""
    built = deals(
        {"id": "1", "name": "First", "contact_id": ["1"]},
        {"id": "2", "name": "Second", "contact_id": ["1"], "amount": 50.0},
        destination=STRICT,
        policy={"duplicate_opportunity": policy},
    )
    assert len(built.plan.tables["duplicate_opportunities"]) == 1
    second = built.one(Target.OPPORTUNITY, "2")
    if policy == "separate contact":
        assert second.payload["contactId"] == {"$ref": built.one(Target.CONTACT, "2", "deals").op_id}
        return
    assert second.kind is Kind.SKIP
    severities = {str(p.severity) for p in built.plan.problems if p.code == "duplicate_opportunity"}
    assert severities == ({"critical"} if policy == "stop" else {"warning"})
    if policy == "custom field + note":
        note = built.one(Target.NOTE, "2", "deals")
        assert (
            "Second" in note.payload["body"] and "50" in note.payload["body"] and "PB:deals:2" in note.payload["body"]
        )
        assert "Second" in built.custom(built.one(Target.CONTACT, "1", "contacts"))["Further Deals"]


def test_closed_deals_and_other_pipelines_are_free():
    """Only a second *open* deal in the *same* pipeline is forbidden."""
    mapping = Mapped(stages={**SALES, ("Care", "New"): ("Care", "New", "open")})
    rows = (
        {"id": "1", "contact_id": ["1"]},
        {"id": "2", "contact_id": ["1"], "stage": "Won"},
        {"id": "3", "contact_id": ["1"], "pipeline": "Care"},
    )
    built = deals(*rows, destination=STRICT, mapping=mapping)
    assert {op.kind for op in built.of(Target.OPPORTUNITY)} == {Kind.CREATE}


def test_open_deals_in_the_location_count():
    """An open opportunity that the contact has in the location stands in the way too."""
    destination = place(
        settings={"allow_duplicate_opportunity": False},
        contacts=[{"id": "X", "email": "ann@b.example", "tags": []}],
        pipelines=({"id": "P", "name": "Sales", "stages": [{"id": s, "name": s} for s in ("New", "Won", "Lost")]},),
        opportunities=[{"id": "O", "name": "Old", "contactId": "X", "pipelineId": "P", "status": "open"}],
    )
    built = deals({"id": "1", "name": "New one", "contact_id": ["1"]}, destination=destination)
    assert built.plan.tables["duplicate_opportunities"]["first_deal"].tolist() == ["existing O"]


@pytest.mark.parametrize(("policy", "blocked"), [("fill", []), ("overwrite", ["2"]), ("separate", ["2"])])
def test_a_deal_that_stays_in_another_pipeline_holds_no_place_in_the_new_one(policy, blocked):
    """The location's Sales lacks stages, so deals go to a pipeline of their own; one that is there already stays in the old
    one under `fill`, and the contact's second open deal is free; moved or made anew it stands in the way."""
    destination = place(
        settings={"allow_duplicate_opportunity": False},
        contacts=[{"id": "X", "email": "ann@b.example", "tags": []}],
        pipelines=({"id": "P", "name": "Sales", "stages": [{"id": "s", "name": "Other"}]},),
        opportunities=[{"id": "O", "name": "Roof", "contactId": "X", "pipelineId": "P", "status": "open"}],
    )
    rows = ({"id": "1", "name": "Roof", "contact_id": ["1"]}, {"id": "2", "name": "Cellar", "contact_id": ["1"]})
    built = deals(*rows, destination=destination, policy={"existing_opportunities": policy})
    assert built.plan.tables["duplicate_opportunities"]["source_id"].tolist() == blocked
    assert built.schema.diff.query("kind == 'pipeline'")["name"].tolist() == ["Sales (Perfect Books)"]


def test_a_merged_contact_carries_its_deals():
    """A deal of a contact that a merge removed goes to the survivor."""
    built = deals({"id": "1", "contact_id": ["77"]}, survivors={"contacts": {"77": "2"}})
    assert built.one(Target.OPPORTUNITY).payload["contactId"] == {"$ref": built.one(Target.CONTACT, "2").op_id}
