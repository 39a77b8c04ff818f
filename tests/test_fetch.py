"""The guarded fetcher against real servers on loopback and every address that must not be asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from pb2hl.clock import Clock
from pb2hl.fetch import Fetched, Fetcher, FetchRefused, Limits, Reason, fetch, is_public


class Pages(BaseHTTPRequestHandler):
    """A few pages; `hosts` keeps the Host headers seen."""

    hosts: ClassVar[list[str]] = []
    over: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        if self.path == "/image.png":
            self._answer(200, b"PNG", "image/png; charset=x")
        elif self.path == "/big":
            self._answer(200, b"x" * 5000, "text/plain")
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 5000)
        elif self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
        elif self.path in ("/dripping-headers", "/dripping-body"):
            self._drip(self.path == "/dripping-body")
        elif self.path == "/loop":
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        else:
            self._answer(404, b"", "text/plain")

    def _drip(self, body: bool) -> None:
        """A byte now and then, for as long as anybody listens."""
        if body:
            self.send_response(200)
            self.end_headers()
        else:
            self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        with suppress(OSError):
            while not self.over.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()

    def _answer(self, status: int, body: bytes, mime: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server on loopback."""
    Pages.hosts = []
    Pages.over.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    Pages.over.set()
    server.shutdown()
    server.server_close()


def get(url: str, **options) -> Fetched:
    """Fetch from `files.example`, which resolves to loopback here; other hosts resolve as they would."""
    names = {"files.example": ["127.0.0.1"], "inner.example": ["10.0.0.7"], "both.example": ["8.8.8.8", "10.0.0.7"]}

    def resolver(host: str, port: int) -> list[str]:
        return names.get(host, [host])

    return fetch(
        url, resolver=resolver, allowed=lambda address: address == "127.0.0.1" or is_public(address), **options
    )


def reason(url: str, **options) -> Reason:
    """Why a URL is refused."""
    with pytest.raises(FetchRefused) as refusal:
        get(url, **options)
    return refusal.value.reason


def test_a_public_file_is_fetched(port):
    """Bytes, type and final address come back; the server sees the host's own name."""
    url = f"http://files.example:{port}/to?/image.png"
    assert get(url) == Fetched(b"PNG", "image/png", f"http://files.example:{port}/image.png")
    assert set(Pages.hosts) == {f"files.example:{port}"}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::",
        "2001:db8::1", "fec0::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "nonsense", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    """Loopback, private, link-local, shared, multicast, reserved, documentation, and IPv4 wrapped in IPv6."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_public(address):
    """The public internet, and public addresses wrapped."""
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", Reason.SCHEME),
        ("ftp://files.example/x", Reason.SCHEME),
        ("gopher://x", Reason.SCHEME),
        ("data:text/plain,x", Reason.SCHEME),
        ("//files.example/x", Reason.SCHEME),
        ("", Reason.SCHEME),
        ("http://", Reason.MALFORMED),
        ("http://files.example:99999/", Reason.MALFORMED),
        ("http://[::1", Reason.MALFORMED),
        ("http://fi les.example/", Reason.MALFORMED),
        ("http://inner.example/", Reason.ADDRESS),
        ("http://both.example/", Reason.ADDRESS),
        ("http://10.0.0.1/", Reason.ADDRESS),
        ("http://[::ffff:10.0.0.1]/", Reason.ADDRESS),
    ],
)
def test_what_is_refused_unasked(url, why):
    """Other schemes, what is no URL, and hosts of which one address is not public."""
    assert reason(url) == why


def test_loopback_is_refused_by_default(port):
    """Without the test's own permission the very same server is not asked, however its address is written."""
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1"):
        with pytest.raises(FetchRefused) as refusal:
            fetch(f"http://{host}:{port}/image.png")
        assert refusal.value.reason in (Reason.ADDRESS, Reason.UNRESOLVED)
    assert Pages.hosts == []


def test_redirects_are_checked_and_counted(port):
    """A redirect to a private address, to another scheme, or in a circle ends the fetch."""
    assert reason(f"http://files.example:{port}/to?http://10.0.0.1/x") == Reason.ADDRESS
    assert reason(f"http://files.example:{port}/to?file:///etc/passwd") == Reason.SCHEME
    assert reason(f"http://files.example:{port}/loop") == Reason.REDIRECTS


def test_size_is_bounded(port):
    """By what the server says, and by what it sends."""
    assert reason(f"http://files.example:{port}/big", limits=Limits(max_bytes=1000)) == Reason.TOO_LARGE
    assert reason(f"http://files.example:{port}/endless", limits=Limits(max_bytes=1000)) == Reason.TOO_LARGE


class Hurried(Clock):
    """Each look at the clock is a minute later."""

    minutes = 0.0

    def monotonic(self) -> float:
        self.minutes += 60
        return self.minutes


def test_time_is_bounded(port):
    """A body that comes too slowly is dropped."""
    assert reason(f"http://files.example:{port}/big", clock=Hurried(), limits=Limits(total_s=100)) == Reason.TOO_SLOW


@pytest.mark.parametrize("path", ["/dripping-headers", "/dripping-body"])
def test_a_server_that_drips_is_cut_off(port, path):
    """Each single read is quick, and the deadline holds all the same; a body that was cut off is no file."""
    assert reason(f"http://files.example:{port}{path}", limits=Limits(total_s=0.4)) == Reason.TOO_SLOW


@pytest.mark.parametrize(
    "address",
    ["fe80::5efe:127.0.0.1", "fe80::5efe:8.8.8.8", "2a00:1::200:5efe:10.0.0.1", "2a00:1::5efe:a9fe:a9fe", "3fff::1", "3fff:0fff::1", "192.88.99.1", "168.63.129.16",
     "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "::ffff:168.63.129.16", "64:ff9b::168.63.129.16", "198.18.0.1", "5f00::1"],
)  # fmt: skip
def test_tunnels_and_metadata_are_not_public(address):
    """Addresses that lead to another one, and those where clouds keep their secrets, in every way of writing them."""
    assert not is_public(address)


def test_a_public_address_within_isatap_is_public():
    """What is judged is where it leads."""
    assert is_public("2a00:1::200:5efe:8.8.8.8") and is_public("2606:4700::1111")


def test_a_server_that_is_gone_is_asked_no_more():
    """After a few silences in a row its files are refused alike, without a request; a server that answers is asked again."""
    asked = []

    def get(url: str) -> Fetched:
        asked.append(url)
        raise FetchRefused(Reason.STATUS if "/404" in url else Reason.FAILED, url)

    fetcher, told = Fetcher(get), []
    for name in [*(f"http://gone.example/{n}" for n in range(40)), *(f"http://here.example/404/{n}" for n in range(5))]:
        with pytest.raises(FetchRefused) as refusal:
            fetcher.fetch(name)
        told.append(str(refusal.value))
    assert (
        len(asked) == 3 + 5
        and len(set(told[:40])) == 1
        and "gone.example was not fetched: the connection failed" in told[3]
    )


def test_refusals_are_told_without_the_query(port):
    """A 404 says so; a signed URL's secret is not repeated."""
    with pytest.raises(FetchRefused) as refusal:
        get(f"http://user:pw@files.example:{port}/none?signature=secret-marker")
    assert refusal.value.reason == Reason.STATUS
    assert "secret-marker" not in str(refusal.value) and "pw" not in str(refusal.value)


def test_proxies_of_the_environment_are_ignored(port, monkeypatch):
    """A proxy would resolve the name again, unchecked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert get(f"http://files.example:{port}/image.png").content == b"PNG"
