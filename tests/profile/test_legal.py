"""Trust money three ways and time against rates: every difference is traced, and the traces add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.profile.legal import reconcile

ACCOUNTS = pd.DataFrame({"source_id": ["T1"], "name": ["Trust"], "bank_balance": [130.0]})
CLIENTS = pd.DataFrame({"source_id": ["c1", "c2"], "full_name": ["Jane Roe", "Joe Bloggs"]})


def moves(*rows):
    frame = pd.DataFrame(rows, columns=["account", "client", "date", "kind", "amount", "bank_amount"])
    frame.insert(0, "source_id", [str(i) for i in range(len(frame))])
    return frame.assign(source_file="trust.csv", source_sheet="", source_row=range(2, len(frame) + 2))


def test_books_that_agree():
    """Bank, ledger and clients agree on every day; nothing is listed."""
    found = reconcile(
        {
            "trust_transactions": moves(
                ("T1", "c1", "2021-01-01", "deposit", 100.10, 100.10),
                ("T1", "Joe Bloggs", "2021-01-02", "deposit", 29.90, 29.90),
            ),
            "trust_accounts": ACCOUNTS,
            "contacts": CLIENTS,
        }
    )
    assert found.days["agrees"].all() and found.accounts["agrees"].all() and found.differences.empty
    assert found.accounts.loc[0, "ledger"] == 130.0 and not found.clients["overdrawn"].any()


def test_each_difference_is_traced():
    """Outstanding, unposted, different and clientless transactions are named with their effect and their row."""
    found = reconcile(
        {
            "trust_transactions": moves(
                ("T1", "c1", "2021-01-01", "deposit", 100.0, 100.0),
                ("T1", "c1", "2021-01-02", "deposit", 50.0, None),
                ("T1", "", "2021-01-03", "deposit", 20.0, 20.0),
                ("T1", "nobody", "2021-01-03", "deposit", 5.0, 6.0),
                ("T1", "c2", "2021-01-04", "fee", None, -1.0),
            ),
            "trust_accounts": ACCOUNTS,
            "contacts": CLIENTS,
        }
    )
    issues = found.differences.set_index("source_row")["issue"]
    assert issues.to_dict() == {
        3: "not at the bank",
        4: "no client",
        5: "bank and ledger amounts differ; client unknown",
        6: "not in the ledger",
    }
    row = found.accounts.iloc[0]
    assert (row["bank_sum"], row["ledger"], row["clients"], row["unexplained"]) == (125.0, 175.0, 150.0, 5.0)
    assert list(found.days["agrees"]) == [True, False, False, False]


def test_amounts_without_sign_take_it_from_the_kind():
    """An export whose withdrawals are positive is read by its kinds."""
    found = reconcile(
        {
            "trust_transactions": moves(
                ("T1", "c1", "2021-01-01", "Deposit", 100, 100), ("T1", "c1", "2021-01-02", "Withdrawal", 130, 130)
            )
        }
    )
    assert found.accounts.loc[0, "ledger"] == -30 and found.clients.loc[0, "overdrawn"]
    assert found.clients.loc[0, "lowest"] == -30 and "without sign" in found.signs


money = st.one_of(st.none(), st.integers(-10_000_000, 10_000_000).map(lambda c: c / 100))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["T1", "T2", ""]), st.sampled_from(["c1", "c2", "", "x"]), st.integers(1, 28), money, money
        ),
        min_size=1,
        max_size=20,
    ),
    money,
)
def test_the_traces_add_up(rows, stated):
    """For every account the listed effects plus what no transaction explains are its differences, to the cent."""
    accounts = pd.DataFrame(
        {"source_id": ["T1"], "name": ["Trust"], "bank_balance": pd.Series([stated], dtype="float64")}
    )
    book = moves(*((a, c, f"2021-01-{d:02}", "move", m, b) for a, c, d, m, b in rows))
    found = reconcile({"trust_transactions": book, "trust_accounts": accounts, "contacts": CLIENTS})
    traced = found.differences.groupby("account")[["bank_minus_ledger", "ledger_minus_clients"]].sum()
    for row in found.accounts.itertuples():
        off = (
            traced.loc[row.account]
            if row.account in traced.index
            else {"bank_minus_ledger": 0, "ledger_minus_clients": 0}
        )
        unexplained = 0 if np.isnan(row.unexplained) else row.unexplained
        assert off["bank_minus_ledger"] + unexplained == pytest.approx(row.bank_minus_ledger, abs=0.004)
        assert off["ledger_minus_clients"] == pytest.approx(row.ledger_minus_clients, abs=0.004)


RATES = pd.DataFrame(
    {
        "timekeeper": ["u1", "u1", "Ann Li", "u2", "u2"],
        "hourly_rate": [100.0, 120.0, 0.0, 90.0, 95.0],
        "effective_from": ["2020-01-01", "2021-01-01", None, "2020-01-01", "2020-06-01"],
        "effective_to": ["2020-12-31", None, None, "2020-12-31", None],
    }
)
USERS = pd.DataFrame(
    {"source_id": ["u1", "u2", "u3"], "name": ["Jane Roe", "Joe Bloggs", "Ann Li"], "email": ["j@a.co", None, None]}
)


def test_time_against_rates():
    """Missing, zero, mismatched and overlapping rates are told with the effect in money; a right entry is not listed."""
    entries = pd.DataFrame(
        [
            ("a", "u1", "2020-05-01", 2.0, 100.0, 200.0),
            ("b", "j@a.co", "2021-05-01", 2.0, 100.0, 200.0),
            ("c", "u3", "2021-05-01", 1.0, 50.0, 50.0),
            ("d", "Joe Bloggs", "2020-07-01", 1.0, 95.0, 95.0),
            ("e", "nobody", "2020-07-01", 1.0, 95.0, 95.0),
            ("f", "u1", "2019-07-01", 1.0, 95.0, 95.0),
            ("g", "u1", "2020-07-01", 3.0, 100.0, 250.0),
        ],
        columns=["source_id", "timekeeper", "date", "hours", "rate", "amount"],
    )
    told = reconcile({"time_entries": entries, "rates": RATES, "users": USERS}).time.set_index("source_id")
    assert told["issue"].to_dict() == {
        "b": "rate differs from the table",
        "c": "rate is zero; rate differs from the table",
        "d": "overlapping rates",
        "e": "no rate in force",
        "f": "no rate in force",
        "g": "amount is not hours × rate",
    }
    assert told.loc["b", "effect"] == 40.0 and told.loc["g", "effect"] == 50.0 and told.loc["d", "effect"] == 0.0
    assert np.isnan(told.loc["e", "effect"])


def test_nothing_to_reconcile():
    """An export of another edition gives no tables."""
    assert reconcile({}).tables() == {}
