"""Deltas that HighLevel refuses by chance: asked is accounted for thing by thing, and a delta that ends well left nothing out."""

from __future__ import annotations

import contextlib
import random

import pytest

from pb2hl.errors import ConfigError
from pb2hl.results import Status
from pb2hl.sandbox.scenario import Faults
from pb2hl.steps.delta.account import FATES, OPEN
from tests.steps import small
from tests.steps.test_delta import decide

WRITES = (
    "^POST /contacts/ ", "^PUT /contacts/", "^DELETE /contacts/[^/]+$", "^(POST|PUT) /(businesses|objects/business/records)", "^(POST|PUT) /opportunities/",
    "^DELETE /opportunities/", "^POST /(contacts/[^ ]+/notes|notes)", "^DELETE /(contacts/[^ ]+/notes|notes)", "^(POST|PUT) /contacts/[^ ]+/tasks",
    "^DELETE /contacts/[^ ]+/tasks", "^(POST|PUT) /calendars/events", "^(POST|DELETE) /contacts/[^ ]+/tags", "^POST /contacts/bulk/business",
)  # fmt: skip


def later() -> small.Tables:
    """New rows, changed values, tags, owners and links, rows that hang elsewhere, and rows that are gone."""
    content = small.tables()
    small.row(content, "contacts", "12").update({"City": "Toronto", "Tags": "fair; hot"})
    small.row(content, "contacts", "11").update({"Company ID": "C2", "Owner": "2"})
    small.row(content, "deals", "D2")["Stage"] = "Offer"
    small.row(content, "companies", "C1")["City"] = "Gatineau"
    small.row(content, "appointments", "A1").update({"Start": "2024-05-02 09:00", "End": "2024-05-02 10:00"})
    small.row(content, "tasks", "T1")["Contact ID"] = "12"
    content["notes"][1] = {"Note ID": "N3", "Body": "Fresh", "Contact ID": "12", "Created": "2024-06-01 09:00"}
    content["contacts"] = [row for row in content["contacts"] if row["Contact ID"] != "13"]
    content["contacts"].append({"Contact ID": "14", "First Name": "Neo", "Email": "neo@kiln.example", "Company ID": "C2", "Owner": "1"})  # fmt: skip
    return content


def balanced(result) -> bool:
    """Whether every thing that was asked for met exactly one fate."""
    table = result.tables["account"]
    return bool((table["asked"] == table[list(FATES)].sum(axis=1)).all()) and not table["unaccounted"].any()


@pytest.fixture
def deleting(migration):
    """A loaded migration whose policy deletes what later exports no longer have."""
    return small.settings(migration, removed_rows="delete")


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(0, marks=pytest.mark.slow),
        *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 40)),
    ],
)
def test_what_is_refused_is_accounted_for(deleting, seed):
    """asked = done + left out + kept + refused + held + in doubt; done or waiting only when nothing of it is open; with the cause
    gone, a repair and the same delta bring everything."""
    chance = random.Random(seed)
    faults = deleting.sandbox.state.faults
    kinds = WRITES if seed == 0 else chance.sample(WRITES, chance.randint(1, 5))
    faults.replace(Faults(refuse=list(kinds), refuse_share=chance.choice((0.3, 0.6, 1)), seed=seed))
    first = deleting.delta(later(), "later", approve_all="Jane")
    assert balanced(first), first.tables["account"].to_string()
    open_ = sum(first.counts[f"account_{name.replace(' ', '_')}"] for name in OPEN)
    assert (first.status in (Status.INCOMPLETE, Status.FAILED)) is bool(open_), (first.headline, open_)
    assert not open_ or f"{first.counts['account_refused']:,} refused" in first.headline
    faults.replace(Faults())
    path = deleting.folder / "later"
    for _ in range(2):
        with contextlib.suppress(ConfigError):  # nothing that was to be made was refused
            deleting.run("repair", who="Ann")
        last = deleting.run("delta", export=path, approve_all="Jane")
    assert balanced(last) and last.status in (Status.DONE, Status.NOTHING_TO_DO), last.headline
    dump = deleting.sandbox.state.dump()
    (neo,) = [one for one in dump["contacts"].values() if one["firstName"] == "Neo"]
    by_name = {one["firstName"]: one for one in dump["contacts"].values()}
    assert by_name.keys() == {"Ada", "Max", "Neo"} and by_name["Max"]["city"] == "Toronto" and neo["businessId"]
    assert [one["contactId"] for one in dump["tasks"].values()] == [by_name["Max"]["id"]]
    assert (len(dump["notes"]), len(dump["appointments"])) == (2, 1) and by_name["Max"]["tags"] == ["fair", "hot"]


@pytest.mark.parametrize(
    "faults", [{"refuse": ["^POST /locations/[^ ]+/tags"]}, {"pretend": ["^POST /locations/[^ ]+/tags"]}]
)
def test_a_piece_of_the_schema_that_was_not_made_is_accounted_for(migration, faults):
    """A new tag that HighLevel refuses, or answers without an id: the delta does not end well, and names it; the same delta makes it."""
    content = small.tables()
    small.row(content, "contacts", "12")["Tags"] = "fair; unheard of"
    migration.sandbox.state.faults.replace(Faults(**faults))
    first = migration.delta(content, approve_all="Jane")
    assert balanced(first) and first.status in (Status.INCOMPLETE, Status.FAILED), first.headline
    row = first.tables["account"].query("object == 'schema'").iloc[0]
    assert row["asked"] == 1 and row["refused"] + row["in doubt"] == 1
    migration.sandbox.state.faults.replace(Faults())


@pytest.mark.slow
def test_what_was_decided_to_stay_is_in_the_account(migration):
    """A field that people changed and that an earlier delta was told to keep counts as kept at the next one."""
    contacts = migration.sandbox.state.contacts
    (ada,) = [one for one in contacts.records.values() if one["firstName"] == "Ada"]
    contacts.put({**ada, "city": "Hull"})
    content = small.tables()
    small.row(content, "contacts", "11")["City"] = "Kanata"
    assert migration.delta(content).counts["account_kept"] == 1
    decide(migration.ws, "keep")
    for _ in range(2):
        later = migration.run("delta", export=migration.folder / "later")
        assert balanced(later) and later.counts["account_kept"] == 1 and "as decided" in later.headline, later.headline
