"""The books against an oracle that reckons by hand: one transaction, one day, one rate at a time, in decimal cents."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.profile.legal import reconcile

DAY = date(2024, 1, 1)
money = st.one_of(st.none(), st.integers(-50_000, 50_000).map(lambda cents: Decimal(cents) / 100))
move = st.tuples(
    st.sampled_from(["T1", "T2"]), st.sampled_from(["c1", "c2", "", "stranger"]), st.integers(0, 6), money, money
)


def _frame(rows, columns):
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(0, "source_id", [str(number) for number in range(len(frame))])
    return frame.assign(source_file="x.csv", source_sheet="", source_row=range(2, len(frame) + 2))


@settings(max_examples=40, deadline=None)
@given(st.lists(move, min_size=1, max_size=25))
def test_trust_balances_by_account_and_day(rows):
    """Bank, ledger and client balances at the end of every day, and which transactions stand behind a difference."""
    floats = [
        (a, c, DAY + timedelta(d), "move", *(None if m is None else float(m) for m in (x, y))) for a, c, d, x, y in rows
    ]
    book = _frame(floats, ["account", "client", "date", "kind", "amount", "bank_amount"])
    clients = pd.DataFrame({"source_id": ["c1", "c2"], "full_name": ["Jane Roe", "Joe Day"]})
    found = reconcile({"trust_transactions": book, "contacts": clients})

    days = {(row.account, pd.Timestamp(row.date).date()): row for row in found.days.itertuples()}
    assert set(days) == {(account, DAY + timedelta(day)) for account, _, day, _, _ in rows}
    for (account, day), row in days.items():
        until = [item for item in rows if item[0] == account and DAY + timedelta(item[2]) <= day]
        ledger = sum((item[3] or Decimal(0) for item in until), Decimal(0))
        bank = sum((item[4] or Decimal(0) for item in until), Decimal(0))
        theirs = sum((item[3] or Decimal(0) for item in until if item[1] in {"c1", "c2"}), Decimal(0))
        assert (Decimal(str(row.bank)), Decimal(str(row.ledger)), Decimal(str(row.clients))) == (bank, ledger, theirs)
        assert row.agrees == (bank == ledger == theirs)

    traced = {row.source_id: row for row in found.differences.itertuples()} if len(found.differences) else {}
    for number, (_, client, _, amount, bank) in enumerate(rows):
        ledger_gap = (bank or Decimal(0)) - (amount or Decimal(0))
        client_gap = Decimal(0) if client in {"c1", "c2"} else (amount or Decimal(0))
        if ledger_gap or client_gap:
            row = traced[str(number)]
            assert (
                Decimal(str(row.bank_minus_ledger)) == ledger_gap
                and Decimal(str(row.ledger_minus_clients)) == client_gap
            )
            assert row.source_row == number + 2


rate_line = st.tuples(
    st.sampled_from(["u1", "u2"]), st.one_of(st.none(), st.integers(0, 300)), st.one_of(st.none(), st.integers(0, 20)),
    st.one_of(st.none(), st.integers(0, 30)),
)  # fmt: skip
entry = st.tuples(
    st.sampled_from(["u1", "u2", "u3", ""]),
    st.integers(0, 25),
    st.integers(1, 40),
    st.one_of(st.none(), st.integers(0, 300)),
)


def _last_day(lines, owner, begin, end) -> float:
    """A rate's last day: its own, else the one before the same person's next rate begins, else none."""
    if end is not None:
        return end
    later = [
        other
        for name, rate, other, _ in lines
        if name == owner and rate is not None and other is not None and (begin is None or other > begin)
    ]
    return min(later) - 1 if later else math.inf


@settings(max_examples=60, deadline=None)
@given(
    st.lists(rate_line, max_size=6, unique_by=lambda line: (line[0], line[2])), st.lists(entry, min_size=1, max_size=12)
)
def test_time_entries_against_the_rate_table(lines, entries):
    """For every entry: which rates are in force that day, by the one that began last what the bill would change by, by the
    lowest and the highest of them as well, and each kind of trouble by its name."""
    rates = pd.DataFrame(
        [(who, rate, None if a is None else DAY + timedelta(a), None if b is None else DAY + timedelta(b)) for who, rate, a, b in lines],
        columns=["timekeeper", "hourly_rate", "effective_from", "effective_to"],
    )  # fmt: skip
    work = _frame(
        [(who, DAY + timedelta(day), tenths / 10, None if rate is None else float(rate), None if rate is None else rate * tenths / 10)
         for who, day, tenths, rate in entries],
        ["timekeeper", "date", "hours", "rate", "amount"],
    )  # fmt: skip
    found = reconcile({"time_entries": work, "rates": rates}).time
    told = {row.source_id: row for row in found.itertuples()}
    for number, (who, day, tenths, charged) in enumerate(entries):
        running = [
            (-1 if begin is None else begin, rate)
            for owner, rate, begin, end in lines
            if owner == who
            and rate is not None
            and (begin is None or begin <= day)
            and day <= _last_day(lines, owner, begin, end)
        ]
        wrong = set()
        if not who:
            wrong.add("no timekeeper")
        if who and not running:
            wrong.add("no rate in force")
        if len(running) > 1:
            wrong.add("overlapping rates")
        expected = max(running)[1] if running else None
        if charged == 0 or expected == 0:
            wrong.add("rate is zero")
        if charged is None:
            wrong.add("rate is missing")
        if charged is not None and expected is not None and charged != expected:
            wrong.add("rate differs from the table")
        row = told.get(str(number))
        assert (set() if row is None else set(row.issue.split("; "))) == wrong
        if row is not None and running:
            billed = Decimal(charged or 0) * tenths / 10
            effects = [
                Decimal(rate) * tenths / 10 - billed
                for rate in (expected, min(r for _, r in running), max(r for _, r in running))
            ]
            assert [Decimal(str(value)) for value in (row.effect, row.least_effect, row.most_effect)] == effects
        elif row is not None:
            assert pd.isna(row.effect)
