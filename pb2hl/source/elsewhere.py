"""Formats that hold no tables, or none that can be read without their program: what each is, and what to export instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Elsewhere:
    """A format that is not read: what it is, what to do instead, and whether it is data (and no document or archive)."""

    what: str
    instead: str
    data: bool = True


_BANK = Elsewhere(
    "a bank statement (OFX, QFX or QIF)", "export people and deals as CSV; bank statements are not migrated"
)
_MAIL = Elsewhere(
    "a mailbox (mbox, PST, OST, MSG or EML)",
    "export its contacts and calendar as CSV, vCard (.vcf) or iCalendar (.ics)",
)
_ACCESS = Elsewhere("an Access database", "open it in Access and export each table as .xlsx or CSV")
_BOOKS = Elsewhere(
    "a QuickBooks company file", "open it in QuickBooks and export customers, vendors and items as .xlsx or CSV"
)
_NUMBERS = Elsewhere("an Apple Numbers sheet", "open it in Numbers: File, Export To, Excel or CSV")
_PACKED = Elsewhere("a packed archive (gz, tar, 7z or rar)", "unpack it and give the folder, or pack it again as .zip")
_FRAME = Elsewhere("a data file of another program", "export it as CSV, JSON or SQLite")
_TEXT = Elsewhere(
    "a text document", "export the table in it as CSV or .xlsx; documents are migrated as attachments only", data=False
)
_PDF = Elsewhere(
    "a PDF",
    "export the data itself as CSV or .xlsx; a PDF is a picture of it and is migrated as an attachment only",
    data=False,
)

_BY_SUFFIX = {
    **dict.fromkeys((".ofx", ".qfx", ".qif", ".qbo"), _BANK),
    **dict.fromkeys((".mbox", ".pst", ".ost", ".msg", ".eml", ".olm"), _MAIL),
    **dict.fromkeys((".mdb", ".accdb", ".accde"), _ACCESS),
    **dict.fromkeys((".qbw", ".qbb", ".qbm", ".iif"), _BOOKS),
    **dict.fromkeys((".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz", ".zst"), _PACKED),
    **dict.fromkeys((".parquet", ".feather", ".dbf", ".sav", ".rds", ".fmp12", ".bak"), _FRAME),
    **dict.fromkeys((".doc", ".docx", ".odt", ".pages", ".ppt", ".pptx", ".key", ".one"), _TEXT),
    ".numbers": _NUMBERS,
    ".pdf": _PDF,
}
_BY_HEAD = (
    (b"OFXHEADER", _BANK), (b"!Type:", _BANK), (b"!Account", _BANK), (b"!BDN", _MAIL), (b"\x00\x01\x00\x00Standard Jet DB", _ACCESS),
    (b"\x00\x01\x00\x00Standard ACE DB", _ACCESS), (b"\x1f\x8b", _PACKED), (b"7z\xbc\xaf\x27\x1c", _PACKED), (b"Rar!", _PACKED), (b"BZh", _PACKED),
    (b"\xfd7zXZ", _PACKED), (b"PAR1", _FRAME), (b"%PDF", _PDF), (b"!HDR\tPROD", _BOOKS),
)  # fmt: skip


def elsewhere(name: str, head: bytes = b"") -> Elsewhere | None:
    """What the file `name` that begins with `head` is, when it is of a format that is not read; None else."""
    plain = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    by_head = next((found for start, found in _BY_HEAD if plain.startswith(start)), None)
    if by_head is None and (b"<OFX>" in head[:4096] or b"<OFX " in head[:4096]):
        return _BANK
    return by_head or _BY_SUFFIX.get(Path(name).suffix.lower())
