"""Great Expectations without a network: nothing is asked for, nothing is told to anybody, whatever the environment says."""

from __future__ import annotations

import os
import subprocess
import sys

WATCHED = """
import socket, sys
asked = []
def no(*args, **kwargs):
    asked.append(args)
    raise OSError("no network here")
class Closed(socket.socket):
    connect = connect_ex = sendto = no
socket.socket, socket.create_connection, socket.getaddrinfo = Closed, no, no
import json, pandas as pd
from pathlib import Path
from pb2hl.suites import load_suite, validate
from pb2hl.suites.docs import build
path = Path(sys.argv[1]) / "contacts.json"
path.write_text(json.dumps({"expectations": [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "email"}}]}))
frame = pd.DataFrame({"email": ["a@b.co", None]})
suite = load_suite(path)
assert [item.failing for item in validate(suite, frame)] == [1]
build(Path(sys.argv[1]) / "docs", [(suite, frame)])
import atexit
atexit.register(lambda: print("asked", asked, "posthog" in sys.modules))
"""


def test_no_socket_is_opened(tmp_path):
    """Loading, validating and Data Docs with every socket closed, analytics asked for by the environment, up to the end of the process."""
    wishes = {"GX_ANALYTICS_ENABLED": "true", "GX_POSTHOG_HOST": "https://posthog.example", "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **wishes},
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "asked [] False"
