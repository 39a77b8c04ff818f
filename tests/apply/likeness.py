"""Two locations alike: the same records, each as often, whatever ids the server made up for them.

Where HighLevel puts a custom field among the others is its own doing too: it follows the order in which they arrived,
and what is sent at the same time may arrive in any order.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any


def likeness(dump: dict[str, dict[str, Any]]) -> dict[str, Counter[str]]:
    """Collection → how often each record is there, with every id replaced by the name of what it stands for."""
    names = dict(_names(dump))
    ids = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    found = {}
    for collection, records in dump.items():
        if collection == "custom_values":
            continue  # the seal names the ledger that wrote last: another one each time
        own = {"position"} if collection == "fields" else set()
        kept = ({key: value for key, value in record.items() if key not in own} for record in records.values())
        texts = (json.dumps(record, sort_keys=True, ensure_ascii=False) for record in kept)
        found[collection] = Counter(ids.sub(lambda match: names[match[0]], text) for text in texts)
    return found


def _names(value: Any, kind: str = ""):
    if isinstance(value, list):
        for item in value:
            yield from _names(item, kind)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if isinstance(item, dict) and "documentId" in item:
            yield from ((key, "an upload"), (item["documentId"], "a document"))
        yield from _names(item, kind if isinstance(item, dict) and item.get("id") == key else key)
    natural = next((value[name] for name in ("email", "fieldKey", "name", "title", "body") if value.get(name)), "")
    if value.get("id") and natural:
        yield (
            str(value["id"]),
            f"{kind if value.get('position') is not None else ''}{natural!s}".replace("\n", " ")[:60],
        )
