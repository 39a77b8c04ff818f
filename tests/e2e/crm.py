"""A small English CRM export with one record for every rule of the issue; expectations stand in `test_crm.py`."""

from __future__ import annotations

from typing import Any

USERS = [
    {"name": "Kim Lee", "email": "kim@agency.example"},
    {"name": "Pat Jones", "email": "pat@agency.example"},
    {"name": "Fall Back", "email": "office@agency.example"},
]
"""The location's users."""

CONTACTS: list[dict[str, Any]] = [
    {
        "Contact ID": "101", "First Name": "Ada", "Last Name": "Byron", "Email": " Ada@Engine.example", "Secondary Email": "ada.byron@gmail.com",
        "Phone": "(613) 555-0111 ext. 42", "Mobile Phone": "613-555-0112", "Company ID": "C1", "Job Title": "Analyst",
        "Street": "1 Analytical Way", "Address Line 2": "Floor 2", "City": "Ottawa", "Province": "ON", "Postal Code": "K1A 0B1", "Country": "Canada",
        "Owner": "KIM@agency.example", "Tags": "VIP, Newsletter; vip", "Do Not Contact": "N", "Email Opt Out": "Y", "SMS Opt Out": "",
        "Birthday": "1980-12-24", "Created At": "2021-04-03 14:30:00", "Updated At": "2021-05-03 14:30:00",
        "Shirt Size": "M", "Interests": "Chess; Tea", "Member Since": "2020-01-31", "Credit Limit": "$1,200.50", "Score": "7.5",
        "Loyalty Card": "yes", "Profile": "https://profile.example/ada", "Budget": "cheap",
    },
    {
        "Contact ID": "102", "First Name": "Charles", "Last Name": "Babbage", "Email": "charles@engine.example", "Owner": "Pat Jones",
        "Do Not Contact": "Y", "SMS Opt Out": "x", "Created At": "2021-04-02 10:00:00", "Shirt Size": "L", "Interests": "Tea",
        "Loyalty Card": "no", "Score": "8", "Phone": "6135550113",
    },
    {"Contact ID": "103", "First Name": "Mia", "Last Name": "Free", "Email": "mia.free@gmail.com", "Owner": "1", "Created At": "2021-04-05 10:00:00"},
    {"Contact ID": "104", "First Name": "Mia", "Last Name": "Free", "Email": "MIA.FREE@GMAIL.COM", "Email Opt Out": "Y", "Do Not Contact": "Y",
     "Created At": "2021-04-06 10:00:00", "Tags": "newsletter"},
    {"Contact ID": "105", "First Name": "Ned", "Last Name": "Nobody", "Email": "", "Phone": "+1 613 555 0115", "Owner": "gone@agency.example",
     "Created At": "2021-04-07 10:00:00"},
    {"Contact ID": "106", "First Name": "Zoe", "Last Name": "Shared", "Email": "info@shared.example", "Phone": "+1 613 555 0120", "Owner": "Old Hand",
     "Created At": "2021-04-08 10:00:00", "Company ID": "C9"},
    {"Contact ID": "107", "First Name": "Bob", "Last Name": "Other", "Email": "info@shared.example", "Secondary Email": "bob@shared.example",
     "Phone": "+1 613 555 0120", "Created At": "2021-04-09 10:00:00"},
    {"Contact ID": "108", "First Name": "Two", "Last Name": "Homes", "Email": "two@split.example", "Created At": "2021-04-10 10:00:00"},
]  # fmt: skip
COMPANIES: list[dict[str, Any]] = [
    {"Company ID": "C1", "Company Name": "Engine Works Inc.", "Domain": "engine.example", "Parent Company": "C2", "Owner": "Pat Jones", "Tags": "Key; Old",
     "Industry": "Machines", "Employees": "250", "Created At": "2020-01-01 09:00:00", "Budget": "12000", "Tier": "Gold", "Markets": "EU; US",
     "Renewal": "2022-02-28"},
    {"Company ID": "C2", "Company Name": "Holding Ltd", "Website": "https://holding.example/en", "Parent Company": "C3", "Created At": "2020-01-02 09:00:00"},
    {"Company ID": "C3", "Company Name": "Circle SA", "Parent Company": "C2", "Created At": "2020-01-03 09:00:00", "Tier": "Silver"},
    {"Company ID": "C4", "Company Name": "Split One", "Domain": "split.example", "Created At": "2020-01-04 09:00:00"},
    {"Company ID": "C5", "Company Name": "Two Different Firm", "Domain": "split.example", "Created At": "2020-01-05 09:00:00"},
    {"Company ID": "C6", "Company Name": "Corner Shop", "Domain": "gmail.com", "Created At": "2020-01-06 09:00:00"},
]  # fmt: skip
USERS_ROWS: list[dict[str, Any]] = [
    {"User ID": "1", "Name": "Kim Lee", "Email": "Kim@Agency.example", "Active": "Y"},
    {"User ID": "2", "Name": "Pat Jones", "Email": "", "Active": "Y"},
    {"User ID": "3", "Name": "Old Hand", "Email": "old@agency.example", "Active": "N"},
]
PIPELINES: list[dict[str, Any]] = [
    {"Pipeline": "Sales", "Stage": "Won", "Order": "4", "Win Probability": "100%", "Outcome": "won"},
    {"Pipeline": "Sales", "Stage": "New", "Order": "1", "Win Probability": "10%", "Outcome": "open"},
    {"Pipeline": "Sales", "Stage": "Lost", "Order": "5", "Win Probability": "0%", "Outcome": "lost"},
    {"Pipeline": "Sales", "Stage": "Quote", "Order": "2", "Win Probability": "55%", "Outcome": "open"},
]
DEALS: list[dict[str, Any]] = [
    {"Deal ID": "D1", "Deal Name": "Mill", "Contact ID": "102; 101", "Primary Contact": "101", "Company ID": "C1", "Pipeline": "Sales", "Stage": "Quote",
     "Status": "open", "Amount": "$1,200.50", "Currency": "USD", "Probability": "55%", "Expected Close": "2021-06-30", "Owner": "Kim Lee",
     "Tags": "Hot", "Created At": "2021-05-01 10:00:00", "Budget": "soon"},
    {"Deal ID": "D2", "Deal Name": "Press", "Contact ID": "102", "Pipeline": "Sales", "Stage": "Lost", "Status": "lost", "Amount": "(300)",
     "Lost Reason": "price", "Closed At": "2021-05-20 12:00:00", "Created At": "2021-05-02 10:00:00"},
    {"Deal ID": "D3", "Deal Name": "Loom", "Contact ID": "102", "Pipeline": "Sales", "Stage": "Lost", "Status": "lost", "Lost Reason": "Moved to Mars",
     "Created At": "2021-05-03 10:00:00"},
    {"Deal ID": "D4", "Deal Name": "Orphan", "Contact ID": "", "Company ID": "C4", "Pipeline": "Sales", "Stage": "New", "Status": "open", "Amount": "1,000",
     "Created At": "2021-05-04 10:00:00"},
    {"Deal ID": "D5", "Deal Name": "Second quote", "Contact ID": "101", "Pipeline": "Sales", "Stage": "New", "Status": "open", "Amount": "77",
     "Created At": "2021-05-05 10:00:00"},
    {"Deal ID": "D6", "Deal Name": "Merged", "Contact ID": "104", "Pipeline": "Sales", "Stage": "Won", "Status": "won", "Amount": "5",
     "Created At": "2021-05-06 10:00:00"},
    {"Deal ID": "D7", "Deal Name": "Abandoned one", "Contact ID": "105", "Pipeline": "Service", "Stage": "Waiting", "Status": "abandoned",
     "Created At": "2021-05-07 10:00:00"},
]  # fmt: skip
CUSTOM_FIELDS: list[dict[str, Any]] = [
    {"Object": "contact", "Label": "Shirt Size", "Type": "picklist", "Options": "S; M; L; XL", "Deprecated": "N"},
    {"Object": "contact", "Label": "Interests", "Type": "multi-picklist", "Options": "Chess; Tea; Go", "Deprecated": "N"},
    {"Object": "contact", "Label": "Member Since", "Type": "date", "Options": "", "Deprecated": "N"},
    {"Object": "contact", "Label": "Credit Limit", "Type": "currency", "Options": "", "Deprecated": "N"},
    {"Object": "contact", "Label": "Score", "Type": "number", "Options": "", "Deprecated": "Y"},
    {"Object": "contact", "Label": "Loyalty Card", "Type": "checkbox", "Options": "", "Deprecated": "N"},
    {"Object": "contact", "Label": "Profile", "Type": "url", "Options": "", "Deprecated": "N"},
    {"Object": "contact", "Label": "Life Story", "Type": "textarea", "Options": "", "Deprecated": "N"},
    {"Object": "contact", "Label": "Budget", "Type": "text", "Options": "", "Deprecated": "N"},
    {"Object": "company", "Label": "Budget", "Type": "number", "Options": "", "Deprecated": "N"},
    {"Object": "company", "Label": "Tier", "Type": "picklist", "Options": "Gold; Silver; Bronze", "Deprecated": "N"},
    {"Object": "company", "Label": "Markets", "Type": "multi-picklist", "Options": "EU; US", "Deprecated": "N"},
    {"Object": "company", "Label": "Renewal", "Type": "date", "Options": "", "Deprecated": "N"},
    {"Object": "deal", "Label": "Budget", "Type": "text", "Options": "", "Deprecated": "N"},
]  # fmt: skip


def tables() -> dict[str, list[dict[str, Any]]]:
    """The whole export."""
    return {
        "contacts": CONTACTS,
        "companies": COMPANIES,
        "users": USERS_ROWS,
        "pipelines": PIPELINES,
        "deals": DEALS,
        "custom_fields": CUSTOM_FIELDS,
    }
