"""Folders, zips and single files → one list of named items, none of which can leave the container or flood the machine."""

from __future__ import annotations

import io
import lzma
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.source.files import Opener
from pb2hl.source.limits import MIB, Limits
from pb2hl.source.tables import problem

_NOISE = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\.git/|~\$|\._)")

_WORKSPACE = "migration.toml"
"""A folder with this file is a migration's workspace: its own tables must never be taken for the export's."""


@dataclass(frozen=True)
class Item:
    """One file of an export: its name inside it, its size in bytes, how to read it, and its path when it is a real file."""

    name: str
    size: int
    read: Opener
    path: Path | None = None


def open_container(path: Path, limits: Limits) -> tuple[list[Item], list[Problem]]:
    """Every file of a folder, zip or single file, with what was left out and why.

    Raises ExportError when the path does not exist, or the zip is damaged, encrypted or a bomb.
    """
    if not path.exists():
        raise ExportError(
            f"there is no export at {path}", hint="give the folder, .zip or file that Perfect Books exported"
        )
    problems: list[Problem] = []
    if path.is_dir():
        items = list(_folder(path, limits, problems))
    elif not path.is_file():
        raise ExportError(
            f"{path} is neither a file nor a folder", hint="give the folder, .zip or file that Perfect Books exported"
        )
    elif _is_plain_zip(path):
        items = list(_zip(path, path.name, "", limits, problems))
    else:
        items = [Item(path.name, path.stat().st_size, path.read_bytes, path)]
    return [found for item in items for found in _nested(item, limits, problems)], problems


def _folder(root: Path, limits: Limits, problems: list[Problem]) -> Iterator[Item]:
    real, count = root.resolve(), 0
    for folder, names, files in os.walk(root, followlinks=False):
        names.sort()
        if _WORKSPACE in files and Path(folder) != root:
            names.clear()
            shown = Path(folder).relative_to(root).as_posix()
            problems.append(
                problem(
                    "workspace",
                    "is a migration's workspace, not part of the export",
                    shown,
                    severity=Severity.INFO,
                    treatment="left out",
                )
            )
            continue
        for name in [name for name in names if Path(folder, name).is_symlink()]:
            problems.append(
                problem(
                    "link",
                    "a link, not a folder of the export",
                    Path(folder, name).relative_to(root).as_posix(),
                    treatment="left out",
                )
            )
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
                    problem("link", "leads out of the export, or is no plain file", shown, treatment="left out")
                )
                continue
            count += 1
            if count > limits.entries:
                raise ExportError(f"{root.name} holds more than {limits.entries} files", hint="split the export")
            yield Item(shown, path.stat().st_size, path.read_bytes, path)


def _is_plain_zip(path: Path) -> bool:
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


def _nested(item: Item, limits: Limits, problems: list[Problem]) -> Iterator[Item]:
    """The files of a zip inside the export, one level deep; anything else as it is."""
    if not item.name.lower().endswith(".zip") or re.search(
        r"(?i)(^|/)(files|attachments|uploads|documents)/", item.name
    ):
        yield item
        return
    if item.name.count(".zip/"):
        problems.append(problem("nested_zip", "is a zip within a zip within a zip", item.name, treatment="not opened"))
        return
    try:
        raw = item.read()
        yield from list(_zip(io.BytesIO(raw), item.name, item.name + "/", limits, problems))
    except (ExportError, OSError) as error:
        problems.append(
            problem(
                "nested_zip", str(error).splitlines()[0], item.name, severity=Severity.CRITICAL, treatment="left out"
            )
        )


def _zip(source: Path | io.BytesIO, shown: str, prefix: str, limits: Limits, problems: list[Problem]) -> Iterator[Item]:
    try:
        archive = zipfile.ZipFile(source)
        infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ExportError(
            f"{shown} is a damaged or cut-off zip: {error}", hint="export or download it again"
        ) from error
    _measure(infos, shown, limits)
    taken: set[str] = set()
    for info in infos:
        name = _real_name(info).replace("\\", "/")
        if info.is_dir() or _NOISE.search(name):
            continue
        if reason := _unsafe(name, info):
            problems.append(
                problem("unsafe_name", f"the zip holds {name[:120]!r}: {reason}", shown, treatment="left out")
            )
            continue
        name = _unused(re.sub(r"^(\./)+", "", name), taken)
        yield Item(prefix + name, info.file_size, _opener(archive, info, limits))


def _measure(infos: list[zipfile.ZipInfo], shown: str, limits: Limits) -> None:
    """Raise when a zip is encrypted, or would unpack into far more than an export does."""
    if infos and all(info.flag_bits & 1 for info in infos if not info.is_dir()):
        raise ExportError(f"{shown} is encrypted", hint="unpack it with its password and give the folder")
    if len(infos) > limits.entries:
        raise ExportError(f"{shown} holds {len(infos)} files, more than {limits.entries}", hint="split the export")
    total = sum(info.file_size for info in infos)
    if total > limits.zip_total_bytes:
        raise ExportError(
            f"{shown} unpacks into {total // MIB} MiB, more than {limits.zip_total_bytes // MIB}",
            hint="unpack it yourself and give the folder, if you trust it",
        )
    bombs = [
        info
        for info in infos
        if info.file_size > 10 * MIB and info.file_size > limits.zip_ratio * max(1, info.compress_size)
    ]
    if bombs:
        raise ExportError(
            f"{shown} holds {bombs[0].filename[:80]!r}, packed {bombs[0].file_size // max(1, bombs[0].compress_size)} to 1: a zip bomb",
            hint="unpack it yourself and give the folder, if you trust it",
        )


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


def _unused(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    found, again = name, 2
    while found in taken:
        found, again = (f"{stem} ({again}).{suffix}" if dot else f"{name} ({again})"), again + 1
    taken.add(found)
    return found


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
