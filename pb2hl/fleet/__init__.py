"""Many locations at once, on a Dask cluster (`pb2hl[fleet]`): a CSV with a row a location, one list of all gates, one page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pb2hl.fleet.approval import approve_all
from pb2hl.fleet.drive import THREADS, Fleet, cluster
from pb2hl.fleet.members import Member, init_fleet, read_fleet
from pb2hl.fleet.overview import PAGE, fleet_table, write_page
from pb2hl.fleet.work import Ended

__all__ = [
    "Ended",
    "Fleet",
    "Member",
    "approve_fleet",
    "cluster",
    "fleet_status",
    "init_fleet",
    "read_fleet",
    "run_fleet",
]


def fleet_status(fleet: Path | str) -> pd.DataFrame:
    """Where every location of FLEET.csv stands, a row each (`pb2hl.fleet.overview.COLUMNS`); draws fleet.html beside it."""
    table = fleet_table(read_fleet(fleet))
    write_page(table, Path(fleet).resolve().with_name(PAGE))
    return table


def approve_fleet(fleet: Path | str, gate: str, by: str, *, only: str = "*", note: str = "") -> pd.DataFrame:
    """Approve `gate` in all locations that fit `only`, each on record under `by`; a row a location with what became of it."""
    found = approve_all(read_fleet(fleet), gate, by, only=only, note=note)
    return pd.DataFrame([(one.workspace, one.location, one.outcome, one.said) for one in found],
                        columns=["workspace", "location", "outcome", "said"])  # fmt: skip


def run_fleet(
    fleet: Path | str, *, scheduler: str = "", workers: int = 2, threads: int = THREADS, approve_all_by: str = ""
) -> pd.DataFrame:
    """Bring every location of FLEET.csv to its next gate; returns `fleet_status` afterwards. See `pb2hl.fleet.drive`."""
    members = read_fleet(fleet)
    with cluster(scheduler, workers, threads) as client:
        Fleet(client, members, approve_all_by).run()
    return fleet_status(fleet)
