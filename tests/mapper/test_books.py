"""Tables that look like people, deals or tasks and are none: books, hours worked, sums over deals."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.mapper import mixed_types, propose_fields, recognise
from pb2hl.source.tables import RawTable


def raw(file: str, **columns: str) -> RawTable:
    """A table of three rows from texts of values, `;` between."""
    frame = pd.DataFrame({name: values.split(";") for name, values in columns.items()}, dtype="str")
    return RawTable(file, "", list(frame.columns), frame, pd.RangeIndex(2, 2 + len(frame)).to_numpy())


BOOKS = {
    "payments": {"id": "ch_1;ch_2;ch_3", "Amount": "19.00;29.00;39.00", "Amount Refunded": "0;0;39.00", "Status": "Paid;Paid;Failed", "Captured": "true;true;false", "Customer ID": "cus_1;cus_2;cus_3", "Customer Email": "a@b.co;c@d.co;e@f.co"},
    "Rechnungen": {"Rechnungsnr.": "RE-1;RE-2;RE-3", "Kundennummer": "1;2;3", "Kunde": "Krumme GmbH;Ute Ebert;Seeblick OHG", "Brutto": "119,00;238,00;1,00", "Fällig am": "01.11.2026;02.11.2026;03.11.2026", "Bezahlt am": ";02.11.2026;"},
    "factures": {"N° facture": "F1;F2;F3", "Client": "SARL Moulin;Ute Ebert;SAS Loire", "Montant": "10,00;20,00;30,00", "Échéance": "01/11/2026;02/11/2026;03/11/2026", "Réglée le": ";02/11/2026;"},
    "x": {"Nr faktury": "F1;F2;F3", "Kontrahent": "Kowal;Lis;Wrona", "Kwota brutto": "10;20;30", "Termin płatności": "2026-01-01;2026-01-02;2026-01-03", "Zapłacono": "10;0;30"},
    "請求書": {"請求書番号": "S1;S2;S3", "取引先名": "株式会社A;株式会社B;株式会社C", "金額": "10;20;30", "支払期限": "2026-01-01;2026-01-02;2026-01-03", "入金済": "はい;いいえ;はい"},
    "invoices": {"Invoice #": "1;2;3", "Client name": "Ann Able;Bob Best;Cyd Cole", "Client email": "a@b.co;c@d.co;e@f.co", "Due date": "2026-01-01;2026-01-02;2026-01-03", "Total": "1;2;3", "Balance": "0;2;0", "Status": "Paid;Sent;Paid"},
}  # fmt: skip


@pytest.mark.parametrize("name", BOOKS)
def test_books_are_no_deals_tasks_or_people(name):
    """Invoices and payments have an amount, a customer and a day they are due, and wait for a person in any language."""
    assert recognise(raw(f"{name}.csv", **BOOKS[name]))[0] == ""


def test_quotes_and_customers_with_words_of_books_stay():
    """Quotes with taxes are deals, and customers with a balance and a last payment are people."""
    quotes = raw("Angebote.csv", Betreff="Dach;Tor;Zaun", Nettobetrag="1,00;2,00;3,00", MwSt="0,19;0,38;0,57", Status="offen;angenommen;abgelehnt", Kunde="Ute Ebert;Olaf Otto;Eva Fuchs")  # fmt: skip
    people = raw("kunden.csv", Vorname="Ute;Olaf;Eva", Nachname="Ebert;Otto;Fuchs", Telefon="0171 1234567;0171 1234568;0171 1234569", Saldo="0;1;2", **{"Letzte Zahlung": "2026-01-01;;"})  # fmt: skip
    assert (recognise(quotes)[0], recognise(people)[0]) == ("deals", "contacts")


def test_hours_that_people_worked_are_no_people():
    """A report of hours names who worked them and reaches nobody; volunteers with an address are people."""
    worked = {"Date": "2026-03-01;2026-03-02;2026-03-03", "Client": "Acme;Acme;Beta", "Hours": "1.5;2;1", "First Name": "Kim;Kim;Jo", "Last Name": "Doyle;Doyle;Fox"}  # fmt: skip
    assert recognise(raw("report.csv", **worked))[0] in ("time_entries", "")
    helped = {"First Name": "Kim;Al;Jo", "Last Name": "Doyle;Roe;Fox", "Email": "k@x.co;a@x.co;j@x.co", "Hours": "1.5;2;1", "Since": "2026-01-01;2026-01-02;2026-01-03"}  # fmt: skip
    assert recognise(raw("volunteers.csv", **helped))[0] == "contacts"


def test_sums_over_deals_are_no_deals():
    """A stage each with how many deals and how much; a list of deals without their names stays one."""
    assert recognise(raw("v_summary.csv", stage_id="1;2;3", n="4;1;9", total="100;200;300"))[0] == ""
    assert recognise(raw("x.csv", Job="Roof;Gate;Wall", Stage="Won;Lost;Sent", Amount="100;200;300"))[0] == "deals"


@pytest.mark.parametrize("flag", ["Is Lead", "Is Customer", "is_client", "Is contact"])
def test_who_is_no_lead_is_no_company(flag):
    """Whether a person is a lead or a client says nothing of companies."""
    people = {"First Name": "Kim;Al;Jo", "Last Name": "Doyle;Roe;Fox", "Email": "k@x.co;a@x.co;j@x.co", flag: "true;false;false"}  # fmt: skip
    assert mixed_types(raw("clients.csv", **people)) is None


@pytest.mark.parametrize("firm", ["Firma", "Société", "Empresa", "Bedrijf", "Şirket"])
def test_forms_of_address_tell_companies_from_people(firm):
    """`Herr`, `Frau` and `Firma` in one column are people and companies; titles alone tell of people only."""
    rows = {"Anrede": f"{firm};Herr;Frau", "Name 1": "Krumme GmbH;Otto;Fuchs", "Name 2": ";Olaf;Eva"}
    mixed = mixed_types(raw("Kundenliste.csv", **rows))
    assert mixed is not None and [mixed.object_of(value) for value in rows["Anrede"].split(";")] == ["companies", "contacts", "contacts"]  # fmt: skip
    assert mixed_types(raw("Kundenliste.csv", **(rows | {"Anrede": "Herr;Herr;Frau"}))) is None


def test_names_one_and_two_are_the_halves_that_their_values_are():
    """Given names tell which of two numbered columns is the first name; names that could be either stay as they are."""
    read = propose_fields(raw("x.csv", **{"Name 1": "Otto;Fuchs;Ebert", "Name 2": "Olaf;Eva;Ute", "E-Mail": "a@b.co;c@d.co;e@f.co"}).frame, "contacts")  # fmt: skip
    assert dict(zip(read["heading"], read["field"], strict=True)) == {"Name 1": "last_name", "Name 2": "first_name", "E-Mail": "email"}  # fmt: skip
    firms = propose_fields(raw("x.csv", **{"Name 1": "Krumme GmbH;Seeblick OHG", "Name 2": "Filiale;Küche"}).frame, "contacts")  # fmt: skip
    assert not {"first_name", "last_name"} & set(firms["field"])
