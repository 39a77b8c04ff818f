"""What keeps an export from being migrated as it is: files that could not be read, tables nobody can be recognised in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.source import RawTable, named
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Config

WHOLE = ("no_identity", "no_contacts")
"""Codes of what is wrong with a file that was read: no part of it can be moved as it is, and each says what to do."""

SAMPLE = 200
_ADDRESS = r"^\s*[^@\s]{1,64}@[^@\s]{1,190}\.[A-Za-z]{2,24}\s*$"
_POINTING = ("deals", "tasks", "notes", "appointments", "activities", "attachments")
"""Objects whose rows may name people by e-mail without being people."""

IDENTITY = {
    "contacts": ("first_name", "last_name", "full_name", "email", "email_2", "phone", "mobile"),
    "deals": ("name", "amount"),
}
"""The fields of which a table needs at least one filled, or nobody could tell its records from each other."""


def no_identity(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Tables of contacts and deals in which no field tells the records apart."""
    found = []
    for object_, fields in IDENTITY.items():
        frame = tables.get(object_, pd.DataFrame())
        if frame.empty or any(name in frame.columns and frame[name].notna().any() for name in fields):
            continue
        files = ", ".join(dict.fromkeys(frame["source_file"].astype(str)))
        text = f"{counted(len(frame), 'row')} of {object_} in {files} {agree(len(frame), 'has', 'have')} none of {', '.join(fields)}: nothing tells who or what they are"
        found.append(Problem("no_identity", text, Severity.CRITICAL, file=files.split(", ")[0], count=len(frame),
                             treatment="name the columns in sheets/fields.csv, or leave the file out: leave_out in migration.toml"))  # fmt: skip
    return found


def no_contacts(tables: Collection[str], raws: Iterable[tuple[RawTable, str]]) -> list[Problem]:
    """An export with a column of e-mail addresses (other than of users and companies), and no table of contacts.

    `raws`: every raw table of the export with the object it was taken for, "" for none.
    """
    if "contacts" in tables:
        return []
    held = [
        (raw, str(heading))
        for raw, object_ in raws
        if object_ not in ("users", "companies", *_POINTING)
        for heading, column in zip(raw.headings, raw.frame.items(), strict=True)
        if column[1].astype(str).head(SAMPLE).str.contains(_ADDRESS, regex=True).mean() > 0.5
    ]
    if not held:
        return []
    raw, _ = held[0]
    named = ", ".join(f"{one.label}: {heading}" for one, heading in held[:3])
    text = f"the export holds e-mail addresses ({named}), and no table of it was read as contacts"
    return [Problem("no_contacts", text, Severity.CRITICAL, file=raw.file, sheet=raw.sheet,
                    treatment="say which table holds the people: its object in sheets/fields.csv, or leave the file out: leave_out in migration.toml")]  # fmt: skip


def as_decided(problems: Iterable[Problem], config: Config, tables: Collection[str]) -> list[Problem]:
    """The problems, those that `leave_out` or `take_readable` of migration.toml settle no longer critical, the others with what would.

    `tables`: the files of which tables were read; of the others nothing can be taken.
    """
    return [_settled(item, config, any(named([item.file], file) for file in tables)) for item in problems]


def _settled(item: Problem, config: Config, readable: bool) -> Problem:
    if named(config.leave_out, item.file):
        return replace(item, severity=Severity.INFO, treatment="left out by decision: leave_out in migration.toml")
    if item.severity is not Severity.CRITICAL or item.code in WHOLE:
        return item
    done = f"{item.treatment}; " if item.treatment else ""
    if readable and named(config.take_readable, item.file):
        said = "the rest is moved by decision: take_readable in migration.toml"
        return replace(item, severity=Severity.WARNING, treatment=done + said)
    rest = ", or in take_readable to move the rest of it" if readable else ""
    return replace(item, treatment=f"{done}mend it, or name it in leave_out of migration.toml{rest}")


def fatal(problems: Iterable[Problem]) -> list[Problem]:
    """Those that end the inventory as failed and keep the mapping from being approved, until they are mended or settled."""
    return [item for item in problems if item.severity is Severity.CRITICAL]
