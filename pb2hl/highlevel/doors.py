"""Where the token may go: to HighLevel, to this machine, and to hosts that a person named outside of any workspace.

A workspace may come from a stranger, and its `base_url` with it. The hosts that a person confirmed stand in a file of that
person's own, `hosts.txt` in the folder of settings, one a line.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pb2hl.errors import ConfigError
from pb2hl.whole import private_folder
from pb2hl.workspace import BASE_URL

FILE_NAME = "hosts.txt"


def folder() -> Path:
    """The folder of this person's settings, as the operating system has it."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "pb2hl"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pb2hl"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def trust(base_url: str) -> str:
    """Put the host of `base_url` on record as one that may have the token; gives it as it stands there.

    Raises ConfigError for an address that never may: one without encryption, or none at all.
    """
    parts = _split(base_url)
    _require_encrypted(parts, base_url)
    if (origin := _origin(parts)) not in trusted():
        private_folder(folder())
        with (folder() / FILE_NAME).open("a", encoding="utf-8") as file:
            file.write(f"{origin}\n")
    return origin


def trusted() -> set[str]:
    """The hosts that were confirmed, with their ports."""
    path = folder() / FILE_NAME
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def require_allowed(base_url: str) -> None:
    """Raise ConfigError unless the token may go to `base_url`."""
    parts = _split(base_url)
    if is_loopback(parts.hostname or ""):
        return
    _require_encrypted(parts, base_url)
    if _origin(parts) not in {_origin(urlsplit(BASE_URL)), *trusted()}:
        raise ConfigError(
            f"base_url is {base_url}, which is not HighLevel: the token is not sent there",
            hint=f"take base_url out of migration.toml; if the address is right and yours, run: pb2hl trust {base_url}",
        )


def _split(base_url: str) -> SplitResult:
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or "?" in base_url or "#" in base_url:
        raise ConfigError(f"base_url {base_url!r} is no address of a server", hint=f"it should look like {BASE_URL}")
    return parts


def _require_encrypted(parts: SplitResult, base_url: str) -> None:
    if parts.scheme != "https":
        raise ConfigError(
            f"base_url is {base_url}: without encryption everybody on the way can read the token",
            hint="use https; plain http is for a sandbox on this machine",
        )


def _origin(parts: SplitResult) -> str:
    return f"{(parts.hostname or '').rstrip('.')}:{parts.port or 443}"
