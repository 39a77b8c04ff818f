"""The sandbox's state as a file: loaded at the start, written whole or not at all."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pb2hl.errors import ConfigError

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State

STATE_VERSION = 1


def to_state(sandbox: State) -> dict[str, Any]:
    """Everything that a restart must not lose: records, files, id counters, the token and the outbox.

    What it gives does not change while the sandbox goes on: records are replaced, never changed in place.
    """
    return {
        "version": STATE_VERSION,
        "records": {name: dict(collection.records) for name, collection in sandbox.collections.items()},
        "blobs": {key: [base64.b64encode(data).decode(), kind] for key, (data, kind) in sandbox.blobs.items()},
        "ids": dict(sandbox.ids.counters),
        "token": sandbox.token,
        "outbox": list(sandbox.outbox),
        "used_today": sandbox.limiter.used_today,
    }


def from_state(sandbox: State, state: dict[str, Any]) -> None:
    """Put a saved state in place of what the sandbox holds."""
    sandbox.replace_records(state["records"])
    sandbox.blobs = {key: (base64.b64decode(data), kind) for key, (data, kind) in state["blobs"].items()}
    sandbox.ids.counters = dict(state["ids"])
    sandbox.token = state["token"]
    sandbox.outbox = list(state["outbox"])
    sandbox.limiter.resume(sandbox.monotonic(), state["used_today"])


def save_state(sandbox: State, path: Path) -> None:
    """Write the sandbox's state to `path`, atomically."""
    write_state(to_state(sandbox), path)


def write_state(state: dict[str, Any], path: Path) -> None:
    """Write a state to `path`, atomically; may run beside the server."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)


def load_state(sandbox: State, path: Path) -> None:
    """Read the state from `path`; ConfigError when it is no state of this version."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["version"] != STATE_VERSION:
            raise ValueError(f"it is of version {state['version']}, this sandbox reads {STATE_VERSION}")
        from_state(sandbox, state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the state file {path.name} cannot be read: {error}", hint="delete it to start afresh, or name another"
        ) from error
