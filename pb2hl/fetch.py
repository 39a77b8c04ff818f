"""The one way to fetch a URL that an export names: public addresses only, bounded in size, time and redirects.

Every hop's host is resolved here, every address it resolves to must be public, and the connection goes to the address that
was checked, so that a second, different answer of the name server changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.errors import Pb2hlError
from pb2hl.operations import MOST_FILE_BYTES


class Reason(StrEnum):
    """Why a URL was not fetched."""

    SCHEME = "not http or https"
    MALFORMED = "not a URL"
    ADDRESS = "not a public address"
    UNRESOLVED = "the host does not resolve"
    REDIRECTS = "too many redirects"
    TOO_LARGE = "larger than allowed"
    TOO_SLOW = "slower than allowed"
    STATUS = "the server refused"
    FAILED = "the connection failed"


class FetchRefused(Pb2hlError):
    """A URL of the export was not fetched; `reason` says why. The URL's query is left out of the message: it may hold secrets."""

    def __init__(self, reason: Reason, url: str, detail: str = ""):
        super().__init__(
            f"{_shown(url)} was not fetched: {reason}" + (f" ({detail})" if detail else ""),
            hint="put the file beside the export and name it there, or leave it out",
        )
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one fetch, redirects included."""

    max_bytes: int = MOST_FILE_BYTES
    total_s: float = 60.0
    connect_s: float = 10.0
    redirects: int = 5


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL gave: its bytes, the type that the server told ("" when none), and the URL after redirects."""

    content: bytes
    mime: str
    final_url: str


Resolver = Callable[[str, int], Sequence[str]]


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Every address of `host` (A and AAAA); OSError when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def is_public(address: str) -> bool:
    """Whether `address` is reachable on the public internet; addresses that wrap an IPv4 one are judged by that."""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if any(ip.version == network.version and ip in network for network in _NOT_PUBLIC):
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = None if ip.is_link_local else _wrapped(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not (
        ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local
    )


_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's host: metadata and credentials of the machine
            "169.254.0.0/16",  # metadata of most clouds, link-local
            "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata at 100.100.100.200
            "192.88.99.0/24",  # 6to4 relays, withdrawn
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata at 192.0.0.192
            "198.18.0.0/15",  # benchmarks
            "240.0.0.0/4",
            "3fff::/20",  # documentation (RFC 9637): not in every Python's tables
            "5f00::/16",  # segment routing
            "100::/64",  # discard
            "2001:db8::/32",
            "2001::/23",  # protocol assignments, Teredo among them
            "fd00:ec2::/32",  # AWS's metadata over IPv6
            "fec0::/10",
        ),
    )
)
"""Networks that are not public beside those that this Python's tables know: they change with its version, and these hold
machines that answer with secrets."""

_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _wrapped(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if (int(ip) >> 32) & 0xFFFF_FFFF in _ISATAP:  # RFC 5214: whatever network it stands in, it leads to an IPv4 address
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    low = int(ip) & 0xFFFFFFFF
    if ip in _NAT64 or (int(ip) >> 32 == 0 and low > 1):
        return ipaddress.IPv4Address(low)
    return None


def fetch(
    url: str,
    *,
    limits: Limits = LIMITS,
    clock: Clock = SYSTEM_CLOCK,
    resolver: Resolver = resolve_host,
    allowed: Callable[[str], bool] = is_public,
) -> Fetched:
    """Fetch `url`; raises FetchRefused. `resolver` and `allowed` are for tests that serve on loopback."""
    deadline = clock.monotonic() + limits.total_s
    current = url.strip()
    for _ in range(limits.redirects + 1):
        address, host = _checked(current, resolver, allowed)
        answer = _get(current, address, host, limits, deadline, clock)
        if isinstance(answer, Fetched):
            return answer
        current = urljoin(current, answer)
    raise FetchRefused(Reason.REDIRECTS, url, f"more than {limits.redirects}")


@dataclass
class _Server:
    """What is known of one server: how often in a row it has not answered, and why; `turn` is held by whoever asks one that has not
    answered yet, so that many files at once do not all find out for themselves that it is gone."""

    silent: int = 0
    why: Reason = Reason.FAILED
    answered: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)


class Fetcher:
    """Fetches the files of one run, and asks no server again that is gone: one that has not answered several times in a row.

    A file whose server does not answer is refused in the server's name, with the same words for all of them, so that a report
    counts them instead of repeating itself.
    """

    def __init__(self, get: Callable[[str], Fetched] = fetch, patience: int = 3):
        self._get = get
        self._patience = patience
        self._servers: dict[str, _Server] = {}
        self._lock = threading.Lock()

    def fetch(self, url: str) -> Fetched:
        """The file at `url`; raises FetchRefused."""
        name = _server(url)
        with self._lock:
            server = self._servers.setdefault(name, _Server())
        with nullcontext() if server.answered else server.turn:
            if server.silent >= self._patience:
                raise FetchRefused(server.why, name)
            try:
                found = self._get(url)
            except FetchRefused as error:
                if error.reason not in _NO_ANSWER:
                    server.silent, server.answered = 0, True
                    raise
                with self._lock:
                    server.silent, server.why = server.silent + 1, server.why if server.silent else error.reason
                raise FetchRefused(server.why, name) from error
            server.silent, server.answered = 0, True
            return found


_NO_ANSWER = frozenset({Reason.UNRESOLVED, Reason.FAILED, Reason.TOO_SLOW})


def _server(url: str) -> str:
    """Scheme, host and port of a URL; the text itself when it is none."""
    try:
        parts = urlsplit(url.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _checked(url: str, resolver: Resolver, allowed: Callable[[str], bool]) -> tuple[str, str]:
    """(the address to connect to, the host) of a URL, when all its addresses may be asked."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise FetchRefused(Reason.MALFORMED, url) from error
    if parts.scheme.lower() not in ("http", "https"):
        raise FetchRefused(Reason.SCHEME, url, parts.scheme[:20] or "no scheme")
    if not host or any(character.isspace() or ord(character) < 32 for character in url):
        raise FetchRefused(Reason.MALFORMED, url)
    try:
        addresses = resolver(host, port or (443 if parts.scheme.lower() == "https" else 80))
    except (OSError, UnicodeError) as error:
        raise FetchRefused(Reason.UNRESOLVED, url) from error
    if not addresses:
        raise FetchRefused(Reason.UNRESOLVED, url)
    if not all(allowed(address) for address in addresses):
        raise FetchRefused(Reason.ADDRESS, url)
    return addresses[0], host


def _get(url: str, address: str, host: str, limits: Limits, deadline: float, clock: Clock) -> Fetched | str:
    """The answer of one hop, or the address it redirects to."""
    left = max(deadline - clock.monotonic(), 0.01)
    timeout, cutoff = httpx.Timeout(min(limits.connect_s, left)), _Cutoff(left)
    try:
        target = httpx.URL(url)
        headers = {
            "User-Agent": "pb2hl",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Host": target.netloc.decode("ascii"),
        }
        pinned = target.copy_with(host=address, username=None, password=None, fragment=None)
        extensions = {"sni_hostname": host, "trace": cutoff.trace}
        with (
            cutoff,
            httpx.Client(trust_env=False, timeout=timeout) as client,
            client.stream("GET", pinned, headers=headers, extensions=extensions) as response,
        ):
            if response.has_redirect_location:
                return response.headers["location"]
            if response.status_code != 200:
                raise FetchRefused(Reason.STATUS, url, f"HTTP {response.status_code}")
            content = _read(response, url, limits, deadline, clock)
            if cutoff.fired:  # an end without a length looks like the body's own
                raise FetchRefused(Reason.TOO_SLOW, url, f"over {limits.total_s:g} s")
            mime = response.headers.get("content-type", "").split(";", 1)[0].strip().lower()
            return Fetched(content, mime, url)
    except httpx.TimeoutException as error:
        raise FetchRefused(Reason.TOO_SLOW, url) from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
        if cutoff.fired:
            raise FetchRefused(Reason.TOO_SLOW, url, f"over {limits.total_s:g} s") from error
        raise FetchRefused(Reason.FAILED, url, type(error).__name__) from error


class _Cutoff:
    """Ends a connection when its time is over, whatever it is doing: a server that sends a byte now and then never runs into
    a timeout of single reads, be it in the TLS handshake, the headers or the body."""

    def __init__(self, seconds: float):
        self.fired = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """What httpx tells while it works: the socket is ours to end from when it is connected (a copy: TLS takes the first)."""
        if event == "connection.connect_tcp.complete":
            self._socket = info["return_value"].get_extra_info("socket").dup()
            if self.fired:
                self._end()

    def _fire(self) -> None:
        self.fired = True
        self._end()

    def _end(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _read(response: httpx.Response, url: str, limits: Limits, deadline: float, clock: Clock) -> bytes:
    content_length = response.headers.get("content-length", "")
    if content_length.isdigit() and int(content_length) > limits.max_bytes:
        raise FetchRefused(Reason.TOO_LARGE, url, f"{content_length} bytes")
    content = bytearray()
    for chunk in response.iter_raw(65_536):
        content += chunk
        if len(content) > limits.max_bytes:
            raise FetchRefused(Reason.TOO_LARGE, url, f"over {limits.max_bytes} bytes")
        if clock.monotonic() > deadline:
            raise FetchRefused(Reason.TOO_SLOW, url, f"over {limits.total_s:g} s")
    return bytes(content)


def _shown(url: str) -> str:
    """A URL without credentials and query, shortened, for messages."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:200] if parts.hostname else "the URL"
    except ValueError:
        return "the URL"
