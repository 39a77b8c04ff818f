"""Sends requests to one server over connections that are kept, without a pool's bookkeeping.

httpx's own pool looks at every open connection again for each request and each answer, which costs more than the request
itself once thirty are open. The client has its own limit of requests in flight, so that all there is to do is to take the
connection used last, or open one.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

MOST_BYTES = 64 * 1024 * 1024
"""An answer larger than this, as it is or unpacked, is none of HighLevel's: 500 contacts take about a megabyte."""

PIECE = 16 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class KeptConnections(httpx.AsyncBaseTransport):
    """An httpx transport for one origin. An answer is read to its end before it is handed on.

    `keepalive_s`: idle connections older than this are not used again.
    """

    def __init__(self, keepalive_s: float, ssl_context: ssl.SSLContext | None = None):
        self._keepalive_s = keepalive_s
        self._ssl = ssl_context
        self._idle: list[httpcore.AsyncHTTPConnection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; raises httpx's errors."""
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        connection = await self._connection(target)
        try:
            answer = await connection.handle_async_request(
                httpcore.Request(
                    request.method,
                    target,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
            content = await _whole(answer)
        except _FAILURES as error:
            await connection.aclose()
            raise getattr(httpx, type(error).__name__)(str(error)) from error
        except _TORN as error:
            await connection.aclose()
            raise httpx.TransportError(f"the connection broke: {type(error).__name__} {error}") from error
        except BaseException:
            await connection.aclose()
            raise
        if not connection.is_closed():
            self._idle.append(connection)
        stream = _Pieces(content)  # unpacked where it is read: a few bytes can unpack to gigabytes
        return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=answer.extensions)

    async def _connection(self, target: httpcore.URL) -> httpcore.AsyncHTTPConnection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        if self._ssl is None and target.scheme == b"https":
            self._ssl = httpx.create_ssl_context()
        return httpcore.AsyncHTTPConnection(target.origin, ssl_context=self._ssl, keepalive_expiry=self._keepalive_s)

    async def aclose(self) -> None:
        """Close every connection."""
        while self._idle:
            await self._idle.pop().aclose()


class _Pieces(httpx.AsyncByteStream):
    """Bytes that were received, in pieces."""

    def __init__(self, content: bytes):
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), PIECE):
            yield self._content[start : start + PIECE]


async def _whole(answer: httpcore.Response) -> bytes:
    content = bytearray()
    try:
        async for piece in answer.aiter_stream():
            content += piece
            if len(content) > MOST_BYTES:
                raise httpcore.RemoteProtocolError(f"the answer is larger than {MOST_BYTES // 1024**2} MiB")
    finally:
        await answer.aclose()
    return bytes(content)


_FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
"""httpx has an error of the same name for each of these."""

_TORN = (AttributeError, OSError, RuntimeError)
"""What else comes out of a socket that the other side resets in the moment it opens: anyio asks for the peer of one that is gone
already. Whether the request left is not known then."""


def transport_for(host: str, keepalive_s: float) -> httpx.AsyncBaseTransport | None:
    """How to reach `host`: directly, or (None) as httpx does it where the environment names a proxy."""
    if host in LOOPBACK or not getproxies() or proxy_bypass(host):
        return KeptConnections(keepalive_s)
    return None
