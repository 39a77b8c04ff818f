"""The trust and time tables of the legal edition as HighLevel custom objects, where migration.toml asks for it."""

from __future__ import annotations

import sqlite3

import httpx
import pytest

from pb2hl.apply.freshness import LedgerBehind
from pb2hl.errors import HighLevelError
from pb2hl.results import StepResult
from pb2hl.sandbox.scenario import FaultAt, Faults
from pb2hl.steps.delta.rebuild import rebuild
from pb2hl.steps.gates.batch import decide
from tests.e2e import exports
from tests.e2e.drive import in_budget, migrate, step, workspace

PREFIX = "custom_objects.perfect_books_"
OPTED_IN = {"legal_objects": "custom objects"}


@pytest.fixture
def firm(tmp_path, rehearse, monkeypatch):
    """A location of a law firm, and its migration with the books as custom objects."""
    sandbox = rehearse(users=[{"name": "Lee Moss", "email": "lee@firm.example"}])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", exports.legal(tmp_path / "legal.sqlite"), sandbox, policy=OPTED_IN)
    return sandbox, ws


def _records(sandbox, name):
    held = sandbox.state.dump()["records"].values()
    return {r["properties"]["perfect_books_id"]: r["properties"] for r in held if r["objectKey"] == f"{PREFIX}{name}"}


def _send(sandbox, method, path, body):
    httpx.request(method, f"{sandbox.url}{path}", json=body, headers=sandbox.headers, timeout=10).raise_for_status()


@pytest.mark.slow
def test_books_land_as_custom_objects(firm):
    """Every row is a record with its values, amounts and days; the audit is green, and the accounting says that it landed."""
    sandbox, ws = firm
    results = migrate(ws)
    assert results["audit"].status == "done", results["audit"].problems
    moves = _records(sandbox, "trust_transactions")
    assert set(moves) == {"1", "2"}
    assert moves["2"]["amount"] == {"currency": "default", "value": 500}
    assert moves["2"]["bank_amount"] == {"currency": "default", "value": 450}
    assert moves["2"]["date"].startswith("2025-01-03")
    assert (moves["1"]["client"], moves["1"]["matter"]) == ("Ruth Adler (C-1)", "Adler estate (M-1)")
    assert moves["1"]["account"] == "General trust (T-1)"
    entries = _records(sandbox, "time_entries")
    assert entries["1"]["hours"] == 2 and entries["1"]["timekeeper"] == "Lee Moss (1)"
    assert len(_records(sandbox, "rates")) == len(_records(sandbox, "trust_accounts")) == 1
    cells = results["audit"].tables["accounting"]
    books = cells[cells["object"].isin(["trust_transactions", "time_entries", "rates", "trust_accounts"])]
    assert set(books["bucket"]) <= {"landed", "landed normalised"}
    rows = results["audit"].tables["rows"].set_index("object")
    assert rows.loc["trust_transactions", "rows"] == 2 and rows.loc["trust_transactions", "bucket"] == "landed"
    assert "custom object" in set(results["schema"].tables["diff"]["kind"])
    checks = StepResult.load(ws.results("check-after"))
    rules = checks.tables["rules"]
    judged = rules[
        (rules["verdict"] == "passed")
        & rules["object"].isin(["trust_transactions", "time_entries", "rates", "trust_accounts"])
    ]
    assert judged.groupby("object").size().to_dict() == dict.fromkeys(
        ("rates", "time_entries", "trust_accounts", "trust_transactions"), 6
    )
    key = next(
        r["id"]
        for r in sandbox.state.dump()["records"].values()
        if r["properties"].get("bank_amount", {}).get("value") == 450
    )
    held = sandbox.state.records.get(key)
    sandbox.state.records.put(
        {**held, "properties": {**held["properties"], "amount": {"currency": "default", "value": 1}}}
    )
    step(ws, "audit")
    bad = StepResult.load(ws.results("check-after")).tables["rules"].set_index(["object", "rule"])["verdict"]
    assert bad[bad == "data failed"].index.get_level_values("object").tolist() == ["trust_transactions"]


@pytest.mark.slow
def test_planned_requests_are_those_sent(firm):
    """The estimate knows what objects, their fields, records and reading back cost."""
    _, ws = firm
    assert in_budget(migrate(ws))


@pytest.mark.slow
def test_second_load_sends_nothing_and_rollback_leaves_empty_objects(firm):
    """Loading again makes no record twice; rollback takes records, fields and folders, and says that the objects stay."""
    sandbox, ws = firm
    migrate(ws, "load")
    before = sandbox.state.dump()
    assert step(ws, "load").counts["sent"] == 0
    assert sandbox.state.dump()["records"] == before["records"]

    told = step(ws, "rollback", dry_run=True)
    done = step(ws, "rollback")
    assert done.counts["requests_sent"] == told.counts["requests_told"] == done.counts["requests_told"]
    after = sandbox.state.dump()
    assert not after["records"] and not after["contacts"] and len(after["objects"]) == 4
    ours = [field for field in after["fields"].values() if field["objectKey"].startswith(PREFIX)]
    assert {field["name"] for field in ours} == {"Perfect Books ID"}, "the property that an object is displayed by"
    stays = [problem for problem in done.problems if problem.code == "objects_stay"]
    assert [problem.count for problem in stays] == [4] and done.counts["kept"] == 4
    assert not [problem for problem in done.problems if problem.code == "kept"], "told once, not once an object"

    results = migrate(ws)
    assert results["audit"].status == "done"
    assert len(sandbox.state.dump()["objects"]) == 4 and len(_records(sandbox, "time_entries")) == 2


@pytest.mark.slow
def test_what_people_added_to_an_object_keeps_its_fields(firm):
    """A record that a person added to one of our objects, and one that a person edited, stay with the fields they use."""
    sandbox, ws = firm
    migrate(ws, "load")
    key = f"{PREFIX}time_entries"
    mine = {"perfect_books_id": "mine", "hours": 3}
    _send(sandbox, "POST", f"/objects/{key}/records", {"locationId": sandbox.location, "properties": mine})
    rate = next(r for r in sandbox.state.dump()["records"].values() if r["objectKey"] == f"{PREFIX}rates")
    where = f"/objects/{PREFIX}rates/records/{rate['id']}?locationId={sandbox.location}"
    _send(sandbox, "PUT", where, {"properties": {"hourly_rate": {"currency": "default", "value": 300}}})
    sandbox.state.records.put({**sandbox.state.records.get(rate["id"]), "updatedAt": "2099-01-01T00:00:00.000Z"})
    step(ws, "rollback")
    assert set(_records(sandbox, "time_entries")) == {"mine"}
    assert [r["hourly_rate"]["value"] for r in _records(sandbox, "rates").values()] == [300]
    names = {f["fieldKey"] for f in sandbox.state.dump()["fields"].values()}
    assert {f"{key}.hours", f"{PREFIX}rates.hourly_rate"} <= names and f"{key}.amount" not in names


@pytest.mark.slow
def test_objects_and_records_that_are_there_are_used_again(firm, tmp_path):
    """A second workspace is refused; its ledger made anew finds objects by keys and records by ids, and makes neither twice."""
    sandbox, ws = firm
    migrate(ws, "load")
    before = sandbox.state.dump()
    again = workspace(tmp_path / "again", exports.legal(tmp_path / "again.sqlite"), sandbox, policy=OPTED_IN)
    with pytest.raises(LedgerBehind):
        migrate(again)
    rebuild(again, who="Judge")
    results = migrate(again)
    after = sandbox.state.dump()
    assert after["records"] == before["records"] and after["objects"] == before["objects"]
    assert results["audit"].status == "done", results["audit"].problems


@pytest.mark.slow
def test_no_room_is_told_before_and_nothing_is_made(firm):
    """Seven objects of the client leave room for three: none of our four is made, the schema step says so, the books are reported."""
    sandbox, ws = firm
    for number in range(7):
        shown = {"key": "name", "name": "Name", "dataType": "TEXT"}
        body = {"labels": {"singular": "Pet", "plural": "Pets"}, "key": f"pet_{number}", "locationId": sandbox.location}
        _send(sandbox, "POST", "/objects/", {**body, "primaryDisplayPropertyDetails": shown})
    results = migrate(ws)
    told = [problem for problem in results["schema"].problems if problem.code == "no_room_for_objects"]
    assert len(told) == 4 and "7 custom objects" in told[0].message
    assert len(sandbox.state.dump()["objects"]) == 7 and results["audit"].status == "done"
    cells = results["audit"].tables["accounting"]
    assert set(cells[cells["object"] == "trust_transactions"]["bucket"]) == {"reported"}


@pytest.mark.slow
def test_books_stay_a_report_unless_asked_for(tmp_path, rehearse, monkeypatch):
    """By default no custom object is made, or even looked for: a token without their scope does."""
    lacking = ["objects/schema.readonly", "objects/schema.write"]
    sandbox = rehearse(users=[{"name": "Lee Moss", "email": "lee@firm.example"}], lacking_scopes=lacking)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", exports.legal(tmp_path / "legal.sqlite"), sandbox)
    assert migrate(ws)["audit"].status == "done"
    dump = sandbox.state.dump()
    assert not dump["objects"] and not dump["records"]


@pytest.mark.slow
def test_lost_answers_make_nothing_twice(firm):
    """Every third write of schema and load is done and its answer lost: objects, fields and records are found again."""
    sandbox, ws = firm
    migrate(ws, "check")
    step(ws, "schema")
    decide(ws, "schema", "Judge", take_defaults=True)
    at = [FaultAt(fault="lost_answer", write=number) for number in range(1, 400, 3)]
    sandbox.state.faults.replace(Faults(at=at))
    step(ws, "schema", apply=True)
    step(ws, "sample")
    sandbox.state.faults.replace(Faults())
    decide(ws, "sample", "Judge", take_defaults=True)
    step(ws, "load")
    dump = sandbox.state.dump()
    assert len(dump["objects"]) == 4 and len(dump["records"]) == 6
    assert step(ws, "audit").status == "done"


@pytest.mark.slow
def test_a_later_export_changes_and_adds_records(firm, tmp_path):
    """A delta writes the changed hours into the record that stands, and makes the new entry; the audit is green."""
    sandbox, ws = firm
    migrate(ws, "load")
    later = exports.legal(tmp_path / "later.sqlite")
    with sqlite3.connect(later) as db:
        db.execute("update time_entries set hours = '3.5', amount = '875' where id = 1")
        db.execute("insert into time_entries values (3,'M-2',1,'2025-02-01','1.5','250','375')")
    step(ws, "delta", export=later, approve_all="Judge")
    entries = _records(sandbox, "time_entries")
    assert entries["1"]["hours"] == 3.5 and entries["1"]["amount"]["value"] == 875 and entries["3"]["hours"] == 1.5
    assert len(entries) == 3
    audit = step(ws, "audit")
    assert audit.status == "done", audit.problems


@pytest.mark.slow
def test_a_token_that_may_not_see_objects_stops_before_anything_is_made(rehearse, tmp_path, monkeypatch):
    """Where objects are asked for, the lacking scope is named before anything is written."""
    lacking = ["objects/schema.readonly", "objects/schema.write"]
    sandbox = rehearse(users=[{"name": "Lee Moss", "email": "lee@firm.example"}], lacking_scopes=lacking)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", exports.legal(tmp_path / "legal.sqlite"), sandbox, policy=OPTED_IN)
    migrate(ws, "check")
    with pytest.raises(HighLevelError, match=r"objects/schema\.readonly"):
        step(ws, "schema")
    dump = sandbox.state.dump()
    assert not dump["objects"] and not dump["fields"]
