"""What a column can be: for each object, canonical field, HighLevel field, and the headings (in lexicon terms) that say so.

A line reads `canonical field | HighLevel field | pattern, pattern, …`; a pattern is one or more terms joined by `+`, in
any order. The object's own name (`contact owner` on a contact) and places (`work`, `billing`) are dropped before. The
canonical field may be `custom` or `ignore`; the HighLevel field is the API name of the create call, or `custom`/`ignore`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

SINGULAR = {
    "contact": "contacts",
    "company": "companies",
    "opportunity": "deals",
    "task": "tasks",
    "note": "notes",
    "appointment": "appointments",
}
"""Object names of the public `propose` → canonical object names."""

SELF = {
    "contacts": {"contact"},
    "companies": {"company"},
    "deals": {"deal"},
    "tasks": {"task", "activity", "card", "ticket", "issue"},
    "notes": {"note", "activity"},
    "appointments": {"event", "activity"},
    "activities": {"activity", "event"},
    "users": {"user", "owner"},
    "tags": {"tag"},
    "attachments": {"file name"},
    "workflows": {"workflow"},
    "trust_transactions": {"trust"},
    "trust_accounts": {"trust", "company"},
}
"""Terms that name the object itself, dropped from headings."""

PLACES = ("main", "mailing", "work", "home", "billing", "shipping", "registered", "other")
"""Which of several addresses, phones or e-mails: the order in which they take the one place HighLevel has."""

_STREET_ADDRESS = """
address_1 | {street} | address, street, address+street, street+number, street+house number, address+house number, address+street+1, street+1, address+full
address_2 | custom | street 2, address+street 2, street+2, street+street 2, street+3, po box, address+po box, address+street+2
city | city | city, address+city
state | state | state, address+state, state+code, state+name
postal_code | postalCode | postal code, address+postal code, postal code+code
country | country | country, address+country, country+code
"""

_AUDIT = """
created_at | custom | created date, created date+time, created date+date
updated_at | {updated} | updated date, updated date+date, updated date+time
"""

_OWNER = "owner | {target} | owner, owner+name, owner+id, owner+email, owner+full name, user, user+id, user+name, user+email, owner+user, owner+user+id, owner+alias, alias+owner, owner+user+name"

_LINKS = """
contact_id | contactId | contact+id, contact, contact+name, contact+email, contact+full name, contact+key, who+id, who, regarding, name+contact+id, email+contact
company_id | ignore | company, company+id, company+name
deal_id | ignore | deal, deal+id, deal+name, deal+title
custom | ignore | what+id, what
"""

TABLES: dict[str, str] = {
    "contacts": """
id | custom | id, contact+id, number+id, contact+number, contact+code, code+id
first_name | firstName | first name, first name+name
last_name | lastName | last name, last name+name
full_name | name | full name, name, first name+last name, contact+name, contact, last name+first name
email | email | email, email+address
phone | phone | phone, phone+number, work+number, home+number
mobile | additionalPhones | mobile, phone+mobile, mobile+number, phone+mobile+number
email_2 | additionalEmails | email+other
company_id | businessId | company+id
company_name | companyName | company, company+name, address+company, parent+contact, parent+contact+name, parent+contact+id+name, parent+company, parent+company+name
job_title | custom | job title, title, company+title, company+job title
"""
    + _STREET_ADDRESS.format(street="address1")
    + """
website | website | website, company+website, website+address
birthday | dateOfBirth | birthday, birthday+date
custom | gender | gender
source | source | source, source+id
"""
    + _OWNER.format(target="assignedTo")
    + """
owner | assignedTo | deal+owner
tags | tags | tag, tag+name, group
do_not_contact | dnd | do not contact
email_opt_out | dnd | do not email
sms_opt_out | dnd | do not text
call_opt_out | dnd | do not call
custom | dnd | do not fax, do not post, consent, do not contact+reason+code
timezone | timezone | timezone
description | note.body | description, note, body, contact+note
"""
    + _AUDIT.format(updated="ignore")
    + """
custom | followers | followers
""",
    "companies": """
id | custom | id, company+id, contact+id, number+id, company+number, company+code, contact+number, code+id
name | name | name, company+name, company, full name, title, registered+name
domain | website | domain, email+domain
website | website | website
phone | phone | phone, phone+number, mobile, phone+mobile
email | email | email, email+address
"""
    + _STREET_ADDRESS.format(street="address")
    + """
parent_id | custom | parent+id, parent+company+id
parent_name | custom | parent, parent+name, parent+company, parent+company+name
industry | custom | industry
employees | custom | employees, employees+number
description | description | description, note, company+description, body
"""
    + _OWNER.format(target="custom")
    + "\ntags | custom | tag\n"
    + _AUDIT.format(updated="ignore"),
    "deals": """
id | custom | id, deal+id, code+id
custom | custom | deal+number, number, deal+code, code
name | name | name, title, deal+name, deal+title, deal, full name
contact_id | contactId | contact+id, contact, contact+name, contact+full name, name+contact+id, contact+contact
contact_email | contactId | contact+email, email, contact+email+address
custom | contactId | contact+phone, phone
company_id | custom | company, company+id, company+name
pipeline | pipelineId | pipeline, board, pipeline+id, pipeline+name, type+id+object, type+id
stage | pipelineStageId | stage, step, stage+id, stage+name, pipeline+stage, pipeline+stage+id, pipeline+stage+name
status | status | status, won, lost, closed, status+name, status+type, status+tag, is+won, is+closed, is+lost, status+id
amount | monetaryValue | amount, revenue, expected+amount, expected+revenue, weighted+no
currency | custom | currency, amount+currency
probability | custom | probability
expected_close | forecastExpectedCloseDate | expected close, expected+deal, expected+closed, expected+closing, expected+closing+date, expected+closed date, expected+date, closing, closing+date, expected+deal+date, expected+end, date+expected close, expected+expected close
closed_at | custom | closed date, closed+date
lost_reason | lostReasonId | lost reason, lost reason+id, lost reason+name
source | source | source
"""
    + _OWNER.format(target="assignedTo")
    + """
tags | custom | tag
custom | note.body | description, note, body
custom | followers | followers
"""
    + _AUDIT.format(updated="ignore"),
    "tasks": """
id | ignore | id
title | title | title, name
body | body | body, description, note, task+description
due_at | dueDate | due, end, due+time, due+date, date, expected+end, expected+date
completed | completed | completed, closed, is+closed, completed+completed, completed+due
status | completed | status, stage, state, progress
completed_at | ignore | completed date, closed date
"""
    + _OWNER.format(target="assignedTo")
    + _LINKS
    + _AUDIT.format(updated="ignore").replace("| custom |", "| ignore |"),
    "notes": """
id | ignore | id
title | title | title, name
body | body | body, note, description, text, note+body, html
"""
    + _LINKS
    + """
author | userId | author, owner, owner+id, owner+name, owner+email, user, user+id, author+id, author+name, author+email
"""
    + _AUDIT.format(updated="ignore").replace("| custom |", "| ignore |")
    + "\ncreated_at | ignore | created date, date, date+time, at, when\n",
    "appointments": """
id | ignore | id
title | title | title, name, event+name, event+title
description | description | description, note, body
start_at | startTime | start, start+timezone
end_at | endTime | end, end+timezone
all_day | ignore | all day
timezone | ignore | timezone
location | address | location, city, address, location+address, location+website, website, location+name
status | appointmentStatus | status, outcome, no+show, event+status, cancelled
recurrence | ignore | recurrence
exceptions | ignore | exceptions, skip, skip+date
"""
    + _OWNER.format(target="assignedUserId")
    + "\nowner | assignedUserId | employees, employees+name, employees+email\n"
    + _LINKS
    + "\ncustom | calendarId | calendar, calendar+id, calendar+name\n"
    + _AUDIT.format(updated="ignore").replace("| custom |", "| ignore |"),
    "activities": """
id | ignore | id
type | ignore | type, activity+type, activity
direction | ignore | direction
subject | title | title, name
body | body | body, note, description
at | ignore | start, date, at, when, activity+date, occurred, occurred at, due, time, date+time
duration | ignore | duration
outcome | ignore | outcome, status
"""
    + _OWNER.format(target="assignedTo")
    + ", author, author+id, author+name, author+email"
    + _LINKS
    + _AUDIT.format(updated="ignore"),
    "users": """
id | ignore | id, user+id, owner+id
name | ignore | name, full name, user+name, user, owner+name
email | ignore | email, email+address, user+email
active | ignore | active, status, state
role | ignore | job title, type, title, role, profile
""",
    "pipelines": """
pipeline | ignore | pipeline, pipeline+name, deal+pipeline
stage | ignore | stage, stage+name, name, state, status
position | ignore | position, stage+position, number, stage+number
probability | ignore | probability, stage+probability, rate
forecast_category | ignore | forecast, forecast+category, category
outcome | ignore | outcome, type, stage+type, result, won+lost, status+type, closed, won
""",
    "tags": """
name | ignore | name, tag, tag+name, title
group | ignore | tag+group, group, category, type, folder, parent
""",
    "custom_fields": """
object | ignore | object
name | ignore | name, id, internal+name, api+name, number
label | ignore | tag, title, label, description, full name
type | ignore | type, data type
options | ignore | options, amount, value, values
deprecated | ignore | deprecated, active
""",
    "attachments": """
id | ignore | id
file_name | ignore | file name, name, title
path | ignore | path, location
content | ignore | body
url | ignore | website, url, link, download+website, download+url
size | ignore | size in bytes, employees, size
mime_type | ignore | mime type, type, content+type
note_id | ignore | note, note+id
uploaded_at | ignore | uploaded date, created date, date
"""
    + _LINKS,
    "workflows": """
name | ignore | name, title, workflow, workflow+name
kind | ignore | type, category
trigger | ignore | trigger
conditions | ignore | conditions
steps | ignore | steps, definition
active | ignore | active, status
""",
    "trust_accounts": """
id | ignore | id, number
name | ignore | name, company+name
bank_balance | ignore | bank balance
""",
    "trust_transactions": """
id | ignore | id
account | ignore | company, company+id, company+name, trust, trust+id
client | ignore | contact, contact+id, contact+name
matter | ignore | deal, deal+id, deal+name
date | ignore | date, created date, start
kind | ignore | type, category, direction
amount | ignore | amount
bank_amount | ignore | bank amount
""",
    "time_entries": """
id | ignore | id
matter | ignore | deal, deal+id, deal+name
timekeeper | ignore | owner, owner+id, owner+name, owner+email, user, user+id, user+name
date | ignore | date, created date, start
hours | ignore | hours, duration
rate | ignore | rate
amount | ignore | amount
""",
    "rates": """
timekeeper | ignore | owner, owner+id, owner+name, owner+email, user, user+id, user+name
hourly_rate | ignore | rate, amount
effective_from | ignore | effective from, start
effective_to | ignore | effective to, end
""",
}

CONSENT_TERMS = frozenset(
    "do not contact;do not email;do not text;do not call;do not fax;do not post;consent".split(";")
)
"""Terms of permission and refusal: a heading that holds one is never an e-mail, phone or address."""

SYSTEM_TERMS = frozenset(
    "fivetran airbyte stitch sdc dlt etl synced sync deleted portal visible checksum etag odata metadata raw_id"
    " tombstone replication batched _rev modstamp rowversion".split()
)
"""Marks of replication tools and of the old system's own housekeeping; nothing a client wrote."""

PART_TERMS = frozenset(
    "type count score rating status hash verified bounced reason ip latitude longitude lat lng tag category domain"
    " provider quality confidence source date time last email phone valid validity permission opens clicks sent open"
    " spouse partner assistant emergency referrer referral parent manager vendor guardian children child "
    " photo unit alias format formatted phonetic extension tax vat accountant beneficiary hq rank level preview bounce version inferred predicted suspended form balance marketing promotional promo alerts notifications preference preferences"
    " frequency rate format updated by author campaign forecast weighted total won lost open converted"
    " conversion currency fiscal won lifetime average utm role linkedin facebook twitter instagram skype youtube tiktok xing github department next activity number cost budget".split()
) | frozenset(
    [
        "created date",
        "updated date",
        "last activity",
        "next activity",
        "updated by",
        "closed date",
        "name suffix",
        "job title",
        "bank balance",
    ]
)
"""Terms that make another thing of what they stand beside (`email type`, `assistant phone`, `open deals`)."""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a heading pattern says: the canonical `field` (or custom, ignore) and the HighLevel `target`."""

    field: str
    target: str
    pattern: frozenset[str]
    text: str


@lru_cache(maxsize=64)
def concepts(object_: str) -> tuple[Concept, ...]:
    """The concepts of a canonical object, in the order of its table."""
    found = []
    for line in TABLES.get(object_, "").strip().splitlines():
        if not line.strip():
            continue
        field, target, patterns = (part.strip() for part in line.split(" | "))
        for text in patterns.split(", "):
            found.append(Concept(field, target, frozenset(text.split("+")), text.replace("+", " ")))
    return tuple(found)


@lru_cache(maxsize=64)
def by_pattern(object_: str) -> dict[frozenset[str], Concept]:
    """The concept of each pattern; the first of the table wins."""
    table: dict[frozenset[str], Concept] = {}
    for concept in concepts(object_):
        table.setdefault(concept.pattern, concept)
    return table
