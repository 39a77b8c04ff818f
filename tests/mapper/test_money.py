"""Amounts that a heading says to be counted in cents, or calls what was quoted."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.mapper import propose_fields
from pb2hl.mapper.proposer.money import MINOR_UNITS
from pb2hl.values.transforms import changed

HEADINGS = ("worth_cents", "Amount (cents)", "amountCents", "Betrag (Rappen)", "Montant en centimes", "amount_minor", "Valor em centavos", "Deal value in pence", "Beløb i øre")  # fmt: skip


def row_of(heading: str, values: list[str]) -> pd.Series:
    """What the fields sheet says of a deals' column."""
    frame = pd.DataFrame(
        {"Deal name": ["Roof", "Boiler", "Gutter"], heading: values, "Stage": ["New", "Won", "New"]}, dtype="str"
    )
    raw = SimpleNamespace(file="deals.csv", sheet="", headings=list(frame.columns), frame=frame)
    return mapper.fields_sheet([(raw, "deals")]).set_index("column").loc[heading]


@pytest.mark.parametrize("heading", HEADINGS)
def test_cents_become_whole_units(heading):
    """Whole numbers under a heading that says hundredths are the amount, divided."""
    found = row_of(heading, ["125000", "", "9950"])
    assert (found["proposal"], found["transform"]) == ("amount", MINOR_UNITS)


def test_a_column_that_is_no_hundredths_is_left_alone():
    """Per cent is no cent, and a plain amount stays what it is."""
    assert row_of("Amount", ["125000", "", "9950"])["transform"] == ""
    assert row_of("Discount per cent", ["12", "", "5"])["transform"] == ""


def test_cents_with_decimals_wait():
    """A heading that says cents over values with decimals contradicts itself: a person decides."""
    found = row_of("amount_cents", ["1250.50", "300.25", "9950.10"])
    assert found["transform"] == "" and found["decision"] == "" and "hundredths" in found["reason"]


def test_each_text_is_divided():
    """Signs, blanks and trailing zeros; what is no whole number stays as it was."""
    texts = pd.Series(["1250", "", "-5", "1250000.0", "12.5", "125.000", "x", "+7"], dtype="str")
    assert changed(texts, MINOR_UNITS, pd.DataFrame()).tolist() == [
        "12.50",
        "",
        "-0.05",
        "12500.00",
        "12.5",
        "125.000",
        "x",
        "0.07",
    ]


@pytest.mark.parametrize("job", ["Job", "Project", "Chantier", "Obra", "Projekt", "Opdracht", "Job Name"])
@pytest.mark.parametrize("quote", ["Quote", "Quote (CAD)", "Estimate", "Bid", "Devis", "Angebot (EUR)", "Presupuesto"])
def test_the_words_of_those_who_quote_jobs(job, quote):
    """Where deals are jobs, the job is what they are called, and what was quoted is their amount, not in a heading of texts."""
    jobs, sums = ["Roof 5 kW", "Carport", "Battery"], ["12,400.00", "9,250.00", "22,100.50"]
    read = propose_fields(
        pd.DataFrame({job: jobs, quote: sums, "Close": ["2024-01-05", "2024-02-17", "2024-03-05"]}), "deals"
    )
    assert list(read["field"]) == ["name", "amount", "expected_close"]
    numbers = propose_fields(pd.DataFrame({job: jobs, quote: ["Q-1001", "Q-1002", "Q-1003"]}), "deals")
    assert list(numbers["field"]) == ["name", "custom"]


@pytest.mark.parametrize("heading", ["Wartość netto (PLN)", "Betrag brutto", "Importe neto", "Montant HT", "Amount net (EUR)", "Valor bruto", "Nett value", "Kwota brutto (zł)", "Belopp netto", "Bedrag bruto"])  # fmt: skip
def test_net_and_gross_change_no_amount(heading):
    """The one sum of a deal is its amount, whether tax is in it or not, in whatever shapes its numbers are written."""
    assert row_of(heading, ["45 000,00", "12500.5", "8 200 zł"])["proposal"] == "amount"


def test_the_only_money_may_have_a_cell_that_is_none():
    """Numbers under a word for money are the amount, though one of them is no number."""
    assert row_of("Total fee per head", ["45000", "12500.5", "a lot"])["proposal"] == "amount"
