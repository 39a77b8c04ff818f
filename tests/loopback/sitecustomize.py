"""Loaded by every Python that has this folder on its PYTHONPATH: no connection but to this machine, and each attempt on record.

The file that PB2HL_ASKED names gets a line for every address and name that was asked for and is not this machine.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Any

_HERE = re.compile(r"127(\.\d{1,3}){3}|::1|localhost|0\.0\.0\.0")


def _is_here(address: Any) -> bool:
    """Whether an address is this machine: loopback, or a socket of the file system."""
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    return not isinstance(address, tuple) or not host or _HERE.fullmatch(str(host)) is not None


def _require_here(address: Any, what: str) -> None:
    if not _is_here(address):
        with open(os.environ["PB2HL_ASKED"], "a", encoding="utf-8") as record:
            record.write(f"{what} {address}\n")
        raise OSError(f"only this machine may be asked: {what} {address}")


def close() -> None:
    """Close this process to everything but this machine."""
    names = socket.getaddrinfo

    class Guarded(socket.socket):
        """A socket that connects to this machine only."""

        def connect(self, address: Any) -> None:
            _require_here(address, "connect")
            super().connect(address)

        def connect_ex(self, address: Any) -> int:
            _require_here(address, "connect")
            return super().connect_ex(address)

        def sendto(self, data: Any, *rest: Any) -> int:
            _require_here(rest[-1], "sendto")
            return super().sendto(data, *rest)

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        _require_here((host,), "look up")
        return names(host, *rest, **more)

    socket.socket, socket.getaddrinfo = Guarded, getaddrinfo  # type: ignore[misc, assignment]


if os.environ.get("PB2HL_ASKED"):
    close()
