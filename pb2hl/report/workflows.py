"""The workflow rebuild reference: what each workflow of the source does, in HighLevel's own terms, with a checklist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX, PROVENANCE, RAW_PREFIX
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Cell, Column, Page, Section, Step, Table
from pb2hl.report.workflow_words import items_of, lines, parsed, words_of
from pb2hl.values.counting import counted
from pb2hl.workspace import Workspace

WORKFLOWS = "workflows"
"""File name of the workflow rebuild reference, which is drawn from the staged workflows."""
TRIGGERS = (
    (r"\btag", "Contact Tag"), (r"birthday|anniversary", "Birthday Reminder / Custom Date Reminder"),
    (r"(contact|lead|client).*(creat|add|new)|new (contact|lead|client)", "Contact Created"),
    (r"(contact|field|propert).*(chang|updat)", "Contact Changed"),
    (r"(deal|opportunit|stage|matter).*(enter|mov|chang|stage)|pipeline", "Pipeline Stage Changed"),
    (r"(deal|opportunit|matter).*(creat|new|add)", "Opportunity Created"),
    (r"(deal|opportunit|matter).*(won|lost|clos|status)|\b(won|lost)\b", "Opportunity Status Changed"),
    (r"form|survey", "Form Submitted"), (r"appointment|meeting|booking", "Appointment Status / Customer Booked Appointment"),
    (r"task", "Task Added / Task Reminder"), (r"note", "Note Added"), (r"invoice|payment", "Invoice / Payment Received"),
    (r"(e-?mail|link).*(open|click)", "Email Events / Trigger Link Clicked"), (r"repl|inbound|incoming", "Customer Replied"),
    (r"missed call|\bcall", "Call Status"), (r"inactiv|stale|no activity", "Stale Opportunities"), (r"date|every|daily|weekly", "Custom Date Reminder / Scheduler"),
    (r"manual|enrol", "no trigger: add contacts by hand or by another workflow"),
)  # fmt: skip
"""What a trigger of the source is called in HighLevel's workflow builder; the first that fits."""
ACTIONS = (
    (r"^\s*(wait|delay|pause)", "Wait"), (r"\bif\b|branch|condition", "If / Else"), (r"sms|text message", "Send SMS"), (r"e-?mail", "Send Email"),
    (r"\bcall\b(?!.*task)", "Call / Manual Call"), (r"task", "Add Task"), (r"remove.*tag", "Remove Contact Tag"), (r"tag", "Add Contact Tag"), (r"note", "Add Note"),
    (r"assign|owner", "Assign To User"), (r"(stage|deal|opportunit|pipeline|matter)", "Create / Update Opportunity"),
    (r"notif|alert|inform", "Internal Notification"), (r"webhook|http", "Webhook"), (r"appointment|book", "Book Appointment"),
    (r"(set|updat|chang|copy).*(field|propert|contact)?", "Update Contact Field"), (r"create.*contact", "Create Contact"), (r"unsubscribe|do not contact|dnd", "Enable / Disable DND"),
    (r"(add|enrol|start).*(workflow|sequence)", "Add to Workflow"), (r"(remove|stop|end)", "Remove from Workflow"),
)  # fmt: skip
"""What a step of the source is called in HighLevel's workflow builder; the first that fits."""
_TRIGGER = "Trigger in HighLevel"
MOST_TOLD = 100
"""Workflows up to which the overview tells each in full as well; of more it only leads to their pages."""
UNKNOWN = "choose in the builder: no like name is known"
_PLACED = ("name", "kind", "trigger", "active", "conditions", "steps")
"""Columns that stand on a workflow's page in a place of their own."""


def workflow_pages(ws: Workspace, mask: Mask) -> dict[str, Page]:
    """The overview and a page a workflow, by the path of their file below the reports; none when the export has no workflows."""
    frame = ws.table("workflows")
    if frame.empty:
        return {}
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    names = [_text(row.get("name")) or f"Workflow {number}" for number, row in enumerate(rows, 1)]
    files = [f"{WORKFLOWS}/{file_name('' if mask.on else name, number)}.html" for number, name in enumerate(names, 1)]
    parts = [_workflow(name, row, mask) for name, row in zip(names, rows, strict=True)]
    shared = {"kicker": f"Perfect Books to HighLevel · location {ws.config.location}", "masked": mask.on}
    single = {file: _single(part, shared) for part, file in zip(parts, files, strict=True)}
    return {f"{WORKFLOWS}.html": _overview(rows, parts, files, shared), **single}


def _overview(
    rows: Sequence[dict[str, Any]], parts: Sequence[Section], files: Sequence[str], shared: Mapping[str, Any]
) -> Page:
    active = sum(_active(row) == "active" or "active" not in row for row in rows)
    steps = tuple(
        Step(part.title, f"Trigger in HighLevel: {dict(part.facts)[_TRIGGER]}", _active(row), "mute", file)
        for part, row, file in zip(parts, rows, files, strict=True)
    )
    return Page(
        title="Workflow rebuild reference",
        headline=f"{counted(len(rows), 'workflow')} must be built again by hand; {active} of them are active in the source.",
        summary=(
            "HighLevel lets no program make workflows. Each one has a page of its own: trigger, conditions, steps and delays, with "
            "HighLevel's own terms beside the source's, and a checklist to tick while building.",
            "Build them as drafts and publish them after the load, so that nobody is messaged by it.",
        ),
        sections=(Section("Workflows", _where(len(parts)), steps=steps), *(parts if len(parts) <= MOST_TOLD else ())),
        index="index.html",
        **shared,
    )


def _single(part: Section, shared: Mapping[str, Any]) -> Page:
    return Page(
        title=part.title,
        question="How is this workflow built in HighLevel?",
        headline=f"Trigger: {dict(part.facts)[_TRIGGER]}. Build it as a draft and publish it after the load.",
        sections=(Section("In the source and in HighLevel", facts=part.facts), *part.sections),
        index=f"../{WORKFLOWS}.html",
        **shared,
    )


def _where(count: int) -> str:
    return "A page each, and below one after the other for printing." if count <= MOST_TOLD else "A page each."


def file_name(name: str, number: int) -> str:
    """A file name that every system takes: the number, and the letters, digits and dashes of `name`."""
    plain = "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:60].strip("-")
    return f"{number:02d}-{plain}" if plain else f"{number:02d}"


def _active(row: dict[str, Any]) -> str:
    active = row.get("active")
    return "" if active is None or active is pd.NA or active != active else "active" if active else "not active"


def _workflow(name: str, row: dict[str, Any], mask: Mask) -> Section:
    trigger = _text(row.get("trigger"))
    conditions, steps = lines(items_of(row.get("conditions"))), lines(items_of(row.get("steps")))
    facts = (
        ("Kind in the source", _text(row.get("kind")) or "not said"),
        ("State in the source", _active(row) or "not said"),
        ("Trigger in the source", mask.whole(trigger) or "not said"),
        (_TRIGGER, term(trigger, TRIGGERS)),
        *((label, mask.whole(text)) for label, text in _others(row)),
    )
    filters = tuple((item.number, mask.whole("; ".join(filter(None, (item.text, item.delay))))) for item in conditions)
    listed = tuple(steps)
    rows = tuple(
        (item.number, mask.whole(item.text), _delay(item.delay, mask), term(item.text, ACTIONS)) for item in listed
    )
    ticked = tuple((*row[:2], _delay(item.waits, mask), row[3]) for row, item in zip(rows, listed, strict=True))
    columns = (Column("No.", True), Column("Step in the source"), Column("Delay"), Column("Action in HighLevel"))
    parts = [
        Section(
            "Conditions",
            "In HighLevel: filters of the trigger, or an If / Else action.",
            _table(f"Conditions of {mask.whole(name)}", (Column("No.", True), Column("Condition")), filters),
        )
        if filters
        else Section("Conditions", "None."),
        Section("Steps", table=_table(f"Steps of {mask.whole(name)}", columns, rows))
        if rows
        else Section("Steps", "None are in the export."),
        Section("Checklist", checklist=_checklist(mask.whole(name), trigger, len(filters), ticked)),
    ]
    return Section(mask.whole(name), facts=facts, sections=tuple(parts))


def _table(caption: str, columns: tuple[Column, ...], rows: tuple[tuple[str, ...], ...]) -> Table:
    return Table(caption, columns, tuple(tuple(Cell(text) for text in row) for row in rows), len(rows))


def _checklist(name: str, trigger: str, conditions: int, rows: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    items = [f"Create the workflow and name it: {name}", f"Trigger: {term(trigger, TRIGGERS)}"]
    if conditions:
        items.append(f"Conditions: all {conditions} set")
    items += [f"Step {no}: {action}" + (f", after {delay}" if delay else "") for no, _, delay, action in rows]
    return (*items, "Templates, senders and users chosen", "Tried on a test contact", "Published after the load")


def term(text: str, terms: tuple[tuple[str, str], ...]) -> str:
    """HighLevel's word for a trigger or step described by `text`."""
    bare = re.sub(r"(?<!\w)'[^']*'|\"[^\"]*\"", "", text)  # a quoted title says nothing about the kind of step
    return next((name for pattern, name in terms if re.search(pattern, bare, re.I)), UNKNOWN)


def _text(value: Any) -> str:
    """A cell in words: JSON as what it says, a list as its items."""
    text = words_of(value)
    return words_of(parsed(text)) if text else ""


def _delay(text: str, mask: Mask) -> str:
    """A delay as it is where it is but a number and a unit, else as any other text of the export."""
    return text if re.fullmatch(r"[\d.,]*\s*[A-Za-z]{0,8}", text) else mask.whole(text)


def _others(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every filled cell of a workflow that has no place of its own on the page."""
    for name, value in row.items():
        if name in _PLACED or name in PROVENANCE or name.startswith(RAW_PREFIX):
            continue
        if text := _text(value):
            yield name.removeprefix(CUSTOM_PREFIX).replace("_", " "), text
