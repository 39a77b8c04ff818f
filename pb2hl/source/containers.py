"""Folders, zips and single files → one list of named items, none of which can leave the container or flood the machine."""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import MIB, Limits, remedy
from pb2hl.source.elsewhere import elsewhere
from pb2hl.source.files import Opener
from pb2hl.source.tables import problem, unused

_NOISE = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\.git/|~\$|\._)")

ATTACHED = re.compile(
    r"(?i)(^|/)(files?|attachments?|uploads?|documents?|media|images?|dateien|anh[aä]nge|fichiers|pi[eè]ces[_ -]jointes|archivos|adjuntos)(\.zip)?/"
)
"""Folders and zips whose files are attachments, not tables."""

_DEEPEST = 3
"""Zips within zips that are opened."""

_ENTRY_BYTES = 1024  # of a zip's list a file: 46 and its name
_END_BYTES = 70_000  # of a zip that may hold the end of its list, with a comment

_WORKSPACE = "migration.toml"
"""A folder with this file is a migration's workspace: its own tables must never be taken for the export's."""


@dataclass(frozen=True)
class Item:
    """One file of an export: its name inside it, its size in bytes, how to read it, and its path when it is a real file."""

    name: str
    size: int
    read: Opener
    path: Path | None = None


def open_container(path: Path, limits: Limits, into: Path) -> tuple[list[Item], list[Problem]]:
    """Every file of a folder, zip or single file, with what was left out and why. `into` is where files may be copied to.

    Raises ExportError when the path does not exist, or the zip is damaged, encrypted, or unpacks into more than there is
    room for. How well one file packs says nothing: a drawing of 25 MB may pack a thousand to one.
    """
    if not path.exists():
        raise ExportError(
            f"there is no export at {path}", hint="give the folder, .zip or file that Perfect Books exported"
        )
    opened = _Opened(limits, _room(limits, into))
    problems = opened.problems
    if path.is_dir():
        items = list(_folder(path, limits, problems))
    elif not path.is_file():
        raise ExportError(
            f"{path} is neither a file nor a folder", hint="give the folder, .zip or file that Perfect Books exported"
        )
    elif _is_plain_zip(path):
        items = list(_zip(path, path.name, "", opened))
    else:
        items = [Item(path.name, path.stat().st_size, path.read_bytes, path)]
    return [found for item in items for found in _nested(item, opened)], problems


@dataclass
class _Opened:
    """What opening a container keeps in mind: the bounds, the bytes that zips may still unpack into, what is wrong."""

    limits: Limits
    room: int
    problems: list[Problem] = field(default_factory=list)


def _room(limits: Limits, into: Path) -> int:
    """Bytes that zips may unpack into: the setting, or what is free on the disk that files are copied to."""
    if limits.unpacked_mib:
        return limits.unpacked_mib * MIB
    there = next(folder for folder in (into, *into.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _folder(root: Path, limits: Limits, problems: list[Problem]) -> Iterator[Item]:
    real, count = root.resolve(), 0
    for folder, names, files in os.walk(root, followlinks=False):
        names.sort()
        if _WORKSPACE in files and Path(folder) != root:
            names.clear()
            what = "is a migration's workspace, not part of the export"
            problems.append(_left_out("workspace", what, Path(folder).relative_to(root), Severity.INFO))
            continue
        problems += [
            _left_out(
                "link", "a link, not a folder of the export", Path(folder, name).relative_to(root), Severity.CRITICAL
            )
            for name in names
            if Path(folder, name).is_symlink()
        ]
        for name in sorted(files):
            path = Path(folder) / name
            shown = path.relative_to(root).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if _NOISE.search(shown):
                continue
            mode = path.lstat().st_mode
            if (stat.S_ISLNK(mode) and not (path.resolve().is_relative_to(real) and path.is_file())) or not (
                stat.S_ISREG(mode) or stat.S_ISLNK(mode)
            ):
                problems.append(
                    _left_out("link", "leads out of the export, or is no plain file", Path(shown), Severity.CRITICAL)
                )
                continue
            count += 1
            if count > limits.entries:
                raise ExportError(f"{root.name} holds more than {limits.entries} files", hint="split the export")
            yield Item(shown, path.stat().st_size, path.read_bytes, path)


def _left_out(code: str, what: str, path: Path, severity: Severity) -> Problem:
    return problem(code, what, path.as_posix(), severity=severity, treatment="not read")


def _is_plain_zip(path: Path) -> bool:
    if elsewhere(path.name) is not None:
        return False
    with open(path, "rb") as handle:
        if handle.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return path.suffix.lower() == ".zip"
    return not is_office(path)


def is_office(source: Path | io.BytesIO) -> bool:
    """Whether a zip is a spreadsheet (xlsx, ods, …) and not a container of files."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = {info.filename for info in archive.infolist()[:200]}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return "[Content_Types].xml" in names or ("mimetype" in names and "content.xml" in names)


def _nested(item: Item, opened: _Opened) -> Iterator[Item]:
    """The files of a zip inside the export, and of the zips in it; anything else, attachments among it, as it is."""
    if not item.name.lower().endswith(".zip") or ATTACHED.search(item.name):
        yield item
        return
    if item.name.lower().count(".zip/") >= _DEEPEST:
        said = f"is a zip within {_DEEPEST} others"
        opened.problems.append(
            problem("nested_zip", said, item.name, severity=Severity.CRITICAL, treatment="not opened")
        )
        return
    try:
        raw = item.read()
        for inner in list(_zip(io.BytesIO(raw), item.name, item.name + "/", opened)):
            yield from _nested(inner, opened)
    except (ExportError, OSError) as error:
        opened.problems.append(
            problem(
                "nested_zip", str(error).splitlines()[0], item.name, severity=Severity.CRITICAL, treatment="not read"
            )
        )


def _zip(source: Path | io.BytesIO, shown: str, prefix: str, opened: _Opened) -> Iterator[Item]:
    try:
        if (size := _directory_bytes(source)) > opened.limits.entries * _ENTRY_BYTES:
            raise ExportError(
                f"{shown} lists files on {size // MIB:,} MiB, more than {opened.limits.entries:,} files take",
                hint=f"split the export, or {remedy('entries')}",
            )
        archive = zipfile.ZipFile(source)
        infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ExportError(
            f"{shown} is a damaged or cut-off zip: {error}", hint="export or download it again"
        ) from error
    _measure(infos, shown, opened)
    taken: set[str] = set()
    next_: dict[str, int] = {}
    for info in infos:
        name = _real_name(info).replace("\\", "/")
        if info.is_dir() or _NOISE.search(name):
            continue
        if reason := _unsafe(name, info):
            opened.problems.append(
                problem(
                    "unsafe_name",
                    f"the zip holds {name[:120]!r}: {reason}",
                    shown,
                    severity=Severity.CRITICAL,
                    treatment="not read",
                )
            )
            continue
        stem, dot, suffix = re.sub(r"^(\./)+", "", name).rpartition(".")
        name = unused(stem if dot else suffix, taken, next_, f".{suffix}" if dot else "")
        if oversize := _too_large(prefix + name, info.file_size, opened.limits):
            opened.problems.append(oversize)
            continue
        yield Item(prefix + name, info.file_size, _opener(archive, info, opened.limits))


def _measure(infos: list[zipfile.ZipInfo], shown: str, opened: _Opened) -> None:
    """Raise when a zip is encrypted, or would unpack into more than there is room for."""
    limits = opened.limits
    if infos and all(info.flag_bits & 1 for info in infos if not info.is_dir()):
        raise ExportError(f"{shown} is encrypted", hint="unpack it with its password and give the folder")
    if len(infos) > limits.entries:
        raise ExportError(
            f"{shown} holds {len(infos):,} files, more than {limits.entries:,}",
            hint=f"split the export, or {remedy('entries')}",
        )
    total = sum(info.file_size for info in infos)
    if total > opened.room:
        raise ExportError(
            f"{shown} unpacks into {total // MIB:,} MiB, more than the {opened.room // MIB:,} MiB there is room for",
            hint=remedy("unpacked_mib") if limits.unpacked_mib else "free space on the disk of the workspace",
        )
    opened.room -= total


def _too_large(name: str, size: int, limits: Limits) -> Problem | None:
    """Why one file of a zip is left out: it alone would fill the memory. The others are read."""
    memory = int(psutil.virtual_memory().total * 0.75)
    if size <= min(limits.file_bytes, memory):
        return None
    setting = size > limits.file_bytes
    return problem(
        "large_entry",
        f"unpacks into {size // MIB:,} MiB, more than "
        + (
            f"the {limits.file_mib:,} MiB of file_mib"
            if setting
            else f"three quarters of the memory ({memory // MIB:,} MiB)"
        ),
        name,
        severity=Severity.CRITICAL,
        treatment=f"left out; {remedy('file_mib') if setting else 'use a machine with more memory, or split the file'}",
    )


def _directory_bytes(source: Path | io.BytesIO) -> int:
    """How long a zip's list of files says it is: read before the list itself, which becomes an object a file."""
    with open(source, "rb") if isinstance(source, Path) else io.BytesIO(source.getbuffer()) as handle:
        handle.seek(0, os.SEEK_END)
        handle.seek(max(0, handle.tell() - _END_BYTES))
        tail = handle.read()
    at = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    large = tail.rfind(b"PK\x06\x06")
    return int.from_bytes(tail[large + 40 : large + 48], "little") if size == 0xFFFFFFFF and large >= 0 else size


def _real_name(info: zipfile.ZipInfo) -> str:
    """The entry's name; a zip that does not say UTF-8 is read as UTF-8 where that fits, else as DOS code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _unsafe(name: str, info: zipfile.ZipInfo) -> str:
    if "\x00" in info.orig_filename and info.orig_filename != info.filename:
        return "a NUL byte in the name"
    if name.startswith("/") or re.match(r"^[A-Za-z]:", name):
        return "an absolute path"
    if ".." in name.split("/"):
        return "a path that climbs out"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link"
    return "encrypted" if info.flag_bits & 1 else ""


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> Opener:
    def read() -> bytes:
        try:
            with archive.open(info) as handle:
                body = handle.read(min(info.file_size, limits.file_bytes) + 1)
        except (
            zipfile.BadZipFile,
            EOFError,
            RuntimeError,
            NotImplementedError,
            ValueError,
            zlib.error,
            lzma.LZMAError,
        ) as error:
            raise OSError(f"{info.filename[:120]} cannot be unpacked: {error}") from error
        if len(body) > info.file_size:
            raise OSError(f"{info.filename[:120]} unpacks into more than it says")
        return body

    return read
