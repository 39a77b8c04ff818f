"""What HighLevel's ids of custom fields mean, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pb2hl.diff.flatten import bare_key
from pb2hl.highlevel import Destination
from pb2hl.ledger import LedgerPort
from pb2hl.markers import ID_FIELD
from pb2hl.operations import Target
from pb2hl.plan.records.legal import DISPLAY

_MODELS = {"contact": Target.CONTACT, "opportunity": Target.OPPORTUNITY, "business": Target.BUSINESS}


def field_labels(ledger: LedgerPort, destination: Destination) -> dict[tuple[Target, str], str]:
    """Label of each custom field by the kind of record and its id or bare key, in the location and made by this migration."""
    found: dict[tuple[Target, str], str] = {(Target.OBJECT_RECORD, DISPLAY): ID_FIELD}

    def learn(model: str, name: str, keys: Sequence[Any]) -> None:
        target = _MODELS.get(model, Target.OBJECT_RECORD)
        found.update({(target, bare_key(str(key))): name for key in keys if key})

    for model, items in destination.fields.items():
        for item in items:
            learn(model, str(item["name"]), (item["id"], item.get("fieldKey"), item.get("key")))
    for entry in ledger.iterate(target=Target.FIELD):
        model = str(entry.payload.get("model") or entry.payload.get("objectKey") or "")
        learn(model, str(entry.payload.get("name", "")), (entry.destination_id, entry.answer.get("fieldKey")))
    return found
