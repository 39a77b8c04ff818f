"""The same export against HighLevels of every reported kind: it arrives, the audit agrees, rollback leaves nothing."""

from __future__ import annotations

import pytest

from pb2hl.errors import GateClosed, HighLevelError
from pb2hl.sandbox.scenario import Faults
from pb2hl.steps.gates import gates
from pb2hl.steps.gates.batch import decide
from tests.cli.terminal import export
from tests.e2e.drive import Arrived, migrate, step, workspace

KINDS = {
    "normalises": {"behaviour": {"non_e164_phones": "normalise", "lose_field_options": "last", "lower_case_tags": False}},
    "refuses": {"behaviour": {"non_e164_phones": "refuse", "lose_field_options": "all", "drop_unknown_custom_fields": False, "drop_unmatched_options": False}},
    "obliges": {"behaviour": {"link_sets_company_name": True, "opportunity_takes_source": True, "opportunity_put_takes_lost_reason": True, "notes_on_opportunities": True, "ignore_empty_custom_values": False, "date_fields_cut_time": False}},
    "plain businesses": {"behaviour": {"business_drops_lists": False, "business_options_as_key": False, "business_dates_need_time": False, "business_name_eq_misses": False}},
    "small pages": {"behaviour": {"search_page_limit": 7, "search_depth": 100, "search_value_limit": 30}, "contacts": [{"firstName": "Old", "lastName": f"Client {n}", "email": f"old{n}@client.example"} for n in range(60)]},
    "late lists": {"search_lag_s": 1.0, "behaviour": {"pipelines_lag_s": 1.0}},
    "slow": {"latency_min_s": 0.02, "latency_max_s": 0.2},
    "duplicates allowed": {"location": {"allow_duplicate_contact": True, "allow_duplicate_opportunity": True}},
    "strict rate": {"rate": {"max": 20, "interval_s": 1.0, "window": "fixed"}},
    "no workflows scope": {"lacking_scopes": ["workflows.readonly"]},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_server(tmp_path, rehearse, monkeypatch, kind):
    """Two contacts, a deal and a custom field arrive; what was there before stays; rollback restores the location."""
    sandbox = rehearse(**KINDS[kind])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    ws = workspace(tmp_path / "ws", export(tmp_path / "export"), sandbox, fallback_owner="alice@rehearsal.example")
    results = migrate(ws)
    arrived = Arrived.of(sandbox)
    ann = arrived.contact("ann@a.example")
    assert ann["phone"] == "+16135550101" and ann["custom"]["Perfect Books ID"] == "1"
    assert float(ann["custom"]["Shoe Size"]) == 42
    roof = arrived.opportunity("Roof")
    assert arrived.stage(roof) == ("Sales", "New") and roof["contactId"] == ann["id"]
    assert len(arrived.contacts) == 2 + len(before["contacts"])
    assert [p for p in results["schema"].problems if p.code == "schema_differs"] == []
    assert results["audit"].status == "done", results["audit"].problems
    assert step(ws, "rollback").status == "done"
    assert sandbox.state.dump() == before


@pytest.mark.parametrize(
    "scope",
    ["contacts.readonly", "objects/record.readonly", "opportunities.readonly", "locations/customFields.readonly"],
)
def test_a_blind_token_writes_nothing(tmp_path, rehearse, monkeypatch, scope):
    """A token that may not read what is there would duplicate it: exit 4 with the scope's name, and nothing is written."""
    sandbox = rehearse(lacking_scopes=[scope])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    ws = workspace(tmp_path / "ws", export(tmp_path / "export"), sandbox, fallback_owner="alice@rehearsal.example")
    step(ws, "inventory")
    with pytest.raises(HighLevelError, match=scope) as stopped:
        step(ws, "schema")
    assert stopped.value.exit_code == 4 and sandbox.state.dump() == before


@pytest.mark.parametrize(
    "lacks",
    [
        {"behaviour": {"pipelines_api": False}},
        pytest.param({"lacking_scopes": ["pipelines.create"]}, marks=pytest.mark.slow),
    ],
)
def test_pipelines_that_only_an_admin_can_make(tmp_path, rehearse, monkeypatch, lacks):
    """The schema step waits with exact steps; made by hand, the pipeline is verified, the mapping's approval stands, the deal loads."""
    sandbox = rehearse(**lacks)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", export(tmp_path / "export"), sandbox, fallback_owner="alice@rehearsal.example")
    for name in ("inventory", "match", "mapping", "check", "schema"):
        step(ws, name)
        if name not in ("inventory", "check"):
            decide(ws, name, "Jane", take_defaults=True)
    waits = step(ws, "schema", apply=True)
    assert waits.status == "waiting" and waits.facts["waits_for"] == "admin"
    assert "Name it exactly: Sales" in list(waits.tables["instructions"]["do"])
    sandbox.state.seed(pipelines=[{"name": "Sales", "stages": [{"name": "New", "position": 0}]}])
    step(ws, "schema")
    decide(ws, "schema", "Jane", take_defaults=True)
    assert step(ws, "schema", apply=True).status == "done"
    step(ws, "sample")
    arrived = Arrived.of(sandbox)
    assert arrived.stage(arrived.opportunity("Roof")) == ("Sales", "New")
    undone = step(ws, "rollback")
    assert [p.code for p in undone.problems] == ["made_by_hand"] and "sales" in undone.problems[0].message
    assert "Sales" in {line["name"] for line in sandbox.state.dump()["pipelines"].values()}


@pytest.mark.slow
def test_lost_reasons_that_only_an_admin_can_make(tmp_path, rehearse, monkeypatch):
    """A lost deal's reason that the location lacks: the schema step gives the list and waits; once made, it is the deal's own.
    What was refused meanwhile is sent again."""
    sandbox = rehearse(lost_reasons=["Price"])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    folder = export(tmp_path / "export")
    deals = "id,name,contact_id,pipeline,stage,amount,status,lost_reason\n"
    deals += "1,Roof,1,Sales,New,100,lost,Too dear\n2,Wall,2,Sales,New,100,lost,price\n"
    (folder / "deals.csv").write_text(deals, encoding="utf-8")
    ws = workspace(tmp_path / "ws", folder, sandbox, fallback_owner="alice@rehearsal.example")
    for name in ("inventory", "match", "mapping", "check"):
        step(ws, name)
        if name not in ("inventory", "check"):
            decide(ws, name, "Jane", take_defaults=True)
    assert "Too dear" in step(ws, "schema").tables["instructions"]["do"].str.cat()
    gates.approve(ws, "schema", "Jane")
    sandbox.state.faults.replace(Faults(refuse=["POST .*customFields .*Shoe Size"]))
    waits = step(ws, "schema", apply=True)
    assert waits.status == "waiting" and waits.facts["waits_for"] == "admin" and waits.counts["failed"] == 1
    sandbox.state.faults.replace(Faults())
    with pytest.raises(GateClosed):
        step(ws, "sample")
    sandbox.state.seed(lost_reasons=["Too Dear"])
    assert waits.counts["waiting_for_admin"] == 1 and waits.next_step == "schema --apply"
    anew = step(ws, "schema", apply=True)
    assert (anew.status, anew.counts["failed"], anew.counts["waiting_for_admin"]) == ("done", 0, 0)
    assert not [problem for problem in anew.problems if problem.code == "lost_reasons_wait"]
    step(ws, "sample")
    arrived = Arrived.of(sandbox)
    reasons = {record["id"]: record["name"] for record in sandbox.state.lost_reasons.records.values()}
    assert reasons[arrived.opportunity("Roof")["lostReasonId"]] == "Too Dear"
    assert reasons[arrived.opportunity("Wall")["lostReasonId"]] == "Price"
