"""Nested JSON as an API dump, the legal-accounting edition in SQLite, and the bookstore's catalogue."""

from __future__ import annotations

import pytest

from pb2hl.errors import ExportError
from tests.e2e import exports
from tests.e2e.drive import Arrived, migrate, step, workspace


@pytest.mark.slow
def test_nested_json(tmp_path, rehearse, monkeypatch):
    """Wrappers, nested objects and lists become the same records as flat tables would."""
    sandbox = rehearse(users=[{"name": "Kim Lee", "email": "kim@agency.example"}])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(
        tmp_path / "ws", exports.nested(tmp_path / "dump.json"), sandbox, country="US", timezone="UTC", currency="USD"
    )
    results = migrate(ws)
    arrived = Arrived.of(sandbox)
    ada = arrived.contact("ada@engine.example")
    assert (ada["firstName"], ada["lastName"], ada["phone"]) == ("Ada", "Byron", "+14155552671")
    assert (ada["address1"], ada["city"], ada["state"], ada["postalCode"], ada["country"]) == (
        "1 Analytical Way",
        "San Francisco",
        "CA",
        "94105",
        "US",
    )
    assert sorted(ada["tags"]) == ["math", "vip"] and ada["dndSettings"]["email"]["status"] == "active"
    assert ada["assignedTo"] == arrived.user("kim@agency.example")
    assert arrived.dump["businesses"][ada["businessId"]]["name"] == "Engine Works, LLC"
    values = [str(value) for value in ada["custom"].values()]
    assert any("ada.byron@gmail.com" in value for value in values), "the second e-mail is kept"
    assert any("+14155552672" in value for value in values), "the second phone is kept"
    assert "Difference" in values and any(value in {"12000", "12000.0"} for value in values)
    mill = arrived.opportunity("Mill")
    assert mill["contactId"] == ada["id"], "the primary contact, not the first of the list"
    assert mill["monetaryValue"] == 5000 and mill["status"] == "won"
    assert results["audit"].status == "done"


@pytest.mark.slow
def test_legal_edition(tmp_path, rehearse, monkeypatch):
    """Clients, matters and timekeepers become contacts, opportunities and owners; the books are reconciled, not moved."""
    sandbox = rehearse(users=[{"name": "Lee Moss", "email": "lee@firm.example"}])
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", exports.legal(tmp_path / "legal.sqlite"), sandbox)
    results = migrate(ws)
    arrived = Arrived.of(sandbox)
    assert results["inventory"].facts["edition"] == "legal"
    ruth = arrived.contact("ruth@adler.example")
    assert (ruth["firstName"], ruth["lastName"], ruth["phone"]) == ("Ruth", "Adler", "+16135550111")
    estate = arrived.opportunity("Adler estate")
    assert estate["monetaryValue"] == 2500 and arrived.stage(estate) == ("Estates", "Open")
    assert estate["contactId"] == ruth["id"] and estate["assignedTo"] == arrived.user("lee@firm.example")
    assert results["audit"].status == "done"


def test_bookstore_catalogue_is_refused(tmp_path, sandbox):
    """The catalogue of the bookstore of the same name is refused, saying why."""
    ws = workspace(tmp_path / "ws", exports.bookstore(tmp_path / "catalogue.csv"), sandbox)
    with pytest.raises(ExportError, match=r"(?i)book"):
        step(ws, "inventory")
