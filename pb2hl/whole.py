"""Files of a workspace are written whole or not at all, for their owner only; read back, a damaged one says so.

A kill, a power cut or a full disk leaves the file as it was before, never half of a new one. What an operating system says
of a disk that is full, of a folder that nobody may write to or of a file system without locks is told in our words.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pb2hl.errors import Damaged, Unwritable

if TYPE_CHECKING:
    import pandas as pd

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_LOCKLESS = {
    errno.ENOLCK,
    errno.ENOSYS,
    getattr(errno, "EOPNOTSUPP", errno.ENOSYS),
    getattr(errno, "ENOTSUP", errno.ENOSYS),
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block ends well, and is gone otherwise.

    Raises Unwritable when the disk is full or the folder may not be written to.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        private_folder(path.parent)
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        yield temporary
        _to_disk(temporary)
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and (known := unwritable(error, path)):
            raise known from error
        raise


def private_folder(path: Path) -> None:
    """Make the folder `path` and those above it that are missing, for their owner only, whatever the process lets others read."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in (*reversed(missing), path):
        folder.mkdir(mode=0o700, exist_ok=True)


def keep_only(folder: Path, names: Collection[str]) -> None:
    """Remove every file of `folder` but those called `names`, and the folder itself when nothing is left in it."""
    for path in folder.glob("*"):
        if path.name not in names and path.is_file():
            with suppress(OSError):
                path.unlink()
    with suppress(OSError):
        folder.rmdir()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str, *, encoding: str = "utf-8", newline: str | None = None) -> None:
    """Write `text` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding=encoding, newline=newline)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, body: object, *, indent: int | None = None) -> None:
    """Write `body` as JSON; what JSON does not know is written as its text."""
    write_text(path, json.dumps(body, ensure_ascii=False, indent=indent, default=str))


def write_frame(path: Path, frame: pd.DataFrame, *, index: bool | None = None) -> None:
    """Write `frame` as Parquet; `index` as pandas takes it."""
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=index)


def read_json(path: Path, hint: str) -> dict[str, Any]:
    """The JSON object in `path`. Raises Damaged, with `hint` as the way out, when it is cut off or something else."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path} is damaged: {error}", hint=hint) from error
    if not isinstance(body, dict):
        raise Damaged(f"{path} is damaged: it holds {type(body).__name__}, not an object", hint=hint)
    return body


def read_frame(path: Path, hint: str = "", columns: list[str] | None = None) -> pd.DataFrame:
    """The Parquet file `path`. Raises Damaged, with `hint` as the way out, when it is missing, cut off or something else."""
    with undamaged(path, hint):
        file = path.stat()
        if file.st_size > _SMALL:
            return _frame(path, columns)
        state = (file.st_ino, file.st_mtime_ns, file.st_size)
        return _small_frame(path, state, None if columns is None else tuple(columns)).copy(deep=False)


_SMALL = 1 << 18
"""Bytes up to which a file is kept in memory after it was read: a step reads the small tables of a workspace dozens of times."""


@lru_cache(maxsize=128)
def _small_frame(path: Path, state: tuple[int, int, int], columns: tuple[str, ...] | None) -> pd.DataFrame:
    """What the file held in that `state` (inode, time of writing, size)."""
    return _frame(path, None if columns is None else list(columns))


def _frame(path: Path, columns: list[str] | None) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path, columns=columns)


def column_names(path: Path) -> list[str]:
    """The columns of the Parquet file `path`. Raises Damaged."""
    import pyarrow.parquet as pq

    with undamaged(path):
        return list(pq.read_schema(path).names)


@contextmanager
def undamaged(path: Path, hint: str = "") -> Iterator[None]:
    """What the block finds wrong while it reads `path` is told as Damaged, with `hint` or what makes the file anew as the way out."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise Damaged(f"{path} is missing", hint=hint or _made_anew(path)) from error
    except (pa.ArrowException, ValueError, EOFError, OverflowError, MemoryError, KeyError) as error:
        raise Damaged(f"{path} is damaged: {_first_line(error)}", hint=hint or _made_anew(path)) from error
    except OSError as error:
        if error.errno:  # the system's own word, not the reader's
            raise
        raise Damaged(f"{path} is damaged: {_first_line(error)}", hint=hint or _made_anew(path)) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or "it holds no table"


def _made_anew(path: Path) -> str:
    """The command that makes a file of a workspace anew, by where it lies: what the inventory staged, what a plan keeps, or what the
    workspace of a later export inside the workspace holds."""
    homes = [folder for folder in path.parents if (folder / "migration.toml").exists()]
    if not homes:
        return "make it anew, or put it back from a backup"
    if len(homes) > 1 and homes[0].parent == homes[1]:
        return f"run pb2hl {homes[0].name} {homes[1]} again with the same export: it makes the file anew"
    made_by = "inventory" if path.parent.name == "staged" else "schema"
    return f"pb2hl {made_by} {homes[0]} makes it anew"


def unwritable(error: OSError, path: Path | None = None) -> Unwritable | None:
    """`error` in our words when it says that nothing can be written; None when it says something else."""
    where = path or Path(str(error.filename or "the workspace"))
    if error.errno in _FULL:
        return Unwritable(
            f"{where} cannot be written: its disk is full",
            hint="make room on it, then run the same command again: what was done is recorded",
        )
    if error.errno in _CLOSED:
        return Unwritable(
            f"{where} cannot be written: {os.strerror(error.errno or 0).lower()}",
            hint="work on a copy of the workspace that you may write to, or mend the rights of its folder",
        )
    if error.errno in _LOCKLESS:
        return Unwritable(
            f"{where} cannot be locked: its file system knows no locks, as network homes often do not",
            hint="move the workspace to a local disk (mv it, say to /tmp or /var/lib) and open it there; carry it back when no command runs",
        )
    return None
