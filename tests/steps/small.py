"""A small CRM export as CSV, as data that a test changes, and its migration without the slow suites."""

from __future__ import annotations

import copy
import csv
import shlex
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from pb2hl.register import STEPS
from pb2hl.steps.gates import gates
from pb2hl.steps.gates.batch import decide
from pb2hl.steps.overview.status import status
from pb2hl.workspace import CONFIG_NAME, Workspace
from tests.e2e.drive import step

Tables = dict[str, list[dict[str, str]]]

USERS = [{"name": "Anna Vogel", "email": "anna@agency.example"}, {"name": "Bo Lang", "email": "bo@agency.example"}]

TABLES: Tables = {
    "users": [
        {"User ID": "1", "Name": "Anna Vogel", "Email": "anna@agency.example", "Active": "Y"},
        {"User ID": "2", "Name": "Bo Lang", "Email": "bo@agency.example", "Active": "Y"},
    ],
    "companies": [
        {"Company ID": "C1", "Company Name": "Mill Ltd", "Website": "https://mill.example", "Phone": "613-555-0100", "City": "Ottawa", "Created": "2024-01-01"},
        {"Company ID": "C2", "Company Name": "Quarry Inc", "Website": "https://quarry.example", "Phone": "", "City": "Hull", "Created": "2024-01-02"},
    ],
    "contacts": [
        {"Contact ID": "11", "First Name": "Ada", "Last Name": "Byron", "Email": "ada@mill.example", "Phone": "613-555-0111", "Company ID": "C1", "City": "Ottawa",
         "Owner": "1", "Tags": "vip; fair", "Email Opt-Out": "N", "Shoe Size": "42", "Created": "2024-02-01 10:00", "Updated": "2024-02-02 10:00"},
        {"Contact ID": "12", "First Name": "Max", "Last Name": "Stone", "Email": "max@quarry.example", "Phone": "N/A", "Company ID": "C2", "City": "Hull",
         "Owner": "2", "Tags": "fair", "Email Opt-Out": "N", "Shoe Size": "44", "Created": "2024-02-03 10:00", "Updated": "2024-02-04 10:00"},
        {"Contact ID": "13", "First Name": "Una", "Last Name": "Reed", "Email": "una@quarry.example", "Phone": "613-555-0113", "Company ID": "C2", "City": "",
         "Owner": "2", "Tags": "", "Email Opt-Out": "Y", "Shoe Size": "", "Created": "2024-02-05 10:00", "Updated": ""},
    ],
    "deals": [
        {"Deal ID": "D1", "Deal Name": "Wheel", "Contact ID": "11", "Company ID": "C1", "Pipeline": "Sales", "Stage": "Offer", "Status": "open", "Amount": "1200.50",
         "Owner": "1", "Created": "2024-03-01"},
        {"Deal ID": "D2", "Deal Name": "Cart", "Contact ID": "12", "Company ID": "C2", "Pipeline": "Sales", "Stage": "New", "Status": "open", "Amount": "300",
         "Owner": "2", "Created": "2024-03-02"},
    ],
    "notes": [
        {"Note ID": "N1", "Body": "Wants a wheel", "Contact ID": "11", "Created": "2024-03-03 09:00"},
        {"Note ID": "N2", "Body": "Call in spring", "Contact ID": "13", "Created": "2024-03-04 09:00"},
    ],
    "tasks": [
        {"Task ID": "T1", "Title": "Send offer", "Due Date": "2024-04-01 09:00", "Completed": "N", "Contact ID": "11", "Owner": "1"},
    ],
    "appointments": [
        {"Appointment ID": "A1", "Subject": "Visit", "Start": "2024-05-01 09:00", "End": "2024-05-01 10:00", "Contact ID": "12", "Owner": "2"},
    ],
}  # fmt: skip


def tables() -> Tables:
    """A copy of TABLES that a test may change."""
    return copy.deepcopy(TABLES)


def write(folder: Path, content: Tables) -> Path:
    """The tables as a folder of CSV files."""
    folder.mkdir(parents=True)
    for name, rows in content.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(dict.fromkeys(key for row in rows for key in row)), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def row(content: Tables, name: str, source_id: str) -> dict[str, str]:
    """The row of a table whose first cell is `source_id`."""
    return next(item for item in content[name] if next(iter(item.values())) == source_id)


def migrate(ws: Workspace, who: str = "Judge", *, merge: bool = True) -> dict[str, Any]:
    """From inventory to load, every default taken; results by step. The suites have tests of their own.

    Without `merge` nobody decides about proposed merges.
    """
    results = {}
    for name in ("inventory", "match", "mapping", "check", "schema", "sample", "load"):
        results[name] = step(ws, name)
        if name == "mapping" and not merge:
            STEPS[name].take_defaults(ws, who)
            gates.approve(ws, name, who, force=True)
        elif name in ("mapping", "schema", "sample") or (name == "match" and merge):
            decide(ws, name, who, take_defaults=True)
        if name == "schema":
            results[name] = step(ws, name, apply=True)
    return results


def edit_settings(ws: Workspace, **values: str) -> Workspace:
    """The workspace with other values in its migration.toml, opened anew."""
    path = ws.path / CONFIG_NAME
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in values.items():
        lines = [f'{name} = "{value}"' if line.startswith(f"{name} =") else line for line in lines]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Workspace(ws.path)


def settings(migration: Any, **policy: str) -> Any:
    """The migration with other policies in its migration.toml, gone through again with them as far as the load."""
    changed = replace(migration, ws=edit_settings(migration.ws, **policy))
    follow(changed.ws, to=("load", "audit"))
    return changed


def follow(ws: Workspace, to: Collection[str] = (), most: int = 14) -> list[str]:
    """Do what `status` says comes next, again and again, until that is one of `to` or nothing; what was done, in order.

    A gate is approved in spite of what is open. A way of more than `most` commands leads in a circle.
    """
    done: list[str] = []
    while (following := status(ws).next_step) and following not in to:
        assert len(done) < most, f"`next` leads in a circle: {done}"
        done.append(following)
        name, _, rest = following.partition(" ")
        if name == "approve":
            gates.approve(ws, rest, "Judge", force=True)
        else:
            step(ws, name, **_options(name, shlex.split(rest)))
    return done


def _options(name: str, rest: list[str]) -> dict[str, Any]:
    if name == "repair":
        return {"who": "Judge"}
    return {"export": rest[1]} if rest[:1] == ["--export"] else {"apply": True} if rest else {}
