"""Every rule about what an export says bites on a real export: a good one passes them all, a bad one fails them all.

`test_shipped.py` shows the same of each rule alone, on tables made for it; here the facts behind the rules are real ones.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from pb2hl.clock import Clock
from pb2hl.resources import resource
from pb2hl.results import StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps.check.check import check
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.suites.validate import FAILED, PASSED
from pb2hl.workspace import Config, Workspace
from tests.suites.biting import write

pytestmark = pytest.mark.slow

MENDED = {
    "every record has a key", "no key is blank", "every key is there once",  # staging repairs keys; `keys are as exported` tells
    "e-mail addresses have one @ and a domain", "phones are E.164",  # typing refuses others; `are valid` tells
    "probabilities are between 0 and 1", "win probabilities are between 0 and 1",  # likewise; `are percentages` tells
    "there is something to compare", "every filled cell was converted or is listed",
    "consent is kept: who refused in the export is refused in what is loaded",  # typing is strict; see test_consents.py
    "the newest record is younger than 90 days",  # shown below, by a later clock
}  # fmt: skip
"""Rules that hold for whatever staging leaves: they guard our own work, and bite in test_shipped.py."""


class Day(Clock):
    """A clock that stands still."""

    def __init__(self, year: int, month: int):
        self._now = datetime(year, month, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now


def workspace(folder: Path, *, bad: bool) -> Workspace:
    """An inventoried workspace with the owners u1 and u2 and the stages New and Won mapped."""
    ws = Workspace.create(folder / "ws", Config(export=str(write(folder / "export", bad=bad)), location="L"))
    inventory(ws)
    owners = pd.DataFrame({"owner": ["u1", "u2"], "user_id": ["U", "V"], "decision": "map"})
    stages = pd.DataFrame({"pipeline": "Sales", "stage": ["New", "Won"], "target_stage": ["New", "Won"]})
    write_sheet(ws.sheets / "owners.csv", owners)
    write_sheet(ws.sheets / "stages.csv", stages)
    return ws


@pytest.fixture(scope="module")
def bad(tmp_path_factory) -> StepResult:
    """What the checks say of the bad export with a row added to the export after it was staged."""
    ws = workspace(tmp_path_factory.mktemp("bad"), bad=True)
    with (ws.export_path / "tags.csv").open("a") as tags:
        tags.write("Late,Kind\n")
    return check(ws, clock=Day(2030, 6))


def test_a_good_export_passes_every_rule(tmp_path):
    """No rule is broken, skipped or failing: each had something to look at."""
    ws = workspace(tmp_path, bad=False)
    rules = check(ws, clock=Day(2026, 11)).tables["rules"]
    assert rules[rules["verdict"] != PASSED][["object", "rule", "verdict"]].to_numpy().tolist() == []
    assert rules["checked"].gt(0).all()
    late = check(ws, clock=Day(2027, 6), suite=resource("expectations/before") / "cross.json").tables["rules"]
    assert late.loc[late["verdict"] == FAILED, "rule"].tolist() == ["the newest record is younger than 90 days"]


def test_a_bad_export_fails_every_rule(bad):
    """Each rule fails, but for those that guard what staging mends by itself."""
    rules = bad.tables["rules"]
    left = rules[(rules["verdict"] != FAILED) & ~rules["rule"].isin(MENDED)]
    assert left[["object", "rule", "verdict", "reason"]].to_numpy().tolist() == []


def test_only_what_is_critical_by_default_closes_the_gate(bad):
    """Owners and stages stop; dangling references, files, addresses, trust and rates are warnings with a treatment."""
    rules = bad.tables["rules"]
    stops = rules[(rules["verdict"] == FAILED) & (rules["severity"] == "critical")]
    assert set(stops["rule"]) == {
        "every record has an owner in HighLevel or the fallback owner",
        "every deal has a stage in HighLevel",
        "no key had to be made: none is blank or another record's",
    }
    others = rules[rules["severity"] != "critical"]
    assert others["treatment"].ne("").all()


def test_every_failing_row_has_its_place(bad):
    """The failing rows of every rule are listed in full with file and row; of comparisons of tables, what was compared."""
    rules, failing = bad.tables["rules"], bad.tables["failing"]
    counts = failing.groupby("rule_id").size()
    failed = rules[rules["verdict"] == FAILED].set_index("rule_id")
    rowed = failed[failed["failing"] > 0]
    assert (counts.reindex(rowed.index) == rowed["failing"]).all()
    own = failing[failing["object"] != "cross"]
    assert own["source_file"].ne("").all() and own["source_row"].str.isdigit().all()
    lost = failing[failing["rule"] == "contact references are found"]
    assert {"tasks.csv", "notes.csv", "deals.csv"} <= set(lost["source_file"])
