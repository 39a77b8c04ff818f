"""One migration's folder: its configuration, its paths, and the lock that lets one writer in.

Nothing here is a secret: the token comes from the environment (`HIGHLEVEL_TOKEN`) and is read where it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import stat
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from filelock import FileLock, Timeout
from pydantic import Field, ValidationError, field_validator

from pb2hl import sheets
from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import ConfigError, Damaged, Problem, Severity, TokenMissing, WorkspaceLocked
from pb2hl.limits import LIMITS, Limits
from pb2hl.policies import Agency, Policy, Providers, Section, Thresholds
from pb2hl.whole import private_folder, read_frame, unwritable, write_text

UPGRADES: tuple[Callable[[Path, dict], dict], ...] = ()
"""One function a version, to the next: takes the folder and migration.toml's body, mends whatever the workspace holds, returns the new body."""

WORKSPACE_VERSION = len(UPGRADES) + 1
"""The version of a workspace and of every sheet in it."""

CONFIG_NAME = "migration.toml"
HOLDER = ".lock.json"
"""Beside the lock: who holds it. The lock itself cannot be read everywhere while it is held."""

IGNORE_NAME = ".gitignore"
_IGNORE = """# Client data: nothing in here belongs in a repository. To keep the decisions in one on purpose, add lines such as !sheets/
*
"""
TOKEN_VARIABLE = "HIGHLEVEL_TOKEN"
_TOKEN_NAME = ContextVar("token_name", default=TOKEN_VARIABLE)


@contextmanager
def token_from(variable: str) -> Iterator[None]:
    """Inside the block (and this thread) the token is read from another variable of the environment: a process may serve many locations."""
    before = _TOKEN_NAME.set(variable)
    try:
        yield
    finally:
        _TOKEN_NAME.reset(before)


BASE_URL = "https://services.leadconnectorhq.com"


class Config(Section):
    """migration.toml."""

    version: int = WORKSPACE_VERSION
    """Layout of the workspace; pb2hl raises it by itself."""
    source: str = "perfect-books"
    """Where the export comes from, as reports name it."""
    export: str
    """The folder, zip or file that was exported."""
    location: str = Field(min_length=1)
    """Id of the sub-account that is migrated into."""
    base_url: str = BASE_URL
    """HighLevel itself, or a sandbox to rehearse in."""
    country: str = "CA"
    """What phones without a country code are read by where the row names no country."""
    timezone: str = "America/Toronto"
    """What moments without a zone are read by."""
    currency: str = "CAD"
    """The currency of amounts that name none."""
    fallback_owner: str = ""
    """E-mail or id of the user who gets records whose owner is no user of the location."""
    leave_out: tuple[str, ...] = ()
    """Files and folders of the export that a person decided not to move."""
    take_readable: tuple[str, ...] = ()
    """Files of which a person decided to move what could be read, though not all could."""
    ledger_url: str = ""
    """The PostgreSQL database that holds the ledger; empty: a file in the workspace."""
    policy: Policy = Policy()
    thresholds: Thresholds = Thresholds()
    limits: Limits = LIMITS
    agency: Agency = Agency()
    providers: Providers = Providers()

    def logged_by(self) -> dict[str, str] | None:
        """Channel → id of its conversation provider; None while activities become notes."""
        if self.policy.activities != "conversation":
            return None
        return {"SMS": self.providers.sms, "Email": self.providers.email, "Call": self.providers.call}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no IANA time zone, such as America/Toronto") from error
        return value

    @field_validator("country")
    @classmethod
    def _alpha_2(cls, value: str) -> str:
        from pb2hl.values.countries import country  # its names are read when they are asked for only

        if code := country(value):
            return code
        raise ValueError(f"{value!r} is no country: write its ISO 3166-1 alpha-2 code, such as CA")

    @field_validator("location")
    @classmethod
    def _plain_location(cls, value: str) -> str:
        if re.fullmatch(r"[^\s/:?#]{1,100}", value):
            return value
        raise ValueError(
            f"{value!r} is no id of a location: it is what stands after /location/ in HighLevel's address, and no address itself"
        )

    @field_validator("currency")
    @classmethod
    def _currency_code(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z]{3}", value):
            raise ValueError(f"{value!r} is no ISO 4217 code, such as CAD")
        return value.upper()

    @field_validator("fallback_owner")
    @classmethod
    def _address(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"\S[^\s@]*@\S+", value.strip()):
            raise ValueError(f"{value!r} is no e-mail address: write that of a user of the location, or leave it empty")
        return value.strip()

    @field_validator("source")
    @classmethod
    def _plain_source(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
            raise ValueError(f"{value!r} must be letters, digits, dots, dashes and underscores, such as perfect-books")
        return value


def _toml(config: Config) -> str:
    def line(name: str, value: object) -> str:
        return f"{name} = {json.dumps(value, ensure_ascii=False)}"

    fields = config.model_dump()
    top = [line(name, value) for name, value in fields.items() if not isinstance(value, dict)]
    sections = [
        f"\n[{name}]\n" + "\n".join(line(key, item) for key, item in value.items())
        for name, value in fields.items()
        if isinstance(value, dict)
    ]
    return (
        "# One migration from Perfect Books to HighLevel. The token is not kept here: set HIGHLEVEL_TOKEN.\n"
        + "\n".join(top + sections)
        + "\n"
    )


def lock_of(path: Path) -> FileLock:
    """A lock of one holder that nobody waits for. The operating system frees it when the process dies, however it dies."""
    return FileLock(
        path, mode=0o600, blocking=False, thread_local=False, fallback_to_soft=False, preserve_lock_file=True
    )


def existing_export(path: Path) -> Path:
    """`path`, an export; ConfigError where nothing is there, with the place that was looked at: a notebook runs in its own folder."""
    if path.exists():
        return path
    raise ConfigError(
        f"{path.absolute()} does not exist", hint="name the folder, .zip or file that Perfect Books exported"
    )


class Workspace:
    """A migration's folder. Opening it reads migration.toml and makes nothing."""

    def __init__(self, path: Path | str):
        self.path = Path(path).resolve()
        self.config = _read_config(self.path)

    @classmethod
    def create(cls, path: Path | str, config: Config) -> Workspace:
        """Make the folder with its migration.toml; ConfigError when one is already there."""
        folder = Path(path).resolve()
        if (folder / CONFIG_NAME).exists():
            raise ConfigError(
                f"{folder} is already a workspace", hint=f"edit {folder / CONFIG_NAME}, or choose another folder"
            )
        try:
            private_folder(folder)
        except OSError as error:
            raise unwritable(error, folder) or ConfigError(f"{folder} cannot be made: {error}") from error
        write_text(folder / CONFIG_NAME, _toml(config))
        _make_private(folder)
        return cls(folder)

    @property
    def staged(self) -> Path:
        return self.path / "staged"

    @property
    def sheets(self) -> Path:
        return self.path / "sheets"

    @property
    def reports(self) -> Path:
        return self.path / "reports"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def plan(self) -> Path:
        return self.path / "plan"

    @property
    def files(self) -> Path:
        """Bytes of attachments and inline images, copied out of the export under safe names."""
        return self.path / "files"

    @property
    def ledger_path(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def export_path(self) -> Path:
        """Where the export is; a relative path counts from the workspace."""
        return (self.path / self.config.export).resolve()

    def results(self, step: str) -> Path:
        """The folder of a step's saved result."""
        return self.path / "results" / step

    def table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """The staged table `name`; an empty frame when the export had none."""
        if not self.has_table(name):
            return pd.DataFrame()
        return read_frame(self.staged / f"{name}.parquet", self._stage_again, columns)

    def has_table(self, name: str) -> bool:
        """Whether the export had a table `name`. Raises Damaged when it had, and the staged table is missing."""
        path, columns = self.staged / f"{name}.parquet", self.staged / "columns.parquet"
        if path.exists() or not columns.exists():
            return path.exists()
        if name in set(read_frame(columns, self._stage_again, ["object"])["object"]):
            raise Damaged(f"{path} is missing", hint=self._stage_again)
        return False

    @property
    def _stage_again(self) -> str:
        return f"pb2hl inventory {self.path} stages it again"

    def require_staged(self) -> None:
        """Raise ConfigError before the inventory was made; an export without a single row is staged all the same."""
        if not any(self.staged.glob("*.parquet")):
            raise ConfigError("nothing is staged yet", hint=f"pb2hl inventory {self.path}")

    def sheet(self, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        """The review sheet `name` as text; see `pb2hl.sheets.read_sheet`."""
        return sheets.read_sheet(self.sheets / f"{name}.csv", columns)

    def token(self) -> str:
        """The HighLevel token from the environment; TokenMissing when it is not set."""
        name = _TOKEN_NAME.get()
        value = os.environ.get(name, "").strip()
        if not value:
            raise TokenMissing(
                f"{name} is not set",
                hint=f"export {name}=<the location's private integration token>, then run this again",
            )
        return value

    def staged_fingerprint(self) -> str:
        """SHA-256 (hex) over the staged tables as they are on disk: what a check looked at is named by it."""
        found = hashlib.sha256()
        for path in sorted(self.staged.glob("*.parquet")):
            found.update(path.name.encode())
            with path.open("rb") as handle:
                found.update(hashlib.file_digest(handle, "sha256").digest())
        return found.hexdigest()

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Hold the workspace for writing."""
        lock = lock_of(self.path / ".lock")
        try:
            lock.acquire()
        except Timeout as error:
            raise WorkspaceLocked(
                f"{self.path} is in use: {self._holder() or 'holder unknown'}",
                hint="wait until it ends, or stop that process",
            ) from error
        except OSError as error:
            raise unwritable(error, self.path) or error from error
        try:
            _make_private(self.path)
            holder = {
                "command": command,
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": stamp(SYSTEM_CLOCK.now()),
            }
            write_text(self.path / HOLDER, json.dumps(holder))
            yield
        finally:
            with suppress(OSError):
                (self.path / HOLDER).unlink(missing_ok=True)
            lock.release()

    def _holder(self) -> str:
        """Who holds the lock, as the holder wrote it; "" in the moment before it is written."""
        with suppress(OSError, UnicodeDecodeError):
            return (self.path / HOLDER).read_text(encoding="utf-8").strip()
        return ""


def _make_private(folder: Path) -> None:
    """Only its owner may look into a workspace, and no repository takes it in; where a system has other rights, those hold."""
    try:
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
        if not (folder / IGNORE_NAME).exists():
            write_text(folder / IGNORE_NAME, _IGNORE)
    except PermissionError as error:
        raise unwritable(error, folder) or error from error


def _read_config(folder: Path) -> Config:
    path = folder / CONFIG_NAME
    if not path.exists():
        raise ConfigError(
            f"{folder} is no workspace: it has no {CONFIG_NAME}",
            hint=f"pb2hl init {folder} --export PATH --location ID",
        )
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", hint="mend the line it names") from error
    return upgrade(folder, body)


def upgrade(folder: Path, body: dict, upgrades: Sequence[Callable[[Path, dict], dict]] = UPGRADES) -> Config:
    """The configuration of a workspace, brought to the newest version, on disk as well, one version after the other.

    Raises ConfigError when it is newer than this package, or with every setting that does not fit.
    """
    path, newest = folder / CONFIG_NAME, len(upgrades) + 1
    version = body.get("version", newest)
    if not isinstance(version, int) or version < 1:
        raise ConfigError(f"{path} has no valid version: {version!r}", hint=f"version = {newest}")
    if version > newest:
        raise ConfigError(f"{path} is of version {version}, this pb2hl knows {newest}", hint="upgrade pb2hl")
    for number, step in enumerate(upgrades[version - 1 :], start=version + 1):
        body = {**step(folder, body), "version": number}
    config = parse_config(body, path.name)
    if version < newest:
        write_text(path, _toml(config))
    return config


def parse_config(body: dict, file: str = CONFIG_NAME) -> Config:
    """`body` as a Config; ConfigError with every problem at once."""
    try:
        return Config.model_validate(body)
    except ValidationError as error:
        raise ConfigError(
            f"{file} has settings that do not fit",
            hint="mend the settings named above",
            problems=[
                Problem(
                    "config",
                    item["msg"].removeprefix("Value error, "),
                    Severity.CRITICAL,
                    file=file,
                    field=".".join(map(str, item["loc"])),
                )
                for item in error.errors(include_url=False, include_input=False)
            ],
        ) from error
