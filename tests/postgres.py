"""A PostgreSQL of the machine's own package, started by the tests on a free port; tests that need it are skipped where there is none."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


def binary(name: str) -> str:
    """Where a program of PostgreSQL is; "" where it is not installed."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    return found[0] if found else shutil.which(name) or ""


class Server:
    """A PostgreSQL with a database of its own, which can be killed and started again; `url` names the database."""

    def __init__(self, folder: Path):
        self._as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if self._as_user:  # the server refuses to run as root, and its folder must be its own
            folder = Path("/tmp") / f"pb2hl-postgres-{uuid.uuid4().hex[:8]}"
            folder.mkdir()
            shutil.chown(folder, "postgres")
        self._folder = folder
        self._quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **self._as_user}
        initdb = [binary("initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*initdb, "--locale=C"], check=True, **self._quiet)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        import psycopg

        options = ["-D", str(self._folder / "data"), "-p", str(self._port), "-h", "127.0.0.1", "-k", ""]
        self._process = subprocess.Popen([binary("postgres"), *options], **self._quiet)
        for _ in range(300):
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise AssertionError("PostgreSQL did not start")

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT as it should be, SIGQUIT as when the machine dies (it recovers when it starts again)."""
        self._process.send_signal(how)
        self._process.wait(30)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def require_postgres() -> None:
    """Skip, saying so, where PostgreSQL or psycopg is not installed."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: the ledger in PostgreSQL is not tested")
    if not binary("initdb"):
        pytest.skip("PostgreSQL is not installed: the ledger in PostgreSQL is not tested")


def serving_postgres(folder: Path) -> Iterator[str]:
    """The URL of a fresh server's database; skips where there is none."""
    require_postgres()
    with Server(folder) as server:
        yield server.url
