"""A delta that is stopped anywhere and run again ends where an undisturbed one ends; an older export goes back."""

from __future__ import annotations

import pytest

from pb2hl.errors import Cancelled
from pb2hl.progress import Cancel, Silent
from pb2hl.results import Status
from tests.steps import small


class Stop(Silent):
    """Asks the step to stop after so many writes."""

    def __init__(self, after: int):
        self.cancel, self.left, self.writing = Cancel(), after, False

    def start(self, what: str, total: int | None = None, unit: str = "rows") -> None:
        """Only what is written counts."""
        self.writing = what == "delta"

    def advance(self, n: int = 1) -> None:
        """Count down."""
        self.left -= self.writing
        if self.left <= 0:
            self.cancel.set()


def busy() -> small.Tables:
    """A later export with something new, changed and moved of every kind."""
    later = small.tables()
    small.row(later, "contacts", "11").update({"City": "Kanata", "Last Name": "King", "Company ID": "C2"})
    small.row(later, "deals", "D1").update({"Amount": "1500", "Stage": "New", "Status": "won"})
    small.row(later, "tasks", "T1")["Completed"] = "Y"
    later["contacts"].append(
        {
            "Contact ID": "14",
            "First Name": "Neo",
            "Last Name": "Park",
            "Email": "neo@kiln.example",
            "Company ID": "C2",
            "Owner": "1",
        }
    )
    later["notes"].append({"Note ID": "N3", "Body": "New here", "Contact ID": "14", "Created": "2024-06-03 09:00"})
    return later


@pytest.mark.slow
def test_stopped_and_resumed_then_back(migration):
    """Stopped at several places and resumed: each thing once, the audit green; then the first export again undoes the changes."""
    export = small.write(migration.folder / "later", busy())
    stopped = 0
    for after in (1, 2, 3):
        stop = Stop(after)
        try:
            migration.run("delta", export=export, progress=stop, cancel=stop.cancel)
        except Cancelled:
            stopped += 1
    assert stopped, "at least one of them was cut off"
    result = migration.run("delta", export=export)
    found = migration.arrived()
    ada = found.contact("ada@mill.example")
    assert (ada["city"], ada["lastName"], ada["businessId"]) == ("Kanata", "King", found.business("Quarry Inc")["id"])
    assert found.opportunity("Wheel")["status"] == "won" and found.contact("neo@kiln.example")
    assert len(found.marked("notes", "PB:notes:N3")) == 1 and not result.counts["held"]
    audit = migration.run("audit")
    assert audit.status is Status.DONE, [str(problem) for problem in audit.problems]
    older = migration.delta(small.tables(), "older")
    found = migration.arrived()
    ada = found.contact("ada@mill.example")
    assert (ada["city"], ada["lastName"], ada["businessId"]) == ("Ottawa", "Byron", found.business("Mill Ltd")["id"])
    assert found.opportunity("Wheel")["status"] == "open" and set(older.tables["removed"]["source_id"]) == {"14", "N3"}
    assert found.contact("neo@kiln.example"), "what the older export lacks is told, and stays"
