"""Pipelines with their stages. Creating, changing and deleting them needs a scope that older tokens lack (ScopeMissing)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    Payload,
    Record,
    body_of,
    created,
    gone,
    id_of,
    rows,
    same_text,
    seek,
    unwrap,
)
from pb2hl.highlevel.records.opportunities import OpportunityPort
from pb2hl.operations import Operation

PATH = "/opportunities/pipelines"
SETTLE_S = (0.0, 1.0, 2.0, 4.0)
"""The list lags a write by up to about 3 s; waits before each look for the stages of a pipeline just made."""

REFUSED_BY_PUT = ("id", "position", "dateAdded", "dateUpdated", "locationId")


NUMBERS = ("position", "stageWinProbability")
"""Properties of a stage that are numbers here, though no official file says in what form a server writes them."""


def stages_of(pipeline: Record) -> list[Record]:
    """The stages of a pipeline in their order, `NUMBERS` as numbers; without positions as the server lists them."""
    stages = [
        {**stage, **{name: _number(stage[name]) for name in NUMBERS if name in stage}}
        for stage in pipeline.get("stages") or ()
        if isinstance(stage, dict)
    ]
    return sorted(stages, key=lambda stage: stage.get("position") or 0)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else number


class PipelinePort:
    """Pipelines: /opportunities/pipelines. Deleting one removes every opportunity in it, for good: look before you do."""

    async def create(self, client: Client, payload: Payload) -> Created:
        answer = await client.request("POST", PATH, json={**body_of(payload), "locationId": client.location})
        made = created(client, answer, f"POST {PATH}", "pipeline")
        pipeline = unwrap(answer.body, "pipeline")
        if not all(id_of(stage) for stage in stages_of(pipeline)) or not stages_of(pipeline):
            pipeline = await self._settled(client, made.id)
        return Created(made.id, _answer(pipeline, made.id), made.trace_id)

    async def _settled(self, client: Client, id: str) -> Record:
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
            return unwrap((await client.request("GET", f"{PATH}/{id}")).body, "pipeline")
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
        record = unwrap((await client.request("PUT", f"{PATH}/{id}", json=body)).body, "pipeline")
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
        now = {str(stage.get("name")): id_of(stage) for stage in stages_of(record)}
        anew = {old: now[name] for old, name in names.items() if now.get(name, old) != old}
        for deal, stage in held.items():
            if stage in anew:
                await OpportunityPort().update(client, deal, {"pipelineId": id, "pipelineStageId": anew[stage]})

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"{PATH}/{id}"))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        return self._pages(client)

    async def _pages(self, client: Client) -> AsyncIterator[list[Record]]:
        yield await pipelines(client)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """Found by name (unique in a location, ignoring case) and the names of all its stages."""
        wanted = [str(stage.get("name")) for stage in payload.get("stages") or ()]

        async def look() -> Created | None:
            for pipeline in await pipelines(client):
                there = [str(stage.get("name")) for stage in stages_of(pipeline)]
                if same_text(pipeline.get("name"), payload.get("name")) and sorted(there) == sorted(wanted):
                    return Created(id_of(pipeline), _answer(pipeline, id_of(pipeline)))
            return None

        return await seek(client, look)


async def pipelines(client: Client) -> list[Record]:
    """Every pipeline of the location."""
    return rows((await client.request("GET", PATH, params={"locationId": client.location})).body, "pipelines")


def _answer(pipeline: Record, id: str) -> Record:
    return {"id": id, "stages": {str(stage.get("name")): id_of(stage) for stage in stages_of(pipeline)}}
