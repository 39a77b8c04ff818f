"""Put ids and answers that HighLevel gave into the places of a payload that refer to them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pb2hl.ledger import Entry, State
from pb2hl.operations import OPTIONAL, Target
from pb2hl.values.fold import fold

_TEXT_REF = re.compile(r"\{\{ref:(?P<op>[^:}]+)(?::(?P<path>[^}]*))?\}\}")

Lookup = Callable[[str], Entry | None]


class UnresolvedReference(Exception):
    """A reference has nothing to point at. `final` says that waiting will not help; `why` tells a person."""

    def __init__(self, op_id: str, why: str, final: bool):
        super().__init__(why)
        self.op_id = op_id
        self.why = why
        self.final = final


def fill_references(value: Any, lookup: Lookup) -> Any:
    """`value` with every `{"$ref": …}` and `{{ref:…}}` replaced.

    Raises UnresolvedReference at the first reference whose operation is not done.
    """
    if isinstance(value, Mapping):
        if "$ref" in value:
            try:
                return _follow(value["$ref"], value.get("path", ""), lookup)
            except UnresolvedReference as missing:
                if missing.final and value.get(OPTIONAL):
                    return ""
                raise
        return {key: fill_references(item, lookup) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill_references(item, lookup) for item in value]
    if isinstance(value, str) and "{{ref:" in value:
        return _TEXT_REF.sub(lambda m: _in_text(m["op"], m["path"] or "", lookup), value)
    return value


def _in_text(op_id: str, path: str, lookup: Lookup) -> str:
    """A text outlives a file it shows: where the file did not arrive, its old address (or `#not-moved`) stands."""
    try:
        return str(_follow(op_id, path, lookup))
    except UnresolvedReference as missing:
        entry = lookup(op_id)
        if not missing.final or entry is None or entry.target is not Target.MEDIA:
            raise
        return html.escape(str((entry.payload.get("$file") or {}).get("url") or NOT_MOVED))


NOT_MOVED = "#not-moved"


def check(op_ids: tuple[str, ...], lookup: Lookup, optional: Collection[str] = ()) -> None:
    """Raise UnresolvedReference unless every one of `op_ids` is there to build on; a file that did not arrive, or what is
    `optional`, holds nothing up."""
    for op_id in op_ids:
        try:
            finished(op_id, lookup)
        except UnresolvedReference as missing:
            entry = lookup(op_id)
            spare = op_id in optional or (entry is not None and entry.target is Target.MEDIA)
            if not missing.final or not spare:
                raise


def finished(op_id: str, lookup: Lookup) -> Entry:
    """The finished operation `op_id`; UnresolvedReference when it is not done (yet)."""
    entry = lookup(op_id)
    if entry is None:
        raise UnresolvedReference(op_id, "what it needs, which was not sent yet", final=False)
    if entry.state is State.DONE or (entry.state is State.SKIPPED and entry.destination_id):
        return entry
    name = f"{entry.target} of {entry.object} {entry.source_id}"
    final = entry.state in (State.REFUSED, State.SKIPPED)
    raise UnresolvedReference(
        op_id, f"{name}, which is {entry.state}{': ' + entry.error if entry.error else ''}", final
    )


def _follow(op_id: str, path: str, lookup: Lookup) -> Any:
    entry = finished(op_id, lookup)
    if not path:
        return entry.destination_id
    found = dig(entry.answer, path)
    if found is None:
        raise UnresolvedReference(
            op_id, f"{path!r} is not in HighLevel's answer to {entry.target} {entry.source_id}", final=True
        )
    return found


def dig(answer: Any, path: str) -> Any:
    """The value at `path` (`stages.New`) of an answer; None when there is none.

    Each part names a key, or the item of a list by its `name` (whatever its case): what is found there is its `id`.
    A name may hold dots itself. A single wrapper (`{"pipeline": {…}}`) is looked through.
    """
    found = _descend(answer, path)
    if found is None and isinstance(answer, Mapping):
        inner = [item for item in answer.values() if isinstance(item, Mapping)]
        found = next((hit for item in inner if (hit := _descend(item, path)) is not None), None)
    return found.get("id") if isinstance(found, Mapping) else found


def _descend(value: Any, path: str) -> Any:
    whole = _step(value, path)
    if whole is not None:
        return whole
    for cut in (index for index, char in enumerate(path) if char == "."):
        inner = _step(value, path[:cut])
        if inner is not None and (found := _descend(inner, path[cut + 1 :])) is not None:
            return found
    return None


def _step(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list):
        named = {str(item.get("name", "")).strip(): item for item in value if isinstance(item, Mapping)}
        folded = {fold(name): item for name, item in named.items()}
        return named.get(key) or folded.get(fold(key))
    return None
