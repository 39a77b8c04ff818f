"""Make the example export: a small company's Perfect Books, with the mess that real exports have.

    python examples/make_example.py [FOLDER]        (default: examples/perfect-books beside this script)

Seeded: the same script makes the same records. Everything in it is invented; domains are reserved ones (`.example`).
"""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import struct
import sys
import zlib
from datetime import datetime, timedelta
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font

SEED = 20260131
NOW = datetime(2026, 10, 30, 17, 0)
FIRST = (
    "Ava Liam Noah Emma Olivia Mia Lucas Jack Grace Ruby Hugo Zoë Élise François Jürgen Søren Nadia Omar Priya Ravi Chen Mei "
    "Kenji Aiko Carlos Lucía Marta Pavel Anya Tomas Brigid Sean Fiona Callum Isla Ewan Thabo Zanele Samuel Ruth Daniel Hannah"
).split()
LAST = (
    "Smith Tremblay Gagnon Roy Nguyen Patel Singh Kowalski Müller Schäfer García Fernández Rossi Bianchi Dubois Lefèvre O'Brien "
    "MacDonald Campbell Fraser Okafor Mensah Haddad Rahman Ivanov Novak Jensen Larsen Tanaka Suzuki Kim Park Wong Li Brown Wilson"
).split()
TRADES = "Plumbing Electric Roofing Dental Legal Logistics Bakery Robotics Media Landscaping Optics Foods Marine Travel".split()
STEMS = "Acme Birch Cedar Delta Evergreen Falcon Granite Harbour Iris Juniper Kestrel Lumen Maple Northwind Orchid Pioneer".split()
SUFFIXES = ("Inc.", "Ltd", "LLC", "Corp.", "& Sons", "GmbH", "")
CITIES = (
    ("Ottawa", "ON", "K1A 0B1"), ("Toronto", "ON", "M5V 2T6"), ("Montréal", "QC", "H2Y 1C6"), ("Vancouver", "BC", "V6B 1A1"),
    ("Halifax", "NS", "B3H 1Y4"), ("Calgary", "AB", "T2P 1J9"),
)  # fmt: skip
FREEMAIL = ("gmail.com", "outlook.com", "hotmail.com", "yahoo.ca")
OWNERS = (
    ("1", "Dana Whitfield", "Dana.Whitfield@perfectbooks.example", "Y", "Manager"),
    ("2", "Marc Lavoie", "marc.lavoie@perfectbooks.example", "Y", "Sales"),
    ("3", "Ines Duarte", "ines.duarte@perfectbooks.example", "Y", "Sales"),
    ("4", "Theo Brandt", "theo.brandt@perfectbooks.example", "Y", "Sales"),
    ("5", "Priya Raman", "", "Y", "Support"),
    ("6", "Glenn Ortiz", "glenn.ortiz@perfectbooks.example", "N", "Sales"),
    ("7", "Wei Zhang", "wei.zhang@perfectbooks.example", "Y", "Support"),
    ("8", "Lena Fischer", "lena.fischer@perfectbooks.example", "Y", "Sales"),
)
PIPELINES = (
    ("New Business", "Lead In", 1, 10, "Pipeline", "open"), ("New Business", "Qualified", 2, 30, "Pipeline", "open"),
    ("New Business", "Proposal Sent", 3, 60, "Best case", "open"), ("New Business", "Negotiation", 4, 80, "Commit", "open"),
    ("New Business", "Closed Won", 5, 100, "Closed", "won"), ("New Business", "Closed Lost", 6, 0, "Omitted", "lost"),
    ("Renewals", "Due Soon", 1, 50, "Pipeline", "open"), ("Renewals", "In Discussion", 2, 70, "Best case", "open"),
    ("Renewals", "Renewed", 3, 100, "Closed", "won"), ("Renewals", "Churned", 4, 0, "Omitted", "lost"),
)  # fmt: skip
CUSTOM_FIELDS = (
    ("contacts", "cf_nickname", "Nickname", "text", "", "N"),
    ("contacts", "cf_background", "Background", "textarea", "", "N"),
    ("contacts", "cf_children", "Children", "number", "", "N"),
    ("contacts", "cf_lifetime_value", "Lifetime Value", "currency", "", "N"),
    ("contacts", "cf_anniversary", "Anniversary", "date", "", "N"),
    ("contacts", "cf_tier", "Customer Tier", "picklist", "Gold|Silver|Bronze", "N"),
    ("contacts", "cf_interests", "Interests", "multi-picklist", "Golf|Sailing|Cooking|Reading", "N"),
    ("contacts", "cf_newsletter", "Newsletter", "checkbox", "", "N"),
    ("contacts", "cf_linkedin", "LinkedIn", "url", "", "N"),
    ("contacts", "cf_fax", "Fax Number", "text", "", "Y"),
    ("companies", "cf_sic", "SIC Code", "text", "", "N"),
    ("companies", "cf_regions", "Regions Served", "multi-picklist", "East|West|North", "N"),
    ("companies", "cf_rating", "Rating", "picklist", "A|B|C", "N"),
    ("companies", "cf_since", "Customer Since", "date", "", "N"),
    ("deals", "cf_competitor", "Competitor", "picklist", "Zenith|Apex|None known", "N"),
    ("deals", "cf_margin", "Margin", "number", "", "N"),
    ("deals", "cf_contract", "Contract Signed", "checkbox", "", "N"),
    ("deals", "cf_scope", "Scope", "textarea", "", "N"),
)
WORKFLOWS = (
    {
        "name": "Welcome new lead", "kind": "workflow", "active": True, "trigger": "Contact created with tag 'lead'",
        "conditions": ["email is known", "do_not_contact is false"],
        "steps": [
            {"do": "Send e-mail 'Welcome'", "delay": "0"}, {"do": "Wait", "delay": "2 days"},
            {"do": "Create task 'Call the lead' for the owner", "delay": "0"},
        ],
    },
    {
        "name": "Renewal reminder", "kind": "sequence", "active": True, "trigger": "Deal enters Renewals / Due Soon", "conditions": [],
        "steps": [{"do": "Send e-mail 'Your renewal'", "delay": "1 hour"}, {"do": "Send SMS", "delay": "3 days"}],
    },
    {
        "name": "Won deal onboarding", "kind": "automation", "active": True, "trigger": "Deal status becomes won",
        "conditions": ["amount > 5000"], "steps": [{"do": "Add tag 'customer'", "delay": "0"}, {"do": "Notify Dana", "delay": "0"}],
    },
    {
        "name": "Birthday greeting", "kind": "automation", "active": False, "trigger": "Birthday is today", "conditions": [],
        "steps": [{"do": "Send e-mail 'Happy birthday'", "delay": "0"}],
    },
    {
        "name": "No-show follow-up", "kind": "workflow", "active": True, "trigger": "Appointment status = no-show", "conditions": [],
        "steps": [{"do": "Wait", "delay": "1 day"}, {"do": "Send SMS 'Sorry we missed you'", "delay": "0"}],
    },
    {
        "name": "Stale deal nudge", "kind": "workflow", "active": True, "trigger": "Deal unchanged for 30 days",
        "conditions": ["status is open"], "steps": [{"do": "Create task for the owner", "delay": "0"}],
    },
)  # fmt: skip


def png(red: int, green: int, blue: int, size: int = 8) -> bytes:
    """A small one-coloured PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes((red, green, blue)) * size for _ in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def pdf(title: str) -> bytes:
    """A minimal PDF that says `title`."""
    text = f"BT /F1 18 Tf 40 100 Td ({title}) Tj ET".encode("ascii", "replace")
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        b"4 0 obj<</Length " + str(len(text)).encode() + b">>stream\n" + text + b"\nendstream endobj\n"
        b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )


class Maker:
    """Makes the tables one after the other from one seeded generator; each table is a list of dicts."""

    def __init__(self) -> None:
        self.rng = random.Random(SEED)
        self.companies: list[dict] = []
        self.contacts: list[dict] = []
        self.deals: list[dict] = []

    def moment(self, days_back: int = 1500, days_ahead: int = 0) -> datetime:
        """A moment in working hours, to the minute."""
        day = NOW - timedelta(days=self.rng.randint(-days_ahead, days_back))
        return day.replace(hour=self.rng.randint(8, 17), minute=self.rng.choice((0, 15, 30, 45)), second=0)

    def owner(self) -> str:
        """An owner as people write them: id, e-mail or name; now and then nobody."""
        person = self.rng.choice(OWNERS)
        return self.rng.choice((person[0], person[0], person[2] or person[1], person[1], ""))

    def phone(self) -> str:
        """A Canadian number in one of the usual spellings."""
        area, a, b = (
            self.rng.choice(("613", "416", "514", "604")),
            self.rng.randint(200, 999),
            self.rng.randint(0, 9999),
        )
        form = self.rng.choice(
            ("({0}) {1}-{2:04d}", "{0}-{1}-{2:04d}", "+1 {0} {1} {2:04d}", "{0}{1}{2:04d}", "{0}.{1}.{2:04d} ext 12")
        )
        return form.format(area, a, b)

    def tags(self, words: tuple[str, ...]) -> str:
        """A few tags in one cell, case as it comes."""
        return "; ".join(
            self.rng.choice((w, w.upper(), w.title()))
            for w in self.rng.sample(words, self.rng.randint(0, min(3, len(words))))
        )

    def make_companies(self) -> list[dict]:
        """80 rows, of which six are a company under a second spelling."""
        names = self.rng.sample([f"{stem} {trade}" for stem in STEMS for trade in TRADES], 74)
        for number, name in enumerate(names, start=1):
            slug = name.lower().replace(" ", "-")
            city, state, code = self.rng.choice(CITIES)
            created = self.moment(2000)
            self.companies.append(
                {
                    "Company ID": f"{number:04d}", "Company Name": f"{name} {self.rng.choice(SUFFIXES)}".strip(),
                    "Domain": self.rng.choice((f"{slug}.example", f"www.{slug}.example", "")),
                    "Website": self.rng.choice((f"https://www.{slug}.example/", "", "N/A")),
                    "Main Phone": self.phone(), "Email": f"info@{slug}.example",
                    "Street": f"{self.rng.randint(1, 999)} {self.rng.choice(('King', 'Elgin', 'Bank'))} St", "Suite": "",
                    "City": city, "Province": state, "Postal Code": code, "Country": self.rng.choice(("Canada", "CA", "CAN", "")),
                    "Parent": "", "Industry": name.split()[1], "Employees": str(self.rng.choice((5, 12, 80, 250))),
                    "Description": "", "Owner": self.owner(), "Tags": self.tags(("partner", "vendor", "key account")),
                    "SIC Code": f"{self.rng.randint(100, 999):04d}",
                    "Regions Served": "|".join(self.rng.sample(("East", "West", "North"), self.rng.randint(0, 3))),
                    "Rating": self.rng.choice(("A", "B", "C", "")), "Customer Since": created.strftime("%Y-%m-%d"),
                    "Created": created.strftime("%Y-%m-%d %H:%M"), "Updated": (created + timedelta(days=9)).strftime("%Y-%m-%d %H:%M"),
                }
            )  # fmt: skip
        for index in (3, 9, 15):
            self.companies[index]["Parent"] = self.companies[index + 1]["Company ID"]
        self.companies[20]["Parent"], self.companies[21]["Parent"] = (
            self.companies[21]["Company ID"],
            self.companies[20]["Company ID"],
        )
        self.companies[5]["Description"] = '=HYPERLINK("http://evil.example","click")'
        self.companies[6]["Description"] = "FranÃ§ois runs the cafÃ© downstairs"
        for index in range(6):
            twin = dict(self.companies[index * 7])
            twin["Company ID"] = f"{75 + index:04d}"
            twin["Company Name"] = twin["Company Name"].upper().rstrip(".")
            twin["Owner"] = ""
            self.companies.append(twin)
        return self.companies

    def make_contacts(self) -> list[dict]:
        """300 rows: ten people twice, a father and a son, a shared mailbox, consent flags, one row exported twice."""
        tags = ("lead", "customer", "newsletter", "VIP", "trade show 2024")
        for number in range(1, 288):
            first, last = self.rng.choice(FIRST), self.rng.choice(LAST)
            company = self.rng.choice(self.companies) if self.rng.random() < 0.7 else None
            slug = company["Email"].split("@")[1] if company else self.rng.choice(FREEMAIL)
            plain = f"{first}.{last}".lower().translate(str.maketrans("éèëçüäöøíáñ'", "eeecuaooian ")).replace(" ", "")
            created, city = self.moment(1800), self.rng.choice(CITIES)
            self.contacts.append(
                {
                    "ID": str(1000 + number), "First Name": first, "Last Name": last,
                    "E-mail": self.rng.choice((f"{plain}{number}@{slug}", f" {plain.title()}{number}@{slug.upper()} ")),
                    "E-mail 2": f"{plain}{number}@{self.rng.choice(FREEMAIL)}" if number % 17 == 0 else "",
                    "Phone": self.phone() if number % 9 else "N/A", "Mobile": self.phone() if number % 5 == 0 else "",
                    "Company ID": company["Company ID"] if company and number % 3 else "",
                    "Company": company["Company Name"] if company else "", "Job Title": self.rng.choice(("Owner", "Buyer", "CFO", "")),
                    "Address": f"{self.rng.randint(1, 999)} Main St", "Address 2": "Unit 4" if number % 31 == 0 else "",
                    "City": city[0], "Province": city[1], "Postal Code": city[2], "Country": self.rng.choice(("Canada", "CA", "")),
                    "Website": "", "Birthday": self.moment(25000).strftime("%d/%m/%Y") if number % 4 == 0 else "",
                    "Lead Source": self.rng.choice(("Web", "Referral", "Trade show", "")), "Owner": self.owner(),
                    "Tags": self.tags(tags), "Do Not Contact": "Y" if number % 40 == 0 else "N",
                    "Email Opt-Out": "yes" if number % 25 == 0 else "no", "SMS Opt-Out": "x" if number % 30 == 0 else "",
                    "Time Zone": "America/Toronto" if number % 6 == 0 else "", 
                    "Nickname": first[:3] if number % 12 == 0 else "", "Background": "Met at the fair.\nLikes tea, \"strong\"." if number % 20 == 0 else "",
                    "Children": str(number % 4) if number % 7 == 0 else "",
                    "Lifetime Value": self.rng.choice(("$1,200.50", "(300)", "2 450,00 €", "")) if number % 8 == 0 else "",
                    "Anniversary": self.moment(4000).strftime("%d/%m/%Y") if number % 14 == 0 else "",
                    "Customer Tier": self.rng.choice(("Gold", "Silver", "Bronze", "Platinum")) if number % 3 == 0 else "",
                    "Interests": "|".join(self.rng.sample(("Golf", "Sailing", "Cooking", "Reading"), 2)) if number % 6 == 0 else "",
                    "Newsletter": self.rng.choice(("Y", "N")) if number % 5 == 0 else "",
                    "LinkedIn": f"https://linkedin.example/in/{plain}" if number % 10 == 0 else "",
                    "Fax Number": "613-555-0199" if number % 50 == 0 else "",
                    "Created": created.strftime("%d/%m/%Y %H:%M"), "Last Modified": (created + timedelta(days=30)).strftime("%d/%m/%Y %H:%M"),
                }
            )  # fmt: skip
        for index in range(10):
            twin = dict(self.contacts[index * 11])
            twin.update(
                {
                    "ID": str(1300 + index),
                    "First Name": twin["First Name"][:1] + ".",
                    "Tags": "Lead",
                    "Job Title": "Director",
                }
            )
            twin["E-mail"] = twin["E-mail"].strip().upper()
            self.contacts.append(twin)
        self.contacts[1].update({"Email Opt-Out": "yes", "E-mail": "info@shared-office.example"})
        self.contacts[2].update({"E-mail": "info@shared-office.example"})
        self.contacts[4].update(
            {"First Name": "John", "Last Name": "Fraser", "Phone": "613-555-0142", "Address": "7 Elm St"}
        )
        self.contacts[5].update(
            {"First Name": "John Jr.", "Last Name": "Fraser", "Phone": "613-555-0142", "Address": "7 Elm St"}
        )
        self.contacts[7]["E-mail"] = "first.choice@maple.example; second.choice@maple.example"
        self.contacts[8]["E-mail"], self.contacts[8]["Phone"] = "not-an-address", "6.13555E+09"
        self.contacts[10]["Background"] = "<script>alert('x')</script>"
        self.contacts.append(dict(self.contacts[30]))
        self.contacts += [
            {**dict.fromkeys(self.contacts[0], ""), "ID": str(1400 + i), "First Name": f"Nameless {i}"}
            for i in range(2)
        ]
        return self.contacts

    def person(self) -> str:
        """A contact's id."""
        return self.rng.choice(self.contacts[:280])["ID"]

    def make_deals(self) -> list[dict]:
        """120 rows; a few without a contact, some with two, amounts in every spelling."""
        for number in range(1, 121):
            pipeline, stage, _, probability, _, outcome = self.rng.choice(PIPELINES)
            created = self.moment(900)
            amount = self.rng.randint(200, 90000)
            people = self.person() if number % 29 else ""
            if people and number % 23 == 0:
                people = f"{people}; {self.person()}"
            self.deals.append(
                {
                    "Deal ID": number, "Deal Name": f"{self.rng.choice(TRADES)} job {number}" if number != 66 else "",
                    "Contact ID": people, "Company ID": self.rng.choice(self.companies)["Company ID"] if number % 2 else "",
                    "Pipeline": pipeline, "Stage": self.rng.choice((stage, stage, stage.upper(), f" {stage}")), "Status": outcome.title(),
                    "Amount": self.rng.choice((f"${amount:,.2f}", f"{amount}", f"CAD {amount:,}")), "Currency": "CAD",
                    "Probability": probability, "Expected Close": (created + timedelta(days=60)).strftime("%Y-%m-%d"),
                    "Closed Date": (created + timedelta(days=45)).strftime("%Y-%m-%d %H:%M") if outcome != "open" else "",
                    "Lost Reason": self.rng.choice(("Price", "Timing", "Went silent")) if outcome == "lost" else "",
                    "Source": self.rng.choice(("Web", "Referral", "")), "Owner": self.owner(), "Tags": self.tags(("hot", "upsell")),
                    "Competitor": self.rng.choice(("Zenith", "Apex", "", "")), "Margin": round(self.rng.random() * 40, 1),
                    "Contract Signed": "Y" if outcome == "won" else "N", "Scope": "Supply and fit, see attached plan." if number % 9 == 0 else "",
                    "Created": created.strftime("%Y-%m-%d %H:%M"), "Updated": (created + timedelta(days=50)).strftime("%Y-%m-%d %H:%M"),
                }
            )  # fmt: skip
        return self.deals

    def parents(self, number: int) -> dict:
        """Whom a note, task or attachment belongs to: mostly a contact, else a company or a deal."""
        blank = {"Contact ID": "", "Company ID": "", "Deal ID": ""}
        if number % 10 == 3:
            return {**blank, "Company ID": self.rng.choice(self.companies)["Company ID"]}
        if number % 10 == 7:
            return {**blank, "Deal ID": str(self.rng.choice(self.deals)["Deal ID"])}
        return {**blank, "Contact ID": self.person() if number % 97 else "99999"}

    def make_notes(self) -> list[dict]:
        """400 notes: plain, HTML (some hostile), Markdown, RTF, two with inline images."""
        image = base64.b64encode(png(200, 30, 30)).decode()
        bodies = (
            "Called, left a message.", "Wants a quote for 12 units & delivery <by Friday>.",
            "<p>Sent the <b>brochure</b>.</p><script>steal()</script><p onclick=\"x()\">Follow up in May.</p>",
            "# Visit\n\n- saw the roof\n- took *photos*\n", "{\\rtf1\\ansi {\\b Important:} pays late.\\par Check first.}",
            "Prefers afternoons.\nNo calls before 10.", "Réunion très utile à Montréal.",
        )  # fmt: skip
        rows = []
        for number in range(1, 401):
            created = self.moment(1200)
            body = self.rng.choice(bodies)
            if number == 20:
                body = f'<p>Plan:</p><img src="data:image/png;base64,{image}" alt="plan">'
            if number == 21:
                body = '<p>Photo:</p><img src="files/photo-1.png">'
            rows.append(
                {
                    "NoteID": number, "Body": body, **self.parents(number), "Author": self.owner(),
                    "Created": created.isoformat(timespec="seconds") + "-04:00", "Updated": "",
                }
            )  # fmt: skip
        return rows

    def make_tasks(self) -> list[dict]:
        """200 tasks, some done, one without a due date, dates with month names."""
        rows = []
        for number in range(1, 201):
            due = self.moment(300, 60)
            done = self.rng.random() < 0.5
            rows.append(
                {
                    "Task ID": f"T-{number}", "Subject": self.rng.choice(("Call back", "Send quote", "Check invoice", "Visit")),
                    "Details": "Ask about the roof." if number % 6 == 0 else "",
                    "Due (UTC)": due.strftime("%d %b %Y %H:%M") if number != 50 else "", "Status": "Completed" if done else "Not started",
                    "Completed On": due.strftime("%d %b %Y %H:%M") if done else "", "Assigned To": self.owner(), **self.parents(number),
                    "Created": (due - timedelta(days=7)).strftime("%d %b %Y %H:%M"), "Modified": "",
                }
            )  # fmt: skip
        return rows

    def make_appointments(self) -> list[dict]:
        """80 appointments, five of them series (two endless), over two changes of the clock."""
        rules = (
            "FREQ=WEEKLY;COUNT=6",
            "RRULE:FREQ=MONTHLY;UNTIL=20270115",
            "weekly until 2026-12-01",
            "FREQ=YEARLY",
            "FREQ=MONTHLY;BYDAY=1MO",
        )
        rows = []
        for number in range(1, 81):
            start = self.moment(200, 90)
            rows.append(
                {
                    "appointment_id": number, "title": self.rng.choice(("Site visit", "Demo", "Review")), "description": "Bring samples.",
                    "start": start.isoformat(), "end": (start + timedelta(minutes=45)).isoformat() if number != 12 else None,
                    "all_day": number % 19 == 0, "timezone": "America/Vancouver" if number % 8 == 0 else None,
                    "location": "Office", "status": self.rng.choice(("confirmed", "completed", "no-show", "cancelled")),
                    "recurrence": rules[number // 16 - 1] if number % 16 == 0 else None,
                    "exceptions": [(start + timedelta(days=7)).strftime("%Y-%m-%d")] if number == 16 else None,
                    "owner": {"id": "2", "email": "marc.lavoie@perfectbooks.example"} if number % 3 else {"id": "7"},
                    "contact_id": self.person() if number != 40 else "88888", "created_at": (start - timedelta(days=14)).isoformat(),
                }
            )  # fmt: skip
        return rows

    def make_activities(self) -> list[dict]:
        """60 calls, e-mails, meetings and text messages."""
        rows = []
        for number in range(1, 61):
            kind = self.rng.choice(("call", "email", "meeting", "sms"))
            rows.append(
                {
                    "Activity ID": number, "Type": kind, "Direction": self.rng.choice(("inbound", "outbound")), "Subject": f"{kind} {number}",
                    "Body": "Talked about prices." if kind == "call" else "See thread.", "Date": self.moment(600).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "Duration (min)": self.rng.randint(1, 40) if kind in {"call", "meeting"} else "", "Outcome": self.rng.choice(("reached", "voicemail", "")),
                    "Contact ID": self.person(), "Owner": self.owner(),
                }
            )  # fmt: skip
        return rows

    def make_attachments(self, files: Path) -> list[dict]:
        """30 small files beside the tables; one row whose file is missing, one over the limit by its stated size."""
        files.mkdir(parents=True, exist_ok=True)
        rows = []
        for number in range(1, 31):
            kind = ("png", "pdf", "txt")[number % 3]
            name = f"{('photo', 'quote', 'memo')[number % 3]}-{number}.{kind}"
            data = {"png": png(number * 8, 90, 160), "pdf": pdf(f"Quote {number}"), "txt": f"Memo {number}\n".encode()}[
                kind
            ]
            if number != 30:
                (files / name).write_bytes(data)
            rows.append(
                {
                    "File ID": number, "File Name": name, "Path": f"files/{name}", "Size": len(data), "MIME": "",
                    **self.parents(number), "Note ID": "", "Uploaded": self.moment(500).strftime("%Y-%m-%d"),
                }
            )  # fmt: skip
        (files / "photo-1.png").write_bytes(png(10, 120, 60))
        return rows


def write_csv(path: Path, rows: list[dict], delimiter: str = ",", encoding: str = "utf-8") -> None:
    """Write `rows` as CSV with minimal quoting, as a typical export screen does."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding, "replace"))


def write_xlsx(path: Path, sheet: str, rows: list[dict], title: str) -> None:
    """Write `rows` as a workbook with a title line, a blank row and a totals row, as people make them."""
    book = Workbook()
    book.properties.created = book.properties.modified = NOW
    page = book.active
    page.title = sheet
    page.append([title])
    page["A1"].font = Font(bold=True)
    page.append([])
    page.append(list(rows[0]))
    for row in rows:
        page.append(list(row.values()))
    page.append(["Total", f"{len(rows)} deals"])
    book.save(path)


def make(folder: Path) -> None:
    """Write the whole export into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    maker = Maker()
    users = [dict(zip(("User ID", "Name", "Email", "Active", "Role"), owner, strict=True)) for owner in OWNERS]
    write_csv(folder / "users.csv", users)
    write_csv(folder / "companies.csv", maker.make_companies(), delimiter=";", encoding="utf-8-sig")
    write_csv(folder / "contacts.csv", maker.make_contacts())
    pipelines = [
        dict(zip(("Pipeline", "Stage", "Position", "Probability", "Forecast Category", "Outcome"), row, strict=True))
        for row in PIPELINES
    ]
    write_csv(folder / "pipelines.csv", pipelines)
    write_xlsx(folder / "deals.xlsx", "Deals", maker.make_deals(), "Perfect Books: deals as of 2026-10-30")
    with (folder / "notes.jsonl").open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in maker.make_notes())
    write_csv(folder / "tasks.tsv", maker.make_tasks(), delimiter="\t", encoding="cp1252")
    body = json.dumps({"appointments": maker.make_appointments()}, ensure_ascii=False, indent=1)
    (folder / "appointments.json").write_text(body, encoding="utf-8")
    write_csv(folder / "activities.csv", maker.make_activities())
    write_csv(
        folder / "tags.csv",
        [{"Name": n, "Group": g} for n, g in (("lead", "Stage"), ("Customer", "Stage"), ("VIP", ""), ("hot", "Deal"))],
    )
    fields = [
        dict(zip(("Object", "Name", "Label", "Type", "Options", "Deprecated"), row, strict=True))
        for row in CUSTOM_FIELDS
    ]
    write_csv(folder / "custom_fields.csv", fields)
    write_csv(folder / "attachments.csv", maker.make_attachments(folder / "files"))
    (folder / "workflows.json").write_text(json.dumps(list(WORKFLOWS), ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "readme.txt").write_text("Exported from Perfect Books by Dana on 2026-10-30.\n", encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "perfect-books")
