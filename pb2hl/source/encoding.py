"""Bytes → text, whatever they were written in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

_SAMPLE = 200_000


def decode(raw: bytes) -> tuple[str, str, int]:
    """(text, encoding, bytes that fitted no encoding and were replaced or read one by one as Windows-1252)."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark) and not (name == "utf-32" and len(raw) % 4):
            return _lenient(raw, name)
    if wide := _utf16_without_mark(raw):
        return _lenient(raw, wide)
    try:
        return raw.decode("utf-8"), "utf-8", 0
    except UnicodeDecodeError:
        return _eight_bit(raw)


def shared(samples: Sequence[bytes]) -> str:
    """The one encoding of texts of one export that are not UTF-8, by all of their letters together; "" where they are not two, or
    nothing is sure: a few letters of one file fit many languages."""
    foreign = [sample[: sample.rfind(b"\n") + 1] for sample in samples]
    foreign = [sample for sample in foreign if not _is_marked(sample) and not _fits(sample, "utf-8")]
    if len(foreign) < _SEVERAL:
        return ""
    _, encoding, bad = decode(b"".join(foreign))
    return encoding if not bad and all(_fits(sample, encoding) for sample in foreign) else ""


def in_utf8(raw: bytes, encoding: str) -> bytes:
    """`raw` in UTF-8 where it is a text in the `encoding` of its export ("" for none), and shows no other by itself."""
    if not encoding or _is_marked(raw) or _fits(raw, "utf-8") or _of_a_neighbour(raw) or not _fits(raw, encoding):
        return raw
    return raw.decode(encoding).encode("utf-8")


_SEVERAL = 2


def _is_marked(raw: bytes) -> bool:
    """Whether a text says itself what it is in, or is in no encoding of one byte."""
    return raw.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in raw[:_SAMPLE]


def _fits(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def is_binary(raw: bytes) -> bool:
    """Whether the beginning of a file is no text in any encoding: many control bytes, and not UTF-16."""
    sample = raw[:8192]
    if (
        not sample
        or sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8))
        or _utf16_without_mark(sample)
    ):
        return False
    controls = sum(sample.count(bytes([code])) for code in (*range(1, 9), *range(14, 27), 28, 29, 30, 31, 127))
    return controls > max(4, 0.02 * len(sample)) or sample.count(b"\x00") > 0.3 * len(sample)


def _lenient(raw: bytes, name: str) -> tuple[str, str, int]:
    text = raw.decode(name, errors="replace")
    return text.removeprefix("\ufeff"), name, text.count("\ufffd")


def _utf16_without_mark(raw: bytes) -> str:
    sample = raw[:4096]
    if len(sample) < 4:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * half and odd < 0.1 * half else ""


def _eight_bit(raw: bytes) -> tuple[str, str, int]:
    mixed, bad = _utf8_with_strays(raw)
    sequences = len(re.findall(rb"[\xc3-\xf4][\x80-\xbf]+", raw[: _SAMPLE * 10]))
    if sequences > 2 * bad:
        return mixed, "utf-8 with Windows-1252 bytes", bad
    if neighbour := _of_a_neighbour(raw):
        return _lenient(raw, neighbour)
    if _SIGNS_IN_WORDS.search(raw[: _SAMPLE * 10]) and _is_latin(raw):
        return _lenient(raw, "cp1250")
    if _looks_western(raw):
        return raw.decode("cp1252", errors="replace"), "windows-1252", 0
    from charset_normalizer import from_bytes

    best = from_bytes(raw[:_SAMPLE]).best()
    if best is None:
        return (
            raw.decode("cp1252", errors="replace"),
            "windows-1252",
            sum(raw.count(bytes([b])) for b in (0x81, 0x8D, 0x8F, 0x90, 0x9D)),
        )
    return _lenient(raw, best.encoding)


def _utf8_with_strays(raw: bytes) -> tuple[str, int]:
    strays = 0

    def read(error: UnicodeError) -> tuple[str, int]:
        nonlocal strays
        if not isinstance(error, UnicodeDecodeError):
            raise error
        piece = error.object[error.start : error.end]
        strays += len(piece)
        return piece.decode("cp1252", errors="replace"), error.end

    codecs.register_error("pb2hl-stray", read)
    return raw.decode("utf-8", errors="pb2hl-stray"), strays


@dataclass(frozen=True)
class _Neighbour:
    """An encoding whose texts look Western: letters of which some must be met, letters beside them (none: not asked for), and
    letters that only the Western languages with the same bytes have."""

    encoding: str
    some: str
    beside: str
    never: str


_NEIGHBOURS = (
    _Neighbour("cp1254", "şğıİŞĞ", "", "áéíóúæÁÉÍÓÚÆåäñõã"),  # Turkish, not Icelandic
    _Neighbour("cp1250", "řěčůňďŘČ", "šžýŠŽ", "ĺćĹĆŕŔę"),  # Czech and Slovak; å, æ, à and ê stand there
    _Neighbour("cp1250", "őűŐŰ", "áéíóúÁÉÍÓÚ", "ăçäęâôĂÇÄĘÂÔ"),  # Hungarian, not Portuguese and not Estonian
)


def _of_a_neighbour(raw: bytes) -> str:
    """The encoding beside Windows-1252 that these bytes are surely in, by the letters of its languages; "" for none."""
    met = set(raw[: _SAMPLE * 10])
    for item in _NEIGHBOURS:
        some, beside, never = (
            set(letters.encode(item.encoding, errors="ignore")) - set(range(128))
            for letters in (item.some, item.beside, item.never)
        )
        if met & some and (met & beside or not item.beside) and not met & never:
            return item.encoding
    return ""


_SIGNS_IN_WORDS = re.compile(
    rb"(?i:(?<=[a-z\xc0-\xff]))[\xb3\xb9\xbe\x9f](?=[a-z\xbf\xe0-\xff])|(?<=[a-z\xe0-\xff]{2})\xba(?=[a-z\xe0-\xff])|\xa3[a-z\xf3]{3}"
)
"""What Windows-1252 reads as a sign inside a word and Windows-1250 as a letter: `Wys³aæ` is `Wysłać`, `nº` and `m³/h` are no words."""


def _is_latin(raw: bytes) -> bool:
    """Whether bytes above 127 stand one or two together, as accented letters among ASCII do."""
    high = re.findall(rb"[\x80-\xff]+", raw[: _SAMPLE * 10])
    return sum(len(run) <= 2 for run in high) >= 0.85 * len(high)


def _looks_western(raw: bytes) -> bool:
    """Whether bytes above 127 are, read as Windows-1252, what Western words hold: single accented letters among ASCII."""
    high = re.findall(rb"[\x80-\xff]+", raw[: _SAMPLE * 10])
    if any(byte in b"".join(high[:5000]) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)):
        return False
    letters = sum(
        run[0] >= 0xC0
        or run[0]
        in b"\xaa\xb2\xb3\xba\xa1\xbf\xb5\xb1\xbd\x99\x80\x91\x92\x93\x94\x96\x97\xa0\xa3\xa7\xa9\xab\xae\xb0\xb4\xb7\xbb\x85\x8a\x8c\x8e\x9a\x9c\x9e\x9f"
        for run in high
    )
    return bool(high) and _is_latin(raw) and letters >= 0.8 * len(high)
