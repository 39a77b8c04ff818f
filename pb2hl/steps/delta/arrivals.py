"""Exports that stand in a watched folder: which are whole, and which are still being copied.

A copy is whole when it looks the same for `SETTLE_S` and nothing of it says otherwise: no file with the name of a download that
goes on, no zip without its end or with a damaged file, no file that ends in nothing but zeros (a copy into reserved room).
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pb2hl.errors import ConfigError

SETTLE_S = 60.0
"""Seconds for which an export has to look the same before it is taken for whole."""

_GOING_ON = re.compile(
    r".*(\.(part|partial|crdownload|download|filepart|tmp|temp|opdownload|aria2)|~)|\..+\.[A-Za-z0-9]{6}", re.IGNORECASE
)
"""Names of files that are still being written: browsers', transfer programs' and rsync's (`.contacts.csv.Xa3b9Q`)."""
_TAIL = 4096


@dataclass(frozen=True)
class Arrival:
    """An export as it stands now: `signature` changes whenever a file of it does; `newest` is its latest change (seconds since
    1970); `unfinished` says why it cannot be whole, "" when nothing says so."""

    path: Path
    signature: str
    newest: float
    unfinished: str

    @property
    def name(self) -> str:
        """How it is called in the folder."""
        return self.path.name


def arrivals(folder: Path, leave_out: Collection[Path] = ()) -> list[Arrival]:
    """Every file and folder in `folder` that may be an export, the oldest first; hidden ones and `leave_out` are none.

    Raises ConfigError when there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder.absolute()} is no folder", hint="name the folder in which later exports appear")
    found = [
        _arrival(path)
        for path in sorted(folder.iterdir())
        if not path.name.startswith((".", "~$")) and path.resolve() not in leave_out
    ]
    return sorted((one for one in found if one), key=lambda one: (one.newest, one.name))


def newest(path: Path) -> float:
    """When the export at `path` was last changed (seconds since 1970); 0 when it is not there."""
    found = _arrival(path) if path.exists() else None
    return found.newest if found else 0.0


def _arrival(path: Path) -> Arrival | None:
    """What stands at `path`; None when it went away meanwhile."""
    try:
        files = [(file, file.stat()) for file in _files(path)]
    except FileNotFoundError:
        return None
    seen = hashlib.sha256()
    for file, status in files:
        seen.update(
            f"{file.relative_to(path.parent)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(
                "utf-8", "surrogateescape"
            )
        )
    latest = max((status.st_mtime for _, status in files), default=0.0)
    going = next((file.name for file, _ in files if _GOING_ON.fullmatch(file.name)), "")
    if going:
        why = f"{going} is still being copied"
    else:
        why = "" if any(status.st_size for _, status in files) else "nothing is in it yet"
    return Arrival(path, seen.hexdigest(), latest, why)


def _files(path: Path) -> Iterator[Path]:
    """The files of an export in a fixed order; what a desktop hides beside them does not count."""
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = file.name.startswith(".") and not _GOING_ON.fullmatch(file.name)
        if file.is_file() and not hidden and file.name not in ("Thumbs.db", "desktop.ini"):
            yield file


def cut_off(arrival: Arrival) -> str:
    """Why the bytes of an export that looks settled cannot be whole; "" when they can."""
    try:
        return next((why for file in _files(arrival.path) if (why := _cut_off(file))), "")
    except FileNotFoundError:
        return "a file of it went away"


def _cut_off(file: Path) -> str:
    size = file.stat().st_size
    with open(file, "rb") as content:
        zipped = content.read(4) == b"PK\x03\x04"
        content.seek(max(size - _TAIL, 0))
        tail = content.read(_TAIL)
    if size and not tail.strip(b"\0"):
        return f"{file.name} ends in zeros: it is still being copied"
    if not zipped:
        return ""
    try:
        with zipfile.ZipFile(file) as packed:
            damaged = None if any(info.flag_bits & 1 for info in packed.infolist()) else packed.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        return "" if isinstance(error, NotImplementedError) else f"{file.name} has no end yet, or is damaged"
    return f"{file.name}: {damaged} in it is damaged" if damaged else ""
