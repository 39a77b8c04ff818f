"""Attachment bytes of an export: known by name, copied out on demand under names that cannot leave the folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from pb2hl.whole import write_bytes

Opener = Callable[[], bytes]


class ExportFiles:
    """Files of an export that are no tables, by relative name.

    Lookup ignores case, the kind of slash and a leading `./`; a bare file name finds a file when only one has it.
    """

    def __init__(self, into: Path):
        self._into = into
        self._openers: dict[str, Opener] = {}
        self._sizes: dict[str, int] = {}
        self._by_key: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = {}

    def add(self, name: str, size: int, opener: Opener) -> None:
        """Make a file known. `opener` gives its bytes; it is called only when they are wanted."""
        self._openers[name] = opener
        self._sizes[name] = size
        self._by_key.setdefault(_key(name), name)
        self._by_name.setdefault(_key(name).rsplit("/", 1)[-1], []).append(name)

    def __len__(self) -> int:
        return len(self._openers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._openers)

    def find(self, reference: str) -> str | None:
        """The name of the one file that `reference` (a path as exported, or a bare name) means, or None."""
        key = _key(reference)
        if not key:
            return None
        if key in self._by_key:
            return self._by_key[key]
        tail = [name for name in self._by_name.get(key.rsplit("/", 1)[-1], ()) if _ends(key, _key(name))]
        return tail[0] if len(tail) == 1 else None

    def size(self, name: str) -> int:
        """Bytes of the file called `name`; KeyError when there is none."""
        return self._sizes[name]

    def read(self, name: str) -> bytes:
        """The bytes of the file called `name`; KeyError when there is none, OSError when they cannot be read."""
        return self._openers[name]()

    def copy(self, name: str) -> Path:
        """Put the file's bytes into the workspace under a safe name and say where; done once."""
        target = self._into / safe_name(name)
        if not target.exists():
            write_bytes(target, self.read(name))
        return target


def safe_name(name: str) -> str:
    """A flat file name: the old one's safe characters behind a digest of the whole path, never longer than 120."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    base = re.sub(r"[^\w.\-]+", "_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip("._") or "file"
    stem, dot, suffix = base.rpartition(".")
    return f"{digest}-{(stem or base)[:90]}{dot}{suffix[:12]}" if dot else f"{digest}-{base[:100]}"


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFC", name.strip().replace("\\", "/")).casefold()
    return re.sub(r"^(\./|/)+", "", re.sub(r"/{2,}", "/", plain))


def _ends(reference: str, name: str) -> bool:
    return (
        name.endswith("/" + reference)
        or reference.endswith("/" + name)
        or "/" not in reference
        or name.rsplit("/", 1)[-1] == reference.rsplit("/", 1)[-1]
    )
