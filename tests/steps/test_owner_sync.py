"""Locations that give a contact the owner of its opportunity: told before, kept by the order where it can be, told after."""

from __future__ import annotations

import pytest

from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import Ledger
from pb2hl.results import Status
from pb2hl.steps.prepare.doctor import doctor
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small

pytestmark = pytest.mark.slow

LINE = {"name": "Other", "stages": [{"name": "One", "position": 0}]}


def differing() -> small.Tables:
    """Max's second deal and Ada's only one have another owner than their contact."""
    content = small.tables()
    small.row(content, "deals", "D1")["Owner"] = "2"
    more = {
        **small.row(content, "deals", "D2"),
        "Deal ID": "D3",
        "Deal Name": "Sledge",
        "Owner": "1",
        "Status": "won",
        "Created": "2024-03-09",
    }
    content["deals"].append(more)
    return content


@pytest.fixture
def migrated(rehearse, tmp_path, monkeypatch):
    """`migrated(sync)`: (workspace, results, sandbox) of such an export in a location whose ways were probed."""

    def run(sync: bool):
        sandbox = rehearse(users=small.USERS, behaviour={"owner_sync": sync}, pipelines=[LINE])
        monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
        ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", differing()), sandbox)
        doctor(ws, probe=True)
        with Ledger.open(ws) as ledger:
            assert Capabilities.of(ledger).owner_sync is sync
        assert not sandbox.state.opportunities.records and not sandbox.state.contacts.records
        return ws, small.migrate(ws), sandbox

    return run


def owners(sandbox) -> dict[str, str]:
    """First name of the owner by name of contact and deal."""
    dump = Arrived.of(sandbox).dump
    users = {user["id"]: user["name"].split()[0] for user in dump["users"].values()}
    found = {contact["firstName"]: users[contact["assignedTo"]] for contact in dump["contacts"].values()}
    return found | {deal["name"]: users[deal["assignedTo"]] for deal in dump["opportunities"].values()}


def test_owners_that_the_sync_changes_are_told_and_no_errors(migrated):
    """Two pairs are counted before; Max keeps his owner by the order; Ada's is told as HighLevel's doing, before and after."""
    ws, results, sandbox = migrated(True)
    (told,) = [problem for problem in results["schema"].problems if problem.code == "owner_sync"]
    assert told.count == 2 and "Allow different owners" in told.treatment
    assert {name: owners(sandbox)[name] for name in ("Ada", "Max", "Una")} == {"Ada": "Bo", "Max": "Bo", "Una": "Bo"}
    diff = results["sample"].tables["diff"]
    synced = diff[diff["class"] == "owner sync"]
    assert list(synced["explanation"].unique()) == ["changed by HighLevel's owner sync"]
    assert not len(diff[diff["class"].isin(["changed", "missing", "extra"])])
    audit = step(ws, "audit")
    assert audit.status is Status.INCOMPLETE and audit.counts["wrong"] == 0, (
        "an owner is not as the export asks, and nothing is wrong"
    )
    rows = audit.tables["field_diffs"]
    assert list(rows[rows["class"] == "owner sync"]["field"]) == ["assignedTo"]
    rolled = step(ws, "rollback")
    assert rolled.status is Status.DONE and not sandbox.state.contacts.records, "the sync's changes are nobody's edits"


def test_a_location_without_the_sync_keeps_every_owner(migrated):
    """Nothing is told, and every owner is as exported."""
    _, results, sandbox = migrated(False)
    assert not [problem for problem in results["schema"].problems if problem.code == "owner_sync"]
    wanted = {"Ada": "Anna", "Max": "Bo", "Una": "Bo", "Wheel": "Bo", "Cart": "Bo", "Sledge": "Anna"}
    assert owners(sandbox) == wanted


@pytest.mark.parametrize("mine", ["", "1", "2"])
@pytest.mark.parametrize("theirs", ["", "1"])
def test_the_clients_own_deals_get_their_owner_back(rehearse, tmp_path, monkeypatch, theirs, mine):
    """A deal of the client's own that hangs on the contact of ours gets our deal's owner where HighLevel syncs it on; the audit tells it,
    and a rollback puts back both owners, whichever they were."""
    if theirs and mine not in ("", theirs):
        pytest.skip("no location that keeps them at one has these")
    users = [{**user, "id": f"u{n}"} for n, user in enumerate(small.USERS, 1)]
    ids = {"": "", "1": "u1", "2": "u2"}
    ada = {
        "id": "c-ada",
        "firstName": "Ada",
        "lastName": "Byron",
        "email": "ada@mill.example",
        "assignedTo": ids[theirs],
    }
    own = {
        "id": "o-own",
        "name": "Own",
        "contactId": "c-ada",
        "pipelineId": "p1",
        "status": "won",
        "assignedTo": ids[mine],
    }
    sandbox = rehearse(
        users=users,
        behaviour={"owner_sync": True, "owner_sync_chains": True},
        pipelines=[{**LINE, "id": "p1"}],
        contacts=[{key: value for key, value in ada.items() if value}],
        opportunities=[{key: value for key, value in own.items() if value}],
    )
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)

    def held() -> tuple[str, str]:
        records = sandbox.state.contacts.get("c-ada"), sandbox.state.opportunities.get("o-own")
        return tuple(record.get("assignedTo") or "" for record in records)

    contact, deal = sandbox.state.contacts.get("c-ada"), sandbox.state.opportunities.get("o-own")
    sandbox.state.contacts.put({**contact, "assignedTo": ids[theirs] or None})
    sandbox.state.opportunities.put({**deal, "assignedTo": ids[mine] or None})
    before = held()
    assert before == (ids[theirs], ids[mine])
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", differing()), sandbox)
    doctor(ws, probe=True)
    small.migrate(ws)
    changed = held()
    told = [problem for problem in step(ws, "audit").problems if problem.code == "owner_sync"]
    assert [problem.count for problem in told] == [sum(map(str.__ne__, before, changed))] * (changed != before)
    back = step(ws, "rollback")
    assert held() == before and back.status is Status.DONE, back.problems


@pytest.mark.parametrize("probed", [True, False])
def test_the_clients_own_owners_are_as_before_after_a_rollback(rehearse, tmp_path, monkeypatch, probed):
    """Where owners are synced, whether anybody probed it or not, a contact with deals of the client's own keeps its owner, and what our deals' owners did is put back."""
    ada = {"id": "c-ada", "firstName": "Ada", "lastName": "Byron", "email": "ada@mill.example"}
    own = {"name": "Own", "contactId": "c-ada", "pipelineId": "p1", "status": "open", "assignedTo": ""}
    sandbox = rehearse(
        users=small.USERS,
        behaviour={"owner_sync": True},
        pipelines=[{**LINE, "id": "p1"}],
        contacts=[ada],
        opportunities=[{key: value for key, value in own.items() if value}],
    )
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)

    def held() -> dict[str, str]:
        dump = sandbox.state.dump()
        named = [*dump["contacts"].values(), *dump["opportunities"].values()]
        return {item.get("firstName") or item["name"]: item.get("assignedTo") or "" for item in named}

    before = held()
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", differing()), sandbox)
    if probed:
        doctor(ws, probe=True)
    small.migrate(ws)
    assert held()["Wheel"] and (not probed or held()["Own"] == "")
    step(ws, "rollback")
    now = held()
    assert {name: now[name] for name in before} == before, (
        "what is not the client's own may stay, where nobody knows of the sync"
    )
    assert not probed or now == before
