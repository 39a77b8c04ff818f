"""A token that dies while records are being written: a clear stop, and a new one goes on."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.drive import Arrived


@pytest.mark.slow
def test_an_expired_token_stops_and_a_new_one_goes_on(pb2hl, schema_made, monkeypatch):
    """Exit 4 and what to set, nothing of the token told; with the new one every record is there exactly once."""
    sandbox, ws = schema_made
    faults = sandbox.state.faults
    faults.settings = faults.settings.model_copy(update={"token_expires_after": faults.requests + 4})
    said = pb2hl("sample", ws, "--yes")
    assert said.code == 4 and "HIGHLEVEL_TOKEN" in said.err, said.err
    assert sandbox.token not in said.out + said.err
    dump = sandbox.state.dump()
    assert not dump["opportunities"], "it died before the last record"
    faults.settings = faults.settings.model_copy(update={"token_expires_after": 0})
    sandbox.state.token = "pit-the-next-one"
    assert pb2hl("sample", ws, "--yes").code == 4, "the old one stays dead"
    monkeypatch.setenv("HIGHLEVEL_TOKEN", "pit-the-next-one")
    assert pb2hl("sample", ws, "--yes").code == 0
    assert pb2hl("approve", ws, "sample", "--by", "Jane Roe").code == 0
    assert pb2hl("load", ws, "--yes").code == 0
    arrived = Arrived.of(sandbox)
    ids = Counter(contact["custom"]["Perfect Books ID"] for contact in arrived.contacts)
    assert ids == {"1": 1, "2": 1} and len(arrived.opportunities) == 1
    assert pb2hl("audit", ws).code == 0
