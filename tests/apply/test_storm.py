"""Ten thousand records through everything that goes wrong at once: nothing lost, nothing twice, and every wait explained."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest
from operations import line, op, ref

from pb2hl import highlevel
from pb2hl.apply import Apply
from pb2hl.apply.context import RunContext
from pb2hl.errors import TokenRefused
from pb2hl.highlevel import Client, Limiter
from pb2hl.ledger import Ledger, State
from pb2hl.operations import Kind, Target

FAULTS = {
    "error_before": 0.03,
    "error_after": 0.02,
    "lost_answer": 0.02,
    "reset": 0.01,
    "spurious_429": 0.01,
    "stall": 0.001,
    "stall_s": 1.0,
    "malformed": 0.005,
    "created_422": 0.005,
}
OUTAGE = {"token_expires_after": 4000, "down_at_request": 2000, "down_s": 3.0}
"""Stalls and the outage are shorter than in life (10 s and 60 s): nothing else depends on their length."""

SERVE = "import sys; from pb2hl.sandbox.server import serve; serve(scenario_path=sys.argv[1])"
LOCATION, TOKEN = "sbLoc4t10nReh3ars4l0", "pit-rehearsal-token"


def records(contacts: int):
    """Operations in order: businesses, contacts, links, opportunities, notes, tasks; ten records for every three contacts."""
    yield op(Target.FOLDER, "f", {"objectKey": "business", "name": "Perfect Books"}, marker="Perfect Books")
    yield op(Target.FIELD, "cid", {"model": "contact", "name": "Perfect Books ID", "dataType": "TEXT"}, marker="Perfect Books ID")  # fmt: skip
    yield op(Target.FIELD, "oid", {"model": "opportunity", "name": "Perfect Books ID", "dataType": "TEXT"}, marker="Perfect Books ID")  # fmt: skip
    yield op(Target.FIELD, "bid", {"objectKey": "business", "name": "Perfect Books ID", "dataType": "TEXT", "showInForms": True,
                                   "fieldKey": "business.perfect_books_id", "parentId": ref(Target.FOLDER, "f")}, marker="Perfect Books ID")  # fmt: skip
    yield op(Target.TAG, "vip", {"name": "vip"}, marker="vip")
    yield op(Target.PIPELINE, "p", {"name": "Sales", "stages": [{"name": "New", "position": 0}]}, marker="Sales")
    businesses = contacts // 10
    for n in range(businesses):
        custom = [{"key": ref(Target.FIELD, "bid", "fieldKey"), "value": str(n)}]
        yield op(Target.BUSINESS, str(n), {"name": f"Acme {n}", "customFields": custom}, marker=str(n))
    for n in range(contacts):
        custom = [{"id": ref(Target.FIELD, "cid"), "fieldValue": f"c{n}"}]
        reach = {"email": f"ann{n}@example.com"} if n % 3 else {"phone": f"+1613{5550000 + n}"}
        yield op(Target.CONTACT, f"c{n}", {"firstName": "Ann", "lastName": f"Roe{n}", **reach, "tags": ["vip"], "customFields": custom}, marker=f"c{n}")  # fmt: skip
    for n in range(contacts):
        link = {"contactId": ref(Target.CONTACT, f"c{n}"), "businessId": ref(Target.BUSINESS, str(n % businesses))}
        yield op(Target.LINK, f"c{n}", link, kind=Kind.LINK)
    for n in range(0, contacts, 3):
        deal = {"name": f"Deal {n}", "pipelineId": ref(Target.PIPELINE, "p"), "pipelineStageId": ref(Target.PIPELINE, "p", "stages.New"),
                "status": "open", "monetaryValue": n, "contactId": ref(Target.CONTACT, f"c{n}"),
                "customFields": [{"id": ref(Target.FIELD, "oid"), "field_value": f"d{n}"}]}  # fmt: skip
        yield op(Target.OPPORTUNITY, f"d{n}", deal, marker=f"d{n}")
    for n in range(contacts):
        body, marker = line("notes", f"n{n}")
        yield op(
            Target.NOTE, f"n{n}", {"$url": {"contactId": ref(Target.CONTACT, f"c{n}")}, "body": body}, marker=marker
        )
    for n in range(contacts):
        body, marker = line("tasks", f"t{n}")
        task = {"$url": {"contactId": ref(Target.CONTACT, f"c{n}")}, "title": f"Call {n}", "dueDate": "2030-01-02T10:00:00.000Z", "completed": False, "body": body}  # fmt: skip
        yield op(Target.TASK, f"t{n}", task, marker=marker)


@pytest.fixture
def storm(tmp_path):
    """A rehearsal location in a process of its own, so that it and the client have a core each."""
    scenario = {"rate": {"max": 1_000_000, "daily": 100_000_000}, "faults": {**FAULTS, **OUTAGE}}
    (tmp_path / "storm.json").write_text(json.dumps(scenario))
    command = [sys.executable, "-c", SERVE, str(tmp_path / "storm.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield Weathering(tmp_path, server.stdout.readline().split()[-1])
        finally:
            server.terminate()


class Weathering:
    """A load in parts: `told` is what it said while it waited, `states` what the ledger held at the end of the last."""

    def __init__(self, folder: Path, url: str):
        self.folder = folder
        self.url = url
        self.told: list[str] = []
        self.states: Counter[State] = Counter()

    def load(self, contacts: int, token: str) -> None:
        """One run."""
        with Ledger(self.folder / "ledger.sqlite", LOCATION, "perfect-books") as ledger:
            try:
                highlevel.run(self._load(ledger, contacts, token))
            finally:
                self.states = Counter(entry.state for entry in ledger.iterate())

    async def _load(self, ledger: Ledger, contacts: int, token: str) -> None:
        options = {"limiter": Limiter(), "search_lag_s": 0.0, "on_wait": lambda reason, _: self.told.append(reason)}
        async with Client(token, LOCATION, self.url, **options) as client:
            await Apply(RunContext(ledger, client, ledger.start_run("load"))).run(records(contacts))

    def admin(self, path: str, **body: object) -> None:
        """Tell the rehearsal location."""
        httpx.post(f"{self.url}/_sandbox/{path}", json=body, timeout=10).raise_for_status()

    def held(self) -> dict[str, Counter[str]]:
        """How often each record is there."""
        dump = httpx.get(f"{self.url}/_sandbox/dump", timeout=120).json()
        assert all(record.get("businessId") for record in dump["contacts"].values())
        return {name: Counter(text(record) for record in dump[name].values()) for name, text in IDENTITY.items()}


def weathered(storm: Weathering, contacts: int) -> None:
    """The proof, for so many contacts and about four records a contact."""
    with pytest.raises(TokenRefused, match="Invalid JWT"):
        storm.load(contacts, TOKEN)
    assert any("unreachable" in reason for reason in storm.told), "an outage is waited out, and the reason told"
    storm.admin("faults", **FAULTS)
    storm.admin("token", token="pit-a-new-one")
    storm.load(contacts, "pit-a-new-one")
    assert storm.states == {State.DONE: sum(1 for _ in records(contacts))}
    assert storm.held() == {
        "contacts": Counter(f"Roe{n}" for n in range(contacts)),
        "businesses": Counter(f"Acme {n}" for n in range(contacts // 10)),
        "opportunities": Counter(f"Deal {n}" for n in range(0, contacts, 3)),
        "notes": Counter(line("notes", f"n{n}")[1] for n in range(contacts)),
        "tasks": Counter(f"Call {n}" for n in range(contacts)),
    }


IDENTITY = {
    "contacts": lambda record: record["lastName"],
    "businesses": lambda record: record["name"],
    "opportunities": lambda record: record["name"],
    "notes": lambda record: record["body"].splitlines()[1],
    "tasks": lambda record: record["title"],
}


@pytest.mark.slow
def test_storm_of_ten_thousand_records(storm):
    """An outage of the server, an expired token, and every fault at once, over 10,300 records."""
    weathered(storm, 3_000)


@pytest.mark.slow
def test_storm_of_hundreds(storm):
    """The same storm over 340 records."""
    storm.admin("faults", **FAULTS, token_expires_after=200, down_at_request=100, down_s=4.0)
    weathered(storm, 100)
