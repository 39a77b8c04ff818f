"""A later export made ready: staged, matched and mapped by the decisions of the first, in a workspace inside the workspace."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from pb2hl.errors import GateClosed, Problem
from pb2hl.highlevel import Destination, read_destination
from pb2hl.ledger import LedgerPort, State
from pb2hl.matching import domains
from pb2hl.operations import Kind
from pb2hl.progress import Cancel, Progress
from pb2hl.results import StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.delta import export_columns, known_people, known_rows, sheet_additions
from pb2hl.steps.prepare import faults
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.steps.prepare.match import match
from pb2hl.steps.proposal import proposal
from pb2hl.steps.shared.session import with_client
from pb2hl.values.counting import counted
from pb2hl.values.fold import fold
from pb2hl.whole import read_frame, write_frame
from pb2hl.workspace import CONFIG_NAME, Workspace

FOLDER = "delta"
BROUGHT = ".brought"
"""A file that says that the later export in the folder was brought over whole."""

ALIASES = "aliases"


@dataclass(frozen=True)
class LaterExport:
    """The later export's workspace, the location to plan against, rows whose record was made for another row, and what of
    the export cannot be compared."""

    workspace: Workspace
    location: Destination
    aliases: Mapping[tuple[str, str], str]
    not_compared: Sequence[Problem] = ()


def prepare(
    ws: Workspace,
    ledger: LedgerPort,
    export: Path,
    who: str,
    progress: Progress,
    cancel: Cancel | None,
    *,
    folder: str = FOLDER,
) -> LaterExport:
    """The later export, ready to be planned, in `folder` of the workspace. Nothing is written to the location.

    Raises GateClosed when the later export has something that a person must decide; with `who` every default is taken.
    """
    first = Destination.load(ws.path)
    if first is None:
        raise GateClosed("the location was not read yet", hint=f"pb2hl schema {ws.path}")
    fresh = with_client(ws, ledger, folder, lambda client: read_destination(client, progress=progress), progress)
    while True:
        second = export_workspace(ws, export, folder)
        sheet_additions.pin(second)
        _require_read(inventory(second, progress=progress, cancel=cancel), ws)
        untold = export_columns.restrict(ws, second, progress, cancel)
        match(second, progress=progress, cancel=cancel)
        location = as_planned(first, fresh, ledger)
        sheet_additions.propose(second, location)
        again = sheet_additions.decide(ws, second, who)
        if not again:
            aliases = known_people.recognise(ws, second, ledger, who)
            lost = orphans(second, ledger, aliases)
            return LaterExport(second, as_planned(first, fresh, ledger, lost), aliases, untold)


def current(ws: Workspace) -> Workspace:
    """The workspace of the export that was brought over last: the later one's inside `ws`, else `ws` itself."""
    folder = ws.path / FOLDER
    return Workspace(folder) if (folder / BROUGHT).exists() else ws


def brought(ws: Workspace, later: LaterExport, tables: Mapping[str, pd.DataFrame]) -> None:
    """Keep the account of the later export's plan (`plan.Plan.tables`): from now on the audit is about that export."""
    for name in proposal.LINEAGE:
        write_frame(later.workspace.plan / f"{name}.parquet", tables[name])
    rows = [(*key, one) for key, one in sorted(later.aliases.items())]
    frame = pd.DataFrame(rows, columns=["object", "source_id", "record_of"], dtype="str")
    write_frame(later.workspace.plan / f"{ALIASES}.parquet", frame)
    known_rows.remember(ws, later.workspace)
    (later.workspace.path / BROUGHT).touch()


def aliases_of(ws: Workspace) -> dict[str, dict[str, str]]:
    """By object: the rows of a later export whose record was made for another row."""
    path = ws.plan / f"{ALIASES}.parquet"
    found: dict[str, dict[str, str]] = {}
    for row in table_rows(read_frame(path)) if path.exists() else ():
        found.setdefault(row.object, {})[row.source_id] = row.record_of
    return found


def export_workspace(ws: Workspace, export: Path, name: str = FOLDER) -> Workspace:
    """A workspace `name` inside the workspace for the later export, with the decisions of the first one's sheets."""
    folder = ws.path / name
    if folder.exists():
        shutil.rmtree(folder)
    second = Workspace.create(folder, ws.config.model_copy(update={"export": str(export.resolve())}))
    shutil.copytree(ws.sheets, second.sheets)
    return second


def _require_read(result: StepResult, ws: Workspace) -> None:
    """Raises GateClosed when a part of the later export could not be read: what is missing in it would count as gone."""
    unread = [item for item in faults.fatal(result.problems) if item.code not in faults.WHOLE]
    if unread:
        raise GateClosed(
            f"{counted(len(unread), 'part')} of the later export could not be read",
            hint=f"export it again, or decide in {ws.path / CONFIG_NAME} as said above",
            problems=unread,
        )


def orphans(second: Workspace, ledger: LedgerPort, aliases: Mapping[tuple[str, str], str]) -> frozenset[str]:
    """Ids of records whose row the later export no longer has, and that a new row of it may be.

    They count as records that were there: a row with a new id and the same e-mail finds its record instead of making one.
    """
    standing = {(object_, one) for (object_, _), one in aliases.items()}
    found = set()
    for object_, target in known_people.TARGET_OF.items():
        there = set(known_people.ids_of(second, object_))
        known = ledger.source_ids(object_)
        new = _texts(second.table(object_), [item for item in there - known if (object_, item) not in aliases])
        if new and not known <= there:
            found |= {
                entry.destination_id
                for entry in ledger.iterate(state=State.DONE, target=target)
                if entry.object == object_ and entry.kind is Kind.CREATE
                and entry.source_id not in there and (object_, entry.source_id) not in standing
                and new.intersection(_fold(entry.payload.get(name)) for name in _TELLING if entry.payload.get(name))
            }  # fmt: skip
    return frozenset(found)


_TELLING = ("email", "phone", "name", "website")
_COLUMNS = ("email", "email_2", "phone", "mobile", "name", "website")


def _texts(frame: pd.DataFrame, ids: Collection[str]) -> set[str]:
    """What may tell a record by in these rows of a staged table."""
    if frame.empty or not ids:
        return set()
    rows = frame[frame["source_id"].astype(str).isin(set(ids))]
    return {
        text for name in _COLUMNS if name in rows.columns for value in rows[name].dropna() if (text := _fold(value))
    }


def _fold(value: object) -> str:
    text = fold(str(value or ""))
    return domains.company_domain(text) or text if "://" in text else text


def as_planned(first: Destination, fresh: Destination, ledger: LedgerPort, lost: Collection[str] = ()) -> Destination:
    """The location as it was before the load, with the records that people have added and the users invited since.

    What was there keeps its values of then: they decided what the load wrote, and a delta compares with that.
    """
    first, fresh = proposal.without_ours(first, ledger), proposal.without_ours(fresh, ledger, lost)
    frames = {}
    for name in ("contacts", "businesses", "opportunities"):
        old, now = getattr(first, name), getattr(fresh, name)
        if len(now):
            since = now[~now["id"].isin(old["id"])] if len(old) else now
            frames[name] = pd.concat([old, since], ignore_index=True) if len(old) else since.reset_index(drop=True)
    return replace(first, users=fresh.users, **frames)
