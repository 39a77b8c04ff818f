"""Everything that people decided before a plan, by name, each with a hash: what an approval of the mapping names.

The mapping sheets, the match sheets, the policies, thresholds, fallback owner and conventions of migration.toml, the export's columns
and the location's schema. Change one, and the approval lapses, saying which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from pb2hl import mapper
from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.highlevel import Destination
from pb2hl.highlevel.destination import FILE_NAME
from pb2hl.ledger import LedgerPort
from pb2hl.mapper import fallback_user
from pb2hl.mapper.sheets.gate import BY_HAND
from pb2hl.matching.given import GIVES
from pb2hl.matching.sheets import SHEETS as MATCH_SHEETS
from pb2hl.operations import canonical_hash
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Config, Workspace

DELTA_ROWS = "later_rows"
"""The fact that holds the rows of match sheets that only later exports have: `{sheet: [source id]}`."""

POLICY = "policy"
"""The fact that holds policies taken by default in a batch run: they win over migration.toml, and are on record."""

_DECIDED = {
    "duplicates": ("cluster", "source_id", "survivor", "decision", GIVES),
    "companies": (
        "cluster",
        "source_id",
        "survivor",
        "decision",
        "canonical_name",
        "canonical_domain",
        "parent_id",
        GIVES,
    ),
    "survivorship": ("object", "field", "decision"),
}
"""The cells of the match sheets that decide something."""
_SETTINGS = ("fallback_owner", "country", "timezone", "currency", "leave_out", "take_readable")

DELTA_ONLY = ("delta_window_hours", "removed_rows")
"""Policies that only a later export asks for: they change no plan."""

Parts = Mapping[str, str]
"""Hash of each decision by the name it is told under, such as `sheets/duplicates.csv`."""


_KEPT: dict[Path, tuple[str, Parts]] = {}
"""The decisions of each workspace that this process saw last, with the state they were computed from: gates, pages and the next
step ask for them a hundred times in a run."""


def decided(ws: Workspace, ledger: LedgerPort) -> dict[str, str]:
    """Every decision as it stands now (Parts). Raises SheetError when a sheet is missing or lost its columns."""
    later = delta_rows(ledger)
    if later:  # they also depend on the staged rows, which are too many to hash
        return _decided(ws, ledger, later)
    state = _state(ws, ledger)
    before, parts = _KEPT.get(ws.path, ("", {}))
    if before != state:
        parts = _decided(ws, ledger, later)
        _KEPT[ws.path] = (state, parts)
    return dict(parts)


def _state(ws: Workspace, ledger: LedgerPort) -> str:
    """A hash over the bytes of everything that decisions are computed from."""
    found = hashlib.sha256(repr((ledger.log_head(), ledger.recall(BY_HAND), ws.config)).encode())
    for path in (*sorted(ws.sheets.glob("*")), ws.staged / "columns.parquet", ws.path / FILE_NAME):
        found.update(path.name.encode())
        if path.is_file():
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _decided(ws: Workspace, ledger: LedgerPort, later: Mapping[str, list[str]]) -> dict[str, str]:
    parts = dict(mapper.mapping_parts(ws))
    for name, cells in _DECIDED.items():
        if not (ws.sheets / f"{name}.csv").exists():
            continue
        sheet = ws.sheet(name, MATCH_SHEETS[name])
        if name in later:
            known = set(
                ws.table("contacts" if name == "duplicates" else "companies", ["source_id"]).get("source_id", ())
            )
            sheet = own_rows(sheet, name, ledger, known)
        parts[f"sheets/{name}.csv"] = _hash(sheet, cells)
    config = ws.config
    parts |= {f"{name} in migration.toml": canonical_hash(getattr(config, name)) for name in _SETTINGS}
    parts["providers in migration.toml"] = canonical_hash(config.providers.model_dump())
    for section in ("policy", "thresholds"):
        chosen = getattr(config, section).model_dump()
        parts |= {
            f"{name} under [{section}] in migration.toml": canonical_hash(value) for name, value in chosen.items()
        }
    return parts


def _hash(sheet: pd.DataFrame, cells: tuple[str, ...]) -> str:
    unused = GIVES in sheet.columns and not sheet[GIVES].str.strip().any()  # sheets of earlier versions lack the column
    rows = sheet[[cell for cell in cells if cell in sheet.columns and not (cell == GIVES and unused)]]
    return canonical_hash(
        sorted(
            map(list, zip(*([str(cell).strip() for cell in rows[name].tolist()] for name in rows.columns), strict=True))
        )
    )


def hash_of(parts: Parts) -> str:
    """What an approval names: SHA-256 over all of `parts`."""
    return canonical_hash(dict(sorted(parts.items())))


def of_plan(parts: Parts) -> dict[str, str]:
    """Those of `parts` that a plan is made of."""
    return {name: value for name, value in parts.items() if name.split(" ")[0] not in DELTA_ONLY}


def changed(before: Parts, now: Parts) -> list[str]:
    """The names of decisions that differ, sorted."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def open_matches(ws: Workspace) -> list[Problem]:
    """Clusters of the match sheets with a row that nobody decided."""
    found: list[Problem] = []
    for name in ("duplicates", "companies"):
        if not (ws.sheets / f"{name}.csv").exists():
            continue
        try:
            sheet = ws.sheet(name, MATCH_SHEETS[name])
        except SheetError as error:
            found += error.problems or (Problem("sheet", error.message, Severity.CRITICAL, file=f"{name}.csv"),)
            continue
        waiting = sheet[(sheet["proposal"].str.strip() != "") & (sheet["decision"].str.strip() == "")]
        clusters = list(dict.fromkeys(waiting["cluster"]))
        if clusters:
            text = f"{counted(len(clusters), 'cluster')} {agree(len(clusters), 'is', 'are')} undecided ({', '.join(map(str, clusters[:5]))})"
            found.append(Problem("undecided", text, Severity.WARNING, file=f"{name}.csv", count=len(clusters),
                                 treatment="write merge, keep apart or skip into `decision`"))  # fmt: skip
    return found


def open_owners(ws: Workspace, ledger: LedgerPort) -> list[Problem]:
    """Owners whose records nobody would get: `fallback` without a fallback owner, `invite` of a person who is no user yet."""
    if (ledger.recall(POLICY) or {}).get("no_owner", ws.config.policy.no_owner) == "accept":
        return []
    place = Destination.load(ws.path)
    users = place.users if place is not None else ()
    has_fallback = bool(fallback_user(ws.config.fallback_owner, users))
    try:
        sheet = ws.sheet("owners", mapper.SHEETS["owners"])
    except SheetError:
        return []  # told with the other mapping sheets
    owns = pd.to_numeric(sheet["records"], errors="coerce").fillna(0) > 0
    found = []
    for decision, remedy in (
        ("fallback", "name an active user of the location: fallback_owner in migration.toml"),
        ("invite", "invite the person into the location and run the mapping again, or map the owner to a user"),
    ):
        rows = sheet[owns & (sheet["decision"].str.strip().str.casefold() == decision)]
        if has_fallback or rows.empty:  # an invited person's records go to the fallback owner until then
            continue
        records = int(pd.to_numeric(rows["records"], errors="coerce").sum())
        text = f"nobody would own {counted(records, 'record')} of {counted(len(rows), 'owner')} decided `{decision}` ({', '.join(rows['owner'].head(5))})"
        found.append(Problem("no_owner", text, Severity.WARNING, file="owners.csv", field="decision", count=records,
                             treatment=f'{remedy}; or no_owner = "accept" under [policy]'))  # fmt: skip
    return found


def config_in_force(ws: Workspace, ledger: LedgerPort) -> Config:
    """migration.toml, with the policies that a batch run decided."""
    taken = ledger.recall(POLICY) or {}
    return ws.config.model_copy(update={"policy": ws.config.policy.model_copy(update=taken)})


def delta_rows(ledger: LedgerPort) -> dict[str, list[str]]:
    """The rows of match sheets that only later exports have, by sheet."""
    return ledger.recall(DELTA_ROWS) or {}


def own_rows(sheet: pd.DataFrame, name: str, ledger: LedgerPort, known: Collection[str]) -> pd.DataFrame:
    """A match sheet without the rows that a later export brought, unless this export has them (`known`)."""
    others = set(delta_rows(ledger).get(name, ())).difference(known)
    return sheet[~sheet["source_id"].isin(others)] if others else sheet
