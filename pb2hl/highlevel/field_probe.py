"""The part of the probe that makes fields: what the creating call of contact and opportunity fields takes beyond the official files."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from pb2hl.errors import ApiError, Refused
from pb2hl.highlevel.answers import WrongAnswer
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import PORTS
from pb2hl.highlevel.records.base import Record, id_of
from pb2hl.highlevel.records.fields import FIELDS, field_folders
from pb2hl.operations import Target

MODELS = ("contact", "opportunity")
FIELD_KEY, DESCRIPTION, FOLDER_ID = EXTRAS = ("fieldKey", "description", "parentId")
"""What users report and the vendor confirmed, and its official files lack (BEHAVIOUR, GH#300)."""


async def probe(client: Client, mark: str) -> dict[str, list[str]]:
    """Model → which of EXTRAS a scratch field was made with and shows again; the folder only where the location has one for us."""
    found: dict[str, list[str]] = {}
    try:
        with contextlib.suppress(ApiError, WrongAnswer):
            folders = field_folders(await FIELDS.all(client))
            for model in MODELS:
                found[model] = await _taken(client, model, mark, folders.get(model, ""))
    finally:
        await sweep(client, mark)
    return found


async def sweep(client: Client, mark: str) -> None:
    """Remove the scratch fields of a probe, also those whose answer was lost."""
    with contextlib.suppress(ApiError, WrongAnswer):
        for field in await FIELDS.all(client):
            if str(field.get("name") or "").startswith(mark):
                await PORTS[Target.FIELD].delete(client, id_of(field))


async def _taken(client: Client, model: str, mark: str, folder: str) -> list[str]:
    said = {FIELD_KEY: f"{mark.replace('-', '_')}_key", DESCRIPTION: "pb2hl doctor --probe", FOLDER_ID: folder}
    asked = {name: value for name, value in said.items() if value}
    try:
        return await _shown(client, model, mark, asked)
    except Refused:  # not all of it: each by itself
        found = []
        for name, value in asked.items():
            with contextlib.suppress(Refused):
                found += await _shown(client, model, f"{mark} {name}", {name: value})
        return found


async def _shown(client: Client, model: str, name: str, asked: Mapping[str, str]) -> list[str]:
    """Those of `asked` that a field shows which was made with them; the field is taken away again."""
    port = PORTS[Target.FIELD]
    made = await port.create(client, {"model": model, "name": name, "dataType": "TEXT", **asked})
    try:
        field = await port.get(client, made.id)
        return [one for one, value in asked.items() if _shows(field, one, value)]
    finally:
        await port.delete(client, made.id)


def _shows(field: Record, name: str, value: str) -> bool:
    held: Any = field.get(name)
    return str(held or "").rpartition(".")[2] == value if name == FIELD_KEY else held == value
