"""Files for HighLevel's import wizard: what an admin can set there with a few clicks, and no API can.

The wizard finds a record by its id and fills what the file says. The files are made of what was sent: whatever had to go into a
custom field because the API has no other place for it. A record without anything of the kind has no row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl import field_map, markers
from pb2hl.diff.flatten import CUSTOM, flatten_payload
from pb2hl.diff.overlay import is_overlay, laid_over, overlays
from pb2hl.errors import Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import Kind, Target
from pb2hl.results import StepResult
from pb2hl.sheets import write_upload
from pb2hl.steps.shared.labels import field_labels
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold
from pb2hl.workspace import Workspace

FOLDER = "wizard"
ROWS = 50_000
"""Rows a file: the wizard takes 30 MB at once."""
COLUMNS = ("file", "rows", "fills", "what to do")
FOLLOWERS = field_map.FOLLOWERS.name
"""The custom field of a deal that names those who follow it and whom no API made its followers."""

_LAST = "choose Update, match by {id}, keep the proposed columns, tick “Don't update empty values”, import; do not open and save the file in a spreadsheet first"
CLICKS = {
    Target.CONTACT: f"Contacts › Import contacts › upload the file › {_LAST.format(id='Contact ID')}",
    Target.OPPORTUNITY: f"Opportunities › ⋮ › Import opportunities › upload the file › {_LAST.format(id='Opportunity ID')}",
}
FILES = {Target.CONTACT: "contacts", Target.OPPORTUNITY: "opportunities"}


def import_hint(target: Target) -> str:
    """What the admin does about what only the wizard can set, in words."""
    return f"import {FOLDER}/{FILES[target]}.csv into HighLevel's wizard"


@dataclass(frozen=True, slots=True)
class Place:
    """What the rows of a file are made with: labels of custom fields, names of users, known lost reasons, what deltas wrote."""

    labels: Mapping[tuple[Target, str], str]
    users: Mapping[str, str]
    reasons: frozenset[str]
    later: Mapping[str, list[Mapping[str, Any]]]


def with_wizard(ws: Workspace, ledger: LedgerPort, result: StepResult) -> StepResult:
    """`result` with the table `wizard` of the files written for it, and what there is to tell of them."""
    table, problems = write(ws, ledger)
    counts = {**result.counts, "wizard_rows": int(table["rows"].sum())}
    tables = {**result.tables, **({"wizard": table} if len(table) else {})}
    return replace(result, counts=counts, tables=tables, problems=(*result.problems, *problems))


def write(ws: Workspace, ledger: LedgerPort) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Write the files anew: (one row a file as COLUMNS, what to tell of them). Files of which nothing is left are removed."""
    destination = Destination.load(ws.path)
    if destination is None:
        return pd.DataFrame(columns=list(COLUMNS)), ()
    users = {
        fold(str(user[key])): str(user["name"])
        for user in destination.users
        for key in ("id", "email", "name")
        if user.get(key)
    }
    reasons = frozenset(fold(str(reason["name"])) for reason in destination.lost_reasons)
    place = Place(field_labels(ledger, destination), users, reasons, overlays(ledger))
    rows: list[tuple[str, int, str, str]] = []
    problems: list[Problem] = []
    for target in FILES:
        frame = _frame(ledger, target, place)
        named, guarded = _files(ws.path / FOLDER, FILES[target], frame)
        fills = [f"{name.lower()} of {(frame[name] != '').sum():,}" for name in frame.columns[1:]]
        rows += [(f"{FOLDER}/{name}", count, ", ".join(fills), CLICKS[target]) for name, count in named]
        problems += _problems(target, frame, guarded, reasons) if len(frame) else ()
    return pd.DataFrame(rows, columns=list(COLUMNS)), tuple(problems)


def _frame(ledger: LedgerPort, target: Target, place: Place) -> pd.DataFrame:
    """The rows of one file: id, then those columns that at least one record fills."""
    made = _of_contact if target is Target.CONTACT else _of_deal
    key = f"{str(target).capitalize()} ID"
    found: dict[str, dict[str, str]] = {}
    for entry in ledger.iterate(state=State.DONE, target=target):
        if is_overlay(entry) or not entry.destination_id or entry.destination_id in found:
            continue
        body = laid_over(entry.payload, place.later.get(entry.destination_id, ()))
        cells = {name: text for name, text in made(entry, body, _own(target, body, place), place) if text}
        if cells:
            found[entry.destination_id] = {key: entry.destination_id, **cells}
    names = [key, *(name for name in _HEADINGS if any(name in cells for cells in found.values()))]
    return pd.DataFrame(list(found.values()), columns=names, dtype="str").fillna("")


CREATED, EMAILS, PHONES = "Created Date", "Additional Emails", "Additional Phones"
SOURCE, REASON = "Opportunity Source", "Lost Reason"
_HEADINGS = (CREATED, EMAILS, PHONES, SOURCE, FOLLOWERS, REASON)


def _own(target: Target, body: Mapping[str, Any], place: Place) -> dict[str, str]:
    """The custom values of a record by the label that was asked for."""
    flat = flatten_payload(body)
    return {
        place.labels.get((target, name.removeprefix(CUSTOM)), "").partition(markers.BESIDE)[0]: str(value)
        for name, value in flat.items()
        if name.startswith(CUSTOM) and value not in (None, "")
    }


def _of_contact(
    entry: Entry, body: Mapping[str, Any], own: Mapping[str, str], place: Place
) -> Iterator[tuple[str, str]]:
    """A contact that was there before keeps the date on which HighLevel got it."""
    if entry.kind is Kind.CREATE:
        yield CREATED, _day(own.get(markers.CREATED_FIELD, ""))
    yield EMAILS, _listed(own.get(field_map.OTHER_EMAILS.name, ""), body.get("email"))
    numbers = "\n".join(own.get(name, "") for name in (_MOBILE, field_map.OTHER_PHONES.name))
    yield PHONES, _listed(numbers, body.get("phone"))


def _of_deal(entry: Entry, body: Mapping[str, Any], own: Mapping[str, str], place: Place) -> Iterator[tuple[str, str]]:
    """A reason makes a deal lost: it is told of lost ones only."""
    yield SOURCE, own.get(_DEAL_SOURCE, "")
    named = [place.users.get(fold(item.strip()), "") for item in re.split(r"[;,\n]", own.get(FOLLOWERS, ""))]
    yield FOLLOWERS, ", ".join(dict.fromkeys(name for name in named if name))
    if body.get("status") == "lost" and not body.get("lostReasonId"):
        yield REASON, own.get(field_map.LOST_REASON.name, "")


def _label(object_: str, name: str) -> str:
    """The custom field that the field map gives a field first."""
    return field_map.OBJECTS[object_].field(name).endings[0].name


_MOBILE = _label("contacts", "mobile")
_DEAL_SOURCE = _label("deals", "source")


def _day(text: str) -> str:
    """`2024-02-01T10:00:00-05:00` → `2024-02-01`: the wizard takes days."""
    found = re.match(r"\d{4}-\d{2}-\d{2}", text)
    return found.group() if found else ""


def _listed(lines: str, shown: Any) -> str:
    """One value a line as the wizard takes them, without the one that the record shows."""
    items = [item.strip() for item in lines.splitlines() if item.strip() and fold(item) != fold(str(shown or ""))]
    return ", ".join(dict.fromkeys(items))


def _files(folder: Path, name: str, frame: pd.DataFrame) -> tuple[list[tuple[str, int]], int]:
    """Write `frame` in pieces of `ROWS`: (name and rows of each file, cells that had to be guarded)."""
    named, guarded = [], 0
    for number, start in enumerate(range(0, len(frame), ROWS), start=1):
        piece = frame.iloc[start : start + ROWS]
        file = f"{name}.csv" if number == 1 else f"{name}-{number}.csv"
        guarded += write_upload(folder / file, piece)
        named.append((file, len(piece)))
    for old in {path.name for path in folder.glob(f"{name}*.csv")} - {file for file, _ in named}:
        (folder / old).unlink()
    return named, guarded


def _problems(target: Target, frame: pd.DataFrame, guarded: int, reasons: frozenset[str]) -> Iterator[Problem]:
    file = f"{FOLDER}/{FILES[target]}.csv"
    what = ", ".join(name.lower() for name in frame.columns[1:])
    yield Problem("wizard", f"{counted(len(frame), 'record')} {agree(len(frame), 'has', 'have')} what no API can set ({what})", Severity.INFO, file=file,
                  count=len(frame), treatment=CLICKS[target])  # fmt: skip
    missing = sorted({text for text in frame.get(REASON, ()) if text and fold(text) not in reasons})
    if missing:
        text = f"the location has no such lost reasons: {', '.join(missing[:20])}"
        yield Problem("wizard_reasons", text, Severity.INFO, file=file, count=len(missing),
                      treatment="make them first: Settings › Custom fields › Opportunity › Lost reason")  # fmt: skip
    if guarded:
        text = (
            f"{counted(guarded, 'cell')} would run as a formula in a spreadsheet and begin with an apostrophe for that"
        )
        yield Problem("wizard_guarded", text, Severity.INFO, file=file, count=guarded, treatment="take it away in HighLevel after the import")  # fmt: skip
