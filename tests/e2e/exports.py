"""Exports unlike the shipped one: other headings, languages and containers. Small, so that every expectation is explicit."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

from openpyxl import Workbook


def _text(rows: list[list[str]], delimiter: str) -> str:
    def cell(value: str) -> str:
        quoted = any(mark in value for mark in (delimiter, '"', "\n"))
        return '"' + value.replace('"', '""') + '"' if quoted else value

    return "".join(delimiter.join(cell(value) for value in row) + "\r\n" for row in rows)


GERMAN_CONTACTS = [
    ["KdNr", "Vorname", "Nachname", "E-Mail", "Telefon", "Mobil", "Firma", "Funktion", "Straße", "PLZ", "Ort", "Land", "Geburtsdatum",
     "Betreuer", "Schlagworte", "Kontaktsperre", "E-Mail-Werbung abgelehnt", "SMS-Sperre", "Angelegt am", "Geändert am", "Schuhgröße", "Kundenklasse"],
    ["00017", "Jana", "Roth", "Jana.Roth@Becker-Bau.example", "030 1234567", "0171 2345678", "Becker Bau GmbH", "Einkauf", "Hauptstr. 5", "01067",
     "Dresden", "Deutschland", "24.12.1980", "Anna Vogel", "VIP, Messe", "nein", "ja", "", "03.04.2021 14:30", "05.04.2021 09:00", "42", "A"],
    ["00018", "Uwe", "Klein", "uwe.klein@becker-bau.example", "030/7654321-12", "", "", "", "Nebenweg 1", "10115",
     "Berlin", "DE", "", "b.lang@agentur.example", "vip", "ja", "nein", "x", "13.04.2021 08:00", "", "43,5", "B"],
    ["00019", "Mia", "Sommer", "mia.sommer@gmail.com", "n/a", "", "", "", "", "", "", "Österreich", "",
     "", "", "nein", "nein", "", "14.04.2021 08:00", "", "", "A"],
    ["00020", "Mia", "Sommer", "MIA.SOMMER@gmail.com ", "+43 1 5134567", "", "", "Chefin", "", "", "Wien", "", "",
     "", "Messe", "nein", "ja", "", "15.04.2021 08:00", "16.04.2021 08:00", "", "A"],
    ["Summe", "4", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
]  # fmt: skip
GERMAN_COMPANIES = [
    ["FirmenNr", "Firmenname", "Webseite", "Telefon", "Ort", "Land", "Muttergesellschaft", "Branche", "Angelegt am"],
    [
        "F1",
        "Becker Bau GmbH",
        "www.becker-bau.example",
        "030 1234500",
        "Dresden",
        "Deutschland",
        "Becker Holding AG",
        "Bau",
        "01.02.2020",
    ],
    [
        "F2",
        "Becker Holding AG",
        "https://becker-holding.example/de",
        "",
        "Berlin",
        "Deutschland",
        "",
        "Holding",
        "01.01.2020",
    ],
    ["F3", "BECKER BAU", "http://becker-bau.example", "", "", "", "", "", "05.02.2020"],
]
GERMAN_DEALS = [
    ["Chance-Nr", "Bezeichnung", "Kontakt", "Firma", "Pipeline", "Phase", "Status", "Betrag", "Wahrscheinlichkeit", "Erwarteter Abschluss",
     "Verlustgrund", "Betreuer", "Angelegt am"],
    ["V-1", "Dachausbau", "Jana Roth (jana.roth@becker-bau.example)", "Becker Bau GmbH", "Vertrieb", "Angebot", "offen", "1.200,50 €", "40 %",
     "31.05.2021", "", "Anna Vogel", "10.04.2021"],
    ["V-2", "Keller", "Uwe Klein (uwe.klein@becker-bau.example)", "Becker Bau GmbH", "Vertrieb", "Verloren", "verloren", "300,00 €", "0 %",
     "30.04.2021", "Preis", "b.lang@agentur.example", "11.04.2021"],
    ["V-3", "Garage ohne Kontakt", "", "", "Vertrieb", "Gewonnen", "gewonnen", "10.000 €", "100 %", "01.05.2021", "", "", "12.04.2021"],
]  # fmt: skip
GERMAN_STAGES = [
    ["Pipeline", "Phase", "Reihenfolge", "Wahrscheinlichkeit", "Ergebnis"],
    ["Vertrieb", "Anfrage", "1", "10", "offen"],
    ["Vertrieb", "Angebot", "2", "40", "offen"],
    ["Vertrieb", "Gewonnen", "3", "100", "gewonnen"],
    ["Vertrieb", "Verloren", "4", "0", "verloren"],
]
GERMAN_USERS = [
    ["ID", "Name", "E-Mail", "Aktiv"],
    ["1", "Anna Vogel", "Anna.Vogel@agentur.example", "ja"],
    ["2", "Bernd Lang", "b.lang@agentur.example", "ja"],
]
GERMAN_APPOINTMENTS = [
    ["TerminNr", "Betreff", "Beginn (Ortszeit)", "Ende (Ortszeit)", "Kontakt", "Wiederholung", "Betreuer"],
    ["T1", "Baubesprechung", "22.03.2021 09:00", "22.03.2021 10:00", "00017", "FREQ=WEEKLY;COUNT=3", "1"],
    ["T2", "Abnahme", "01.07.2021 15:00", "", "00018", "", "2"],
]
GERMAN_TASKS = [
    {
        "AufgabenID": 7,
        "Titel": "Angebot nachfassen",
        "Fällig (UTC)": "2021-04-20T08:00:00",
        "Status": "erledigt",
        "KontaktNr": "17",
        "Zuständig": "1",
    },
    {
        "AufgabenID": 8,
        "Titel": "Anrufen",
        "Fällig (UTC)": "2021-04-21T08:00:00",
        "Status": "offen",
        "KontaktNr": "999",
        "Zuständig": "2",
    },
]
GERMAN_NOTES = [
    {"NotizID": "n1", "Text": "<p>Will <b>schnell</b> bauen<script>x()</script></p>", "KontaktNr": "00017", "Autor": "Anna Vogel",
     "Erstellt": "2021-04-05T10:00:00+02:00"},
    {"NotizID": "n2", "Text": "Bilanz prüfen & melden", "FirmenNr": "F2", "Autor": "2", "Erstellt": "2021-04-06T10:00:00+02:00"},
    {"NotizID": "n3", "Text": "Zum Dach", "ChanceNr": "V-1", "Autor": "2", "Erstellt": "2021-04-07T10:00:00+02:00"},
]  # fmt: skip


def german(path: Path) -> Path:
    """A zip with German headings: CSV in Windows-1252 with `;`, XLSX, JSON and JSON Lines."""
    book = Workbook()
    page = book.active
    page.title = "Verkaufschancen"
    for row in GERMAN_DEALS:
        page.append(row)
    stages = book.create_sheet("Phasen")
    for row in GERMAN_STAGES:
        stages.append(row)
    workbook = path.with_suffix(".xlsx")
    book.save(workbook)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, rows in (
            ("Kontakte.csv", GERMAN_CONTACTS),
            ("Firmen.csv", GERMAN_COMPANIES),
            ("Benutzer.csv", GERMAN_USERS),
            ("Termine.csv", GERMAN_APPOINTMENTS),
        ):
            out.writestr(f"export/{name}", _text(rows, ";").encode("cp1252"))
        out.write(workbook, "export/Verkauf.xlsx")
        out.writestr("export/Aufgaben.json", json.dumps(GERMAN_TASKS, ensure_ascii=False))
        out.writestr("export/Notizen.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in GERMAN_NOTES))
    workbook.unlink()
    return path


NESTED = {
    "exported_at": "2025-06-01T00:00:00Z",
    "data": {
        "people": {
            "items": [
                {
                    "id": "9b2f", "firstName": "Ada", "lastName": "Byron", "emails": ["Ada@Engine.example", "ada.byron@gmail.com"],
                    "phones": [{"type": "work", "number": "(415) 555-2671"}, {"type": "mobile", "number": "415-555-2672"}],
                    "address": {"street": "1 Analytical Way", "city": "San Francisco", "state": "CA", "zip": "94105", "country": "United States"},
                    "owner": {"id": 501, "email": "KIM@agency.example"}, "organizationId": 77, "title": "Analyst",
                    "customFields": {"Favourite Engine": "Difference", "Budget": 12000}, "tags": ["Math", "math", "VIP"],
                    "emailOptOut": True, "createdAt": 1609459200000,
                },
                {
                    "id": "9b30", "firstName": "Charles", "lastName": "Babbage", "emails": ["charles@engine.example"], "phones": [],
                    "address": None, "owner": {"id": 999, "email": "gone@agency.example"}, "organizationId": 77, "title": None,
                    "customFields": {"Favourite Engine": "Analytical", "Budget": None}, "tags": [], "emailOptOut": False,
                    "createdAt": 1609545600000,
                },
            ]
        },
        "organizations": {"items": [{"id": 77, "name": "Engine Works, LLC", "domain": "engine.example", "owner": {"id": 501}}]},
        "opportunities": {
            "items": [
                {
                    "id": 31, "title": "Mill", "contacts": [{"contactId": "9b30", "isPrimary": False}, {"contactId": "9b2f", "isPrimary": True}],
                    "pipelineName": "Sales", "stageName": "Won", "status": "won", "value": {"amount": 5000, "currency": "USD"},
                    "createdAt": 1612137600000,
                }
            ]
        },
        "users": {"items": [{"id": 501, "name": "Kim Lee", "email": "kim@agency.example", "active": True}]},
    },
}  # fmt: skip


def nested(path: Path) -> Path:
    """One JSON file as an API dump would be: wrappers, nested objects, lists, epoch milliseconds."""
    path.write_text(json.dumps(NESTED), encoding="utf-8")
    return path


def legal(path: Path) -> Path:
    """A SQLite database of the legal-accounting edition."""
    with sqlite3.connect(path) as db:
        db.executescript(
            """
            create table clients (client_id text, first_name text, surname text, email text, phone text);
            insert into clients values ('C-1','Ruth','Adler','ruth@adler.example','613-555-0111'), ('C-2','Sam','Okoye','sam@okoye.example','');
            create table timekeepers (id integer, name text, email text);
            insert into timekeepers values (1,'Lee Moss','lee@firm.example');
            create table matters (matter_id text, matter_name text, client text, practice_area text, matter_stage text, fee_estimate text, responsible integer);
            insert into matters values ('M-1','Adler estate','C-1','Estates','Open','2500.00',1), ('M-2','Okoye lease','C-2','Real estate','Closed','900',1);
            create table trust_accounts (id text, name text, bank_balance text);
            insert into trust_accounts values ('T-1','General trust','1500.00');
            create table trust_transactions (id integer, account text, client text, matter text, date text, kind text, amount text, bank_amount text);
            insert into trust_transactions values (1,'T-1','C-1','M-1','2025-01-02','deposit','1000.00','1000.00'),
              (2,'T-1','C-2','M-2','2025-01-03','deposit','500.00','450.00');
            create table time_entries (id integer, matter text, timekeeper integer, date text, hours text, rate text, amount text);
            insert into time_entries values (1,'M-1',1,'2025-01-05','2.0','250','500'), (2,'M-1',1,'2025-01-06','1.0','0','0');
            create table rates (timekeeper integer, hourly_rate text, effective_from text, effective_to text);
            insert into rates values (1,'250','2024-01-01','');
            """
        )
    return path


def bookstore(path: Path) -> Path:
    """The catalogue of the bookstore of the same name."""
    rows = [
        ["ISBN", "Title", "Author", "Price", "Stock"],
        ["9780141439518", "Pride and Prejudice", "Jane Austen", "12.99", "4"],
    ]
    path.write_text(_text(rows, ","), encoding="utf-8")
    return path
