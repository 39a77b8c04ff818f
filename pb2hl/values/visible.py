"""Text that is only read: without the characters that act on a terminal, or turn the direction of what stands around them."""

from __future__ import annotations

import re

_ACTING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters of both sets (an escape sequence begins with one), but for tab and line feed; direction marks and
overrides; lone surrogates, which no file can hold."""


def visible(text: str) -> str:
    """`text` without acting characters; a carriage return becomes a line feed, so that nothing is written over."""
    return _ACTING.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def escaped(json_text: str) -> str:
    """JSON with acting characters as `\\u` escapes: the same data, and quiet on a terminal."""
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)
