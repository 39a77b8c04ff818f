"""A rehearsal location, a ledger, and a small migration of every kind of record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from operations import migration

from pb2hl import highlevel
from pb2hl.apply import Apply, Execution, plan_undo
from pb2hl.apply.context import RunContext
from pb2hl.apply.lookup import settle_unfinished
from pb2hl.apply.undo import Rollback, Undo
from pb2hl.highlevel import Client, Limiter
from pb2hl.ledger import Ledger, State
from pb2hl.progress import SILENT, Cancel


class Scene:
    """A served sandbox and a ledger; `load` and `rollback` do what the steps do."""

    def __init__(self, place, folder: Path):
        self.place = place
        self.sandbox = place.state
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.sqlite", place.location, "perfect-books")

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


@pytest.fixture
def stage(rehearse, tmp_path) -> Iterator[Callable[..., Scene]]:
    """`stage(**scenario keys)`: a scene in a fresh location."""
    made = []

    def start(**changes) -> Scene:
        made.append(Scene(rehearse(**changes), tmp_path))
        return made[-1]

    yield start
    for scene in made:
        scene.ledger.close()


@pytest.fixture
def scene(stage) -> Scene:
    """A scene in the default location."""
    return stage()
