"""Pipelines that hold lists of their stages (`{"name": "Sales", "stages": [{"name": "New", …}]}`) → one row a stage."""

from __future__ import annotations

from typing import Any

from pb2hl.source.nested_words import in_english

_OF_A_STAGE = frozenset(
    "position order displayorder ordernr sortorder seq sequence probability winprobability stagewinprobability rank".split()
)
"""What is said of the stages of a pipeline, and of no other list that is called so."""

_OWN = frozenset({"id", "name", "label", "title", "number", "key", "uuid", "code"})
"""Keys by which a pipeline and each of its stages are called alike."""


def spread_stages(name: str, records: list[dict], places: list[int]) -> tuple[list[dict], list[int]]:
    """`records` of the list `name` and their places, each pipeline as its stages, with what it says of itself beside them.

    What both may say (`id`, `name`) is told apart as `pipeline.name` and `stage.name`. Lists without such stages stay.
    """
    keys = {key for record in records for key in record if in_english(str(key)) == "stages"}
    if len(keys) != 1:
        return records, places
    (key,) = keys
    stages = [item for record in records for item in _items(record.get(key))]
    told = {in_english(str(part)) for stage in stages for part in stage}
    if not stages or not (told & _OF_A_STAGE or in_english(name).endswith("pipelines")):
        return records, places
    rows: list[dict] = []
    at: list[int] = []
    for record, place in zip(records, places, strict=True):
        own = {_called(str(part), "pipeline"): value for part, value in record.items() if part != key}
        found = [
            {_called(str(part), "stage"): said for part, said in stage.items()} for stage in _items(record.get(key))
        ]
        rows += [{**own, **stage} for stage in found] or [own]
        at += [place] * max(1, len(found))
    return rows, at


def _items(value: Any) -> list[dict]:
    """The stages of a list, of names alone as well."""
    if not isinstance(value, list):
        return []
    return [item if isinstance(item, dict) else {"stage": item} for item in value if item not in (None, "", {})]


def _called(key: str, whose: str) -> str:
    return f"{whose}.{key}" if in_english(key) in _OWN else key
