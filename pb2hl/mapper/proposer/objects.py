"""Which object a table is, by its file or sheet name and by its columns, in any of the lexicon's languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from pb2hl.mapper.knowledge.lists import heading_words, sections
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.score import candidate

_TELLING: dict[str, dict[str, float]] = {
    "contacts": {
        "first_name": 3, "last_name": 3, "full_name": 0.5, "email": 1, "mobile": 1.5, "birthday": 2, "job_title": 1, "company_name": 1,
        "company_id": 0.5, "email_opt_out": 2, "sms_opt_out": 2, "call_opt_out": 2, "do_not_contact": 2, "phone": 0.5,
    },
    "companies": {"domain": 2, "industry": 2, "employees": 2.5, "parent_id": 2, "parent_name": 2, "website": 1, "name": 0.5, "phone": 0.5},
    "deals": {"stage": 2.5, "amount": 2, "expected_close": 2.5, "pipeline": 1.5, "probability": 1, "lost_reason": 2, "closed_at": 1, "contact_id": 0.5, "status": 0.5},
    "tasks": {"due_at": 3, "completed": 2.5, "completed_at": 2, "title": 0.7, "contact_id": 0.5, "status": 0.4},
    "notes": {"body": 2, "author": 1.5, "contact_id": 1, "deal_id": 0.5, "company_id": 0.5, "created_at": 0.3},
    "appointments": {"start_at": 2, "end_at": 2.5, "all_day": 2, "location": 1.5, "recurrence": 2.5, "exceptions": 1, "title": 0.5},
    "activities": {"direction": 3, "duration": 2, "outcome": 1.5, "type": 1, "subject": 0.7, "body": 0.4, "at": 0.5, "contact_id": 0.5},
    "users": {"role": 1.5, "active": 1.5, "name": 0.7, "email": 0.7},
    "pipelines": {"pipeline": 2, "stage": 2, "position": 2, "probability": 1.5, "forecast_category": 1, "outcome": 1},
    "tags": {"name": 1, "group": 1},
    "custom_fields": {"object": 2, "type": 1, "options": 2.5, "label": 1, "deprecated": 1, "name": 0.5},
    "attachments": {"file_name": 2.5, "mime_type": 2.5, "size": 1, "path": 1.5, "url": 0.7, "uploaded_at": 1.5, "note_id": 0.5},
    "workflows": {"trigger": 3, "steps": 2.5, "conditions": 2, "active": 0.5, "kind": 0.3},
    "trust_accounts": {"bank_balance": 4},
    "trust_transactions": {"bank_amount": 2.5, "account": 1, "client": 1, "matter": 1, "kind": 0.5, "amount": 1, "date": 0.5},
    "time_entries": {"hours": 3, "timekeeper": 1.5, "matter": 1, "rate": 1.5, "date": 0.5, "amount": 0.5},
    "rates": {"hourly_rate": 2.5, "effective_from": 2, "effective_to": 2, "timekeeper": 1},
}  # fmt: skip
"""How much a canonical field speaks for its object; 4 points and more are a clear table."""


class Table(Protocol):
    """What is asked of a raw table: its file, its sheet and its headings."""

    file: str
    sheet: str
    headings: list[str]


@lru_cache(maxsize=1)
def _names() -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for object_, names in sections("object_names").items():
        for name in (object_, *names):
            table.setdefault(tokens(name), object_)
    return table


def named(name: str) -> tuple[str, str]:
    """(object, the words that say so) of a file or sheet name; ("", "") when it says nothing."""
    words = tokens(name.rsplit("/", 1)[-1].rsplit(".", 1)[0] if "." in name else name)
    table = _names()
    best: tuple[int, int, str, str] = (0, 0, "", "")
    for length in range(min(4, len(words)), 0, -1):
        for at in range(len(words) - length, -1, -1):
            object_ = table.get(words[at : at + length])
            if object_ and (length, at) > best[:2]:
                best = (length, at, object_, " ".join(words[at : at + length]))
        if best[0]:
            break
    return best[2:] if best[0] else _one_record(words)


_OF_TABLES = heading_words("of tables")
_RECORDS = {
    "contact": "contacts", "company": "companies", "deal": "deals", "task": "tasks", "note": "notes", "event": "appointments",
    "activity": "activities", "user": "users", "owner": "users", "tag": "tags", "file name": "attachments",
}  # fmt: skip


def _one_record(words: tuple[str, ...]) -> tuple[str, str]:
    """The object of a name that is one record's, as databases call their tables (`tbl_firm`, `dim_person`)."""
    said = " ".join(word for word in words if word not in _OF_TABLES)
    found = terms(said) if said else ()
    return (_RECORDS[found[0]], said) if len(found) == 1 and found[0] in _RECORDS else ("", "")


def by_columns(headings: Sequence[str]) -> dict[str, tuple[float, list[str]]]:
    """For each object: (points, telling canonical fields found) of a table with these headings."""
    return _by_columns(tuple(headings))


@lru_cache(maxsize=64)
def _by_columns(headings: tuple[str, ...]) -> dict[str, tuple[float, list[str]]]:
    found: dict[str, tuple[float, list[str]]] = {}
    blank, said = Signals(), without_prefix(headings)
    for object_, telling in _TELLING.items():
        fields = {
            item.field for item in (candidate(heading, object_, blank) for heading in said) if item.confidence >= 0.85
        }
        seen = [field for field in telling if field in fields]
        known = sum(1 for field in fields if field not in ("custom", "ignore"))
        points = sum(telling[field] for field in seen) + (known / max(1, len(headings)))
        found[object_] = (points, seen)
    return found


def recognise(raw: Table, others: Sequence[Table] = ()) -> tuple[str, float, str]:
    """(object, confidence 0-1, reason) of a raw table; object is "" when it fits none.

    `others` are the tables of the same export: a workbook's single-sheet name counts less than its file's.
    """
    sheet, sheet_words = named(raw.sheet) if raw.sheet else ("", "")
    file, file_words = named(raw.file)
    by_name, words = (sheet, sheet_words) if sheet else (file, file_words)
    scores = by_columns(raw.headings)
    ranked = sorted(scores, key=lambda object_: -scores[object_][0])
    best, second = ranked[0], ranked[1]
    points, fields = scores[best]
    if by_name:
        own = scores.get(by_name, (0.0, []))
        if own[0] >= 1.5 or own[0] >= points * 0.5 or len(raw.headings) <= 2:
            confidence = min(0.99, 0.7 + 0.06 * own[0])
            return by_name, round(confidence, 2), f"named {words!r}; columns {', '.join(own[1][:5]) or 'plain'}"
        if points < 4:
            return by_name, 0.6, f"named {words!r}, though few columns say so"
    clear = points >= 4 and points >= scores[second][0] + 1
    if clear:
        confidence = min(0.9, 0.5 + 0.05 * points)
        said = f"its name says {by_name}, but " if by_name else ""
        return best, round(confidence, 2), f"{said}columns say {best}: {', '.join(fields[:6])}"
    if points >= 3.5 and points > scores[second][0]:
        return best, 0.5, f"columns suggest {best}: {', '.join(fields[:6])}"
    return "", 0.0, "neither its name nor its columns fit an object"


def mixed_types(headings: Sequence[str]) -> str:
    """The heading of a column that says which object each row is (`Record Type`), or "".

    A table of custom fields has one too, that says which object each *field* is of: it is one table.
    """
    if by_columns(headings)["custom_fields"][0] >= 4:
        return ""
    for heading, said in zip(headings, without_prefix(headings), strict=True):
        found = set(terms(said))
        if found in ({"object"}, {"object", "type"}, {"type", "contact"}):
            return heading
    return ""
