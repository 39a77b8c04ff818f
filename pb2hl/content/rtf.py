"""RTF as plain text with its pictures, however damaged it is."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from pb2hl.content.types import InlineImage
from pb2hl.operations import MOST_FILE_BYTES

_DANGEROUS = re.compile(
    r"\\objdata|\\objclass|\\object\b|MACROBUTTON|DDEAUTO|\bDDE\b|INCLUDEPICTURE|INCLUDETEXT", re.IGNORECASE
)
_HEX_RUN = re.compile(r"[0-9a-fA-F\s]{200,}")
_PICTURE_RUN = re.compile(r"(?<=[\s}])[0-9a-fA-F][0-9a-fA-F\s]{40,}")
_PICTURE = re.compile(r"\\pict\b")
_KINDS = (("\\pngblip", ".png", "image/png"), ("\\jpegblip", ".jpg", "image/jpeg"))
_WORD = re.compile(r"\\(?:par|line|tab)\b ?|\\'[0-9a-fA-F]{2}|\\[a-zA-Z]+-?\d* ?|\\[^a-zA-Z]|[{}]")


def read_rtf(source: str) -> tuple[str, list[str], list[InlineImage]]:
    """(text, what was removed, pictures) of an RTF document; a document that cannot be parsed loses its formatting only."""
    removed = ["macro or embedded object"] if _DANGEROUS.search(source) else []
    pictures = _pictures(source)
    slim = _HEX_RUN.sub(" ", source)
    try:
        text = rtf_to_text(slim, errors="ignore")
    except Exception:  # the library fails in many ways on damaged documents; the text below is what is left
        text = ""
    if not text.strip():
        text = _crude(slim)
    return text, removed, pictures


def _pictures(source: str) -> list[InlineImage]:
    found: list[InlineImage] = []
    for match in _PICTURE.finditer(source):
        head = source[match.end() : match.end() + 500]
        kind = next((item for item in _KINDS if item[0] in head), None)
        run = _PICTURE_RUN.search(source, match.end(), min(len(source), match.end() + 2000 + MOST_FILE_BYTES * 2))
        if kind is None or run is None or run.start() - match.end() > 1000:
            continue
        digits = re.sub(r"\s+", "", run[0])
        content = bytes.fromhex(digits[: len(digits) // 2 * 2])
        if len(content) <= MOST_FILE_BYTES:
            found.append(InlineImage("data", "", f"image-{len(found) + 1}{kind[1]}", kind[2], content))
    return found


def _crude(source: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        word = match[0].strip()
        if word in ("\\par", "\\line"):
            return "\n"
        if word == "\\tab":
            return "\t"
        if word.startswith("\\'"):
            return bytes([int(word[2:], 16)]).decode("cp1252", "ignore")
        return ""

    return _WORD.sub(replaced, source.replace("\n", ""))
