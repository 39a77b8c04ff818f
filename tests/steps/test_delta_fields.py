"""Three-way comparison for every kind of field: people's edits stay and are asked about, equal edits are none, the rest is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small
from tests.steps.test_audit import call
from tests.steps.test_delta import decide

PERSON = {
    "Contact ID": "11", "First Name": "Ada", "Last Name": "Byron", "Email": "ada@mill.example", "Second Email": "ada@home.example", "Phone": "613-555-0111",
    "Street": "1 Mill Road", "City": "Ottawa", "Postal Code": "K1A 0A1", "Country": "Canada", "Birthday": "1990-05-01", "Job Title": "Miller", "Owner": "1",
    "Tags": "vip; fair", "Shoe Size": "42", "Budget": "$1,200.50", "Member Since": "2020-02-01", "Interests": "wheels; carts", "Newsletter Plan": "gold",
    "Email Opt-Out": "N", "Created": "2024-02-01 10:00",
}  # fmt: skip
DECLARED = [
    {"Object": "contacts", "Name": "Interests", "Label": "Interests", "Type": "multi-select", "Options": "wheels; carts; stones"},
    {"Object": "contacts", "Name": "Newsletter Plan", "Label": "Newsletter Plan", "Type": "picklist", "Options": "gold; silver; bronze"},
]  # fmt: skip
DEAL = {
    "Deal ID": "D1", "Deal Name": "Wheel", "Contact ID": "11", "Pipeline": "Sales", "Stage": "Offer", "Status": "open", "Amount": "1200.50",
    "Expected Close": "2024-09-01", "Probability": "40%", "Owner": "1", "Created": "2024-03-01",
}  # fmt: skip
OTHERS = {
    "Contact ID": "12", "First Name": "Max", "Email": "max@quarry.example", "Interests": "stones; carts", "Newsletter Plan": "silver", "Budget": "$5.00",
    "Member Since": "2021-02-13", "Shoe Size": "44", "Created": "2024-02-02 10:00",
}  # fmt: skip
LATER = {
    "Last Name": "King", "Second Email": "ada@work.example", "Phone": "613-555-0999", "Street": "9 Kiln Lane", "City": "Kanata", "Postal Code": "K2K 1A1",
    "Birthday": "1991-06-02", "Job Title": "Baker", "Tags": "vip; spring", "Shoe Size": "43", "Budget": "$99.00", "Member Since": "2021-03-04",
    "Interests": "stones", "Newsletter Plan": "silver",
}  # fmt: skip
DEAL_LATER = {
    "Deal Name": "Cart",
    "Stage": "Signed",
    "Status": "won",
    "Amount": "77",
    "Expected Close": "2024-10-02",
    "Probability": "60%",
}


def tables(person: dict[str, str], deal: dict[str, str]) -> small.Tables:
    """An export of one person with every kind of field, a second one who uses other options, and a deal."""
    stages = [{"Deal ID": f"S{n}", "Deal Name": f"Other {n}", "Contact ID": "12", "Pipeline": "Sales", "Stage": stage, "Status": "won",
               "Created": "2024-01-01"} for n, stage in enumerate(("Offer", "Signed", "Lost it"))]  # fmt: skip
    return {"users": small.tables()["users"], "custom_fields": DECLARED, "contacts": [{**PERSON, **person}, OTHERS], "deals": [{**DEAL, **deal}, *stages]}  # fmt: skip


@pytest.fixture
def loaded(rehearse, tmp_path, monkeypatch):
    """(workspace, sandbox, folder) with the export loaded."""
    sandbox = rehearse(users=small.USERS, search_lag_s=0)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", tables({}, {})), sandbox)
    small.migrate(ws)
    return ws, sandbox, tmp_path


def fields(record: dict[str, Any]) -> dict[str, Any]:
    """Everything a record holds that a person could edit, flat."""
    own = {f"custom.{name}": value for name, value in record["custom"].items()}
    names = ("lastName", "phone", "address1", "city", "postalCode", "dateOfBirth", "name", "status", "monetaryValue", "pipelineStageId",
             "forecastExpectedCloseDate", "forecastProbability")  # fmt: skip
    return {
        name: record[name] for name in names if name in record and not (name == "name" and "lastName" in record)
    } | own


def ids(sandbox, model: str) -> dict[str, str]:
    """Custom fields of a model by name."""
    return {f["name"]: f["id"] for f in sandbox.state.dump()["fields"].values() if f["objectKey"] == model}


PEOPLE = {
    "lastName": "Lovelace", "phone": "+16135550777", "address1": "5 Edited St", "city": "Perth", "postalCode": "K7H 1A1", "dateOfBirth": "1980-01-01",
}  # fmt: skip
PEOPLE_OWN = {"Shoe Size": 40, "Budget": 7, "Member Since": "2019-01-01", "Job Title": "Poet", "Interests": ["carts"], "Newsletter Plan": "bronze", "Other Emails": "edited@x.example"}  # fmt: skip
DEAL_PEOPLE = {
    "name": "Edited deal",
    "monetaryValue": 5,
    "forecastExpectedCloseDate": "2025-01-01",
    "forecastProbability": 10,
    "status": "lost",
}


@pytest.mark.slow
def test_every_kind_of_field(loaded):
    """Nothing but the later export's changes is written where nobody edited; where people did, each field is asked about, once."""
    ws, sandbox, folder = loaded
    found = Arrived.of(sandbox)
    before, deal = fields(found.contact("ada@mill.example")), fields(found.opportunity("Wheel"))
    later = small.write(folder / "later", tables(LATER, DEAL_LATER))
    result = step(ws, "delta", export=later, approve_all="Jane")
    assert not result.counts["conflicts"] and not result.counts["refused"], result.tables["conflicts"].to_csv()
    found = Arrived.of(sandbox)
    written, sold = fields(found.contact("ada@mill.example")), fields(found.opportunity("Cart"))
    same = {name for name in before if before[name] == written.get(name)} | {name for name in deal if deal[name] == sold.get(name)}  # fmt: skip
    assert same <= {"custom.Perfect Books ID", "custom.Perfect Books Created"}, same
    assert sorted(found.contact("ada@mill.example")["tags"]) == ["spring", "vip"]
    assert step(ws, "delta", export=later).counts["sent"] == 0

    own = ids(sandbox, "contact")
    person, sale = found.contact("ada@mill.example")["id"], found.opportunity("Cart")["id"]
    custom = [{"id": own[name], "fieldValue": value} for name, value in PEOPLE_OWN.items() if name in own]
    assert len(custom) == len(PEOPLE_OWN), sorted(own)
    call(sandbox, "PUT", f"/contacts/{person}", json={**PEOPLE, "customFields": custom})
    call(sandbox, "PUT", f"/opportunities/{sale}", json=DEAL_PEOPLE)
    edited, edited_deal = fields(Arrived.of(sandbox).contact("ada@mill.example")), fields(Arrived.of(sandbox).opportunity("Edited deal"))  # fmt: skip
    back = small.write(folder / "back", tables({}, {}))
    result = step(ws, "delta", export=back)
    now = Arrived.of(sandbox)
    held = fields(now.contact("ada@mill.example"))
    touched = {*PEOPLE, *(f"custom.{name}" for name in PEOPLE_OWN)}
    assert {name: held.get(name) for name in touched} == {name: edited.get(name) for name in touched}, "edits stay"
    asked = result.tables["conflicts"]
    assert len(asked[asked["object"] == "contacts"]) == len(touched), asked[["field", "sent", "later", "now"]].to_csv()
    assert set(asked.loc[asked["object"] == "deals", "field"]) == set(DEAL_PEOPLE), asked[["field", "sent"]].to_csv()
    assert fields(now.opportunity("Edited deal"))["monetaryValue"] == edited_deal["monetaryValue"]
    assert held["custom.Perfect Books ID"] == "11" and sorted(now.contact("max@quarry.example")["tags"]) == []
    decide(ws, "source")
    step(ws, "delta", export=back)
    now = Arrived.of(sandbox)
    assert fields(now.contact("ada@mill.example")) == before and fields(now.opportunity("Wheel")) == deal
    assert step(ws, "delta", export=back).counts["sent"] == 0 and step(ws, "audit").status == "done"


@pytest.mark.slow
def test_the_same_edit_on_both_sides_is_no_conflict(loaded):
    """People typed what the later export says, in their own spelling: nothing is sent, nothing asked, and it counts from then on."""
    ws, sandbox, folder = loaded
    own = ids(sandbox, "contact")
    person = Arrived.of(sandbox).contact("ada@mill.example")["id"]
    custom = [{"id": own["Shoe Size"], "fieldValue": 43}, {"id": own["Budget"], "fieldValue": 99}, {"id": own["Member Since"], "fieldValue": "2021-03-04"}]  # fmt: skip
    call(
        sandbox, "PUT", f"/contacts/{person}", json={"city": "KANATA", "phone": "+16135550999", "customFields": custom}
    )
    same = {name: LATER[name] for name in ("City", "Phone", "Shoe Size", "Budget", "Member Since")}
    later = small.write(folder / "later", tables(same, {}))
    result = step(ws, "delta", export=later)
    assert (result.counts["sent"], result.counts["conflicts"]) == (0, 0), result.tables["conflicts"].to_csv()
    step(ws, "delta", export=small.write(folder / "back", tables({}, {})))
    assert Arrived.of(sandbox).contact("ada@mill.example")["city"] == "Ottawa", "the export's next change is one again"
