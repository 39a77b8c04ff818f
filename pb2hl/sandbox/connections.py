"""The server's open connections, so that a fault can close one without an answer or take the whole server down."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST."""


class Connections:
    """Knows each client's transport by its address; `on_down` is how the server stops listening for a while."""

    def __init__(self) -> None:
        self._transports: dict[Any, asyncio.Transport] = {}
        self.on_down: Callable[[float], None] = lambda seconds: None

    def protocol(self) -> type[asyncio.Protocol]:
        """A protocol class for uvicorn whose instances register their connection here."""
        transports = self._transports

        class Tracked(HttpToolsProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                self.peer = transport.get_extra_info("peername")
                transports[tuple(self.peer[:2])] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(tuple(self.peer[:2]), None)
                super().connection_lost(exc)

        return Tracked

    def drop(self, scope: Any, *, reset: bool) -> None:
        """Close the connection of this request: an orderly close, or a reset."""
        transport = self._transports.get(tuple(scope["client"]))
        if transport is not None:
            _close(transport, reset)

    def go_down(self, seconds: float) -> None:
        """Reset every connection and stop listening for `seconds`."""
        for transport in list(self._transports.values()):
            _close(transport, True)
        self.on_down(seconds)


def _close(transport: asyncio.Transport, reset: bool) -> None:
    if reset:
        with contextlib.suppress(OSError, AttributeError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    else:
        transport.close()
