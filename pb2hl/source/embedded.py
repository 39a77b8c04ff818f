"""Files whose bytes stand in a table's cells (data: URI, base64, hexadecimal, byte list, BLOB) → files beside the tables."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from pb2hl.content.images import decoded
from pb2hl.errors import Problem
from pb2hl.source.files import ExportFiles
from pb2hl.source.tables import TEXT, RawTable, problem, unique_headings
from pb2hl.whole import write_bytes

FOLDER = "embedded"
"""Folder of the workspace's files that they go into; the cell then holds `embedded/<SHA-256>.<extension>`."""

_SAMPLE = 40  # filled cells that tell what a column holds
_LEAST = 8  # bytes of readable text that a small file has at least
_LONG = 200  # characters that no word, name or key has
_HEAD = 4_096  # characters of a cell that are looked at; enough for a file's signature
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]+(?:={1,2}\s*)?")
_HEX = re.compile(r"(?:\\x|0x|x')((?:[0-9a-f]{2})+)'?", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-fA-F]{32,128}")
_DATA = re.compile(r"data:[^,]{0,200},", re.IGNORECASE)
_BYTES = re.compile(r"(?s)\s*(\{\s*\"type\"\s*:\s*\"Buffer\".*\}|\[\s*\d{1,3}\s*(,\s*\d{1,3}\s*)*\])\s*")
_NUMBERS = re.compile(r"(\{\s*\"type\"\s*:\s*\"Buffer\"[^\[]*)?\[\s*\d")
_KEPT = re.compile(r"\(binary, \d+ bytes, kept as (embedded/[0-9a-f]{64}[\w.]*)\)")
_NAMED = re.compile(r"embedded/[0-9a-f]{64}[\w.]*")
_SAYS_BYTES = re.compile(
    r"(?i)base\W?64|b64|blob|binar|bytes?\b|content|inhalt|contenu|contenido|conte[uú]do|contenuto|inhoud|tre[sś][cć]|inneh[aå]ll|indhold"
    r"|data|daten|donn[eé]es|datos|dados|dati|gegevens|dane|payload|body|file|datei|fichier|archivo|arquivo|bestand|plik"
)
_SIGNATURES = (
    (b"%PDF", ".pdf"), (b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"PK\x03\x04", ".zip"), (b"\xd0\xcf\x11\xe0", ".doc"),
    (b"{\\rtf", ".rtf"), (b"<svg", ".svg"), (b"<?xml", ".xml"), (b"<!DOCTYPE", ".html"), (b"<html", ".html"), (b"Rar!", ".rar"), (b"7z\xbc\xaf", ".7z"),
    (b"\x1f\x8b", ".gz"), (b"II*\x00", ".tif"), (b"MM\x00*", ".tif"), (b"ID3", ".mp3"), (b"BEGIN:VC", ".vcf"), (b"From ", ".eml"), (b"Received:", ".eml"),
)  # fmt: skip
"""First bytes of the kinds of files that people attach (the list of file(1)), with the extension for one without a name."""

_OFFICE = ((b"word/document.xml", ".docx"), (b"xl/workbook.xml", ".xlsx"), (b"ppt/presentation.xml", ".pptx"))

Keep = Callable[[bytes], str]


@dataclass(frozen=True)
class Cell:
    """What a cell decodes to: its bytes and the MIME type that it tells itself (""), or `name` of a file that is kept already."""

    content: bytes = b""
    mime: str = ""
    name: str = ""


def keep(into: Path, content: bytes, mime: str = "") -> str:
    """Write `content` below `into` under its digest, once; the name that stands for it in a cell."""
    name = f"{FOLDER}/{hashlib.sha256(content).hexdigest()}{_extension(content, mime)}"
    target = into / name
    if not target.exists():
        write_bytes(target, content)
    return name


def kept_note(name: str, size: int) -> str:
    """The text of a cell too big for a table, whose bytes are kept as `name`."""
    return f"(binary, {size} bytes, kept as {name})"


def is_kept(text: str) -> bool:
    """Whether `text` names a kept file."""
    return bool(_NAMED.fullmatch(text))


def known(into: Path) -> dict[str, Path]:
    """Kept files by the name that cells have for them."""
    folder = into / FOLDER
    return (
        {f"{FOLDER}/{path.name}": path for path in sorted(folder.glob("*")) if path.suffix != ".part"}
        if folder.is_dir()
        else {}
    )


def take_out(raw: RawTable, into: Path, files: ExportFiles) -> tuple[RawTable, list[Problem]]:
    """A table of attachments with the bytes in its cells put below `into`, known to `files`, and named in their place;
    and which cells are damaged.

    Where a column holds bytes and other text (addresses, paths), the bytes' names move into a column of their own.
    """
    problems: list[Problem] = []
    for heading in raw.headings:
        if _holds_files(heading, raw.frame[heading]):
            raw, damaged = _column(raw, heading, into, files)
            problems += damaged
    return raw, problems


def _column(raw: RawTable, heading: str, into: Path, files: ExportFiles) -> tuple[RawTable, list[Problem]]:
    values = raw.frame[heading]
    named = [""] * len(values)
    damaged: list[int] = []
    for at, text in enumerate(values.astype(object)):
        cell = decode(text) if text else None
        if cell is not None:
            named[at] = cell.name or keep(into, cell.content, cell.mime)
            path = into / named[at]
            files.add(named[at], path.stat().st_size, path.read_bytes)
        elif text and (_DATA.match(text.strip()) or len(text) > _HEAD):
            damaged.append(at)
    names = pd.Series(named, index=values.index, dtype=TEXT)
    problems = [
        problem("attachment_damaged", "cells of attachments hold bytes that cannot be decoded", raw.file, raw.sheet,
                row=int(raw.rows[damaged[0]]), field=heading, count=len(damaged), treatment="listed; nothing is sent")
    ] if damaged else []  # fmt: skip
    rest = values.mask(names != "", "")
    frame = raw.frame.copy()
    if (rest.str.strip() == "").all():
        frame[heading] = names
        return replace(raw, frame=frame), problems
    own = unique_headings([*raw.headings, f"{heading} (content)"])[-1]
    frame[heading], frame[own] = rest, names
    return replace(raw, frame=frame, headings=[*raw.headings, own]), problems


def _holds_files(heading: str, values: pd.Series) -> bool:
    filled = values[values.str.len() >= 4]
    if filled.empty:
        return False
    starts = filled.str.slice(0, 40).str.lstrip()
    if starts.str.match(_DATA.pattern, flags=re.IGNORECASE).any() or starts.str.startswith("(binary, ").any():
        return True
    sample = filled.iloc[:_SAMPLE].str.strip()
    if sample.str.fullmatch(_DIGEST).any() and not sample.str.fullmatch(_HEX).any():
        return False  # a checksum
    heads = [head for head in map(_head, sample) if head is not None]
    if len(heads) < len(sample):
        return False
    if any(map(_extension, heads)):
        return True
    texts = zip(sample, heads, strict=True)
    return bool(_SAYS_BYTES.search(heading)) and all(len(text) >= _LONG or _readable(head) for text, head in texts)


def _readable(content: bytes) -> bool:
    """Whether bytes are text: a word that happens to be valid base64 decodes to none."""
    try:
        return len(content) >= _LEAST and all(char.isprintable() or char.isspace() for char in content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _head(text: str) -> bytes | None:
    """The first bytes of a cell; None when it is no encoding of bytes."""
    text = text[:_HEAD]
    if match := _HEX.match(text):
        return bytes.fromhex(match[1])
    if _NUMBERS.match(text):
        return bytes(number & 255 for number in map(int, re.findall(r"\d{1,3}", text)))
    if len(text) == _HEAD:
        text = re.sub(r"\s+", "", text)
        text = text[: len(text) // 4 * 4]
    return _from_base64(text)


def decode(text: str) -> Cell | None:
    """The file in a cell; None when it is none, or damaged."""
    text = text.strip()
    if match := _KEPT.fullmatch(text):
        return Cell(name=match[1])
    if match := _DATA.match(text):
        head, _, payload = text.partition(",")
        content = decoded(payload, head.lower().endswith(";base64"))
        return Cell(content, head[5:].split(";", 1)[0].strip().lower()) if content else None
    if match := _HEX.fullmatch(text):
        return Cell(bytes.fromhex(match[1]))
    if _BYTES.fullmatch(text):
        return _from_numbers(text)
    content = _from_base64(text)
    return Cell(content) if content else None


def _from_numbers(text: str) -> Cell | None:
    try:
        body = json.loads(text)
        return Cell(bytes(body["data"] if isinstance(body, dict) else body))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _from_base64(text: str) -> bytes | None:
    if not _BASE64.fullmatch(text):
        return None
    compact = re.sub(r"\s+", "", text).replace("-", "+").replace("_", "/")
    if len(compact) % 4 == 1:
        return None
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _extension(content: bytes, mime: str = "") -> str:
    """The extension of a file by what it says of itself, else by its first bytes; "" when neither tells."""
    named = mimetypes.guess_extension(mime) if mime and mime != "application/octet-stream" else None
    if named:
        return named
    if content[4:8] == b"ftyp":
        return ".mp4"
    if content[:4] == b"RIFF":
        return {b"WEBP": ".webp", b"WAVE": ".wav", b"AVI ": ".avi"}.get(content[8:12], "")
    start = content[:512].lstrip(b"\xef\xbb\xbf \r\n\t") if content[:1] in b"\xef \r\n\t<" else content[:16]
    found = next((extension for signature, extension in _SIGNATURES if start.startswith(signature)), "")
    return next((office for part, office in _OFFICE if part in content), found) if found == ".zip" else found
