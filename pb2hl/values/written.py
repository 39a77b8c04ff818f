"""Lists and objects that stand as JSON in a column of text → what a person would write."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

_SHARE = 0.8  # of a column's distinct texts that are JSON: else one of them may be what somebody wrote
_NAMES = ("name", "label", "title", "value", "text")
_BESIDE = frozenset({"id", "_id", "uuid", "slug", "color", "colour", "key", "position", "order", "_type"})
_DEPTH = 20


def written(texts: pd.Series) -> tuple[pd.Series, int, int]:
    """`texts` with JSON written out, how many distinct texts were lists of plain values or names, and how many were nested.

    A column that holds JSON only now and then stays as it is.
    """
    distinct = texts[texts.str.strip() != ""].unique()
    starts = [text for text in distinct if text.lstrip()[:1] in ("[", "{")]
    if not starts or len(starts) < _SHARE * len(distinct):
        return texts, 0, 0
    bodies = {text: body for text in starts if (body := _body(text)) is not None}
    if len(bodies) < _SHARE * len(distinct):
        return texts, 0, 0
    nested = sum(not _plain(body) for body in bodies.values())
    said = {text: _said(body, 0) for text, body in bodies.items()}
    return texts.map(lambda text: said.get(text, text)).astype("str"), len(bodies) - nested, nested


def _body(text: str) -> Any:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, list | dict) else None


def _plain(body: Any) -> bool:
    """Whether a list says no more than names or values."""
    return isinstance(body, list) and all(not isinstance(item, list | dict) or bool(_named(item)) for item in body)


def _named(item: Any) -> str:
    """The name of an object that is little more than that; "" of others."""
    if not isinstance(item, dict):
        return ""
    names = [key for key in item if key.casefold() in _NAMES]
    others = {key.casefold() for key in item if key not in names}
    return (
        str(item[names[0]]) if len(names) == 1 and others <= _BESIDE and isinstance(item[names[0]], str | int) else ""
    )


def _said(value: Any, depth: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if depth > _DEPTH:
        return "…"
    if isinstance(value, list):
        return "; ".join(text for item in value if (text := _named(item) or _said(item, depth + 1)))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text}" for key, item in value.items() if (text := _said(item, depth + 1)))
    return str(value)
