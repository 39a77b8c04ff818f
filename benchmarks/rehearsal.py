"""A rehearsal location in a process of its own for the benchmarks, so that it and the client have a core each."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

SERVE = "import sys; from pb2hl.sandbox.server import serve; serve(scenario_path=sys.argv[1])"
LOCATION, TOKEN = "sbLoc4t10nReh3ars4l0", "pit-rehearsal-token"


@contextmanager
def rehearsal(**scenario: Any) -> Iterator[str]:
    """The base URL of a location with the keys of `scenario` replaced, while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.json"
        path.write_text(json.dumps(scenario))
        command = [sys.executable, "-c", SERVE, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                yield server.stdout.readline().split()[-1]
            finally:
                server.terminate()


def requests_of(url: str) -> list[dict[str, Any]]:
    """Every request that the location saw, with the moment of its arrival (`at`, seconds) and its `status`."""
    return httpx.get(f"{url}/_sandbox/log", timeout=120).json()["requests"]
