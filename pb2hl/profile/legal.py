"""The legal-accounting edition's books: trust money three ways, and time entries against the rate table.

All sums are made in whole cents, so that a difference is one in the books and never one of floating point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pb2hl.profile.billing import time_issues
from pb2hl.source.lookup import Index, look_up

OUTGOING = frozenset(
    "withdrawal withdraw payment disbursement debit transfer_out transfer_to_general out paid refund cheque check".split()
)
"""Kinds of transactions that take money out, for exports that give amounts without sign."""
_WHERE = ("source_file", "source_sheet", "source_row")


@dataclass(frozen=True)
class Reconciliation:
    """What the books say. Money in the export's currency.

    `days`: account, name, date, bank, ledger, clients, bank_minus_ledger, ledger_minus_clients, agrees (balances at the end
    of each day with a transaction). `accounts`: the same at the end, with the bank's stated balance and what no
    transaction explains. `differences`: every transaction behind a difference, with its effect on either. `clients`: each
    client's ledger with its lowest point. `time`: entries that the rate table does not bear out, with the effect in money.
    """

    days: pd.DataFrame = field(default_factory=pd.DataFrame)
    accounts: pd.DataFrame = field(default_factory=pd.DataFrame)
    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    clients: pd.DataFrame = field(default_factory=pd.DataFrame)
    time: pd.DataFrame = field(default_factory=pd.DataFrame)
    signs: str = ""

    def tables(self) -> dict[str, pd.DataFrame]:
        """The evidence by the names that results and reports use; only what there is."""
        every = {
            "trust_accounts": self.accounts,
            "trust_days": self.days,
            "trust_differences": self.differences,
            "trust_clients": self.clients,
            "time_issues": self.time,
        }
        return {name: table for name, table in every.items() if len(table.columns)}

    def counts(self) -> dict[str, float]:
        """Accounts and time entries that are off, and by how much money; nothing for an export without such tables."""
        found: dict[str, float] = {}
        if len(self.accounts.columns):
            off = self.accounts[~self.accounts["agrees"].fillna(False).astype(bool)]
            gaps = off[["bank_minus_ledger", "ledger_minus_clients"]].abs().sum().sum()
            found |= {"trust_accounts_off": len(off), "trust_difference": round(float(gaps), 2)}
        if len(self.time.columns):
            unrated = self.time.loc[self.time["expected_rate"].isna(), "amount"]
            found |= {
                "time_entries_off": len(self.time),
                "time_effect": round(float(self.time["effect"].sum()), 2),
                "time_without_rate": round(float(unrated.sum()), 2),
            }
        return found


def reconcile(tables: Mapping[str, pd.DataFrame], not_converted: pd.DataFrame | None = None) -> Reconciliation:
    """Reconcile the staged tables of a legal edition; what is missing is left empty.

    `not_converted` (as staged) tells what the references said that mean no record: staging has emptied them.
    """
    moves = _as_said(tables.get("trust_transactions", pd.DataFrame()), not_converted)
    time = time_issues(tables)
    if moves.empty:
        return Reconciliation(time=time)
    accounts = tables.get("trust_accounts", pd.DataFrame())
    book, signs = _book(moves, accounts, tables.get("contacts", pd.DataFrame()))
    days = _days(book)
    return Reconciliation(_money(days), _accounts(book, accounts), _differences(book), _clients(book), time, signs)


def _as_said(moves: pd.DataFrame, not_converted: pd.DataFrame | None) -> pd.DataFrame:
    """The transactions with the texts of those references that staging could not resolve."""
    if moves.empty or not_converted is None or "object" not in not_converted.columns:
        return moves
    lost = not_converted[not_converted["object"] == "trust_transactions"]
    texts_kept = moves.copy(deep=False)
    for name in ("account", "client"):
        texts = lost[lost["field"] == name].drop_duplicates("source_id").set_index("source_id")["text"]
        if name in texts_kept.columns and len(texts):
            texts_kept[name] = texts_kept[name].where(texts_kept[name].notna(), texts_kept["source_id"].map(texts))
    return texts_kept


def cents(values: pd.Series | None, index: pd.Index) -> pd.Series:
    """Money as whole cents (nullable Int64); a missing column is all NA."""
    if values is None:
        return pd.Series(pd.NA, index=index, dtype="Int64")
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite(numbers))
    return (numbers * 100).round().astype("Int64")


def _text(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[name].astype("str").fillna("").str.strip()


def _book(moves: pd.DataFrame, accounts: pd.DataFrame, contacts: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The transactions in one shape: account, date, client, client state, amount and bank amount in signed cents."""
    book = pd.DataFrame({"source_id": _text(moves, "source_id")})
    given = _text(moves, "account")
    found = look_up(given, Index(accounts, by_source_id=True)).source_id if not accounts.empty else given
    book["account"] = found.where(found != "", given).replace("", "(no account)")
    book["date"] = pd.to_datetime(moves["date"], errors="coerce") if "date" in moves else pd.NaT
    client = _text(moves, "client")
    known = look_up(client, Index(contacts, by_source_id=True)) if not contacts.empty else None
    book["client"] = client if known is None else known.source_id.where(known.source_id != "", client)
    book["client_state"] = np.where(client == "", "blank", "found") if known is None else known.state.to_numpy()
    kind = _text(moves, "kind").str.casefold().str.replace(r"[\s-]+", "_", regex=True)
    amount, bank = cents(moves.get("amount"), moves.index), cents(moves.get("bank_amount"), moves.index)
    out = kind.isin(OUTGOING)
    unsigned = bool(out.any()) and not bool((amount[out] < 0).fillna(False).any())
    if unsigned:
        amount, bank = amount.mask(out, -amount), bank.mask(out, -bank)
    book["kind"], book["amount"], book["bank"] = kind, amount, bank
    book["has_bank"] = "bank_amount" in moves.columns
    for name in _WHERE:
        book[name] = moves[name] if name in moves.columns else ""
    signs = "amounts without sign; the kind says which go out" if unsigned else "amounts with their sign"
    return book, signs


def _in_client_ledger(book: pd.DataFrame) -> pd.Series:
    return book["client_state"] == "found"


def _days(book: pd.DataFrame) -> pd.DataFrame:
    parts = pd.DataFrame(
        {
            "account": book["account"],
            "date": book["date"],
            "bank": book["bank"].fillna(0) if book["has_bank"].any() else book["amount"].fillna(0),
            "ledger": book["amount"].fillna(0),
            "clients": book["amount"].where(_in_client_ledger(book), 0).fillna(0),
        }
    )
    daily = parts.groupby(["account", "date"], dropna=False, sort=True)[["bank", "ledger", "clients"]].sum()
    days = daily.groupby(level="account").cumsum().reset_index()
    days["bank_minus_ledger"] = days["bank"] - days["ledger"]
    days["ledger_minus_clients"] = days["ledger"] - days["clients"]
    days["agrees"] = (days["bank_minus_ledger"] == 0) & (days["ledger_minus_clients"] == 0)
    days["date"] = days["date"].dt.date
    return days


def _money(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with every column of cents as money."""
    money = frame.copy()
    for name in frame.columns:
        if pd.api.types.is_integer_dtype(frame[name].dtype) and name not in {"source_row", "transactions"}:
            money[name] = frame[name].astype("Float64") / 100
            money[name] = money[name].astype("float64")
    return money


def _accounts(book: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    grouped = book.assign(
        in_clients=book["amount"].where(_in_client_ledger(book), 0).fillna(0),
        bank=book["bank"].fillna(0),
        amount=book["amount"].fillna(0),
    ).groupby("account", sort=True)
    total = grouped.agg(
        transactions=("source_id", "size"),
        bank_sum=("bank", "sum"),
        ledger=("amount", "sum"),
        clients=("in_clients", "sum"),
    ).reset_index()
    if accounts.empty:
        total["name"], total["bank_stated"] = "", pd.array([pd.NA] * len(total), dtype="Int64")
    else:
        stated = pd.DataFrame(
            {
                "account": _text(accounts, "source_id"),
                "name": _text(accounts, "name"),
                "bank_stated": cents(accounts.get("bank_balance"), accounts.index),
            }
        )
        total = total.merge(stated, on="account", how="outer")
        for name in ("transactions", "bank_sum", "ledger", "clients"):
            total[name] = total[name].fillna(0).astype("Int64")
    if not book["has_bank"].any():
        total["bank_sum"] = total["ledger"]  # the bank side is known by its stated balance only
    total["unexplained"] = total["bank_stated"] - total["bank_sum"]
    total["bank_minus_ledger"] = total["bank_stated"].fillna(total["bank_sum"]) - total["ledger"]
    total["ledger_minus_clients"] = total["ledger"] - total["clients"]
    total["agrees"] = (total["bank_minus_ledger"] == 0) & (total["ledger_minus_clients"] == 0)
    order = [
        "account", "name", "transactions", "bank_stated", "bank_sum", "ledger", "clients", "unexplained", "bank_minus_ledger",
        "ledger_minus_clients", "agrees",
    ]  # fmt: skip
    return _money(total[order].fillna({"name": ""}))


def _differences(book: pd.DataFrame) -> pd.DataFrame:
    """Every transaction with an effect: their sums by account are the differences of the accounts (less `unexplained`)."""
    bank_known = bool(book["has_bank"].any())
    amount, bank = book["amount"].fillna(0), book["bank"].fillna(0)
    off_bank = (bank - amount) if bank_known else amount * 0
    off_clients = amount.where(~_in_client_ledger(book), 0)
    issues = {
        "not at the bank": bank_known & book["bank"].isna() & book["amount"].notna(),
        "not in the ledger": bank_known & book["amount"].isna() & book["bank"].notna(),
        "bank and ledger amounts differ": bank_known & book["bank"].notna() & book["amount"].notna() & (off_bank != 0),
        "no client": book["client_state"].eq("blank"),
        "client unknown": book["client_state"].eq("dangling"),
        "client ambiguous": book["client_state"].eq("ambiguous"),
        "no amount at all": book["amount"].isna() & book["bank"].isna(),
        "no date": book["date"].isna(),
        "no account": book["account"].eq("(no account)"),
    }
    flags = pd.DataFrame(
        {name: pd.Series(mask, index=book.index).fillna(False).astype(bool) for name, mask in issues.items()}
    )
    touched = flags.any(axis=1)
    issue = pd.Series("", index=book.index[touched], dtype="str")
    for name in flags.columns:
        here = flags.loc[touched, name]
        issue = issue.mask(here, issue + np.where(issue == "", name, "; " + name))
    rows = book.loc[touched, ["account", "date", "source_id", "client", "kind", "amount", "bank"]].assign(
        issue=issue, bank_minus_ledger=off_bank[touched], ledger_minus_clients=off_clients[touched]
    )
    rows = rows.join(book.loc[touched, list(_WHERE)]).rename(columns={"bank": "bank_amount"})
    rows["date"] = rows["date"].dt.date
    return _money(rows).sort_values(["account", "date", "source_id"], na_position="last").reset_index(drop=True)


def _clients(book: pd.DataFrame) -> pd.DataFrame:
    kept = book[book["client_state"] != "blank"].sort_values("date", kind="stable")
    daily = (
        kept.assign(amount=kept["amount"].fillna(0))
        .groupby(["account", "client", "date"], dropna=False)["amount"]
        .sum()
    )
    running = daily.groupby(level=["account", "client"]).cumsum().reset_index(name="balance")
    if running.empty:
        return pd.DataFrame(columns=["account", "client", "balance", "lowest", "lowest_on", "overdrawn"])
    grouped = running.groupby(["account", "client"], sort=True)
    low = running.loc[grouped["balance"].idxmin().to_numpy(), ["balance", "date"]].reset_index(drop=True)
    clients = grouped["balance"].last().reset_index()
    clients["lowest"], clients["lowest_on"] = low["balance"], low["date"].dt.date
    clients["overdrawn"] = clients["lowest"] < 0
    return _money(clients)
