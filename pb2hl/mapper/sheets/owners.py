"""The owners sheet: everyone who owns a record of the export, against the location's users."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.sheet_layout import blank, prefill
from pb2hl.model import OBJECTS
from pb2hl.sheets import table_rows
from pb2hl.values.fold import fold

OWNER_COLUMNS = {
    name: found
    for name, spec in OBJECTS.items()
    if (found := tuple(item.name for item in spec.fields if "sheets/owners.csv" in item.decided_by))
}
"""The columns of each object that name users, by the field map."""

_EMAIL = re.compile(r"(?<![^\s<>(),;@])[^\s<>(),;@]++@[^\s<>(),;@]+\.[A-Za-z]{2,}")


def owners_sheet(
    tables: Mapping[str, pd.DataFrame],
    users: Sequence[Mapping[str, Any]] = (),
    fallback: str = "",
    threshold: float = 0.8,
) -> pd.DataFrame:
    """The owners sheet. `tables` are staged tables by object; `users` the location's (dicts of id, name, email, active).

    A user of the export is one row, whatever its records call it (id, e-mail or name); a value that fits no user of the
    export is a row of its own. `fallback` is the e-mail of the user who takes what nobody else can.
    """
    counts = _values(tables)
    people = _people(tables.get("users", pd.DataFrame()))
    rows: dict[str, dict[str, Any]] = {}
    for value, count in counts.items():
        person = _find(value, people)
        key = person["id"] if person else value
        row = rows.setdefault(key, {**(person or _loose(value)), "owner": key, "records": 0})
        row["records"] += count
    for person in people:
        rows.setdefault(person["id"], {**person, "owner": person["id"], "records": 0})
    return prefill(blank("owners", [_match(row, users, fallback) for row in rows.values()]), threshold)


def _values(tables: Mapping[str, pd.DataFrame]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for object_, columns in OWNER_COLUMNS.items():
        frame = tables.get(object_)
        if frame is None:
            continue
        for column in columns:
            if column not in frame.columns:
                continue
            values = frame[column].explode().dropna().astype("str").str.strip()
            for value, count in values.value_counts(sort=False).items():
                if value:
                    counts[str(value)] += int(count)
    return counts


def _people(users: pd.DataFrame) -> list[dict[str, Any]]:
    if users.empty:
        return []
    found = []
    for row in users.to_dict("records"):
        active = row.get("active")
        found.append(
            {
                "id": _text(row.get("source_id")), "name": _text(row.get("name")), "email": _text(row.get("email")).lower(),
                "active": "no" if active is not None and active is not pd.NA and active == False else "yes",  # noqa: E712
            }
        )  # fmt: skip
    return found


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value).strip()


def _loose(value: str) -> dict[str, Any]:
    email = _EMAIL.search(value)
    name = re.sub(r"[<(\[].*", "", value).strip() if email else value
    return {"name": "" if "@" in name else name, "email": email.group().lower() if email else "", "active": ""}


def _find(value: str, people: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one user that a reference means: by id, by e-mail, by name; None when none or several fit."""
    wanted = fold(value)
    email = _EMAIL.search(value)
    for test in (
        lambda person: fold(person["id"]) == wanted,
        lambda person: email is not None and person["email"] == email.group().lower(),
        lambda person: bool(person["name"]) and _name(person["name"]) == _name(value),
        lambda person: person["id"].lstrip("0") == wanted.lstrip("0") != "",
    ):
        found = [person for person in people if test(person)]
        if len(found) == 1:
            return found[0]
    return None


def _name(text: str) -> str:
    return " ".join(sorted(fold(text).replace(",", " ").split()))


def _match(row: dict[str, Any], users: Sequence[Mapping[str, Any]], fallback: str) -> dict[str, Any]:
    by_email = [user for user in users if row["email"] and fold(_text(user.get("email"))) == fold(row["email"])]
    by_name = [user for user in users if row["name"] and _name(_text(user.get("name"))) == _name(row["name"])]
    if by_email:
        found, match, confidence = by_email[0], "email", 0.99
        reason = "same e-mail"
    elif len(by_name) == 1:
        found, match = by_name[0], "name"
        confidence = 0.6 if row["email"] else 0.85
        reason = "the only user of this full name" + (
            ", though with another e-mail" if row["email"] else "; it has no e-mail"
        )
    else:
        return row | _nobody(row, fallback, users)
    if found.get("active") is False:
        return (
            row
            | _nobody(row, fallback, users)
            | {"match": "inactive in HighLevel", "user_email": _text(found.get("email"))}
        )
    if row["active"] == "no":
        reason, match = f"{reason}; inactive in the export", f"{match}, inactive in the export"
    return row | {
        "user_id": _text(found.get("id")), "user_email": _text(found.get("email")), "match": match,
        "proposal": "map", "confidence": confidence, "reason": reason,
    }  # fmt: skip


def _nobody(row: Mapping[str, Any], fallback: str, users: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if fallback_user(fallback, users):
        reason = f"no user of the location; its records go to the fallback owner {fallback}"
        return {"match": "unmatched", "proposal": "fallback", "confidence": 0.9, "reason": reason}
    if not row["records"]:
        return {"match": "unmatched", "proposal": "fallback", "confidence": 0.95, "reason": "owns no record"}
    other = (
        f"invite the fallback owner {fallback}, who is none either"
        if fallback
        else "set fallback_owner in migration.toml"
    )
    reason = f"no user of the location: invite this person, or {other}"
    return {"match": "to invite", "proposal": "invite", "confidence": 0.5, "reason": reason}


def fallback_user(email: str, users: Sequence[Mapping[str, Any]]) -> str:
    """The id of the user of the location who takes what nobody else can; "" when `email` is no active user's."""
    wanted = fold(email)
    fitting = (user for user in users if wanted and user.get("active") is not False)
    return next((_text(user.get("id")) for user in fitting if fold(_text(user.get("email"))) == wanted), "")


def user_ids(
    sheet: pd.DataFrame, tables: Mapping[str, pd.DataFrame], users: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Every owner value as the tables hold it → the user id its row decided on ("" for the fallback)."""
    by_email = {fold(_text(user.get("email"))): _text(user.get("id")) for user in users}
    known = {_text(user.get("id")) for user in users}
    decided: dict[str, str] = {}
    for row in table_rows(sheet):
        user = row.user_id.strip() if row.user_id.strip() in known or not known else ""
        user = user or by_email.get(fold(row.user_email), "")
        decided[row.owner] = user if row.decision == "map" else ""
    people = _people(tables.get("users", pd.DataFrame()))
    found = dict(decided)
    for value in _values(tables):
        person = _find(value, people)
        found[value] = decided.get(person["id"] if person else value, "")
    return found
