"""Identifiers that look like HighLevel's and are the same for the same seed."""

from __future__ import annotations

import hashlib
import uuid

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class IdMaker:
    """Makes ids from a seed and a counter a kind; the counters can be saved and restored."""

    def __init__(self, seed: int, counters: dict[str, int] | None = None):
        self.seed = seed
        self.counters = dict(counters or {})

    def _digest(self, kind: str) -> bytes:
        number = self.counters.get(kind, 0) + 1
        self.counters[kind] = number
        return hashlib.blake2b(f"{self.seed}:{kind}:{number}".encode(), digest_size=20).digest()

    def record(self, kind: str) -> str:
        """Twenty letters and digits, as contacts, notes, tasks, fields and most others have."""
        return "".join(_ALPHABET[byte % 62] for byte in self._digest(kind))

    def mongo(self, kind: str) -> str:
        """Twenty-four hexadecimal digits, as businesses, object records and media files have."""
        return self._digest(kind).hex()[:24]

    def uuid(self, kind: str) -> str:
        """A version 4 UUID, as stages, workflows and trace ids have."""
        return str(uuid.UUID(bytes=self._digest(kind)[:16], version=4))
