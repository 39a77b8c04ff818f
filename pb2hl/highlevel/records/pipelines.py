"""Pipelines with their stages. Creating, changing and deleting them needs a scope that older tokens lack (ScopeMissing)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Created, Payload, Record, body_of, id_of, same_text, unwrap
from pb2hl.highlevel.records.lists import Listing
from pb2hl.highlevel.records.opportunities import OpportunityPort
from pb2hl.highlevel.records.port import PlainPort
from pb2hl.operations import Operation

PATH = "/opportunities/pipelines"
PIPELINES = Listing(PATH, ("pipelines",))
SETTLE_S = (0.0, 1.0, 2.0, 4.0)
"""The list lags a write by up to about 3 s; waits before each look for the stages of a pipeline just made."""

REFUSED_BY_PUT = ("id", "position", "dateAdded", "dateUpdated", "locationId")


NUMBERS = ("position", "stageWinProbability")
"""Properties of a stage that are numbers here, though no official file says in what form a server writes them."""


def stages_of(pipeline: Mapping[str, Any]) -> list[Record]:
    """The stages of a pipeline in their order, `NUMBERS` as numbers; without positions as the server lists them."""
    held = pipeline.get("stages")
    stages = [
        {**stage, **{name: _number(stage[name]) for name in NUMBERS if name in stage}}
        for stage in (held if isinstance(held, list) else ())
        if isinstance(stage, dict)
    ]
    return sorted(stages, key=lambda stage: stage.get("position") or 0)


def stage_ids(pipeline: Mapping[str, Any]) -> dict[str, str]:
    """The id of each stage by its name."""
    return {str(stage.get("name") or ""): id_of(stage) for stage in stages_of(pipeline)}


def stage_names(pipeline: Mapping[str, Any]) -> list[str]:
    """The names of a pipeline's stages in their order."""
    return [str(stage.get("name") or "") for stage in stages_of(pipeline)]


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else number


class PipelinePort(PlainPort):
    """Pipelines: /opportunities/pipelines. Deleting one removes every opportunity in it, for good: look before you do."""

    every, names, listing = PATH, ("pipeline",), PIPELINES

    async def finish(self, client: Client, record: Record, payload: Payload, trace_id: str = "") -> Created:
        """References need the ids of its stages by their names."""
        stages = stages_of(record)
        if not stages or not all(id_of(stage) for stage in stages):
            record = await self._read_back(client, id_of(record))
        return Created(id_of(record), _answer(record, id_of(record)), trace_id)

    async def _read_back(self, client: Client, id: str) -> Record:
        """The pipeline read back, for servers whose answer leaves the stages out."""
        for wait_s in SETTLE_S:
            await client.clock.sleep(wait_s)
            try:
                pipeline = await self.get(client, id)
            except NotFound:
                continue
            if stages_of(pipeline):
                return pipeline
        return {"id": id}

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """By id, or out of the list where the server has no read by id."""
        try:
            return await super().get(client, id)
        except NotFound:
            for pipeline in await pipelines(client):
                if id_of(pipeline) == id:
                    return pipeline
            raise

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """`stages` is a full replacement in HighLevel: give them all, those that are there with their `id`.

        That a stage keeps its id is only reported (BEHAVIOUR). One that is made anew has lost its opportunities to the first
        stage: they are put back into the one of the same name.
        """
        body = body_of(payload, without=REFUSED_BY_PUT)
        names = {id_of(stage): str(stage.get("name")) for stage in payload.get("stages") or () if id_of(stage)}
        held = await self._stages_held(client, id) if names else {}
        answer = await client.request("PUT", self.path(client, id, {}), json=body)
        record = unwrap(answer.body, *self.names)
        if names:
            record = record if stages_of(record) else await self.get(client, id)
            await self._put_back(client, id, names, held, record)
        return record

    async def _stages_held(self, client: Client, id: str) -> dict[str, str]:
        """Opportunity → its stage, of all in the pipeline."""
        pages = OpportunityPort().pages(client, pipelineId=id)
        return {
            id_of(deal): str(deal.get("pipelineStageId"))
            async for page in pages
            for deal in page
            if str(deal.get("pipelineId")) == id
        }

    async def _put_back(
        self, client: Client, id: str, names: Mapping[str, str], held: Mapping[str, str], record: Record
    ) -> None:
        now = stage_ids(record)
        anew = {old: now[name] for old, name in names.items() if now.get(name, old) != old}
        for deal, stage in held.items():
            if stage in anew:
                await OpportunityPort().update(client, deal, {"pipelineId": id, "pipelineStageId": anew[stage]})

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by name (unique in a location, ignoring case) and the names of all its stages."""
        return same_text(record.get("name"), payload.get("name")) and sorted(stage_names(record)) == sorted(
            stage_names(payload)
        )


async def pipelines(client: Client) -> list[Record]:
    """Every pipeline of the location."""
    return await PIPELINES.all(client)


def _answer(pipeline: Record, id: str) -> Record:
    return {"id": id, "stages": stage_ids(pipeline)}
