"""A PostgreSQL of the machine's own package, started by the tests on a free port; tests that need it are skipped where there is none."""

from __future__ import annotations

import glob
import os
import shutil
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


def serving_postgres(folder: Path) -> Iterator[str]:
    """The URL of a fresh server's database; skips, saying so, where PostgreSQL or psycopg is not installed."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: the ledger in PostgreSQL is not tested")
    if not binary("initdb"):
        pytest.skip("PostgreSQL is not installed: the ledger in PostgreSQL is not tested")
    as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    if as_user:  # the server refuses to run as root, and its folder must be its own
        folder = Path("/tmp") / f"pb2hl-postgres-{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        shutil.chown(folder, "postgres")
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **as_user}
    subprocess.run([binary("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"], check=True, **quiet)  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    server = subprocess.Popen([binary("postgres"), *options], **quiet)
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        for _ in range(300):
            try:
                psycopg.connect(url, connect_timeout=2).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield url
    finally:
        server.send_signal(2)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
