"""Connections are used again, given up when they are old or closed, and their failures are httpx's."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from pb2hl.highlevel.transport import KeptConnections, transport_for


class Server:
    """Counts connections; answers each request with what `answers` holds, and closes after one that ends with it."""

    def __init__(self, answer: bytes):
        self.answer = answer
        self.connections = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(self.answer)
                await writer.drain()
                if b"close" in self.answer or b"Content-Length: 99" in self.answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


def sent(answer: bytes, requests: int, keepalive_s: float = 4.0):
    """(connections, texts) of so many requests, one after the other."""

    async def main():
        server = Server(answer)
        listening = await asyncio.start_server(server, "127.0.0.1", 0)
        host, port = listening.sockets[0].getsockname()[:2]
        try:
            async with httpx.AsyncClient(transport=KeptConnections(keepalive_s)) as client:
                texts = [(await client.get(f"http://{host}:{port}/")).text for _ in range(requests)]
        finally:
            listening.close()
        return server.connections, texts

    return asyncio.run(main())


def test_a_connection_serves_many_requests():
    """Five requests in a row need one connection."""
    assert sent(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 5) == (1, ["ok"] * 5)


def test_an_old_connection_is_not_used():
    """A connection that may be idle for no time at all is opened anew."""
    assert sent(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 3, keepalive_s=0.0) == (3, ["ok"] * 3)


def test_a_closed_connection_is_not_used():
    """A server that closes after each answer gets a new connection each time."""
    assert sent(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 3) == (3, ["ok"] * 3)


def test_a_compressed_answer_is_read():
    """What the server compressed arrives as text."""
    import gzip

    body = gzip.compress(b"hello")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert sent(head + body, 2) == (1, ["hello"] * 2)


def test_a_cut_answer_is_a_transport_error():
    """An answer that ends too early is an error of httpx, which the client takes for a lost answer."""
    with pytest.raises(httpx.RemoteProtocolError):
        sent(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nok", 1)


class Torn:
    """A connection whose socket is gone in the moment it opens, as anyio meets it when the other side resets it."""

    async def handle_async_request(self, request):
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    async def aclose(self):
        pass


def test_a_connection_that_breaks_as_it_opens_is_a_transport_error(monkeypatch):
    """Whether the request left is not known: whoever asked may look, and gets no traceback."""

    async def opened(transport, target):
        return Torn()

    monkeypatch.setattr(KeptConnections, "_connection", opened)
    with pytest.raises(httpx.TransportError, match="broke"):
        sent(b"", 1)


def test_nobody_there_is_a_connect_error():
    """A refused connection is known for one: nothing was sent."""

    async def main():
        listening = await asyncio.start_server(Server(b""), "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        listening.close()
        await listening.wait_closed()
        async with httpx.AsyncClient(transport=KeptConnections(4.0)) as client:
            await client.get(f"http://127.0.0.1:{port}/")

    with pytest.raises(httpx.ConnectError):
        asyncio.run(main())


def test_a_proxy_of_the_environment_is_kept(monkeypatch):
    """Where the environment names a proxy, httpx goes through it as ever; loopback never does."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert transport_for("services.leadconnectorhq.com", 4.0) is None
    assert transport_for("127.0.0.1", 4.0) is not None
