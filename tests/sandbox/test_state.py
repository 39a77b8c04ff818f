"""State outside the server: scenarios, dumps, seeds, files, the process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from pb2hl.errors import ConfigError
from pb2hl.sandbox import Sandbox, Scenario, running
from pb2hl.sandbox.persistence import load_state, save_state

RECORDS = {
    "custom_fields": [
        {"name": "Origin", "dataType": "TEXT"},
        {"name": "Size", "dataType": "TEXT", "objectKey": "business"},
    ],
    "pipelines": [{"name": "Sales", "stages": ["New", "Won"]}],
    "businesses": [{"id": "5f1f77bcf86cd799439011aa", "name": "Acme", "properties": {"size": "big"}}],
    "contacts": [
        {
            "id": "contactA000000000000",
            "email": "jane@acme.com",
            "tags": ["VIP"],
            "assignedTo": "alice@rehearsal.example",
            "businessId": "5f1f77bcf86cd799439011aa",
            "customFields": {"Origin": "PB-1"},
        }
    ],
    "opportunities": [{"name": "Deal", "pipeline": "Sales", "stage": "Won", "contactId": "contactA000000000000"}],
    "notes": [{"body": "Old note", "contactId": "contactA000000000000"}],
    "tasks": [{"title": "Old task", "dueDate": "2026-01-01T00:00:00Z", "contactId": "contactA000000000000"}],
    "appointments": [{"startTime": "2025-01-06T09:00:00-05:00", "contactId": "contactA000000000000"}],
}


def test_scenario_records() -> None:
    """A scenario's records point at each other by name, e-mail and id, send nothing, and are searchable at once."""
    state = Sandbox(Scenario.default(search_lag_s=60.0, **RECORDS))
    contact = state.contacts.get("contactA000000000000")
    assert state.users.get(contact["assignedTo"])["email"] == "alice@rehearsal.example"
    assert contact["tags"] == ["vip"] and contact["customFields"][0]["value"] == "PB-1"
    deal = next(iter(state.opportunities.records.values()))
    assert deal["pipelineStageId"] == next(iter(state.pipelines.records.values()))["stages"][1]["id"]
    assert state.outbox == [] and state.seen("contacts") == state.contacts.records
    for name in RECORDS:
        home = "fields" if name == "custom_fields" else name
        assert len(state.collections[home]) == len(RECORDS[name])


def test_same_seed_same_ids() -> None:
    """Ids come from the seed: two sandboxes of one scenario are the same, another seed is another location."""
    first, second = (Sandbox(Scenario.default(**RECORDS)).dump(timestamps=False) for _ in range(2))
    assert first == second
    assert first["users"] != Sandbox(Scenario.default(seed=2)).dump()["users"]


def test_dump_is_a_copy_without_timestamps() -> None:
    """A dump can be changed without touching the sandbox, and stamps can be left out for comparison."""
    state = Sandbox(Scenario.default(**RECORDS))
    dump = state.dump(timestamps=False)
    assert "dateAdded" not in json.dumps(dump)
    dump["contacts"].clear()
    assert len(state.contacts) == 1


def test_state_file(tmp_path: Path) -> None:
    """What was saved comes back whole: records, files, id counters; another version is refused."""
    state = Sandbox(Scenario.default(**RECORDS))
    state.blobs["f"] = (b"\x00bytes", "image/png")
    save_state(state, tmp_path / "state.json")
    other = Sandbox()
    load_state(other, tmp_path / "state.json")
    assert other.dump() == state.dump() and other.blobs == state.blobs
    assert other.ids.record("contact") == state.ids.record("contact")
    (tmp_path / "state.json").write_text('{"version": 99}')
    with pytest.raises(ConfigError, match="version 99"):
        load_state(other, tmp_path / "state.json")


def test_wrong_scenarios_are_explained(tmp_path: Path) -> None:
    """Unknown keys, wrong values, records that do not fit and unreadable files name what to mend."""
    path = tmp_path / "scenario.toml"
    for text, words in (
        ("sed = 1\n[rate]\nmax = 0\n", "rate.max"),
        ("oops", "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=words):
            Scenario.load(path)
    with pytest.raises(ConfigError, match="contacts number 1"):
        Sandbox(Scenario.default(contacts=[{"email": "nobody"}]))
    path.write_text('search_lag_s = 12.5\n[location]\nid = "abc"\n')
    loaded = Scenario.load(path)
    assert (loaded.search_lag_s, loaded.location.id, len(loaded.users)) == (12.5, "abc", 8)


def test_admin_seed_dump_load_settings(call) -> None:
    """Over HTTP: seed records, dump them, put a saved state back, change settings and rates."""
    before = call.ok("GET", "/_sandbox/state")
    call.ok("POST", "/_sandbox/seed", {"contacts": [{"email": "a@b.co"}], "tags": ["x"]})
    dump = call.ok("GET", "/_sandbox/dump", timestamps="false")
    assert [item["email"] for item in dump["contacts"].values()] == ["a@b.co"] and len(dump["tags"]) == 1
    call.ok("POST", "/_sandbox/load", before)
    assert call.ok("GET", "/_sandbox/dump")["contacts"] == {}
    call.ok("POST", "/_sandbox/settings", {"location": {"allow_duplicate_contact": True}, "search_lag_s": 5})
    assert call.ok("GET", f"/locations/{call.rehearsal.location}")["location"]["settings"]["allowDuplicateContact"]
    assert call("POST", "/_sandbox/settings", {"seed": 2})[0] == 422
    call.ok("POST", "/_sandbox/behaviour", {"lower_case_tags": False})
    assert call.contact(tags=["Gold"])["tags"] == ["Gold"]
    assert call("POST", "/_sandbox/faults", {"stall": 2})[0] == 422
    assert call.ok("POST", "/_sandbox/rate", {"max": 7})["max"] == 7


def test_running_stops_cleanly() -> None:
    """`running` serves on loopback while its block runs, and the port is free afterwards."""
    with running(Sandbox()) as url:
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/_sandbox/counts").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/_sandbox/counts")


def test_as_a_process(tmp_path: Path) -> None:
    """`python -m pb2hl.sandbox` says its URL first, then how to turn to it, keeps its state, and explains a bad scenario."""
    state, scenario = tmp_path / "state.json", tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"token": "secret-token"}))
    command = [sys.executable, "-m", "pb2hl.sandbox", "--port", "0", "--scenario", str(scenario), "--state", str(state)]
    for round_ in (1, 2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            line = process.stdout.readline()
            assert line.startswith("sandbox ready at http://127.0.0.1:")
            url = line.split()[-1]
            assert process.stdout.readline().endswith("export HIGHLEVEL_TOKEN=secret-token\n")
            assert f"--location {Scenario().location.id} --base-url {url}" in process.stdout.readline()
            headers = {"Authorization": "Bearer secret-token", "Version": "v3"}
            body = {"locationId": Scenario().location.id, "email": f"u{round_}@b.co"}
            assert httpx.post(f"{url}/contacts/", json=body, headers=headers).status_code == 201
            assert httpx.get(f"{url}/_sandbox/counts").json()["records"]["contacts"] == round_
            process.send_signal(signal.SIGTERM)
    scenario.write_text('{"sed": 1}')
    refused = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert refused.returncode == 2 and "sed" in refused.stderr and "Traceback" not in refused.stderr
