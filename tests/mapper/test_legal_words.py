"""The legal edition's tables under the headings that law firms of other countries give them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pb2hl.mapper.sheets.fields import fields_sheet
from pb2hl.source.tables import RawTable

FROM, TO = ["01.01.2024", "01.07.2024"], ["30.06.2024", "31.12.2024"]


def decided(object_, **columns):
    frame = pd.DataFrame(columns, dtype="str")
    raw = RawTable("x.csv", "", list(frame.columns), frame, np.arange(2, len(frame) + 2))
    return fields_sheet([(raw, object_)])["decision"].tolist()


@pytest.mark.parametrize(
    "headings",
    [
        ("Anwalt", "Stundensatz", "Gültig ab", "Gültig bis"),
        ("Bearbeiter", "Stundenhonorar", "von", "bis"),
        ("Abogado", "Tarifa por hora", "Desde", "Hasta"),
        ("Avocat", "Taux horaire", "Date de début", "Date de fin"),
        ("Advocaat", "Uurtarief", "Geldig vanaf", "Geldig tot"),
        ("Avvocato", "Tariffa oraria", "Dal", "Al"),
    ],
)
def test_rate_tables(headings):
    """A rate table that is not understood would make every time entry look wrong."""
    cells = dict(zip(headings, (["A1", "A1"], ["100,00", "120,00"], FROM, TO), strict=True))
    assert decided("rates", **cells) == ["timekeeper", "hourly_rate", "effective_from", "effective_to"]


def test_trust_tables_and_matters():
    """What the bank says beside the ledger, and the fee that a matter is expected to bring."""
    assert decided("trust_transactions", Buchungsdatum=FROM, Betrag=["1", "2"], **{"Betrag laut Bank": ["1", "3"]}) == [
        "date", "amount", "bank_amount",
    ]  # fmt: skip
    assert decided("trust_accounts", **{"Kontostand der Bank": ["100,00", "20,00"]}) == ["bank_balance"]
    matter = {
        "Núm. asunto": ["M1", "M2"],
        "Asunto": ["Herencia", "Divorcio"],
        "Honorarios estimados": ["100,50 €", "9,00 €"],
    }
    assert decided("deals", **matter, **{"Fecha de apertura": FROM})[2:] == ["amount", "created_at"]


def test_an_entry_of_the_books_is_no_matter():
    """A trust transaction's id is its own, its date is found by any name, and so is that of a time entry."""
    trust = {
        "Trust Transaction ID": ["T1", "T2"], "Trust Account": ["TA1", "TA2"], "Client ID": ["C1", "C2"], "Matter ID": ["M1", "M2"],
        "Posted on": ["2024-02-01", "2024-02-03"], "Entry Type": ["deposit", "withdrawal"], "Amount": ["1000.00", "20.00"], "Bank Amount": ["1000.00", ""],
    }  # fmt: skip
    time = {
        "Entry ID": ["E1", "E2"],
        "Matter": ["M1", "M2"],
        "Timekeeper": ["Kim Lee", "Lee Moss"],
        "Rendered": ["2024-02-01", "2024-02-03"],
        "Hours": ["1.0", "2.5"],
    }
    assert decided("trust_transactions", **trust) == [
        "id",
        "account",
        "client",
        "matter",
        "date",
        "kind",
        "amount",
        "bank_amount",
    ]
    assert decided("time_entries", **time) == ["id", "matter", "timekeeper", "date", "hours"]
