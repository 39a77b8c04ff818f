"""Formats that hold no tables, or none that can be read without their program: what each is, and what to export instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Elsewhere:
    """A format that is not read: what it is, what to do instead, and whether it is data (and no document or archive)."""

    what: str
    instead: str
    data: bool = True


_BANK = Elsewhere(
    "a bank statement (OFX, QFX, QIF, MT940 or CAMT)",
    "export people and deals as CSV; bank statements are not migrated",
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
_LDIF = Elsewhere("an LDIF address book", "export the address book as vCard (.vcf) or CSV")
_OTHER_CARDS = Elsewhere(
    "an address book or a calendar in JSON or XML (jCard, xCard, jCal, xCal, Windows contact)",
    "export it as vCard (.vcf), iCalendar (.ics) or CSV",
)
_APPLE = Elsewhere(
    "an archive of Apple's Contacts or Calendar", "in the program: File, Export, Export vCard (.vcf) or Export (.ics)"
)
_SHEET_XML = Elsewhere("an Excel 2003 XML sheet", "open it in Excel or LibreOffice and save it as .xlsx")
_XML = Elsewhere("an XML file", "export the same data as CSV, .xlsx or JSON")
_SQL = Elsewhere("a dump of a database (SQL)", "load it into its database and export each table as CSV, or give SQLite")
_MARKED = Elsewhere("a YAML, TOML or INI file", "export the same data as JSON or CSV")
_MAP = Elsewhere("a map file (GPX or KML)", "export the places as CSV")
UNKNOWN = Elsewhere(
    "of no format that is known", "export the data as CSV, .xlsx, JSON, SQLite, vCard (.vcf) or iCalendar (.ics)"
)
"""What is said of a file where nothing else can be read and nobody knows what it is."""

_BY_SUFFIX = {
    **dict.fromkeys((".ofx", ".qfx", ".qif", ".qbo", ".sta", ".mt940", ".940", ".camt"), _BANK),
    **dict.fromkeys((".mbox", ".pst", ".ost", ".msg", ".eml", ".emlx", ".olm", ".mbx"), _MAIL),
    **dict.fromkeys((".mdb", ".accdb", ".accde"), _ACCESS),
    **dict.fromkeys((".qbw", ".qbb", ".qbm", ".iif"), _BOOKS),
    **dict.fromkeys((".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz", ".zst"), _PACKED),
    **dict.fromkeys((".parquet", ".feather", ".dbf", ".sav", ".rds", ".fmp12", ".bak"), _FRAME),
    **dict.fromkeys((".doc", ".docx", ".odt", ".pages", ".ppt", ".pptx", ".key", ".one", ".rtf"), _TEXT),
    **dict.fromkeys((".abbu", ".abcdp", ".icbu"), _APPLE),
    **dict.fromkeys((".yaml", ".yml", ".toml", ".ini"), _MARKED),
    **dict.fromkeys((".gpx", ".kml", ".kmz"), _MAP),
    ".ldif": _LDIF,
    ".ldi": _LDIF,
    ".contact": _OTHER_CARDS,
    ".numbers": _NUMBERS,
    ".pdf": _PDF,
    ".sql": _SQL,
    ".xml": _XML,
}
_BY_HEAD = (
    (b"OFXHEADER", _BANK), (b"!Type:", _BANK), (b"!Account", _BANK), (b"!Option:", _BANK), (b"{1:F01", _BANK), (b"!BDN", _MAIL),
    (b"\x00\x01\x00\x00Standard Jet DB", _ACCESS), (b"\x00\x01\x00\x00Standard ACE DB", _ACCESS), (b"\x1f\x8b", _PACKED),
    (b"7z\xbc\xaf\x27\x1c", _PACKED), (b"Rar!", _PACKED), (b"BZh", _PACKED), (b"\xfd7zXZ", _PACKED), (b"PAR1", _FRAME), (b"%PDF", _PDF),
    (b"!HDR\tPROD", _BOOKS), (b"{\\rtf", _TEXT),
)  # fmt: skip
_BY_WORDS = (
    (re.compile(rb"(?i)<OFX[ >]|<\?OFX |xsd:camt\.|<BkToCstmr"), _BANK),
    (re.compile(rb"\A:20:[^\n]{0,100}\n(?::[0-9]{2}[A-Z]?:)"), _BANK),
    (re.compile(rb"\AFrom [^\s@]{1,100}@?\S{0,100} [^\n]{10,80}\n[A-Z>][\w-]{1,40}:? "), _MAIL),
    (re.compile(rb"\A(?:Return-Path|Received|Delivered-To|MIME-Version|X-Mozilla-Status): [^\n]{1,300}\n"), _MAIL),
    (re.compile(rb"(?i)\A(?:version: 1\s+)?(?:#[^\n]{0,200}\s+){0,5}dn:: ?\S|\A(?:version: 1\s+)?dn: ?\w{1,30}="), _LDIF),
    (re.compile(rb"(?i)\A\[\s*\"v(?:card|calendar)\"\s*,|\A\[\s*\[\s*\"v(?:card|calendar)\"\s*,"), _OTHER_CARDS),
    (re.compile(rb"(?i)urn:ietf:params:xml:ns:(?:vcard|icalendar)|schemas\.microsoft\.com/Contact\b"), _OTHER_CARDS),
    (re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet"), _SHEET_XML),
    (re.compile(rb"(?i)\A<\?xml[^>]{0,200}>\s{0,100}<(?:gpx|kml)\b"), _MAP),
    (re.compile(rb"(?i)\A(?:--[^\n]{0,200}\s+|/\*[^\n]{0,200}\s+){0,20}(?:CREATE TABLE|INSERT INTO|DROP TABLE|SET NAMES|SET sql_mode)\b"), _SQL),
    (re.compile(rb"(?i)\A<\?xml\b(?![\s\S]{0,4000}<(?:html|table|!DOCTYPE html)\b)"), _XML),
)  # fmt: skip
"""What the first words of a text file say it is, the surest first."""
_OFFICE = (
    (b"word/document.xml", _TEXT),
    (b"ppt/presentation.xml", _TEXT),
    (b"application/vnd.oasis.opendocument.text", _TEXT),
)


def elsewhere(name: str, head: bytes = b"") -> Elsewhere | None:
    """What the file `name` that begins with `head` is, when it is of a format that is not read; None else."""
    plain = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    by_head = next((found for start, found in _BY_HEAD if plain.startswith(start)), None)
    if by_head is None and plain.startswith(b"PK\x03\x04"):
        by_head = next((found for part, found in _OFFICE if part in head), None)
    if by_head is None:
        words = plain[:4096].replace(b"\r\n", b"\n")
        by_head = next((found for pattern, found in _BY_WORDS if pattern.search(words)), None)
    return by_head or _BY_SUFFIX.get(Path(name).suffix.lower())
