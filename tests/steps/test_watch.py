"""The live window: exports that appear are brought over once they are whole, in order, under the approvals; nothing is lost by stops."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pb2hl.clock import Clock
from pb2hl.errors import Cancelled, ConfigError, WorkspaceLocked
from pb2hl.progress import Cancel, Silent
from pb2hl.results import Status, StepResult
from pb2hl.steps.delta.arrivals import arrivals, cut_off
from pb2hl.steps.delta.watch import seconds_of, watch
from tests.steps import small
from tests.steps.test_delta import decide, edit

pytestmark = pytest.mark.slow


class Day(Clock):
    """Time that passes by sleeping alone; `happens` are (minutes from the start, what is done then)."""

    def __init__(self, *happens: tuple[float, Callable[[], object]]):
        self.start = self.time = datetime.fromisoformat("2030-01-01T08:00:00+00:00")
        self.happens = sorted(happens, key=lambda one: one[0])

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        while self.happens and self.time >= self.start + timedelta(minutes=self.happens[0][0]):
            self.happens.pop(0)[1]()


class Notes(Silent):
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)


def later(**cells: str) -> small.Tables:
    """The export with other cells of Ada's."""
    content = small.tables()
    small.row(content, "contacts", "11").update(cells)
    return content


def put(migration, name: str, content: small.Tables, age_s: float = 0.0) -> Path:
    """An export as a folder in the watched one, its files last changed so long ago."""
    path = small.write(migration.folder / "watched" / name, content)
    age(path, age_s)
    return path


def age(path: Path, age_s: float) -> None:
    """Let the files of an export look as old as that, counted from a moment after the load."""
    moment = datetime.now().timestamp() + 3_600 - age_s
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        os.utime(file, (moment, moment))


def zipped(path: Path) -> Path:
    """A folder as a zip in its place."""
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as packed:
        for file in sorted(path.iterdir()):
            packed.write(file, file.name)
    shutil.rmtree(path)
    return target


def run(migration, clock: Clock, **options) -> StepResult:
    """Watch to the end of the window."""
    folder = migration.folder / "watched"
    folder.mkdir(exist_ok=True)
    return watch(migration.ws, folder=folder, hours=options.pop("hours", 4), every="15m", clock=clock, **options)


def told(result: StepResult, export: str) -> list[str]:
    """What happened to an export."""
    events = result.tables["events"]
    return events.loc[events["export"] == export, "what"].tolist()


def test_exports_come_over_whole_and_in_order(migration):
    """A folder copied in pieces and a zip without its end wait; both come over, the older first; what a person must decide is left."""
    edit(migration, "ada@mill.example", {"city": "Perth"})
    watched = migration.folder / "watched"
    whole = zipped(put(migration, "two", later(City="Hull", **{"Last Name": "King"})))
    bytes_ = whole.read_bytes()
    shutil.rmtree(watched)

    def begin() -> None:
        put(migration, "one", later(**{"Last Name": "Queen"}), age_s=600)
        (watched / "one" / "companies.csv").rename(watched / "one" / "companies.csv.part")
        (watched / "two.zip").write_bytes(bytes_[: len(bytes_) // 2])
        age(watched / "two.zip", 300)

    def complete() -> None:
        (watched / "one" / "companies.csv.part").rename(watched / "one" / "companies.csv")
        (watched / "two.zip").write_bytes(bytes_)
        age(watched / "two.zip", 60)

    result = run(migration, Day((20, begin), (70, complete)))
    assert "not whole" in told(result, "one") and "not whole" in told(result, "two.zip")
    assert told(result, "one")[-2:] == ["begins", "brought over"] and told(result, "two.zip")[-2:] == [
        "begins",
        "brought over",
    ]
    order = result.tables["events"].query("what == 'begins'")["export"].tolist()
    assert order == ["one", "two.zip"], result.tables["events"].to_csv()
    ada = migration.arrived().contact("ada@mill.example")
    assert (ada["lastName"], ada["city"]) == ("King", "Perth")
    assert result.status is Status.WAITING and result.facts["waits_for"] == "person"
    assert result.tables["left"]["what"].tolist() == ["sheets/conflicts.csv"]
    state = (migration.ws.path / "watch.json").stat().st_mode & 0o077
    assert not state


def test_what_needs_a_person_waits_and_is_tried_again_when_decided(migration):
    """An export with a column that nobody decided stops at the gate, changes nothing, and is named while the watch waits; a decision
    brings it over at the next look."""
    from pb2hl.steps.gates import gates

    content = later(**{"Nickname": "Countess"})
    before = migration.sandbox.state.dump()

    def decided() -> None:
        assert migration.sandbox.state.dump() == before
        sheet = migration.ws.sheet("fields", ("object", "column", "decision"))
        from pb2hl.sheets import write_sheet

        write_sheet(
            migration.ws.sheets / "fields.csv",
            sheet.assign(decision=sheet["decision"].mask(sheet["column"].eq("Nickname"), "ignore")),
        )
        gates.approve(migration.ws, "mapping", "Jane")

    notes = Notes()
    result = run(migration, Day((5, lambda: put(migration, "x", content)), (60, decided)), progress=notes)
    waiting = [note for note in notes.told if note.startswith("next look")]
    assert any("; x waits for a person: " in note for note in waiting) and "x waits" not in waiting[-1]
    assert told(result, "x")[-4:] == ["begins", "waits for a person", "begins", "brought over"]
    assert result.status is Status.DONE, result.headline


def test_stopped_killed_asleep_and_late(migration):
    """Stopped it goes on in the same window; a sleep is told and what came meanwhile comes over; after the window nothing is sent."""
    cancel = Cancel()
    first = Day((10, cancel.set))
    with pytest.raises(Cancelled):
        run(migration, first, cancel=cancel)
    second = Day((30, lambda: put(migration, "x", later(City="Kanata"))))
    second.time = first.time

    def sleep_over() -> None:
        second.time += timedelta(minutes=90)

    second.happens.append((31, sleep_over))
    result = run(migration, second, hours=None)
    assert "was away" in result.tables["events"]["what"].tolist() and told(result, "x")[-1] == "brought over"
    assert migration.arrived().contact("ada@mill.example")["city"] == "Kanata"
    assert (second.time - second.start) <= timedelta(hours=4, minutes=1), "the window is that of the first start"
    sent = len(migration.sandbox.state.log)
    put(migration, "y", later(City="Hull"), age_s=-60)
    closed = Day()
    closed.time = second.time
    result = run(migration, closed, hours=None)
    assert len(migration.sandbox.state.log) == sent
    assert result.status is Status.WAITING and result.tables["left"]["what"].tolist() == ["y"]


def test_a_decided_conflict_is_written_at_the_next_look_and_an_older_export_never_sets_back(migration):
    """A decision for Perfect Books is carried out without a new export; an older export that turns up late is left to a person."""
    edit(migration, "ada@mill.example", {"city": "Perth"})
    result = run(
        migration,
        Day((5, lambda: put(migration, "new", later(City="Kanata"))), (60, lambda: decide(migration.ws, "source")),
            (120, lambda: put(migration, "old", later(City="Ottawa"), age_s=1_000))),
    )  # fmt: skip
    assert migration.arrived().contact("ada@mill.example")["city"] == "Kanata"
    assert told(result, "old")[-1] == "older" and result.tables["left"]["what"].tolist() == ["old"]


def test_one_watch_a_workspace_and_sensible_times(migration, tmp_path):
    """A second watch is refused; odd times and folders that are not there are named."""
    (migration.folder / "watched").mkdir()
    refused: list[str] = []

    def again() -> None:
        with pytest.raises(WorkspaceLocked) as caught:
            run(migration, Day())
        refused.append(caught.value.message)

    assert run(migration, Day((5, again))).status is Status.NOTHING_TO_DO and refused
    assert watch(migration.ws).status is Status.NOTHING_TO_DO
    assert [seconds_of(text) for text in ("30s", "15m", "1 h")] == [30, 900, 3600]
    for wrong in ("", "15", "1s", "2d", "-5m", "25h"):
        with pytest.raises(ConfigError):
            seconds_of(wrong)
    with pytest.raises(ConfigError):
        watch(migration.ws, folder=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "whole"),
    [
        ("a.csv", b"a,b\r\n1,2\r\n", True),
        ("a.csv", b"a,b\r\n" + b"\0" * 9_000, False),
        ("a.csv", b"", False),
        ("a.csv.crdownload", b"a", False),
        ("a.zip.part", b"PK\x03\x04", False),
        ("a.zip", b"PK\x03\x04cut off", False),
        (".a.csv.Xa3b9Q", b"a", None),
        (".hidden", b"a", None),
        ("~$a.xlsx", b"a", None),
    ],
)
def test_what_is_whole(tmp_path, name, content, whole):
    """Half-copied files are told by their names or their bytes; hidden ones are no exports."""
    (tmp_path / name).write_bytes(content)
    found = arrivals(tmp_path)
    assert (None if not found else not (found[0].unfinished or cut_off(found[0]))) == whole


def test_a_hidden_piece_inside_a_folder_says_that_it_is_copied(tmp_path):
    """What a transfer program writes beside the finished files of an export keeps the whole export waiting; a desktop's files do not."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "contacts.csv").write_text("a\n1\n")
    (tmp_path / "x" / ".DS_Store").write_text("")
    assert not arrivals(tmp_path)[0].unfinished
    (tmp_path / "x" / ".deals.csv.Xa3b9Q").write_text("a")
    assert "deals" in arrivals(tmp_path)[0].unfinished
