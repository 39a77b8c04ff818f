"""A rehearsal location, a ledger, and a small migration of every kind of record."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loader import opened
from operations import migration

from pb2hl import highlevel
from pb2hl.apply import Apply, Execution, plan_undo
from pb2hl.apply.context import RunContext
from pb2hl.apply.lookup import settle_unfinished
from pb2hl.apply.undo import Rollback, Undo
from pb2hl.highlevel import Client, Limiter
from pb2hl.ledger import State
from pb2hl.progress import SILENT, Cancel


class Scene:
    """A served sandbox and a ledger; `load` and `rollback` do what the steps do."""

    def __init__(self, place, folder: Path, url: str = ""):
        self.place = place
        self.sandbox = place.state
        self.folder = folder
        self.url = url
        self.schema = f"pb2hl_{uuid.uuid4().hex[:8]}" if url else ""
        self._ledger = None

    @property
    def ledger(self):
        """The ledger, opened when it is asked for."""
        if self._ledger is None:
            self._ledger = opened(self.folder, self.place.location, self.url, self.schema)
        return self._ledger

    def let_go(self) -> None:
        """Close the ledger, so that a process of its own may write to it."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def move(self, folder: Path) -> None:
        """Go on with a ledger of its own in another folder."""
        self.let_go()
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.schema = f"pb2hl_{uuid.uuid4().hex[:8]}" if self.url else ""

    def client(self, **options) -> Client:
        """A client of its own limiter; search lags not at all."""
        options = {"search_lag_s": 0.0, "patience_s": 60.0, "limiter": Limiter(), **options}
        return Client(self.place.token, self.place.location, self.place.url, **options)

    def operations(self, contacts: int = 4):
        """Operations of every kind."""
        return migration(self.folder, contacts)

    async def _with_client(self, work, **options):
        async with self.client(**options) as client:
            return await work(client)

    def run(self, work, **options):
        """Run `work(client)`."""
        return highlevel.run(self._with_client(work, **options))

    def load(self, operations=None, client=None, **options) -> Execution:
        """Carry the operations out."""
        run = self.ledger.start_run("load")
        operations = self.operations() if operations is None else operations
        cancel = options.pop("cancel", None) or Cancel()
        progress = options.pop("progress", SILENT)

        async def apply(client: Client) -> Execution:
            context = RunContext(self.ledger, client, run, progress=progress, cancel=cancel)
            return await Apply(context, **options).run(operations)

        return self.run(apply, **(client or {}))

    def rollback(self, force: bool = False, client=None, **options) -> Rollback:
        """Take everything back."""
        run = self.ledger.start_run("rollback")

        async def undo(client: Client) -> Rollback:
            context = RunContext(self.ledger, client, run)
            await settle_unfinished(context, State.UNDONE)
            return await Undo(context, force=force).run(plan_undo(self.ledger, **options))

        return self.run(undo, **(client or {}))

    def dump(self):
        """What the location holds, timestamps aside."""
        return self.sandbox.dump(timestamps=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request) -> str:
    """Where the ledger is kept: "" for a file, or the URL of a PostgreSQL."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def stage(rehearse, tmp_path, database) -> Iterator[Callable[..., Scene]]:
    """`stage(**scenario keys)`: a scene in a fresh location."""
    made = []

    def start(**changes) -> Scene:
        made.append(Scene(rehearse(**changes), tmp_path, database))
        return made[-1]

    yield start
    for scene in made:
        scene.let_go()


@pytest.fixture
def scene(stage) -> Scene:
    """A scene in the default location."""
    return stage()
