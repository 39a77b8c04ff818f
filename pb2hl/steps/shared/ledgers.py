"""A ledger moved into another database."""

from __future__ import annotations

from pathlib import Path

from pb2hl.errors import ConfigError
from pb2hl.ledger import Ledger
from pb2hl.ledger.transfer import transfer
from pb2hl.whole import write_text
from pb2hl.workspace import CONFIG_NAME, Workspace


def move(ws: Workspace, to: str, *, who: str) -> int:
    """Move the ledger to `to`: a PostgreSQL URL, or `sqlite` for a file in the workspace; how many operations went along.

    migration.toml names the new one afterwards; the old one stays as it is. Raises ConfigError.
    """
    if not who.strip():
        raise ConfigError("moving the ledger needs a name to put on record", hint='--by "Jane Roe"')
    url = "" if to == "sqlite" else to
    if url == ws.config.ledger_url:
        raise ConfigError(f"the ledger is there already: {to}", hint="postgresql://user@host/database, or sqlite")
    with ws.lock("ledger"), Ledger.open(ws) as old:
        old.log("", "move ledger", f"to {'PostgreSQL' if url else 'SQLite'}, by {who}")
        _set_url(ws, url)
        try:
            with Ledger.open(Workspace(ws.path)) as new:
                return transfer(old, new)
        except BaseException:
            _set_url(ws, ws.config.ledger_url)
            raise


def _set_url(ws: Workspace, url: str) -> None:
    """Write `ledger_url` into migration.toml, whole or not at all."""
    path: Path = ws.path / CONFIG_NAME
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("ledger_url")]
    at = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    lines.insert(at, f'ledger_url = "{url}"')
    write_text(path, "\n".join(lines) + "\n")
