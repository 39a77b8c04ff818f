"""Matching on a Dask cluster gives what matching here gives: clusters, survivors, scores, pairs, to the last bit."""

from __future__ import annotations

import pandas as pd
import pytest
from distributed import Client, LocalCluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import crm
from pb2hl.errors import ConfigError
from pb2hl.matching import find_duplicates, match_companies, spread

ROW = st.tuples(
    st.sampled_from(["Ann", "Anne", "Bob", "Robert", None]), st.sampled_from(["Roe", "Rowe", "Smith", "Smyth", None]),
    st.sampled_from(["a@x.example", "b@x.example", "c@y.example", None]), st.sampled_from(["+16135550101", "+16135550102", None]),
)  # fmt: skip
KINDS = {"first": "given_name", "last": "surname", "email": "email", "phone": "phone"}


@pytest.fixture(scope="module")
def client():
    """A cluster in this process."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as local,
        Client(local) as made,
    ):
        yield made


def same(one, other) -> None:
    """Two outcomes are equal in everything they tell."""
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))
    pd.testing.assert_frame_equal(one.pairs, other.pairs)
    if one.model is not None:
        pd.testing.assert_frame_equal(one.model.blocking, other.model.blocking)
        assert one.model.candidates == other.model.candidates


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=2, max_size=25), size=st.integers(1, 60))
@pytest.mark.slow
def test_identical_to_the_local_run(client, monkeypatch, rows, size):
    """Whatever the rows and however small the partitions."""
    monkeypatch.setattr(spread, "WORTH_SPREADING", 0)
    monkeypatch.setattr(spread, "PAIRS_A_PARTITION", size)
    frame = pd.DataFrame(rows, columns=list(KINDS))
    same(find_duplicates(frame, KINDS), find_duplicates(frame, KINDS, executor=client))


def test_small_tables_stay_here(client, monkeypatch):
    """Below the size where it is worth it nothing is sent; what is no executor is refused, small table or not."""
    monkeypatch.setattr(spread, "spread", None)
    frame = pd.DataFrame([("Ann", "Roe", None, None)] * 3, columns=list(KINDS))
    same(find_duplicates(frame, KINDS), find_duplicates(frame, KINDS, executor=client))
    with pytest.raises(ConfigError, match="executor 'spark' is unknown"):
        find_duplicates(frame, KINDS, executor="spark")


@pytest.mark.slow
def test_identical_in_processes_of_their_own(monkeypatch):
    """Persons and companies of a CRM, on a worker that shares no memory with us; "dask" means the client that is open."""
    monkeypatch.setattr(spread, "WORTH_SPREADING", 0)
    monkeypatch.setattr(spread, "PAIRS_A_PARTITION", 5_000)
    sets = ((crm.persons, crm.PERSON_KINDS, find_duplicates), (crm.companies, crm.COMPANY_KINDS, match_companies))
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local, Client(local):
        for make, kinds, match in sets:
            frame, _ = make(1000)
            same(match(frame, kinds), match(frame, kinds, executor="dask"))
