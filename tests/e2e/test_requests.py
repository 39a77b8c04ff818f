"""The request budget against what the location saw, and how many requests each kind of record costs."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pb2hl.results import StepResult
from tests.e2e import write
from tests.e2e.drive import in_budget, migrate, step, workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "perfect-books"
_ID = re.compile(r"/[A-Za-z0-9]{18,}(?=/|$)")

CREATES = {
    "contacts": ("POST /contacts/",),
    "opportunities": ("POST /opportunities/",),
    "notes": ("POST /contacts/#/notes", "POST /notes/"),
    "tasks": ("POST /contacts/#/tasks",),
    "appointments": ("POST /calendars/events/appointments",),
    "businesses": ("POST /objects/business/records", "POST /businesses/"),
}
"""The requests that make each kind of record."""

LINK, REASON = "POST /contacts/bulk/business", "PUT /opportunities/#/status"
READ_SHARE = 0.15
"""Requests a record that reading back may cost, flags apart."""


def kinds(log: list[dict[str, Any]]) -> Counter[str]:
    """Requests by method and path, ids left out."""
    return Counter(f"{item['method']} {_ID.sub('/#', item['path'])}" for item in log)


def counted(folder: Path, export: Path, rehearse, monkeypatch) -> dict[str, Any]:
    """Results of a whole migration, whose budget and whose requests by kind of record are as promised."""
    sandbox = rehearse()
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(folder / "ws", export, sandbox, fallback_owner="alice@rehearsal.example")
    results = migrate(ws, to="delta")
    before = len(sandbox.state.log)
    results["audit"] = step(ws, "audit")
    log = list(sandbox.state.log)
    table = results["audit"].tables["requests"].set_index("step")
    assert table.loc["all", "sent"] == len(log), "the ledger counts what the location saw"
    assert table.loc["all", "planned"] == StepResult.load(ws.results("schema")).tables["estimate"]["requests"].sum()
    assert in_budget(results), table
    _one_request_a_record(sandbox, kinds(log))
    _read_back_in_pages(sandbox, kinds(log[before:]))
    return results


def _one_request_a_record(sandbox: Any, seen: Counter[str]) -> None:
    dump = sandbox.state.dump()
    for name, ways in CREATES.items():
        assert sum(seen[way] for way in ways) == len(dump[name]), name
    of_business = Counter(contact["businessId"] for contact in dump["contacts"].values() if contact.get("businessId"))
    sample = 0.1 * len(of_business) + 100  # the sample's links go before the others
    assert seen[LINK] <= sum(math.ceil(count / 50) for count in of_business.values()) + sample
    assert seen[REASON] == sum(bool(deal.get("lostReasonId")) for deal in dump["opportunities"].values())
    assert not any("/tags" in way and "/contacts/" in way for way in seen), "tags ride on the contact"


def _read_back_in_pages(sandbox: Any, seen: Counter[str]) -> None:
    dump = sandbox.state.dump()
    flagged = sum(bool(contact.get("dnd") or contact.get("dndSettings")) for contact in dump["contacts"].values())
    records = sum(len(dump[name]) for name in CREATES)
    assert seen.total() <= READ_SHARE * records + flagged + len(CREATES), seen


def many(contacts: int, companies: int, **more) -> dict[str, list[dict[str, str]]]:
    """A made-up export: `contacts` on `companies`, in turns; `more`: heading → function of the contact's number."""
    found = {
        "contacts": [
            {
                "Contact ID": f"P{n}", "First Name": "Ann", "Last Name": f"Roe{n}", "Email": f"ann{n}@mail{n}.example",
                **({"Company ID": f"C{n % companies}"} if companies else {}), "Created At": f"2021-01-{n % 28 + 1:02} {n % 24:02}:00:00",
                **{name: value(n) for name, value in more.items()},
            }
            for n in range(contacts)
        ]
    }  # fmt: skip
    if companies:
        found["companies"] = [
            {
                "Company ID": f"C{n}",
                "Company Name": f"{chr(65 + n % 26)}{n} Works Inc.",
                "Created At": "2020-01-01 00:00:00",
            }
            for n in range(companies)
        ]
    return found


FLAGS = {"Email Opt Out": lambda n: "Y" if n % 7 == 0 else "", "Timezone": lambda n: "Europe/Berlin"}


@pytest.mark.slow
def test_flags_and_time_zones(tmp_path, rehearse, monkeypatch):
    """Flags are read back one by one, time zones of a tenth, though search tells neither."""
    export = write.csv_folder(tmp_path / "x", many(150, 3, **FLAGS))
    results = counted(tmp_path, export, rehearse, monkeypatch)
    assert results["audit"].status == "done", results["audit"].problems
    told = {problem.code: problem.count for problem in results["audit"].problems}
    flagged, records = 22, 153
    assert told["spot_checked"] == 150 - flagged - int(0.1 * records)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("contacts", "companies", "more"),
    [(400, 0, {}), pytest.param(3_000, 12, {}, marks=pytest.mark.exhaustive), (3_000, 1_500, FLAGS)],
    ids=["contacts only", "few companies", "many companies"],
)
def test_made_up_exports(contacts, companies, more, tmp_path, rehearse, monkeypatch):
    """Contacts only, 250 contacts a company, 2 contacts a company with flags and time zones."""
    counted(tmp_path, write.csv_folder(tmp_path / "x", many(contacts, companies, **more)), rehearse, monkeypatch)


@pytest.mark.slow
def test_many_attachments(tmp_path, rehearse, monkeypatch):
    """A file a contact, one note with a file a tenth."""
    tables = many(300, 3)
    tables["attachments"] = [
        {"Attachment ID": f"A{n}", "File Name": f"f{n}.txt", "Path": f"files/f{n}.txt", "Contact ID": f"P{n}"} for n in range(300)
    ]  # fmt: skip
    export = write.csv_folder(tmp_path / "x", tables)
    (export / "files").mkdir()
    for n in range(300):
        (export / "files" / f"f{n}.txt").write_text(f"file {n}")
    counted(tmp_path, export, rehearse, monkeypatch)


@pytest.mark.slow
def test_the_shipped_example(tmp_path, rehearse, monkeypatch):
    """Every object, with lost reasons, stand-ins, series and files."""
    counted(tmp_path, EXAMPLE, rehearse, monkeypatch)
