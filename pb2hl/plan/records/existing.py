"""Records that were in the location before: what of a new body would change them, by the policy of migration.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pb2hl.operations import OWNER, Kind, Operation, Target
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.location.location import as_there, custom_keys
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.fold import fold

_POLICY = {
    Target.CONTACT: "existing_contacts",
    Target.BUSINESS: "existing_businesses",
    Target.OPPORTUNITY: "existing_opportunities",
}
NOT_UPDATABLE = {Target.CONTACT: frozenset({"companyName", "gender"}), Target.OPPORTUNITY: frozenset({"contactId"})}
"""Properties that the update endpoints refuse (BEHAVIOUR: PUT of contacts has neither companyName nor gender)."""


STAYS = "what the location has stays"
SYNC_STAYS = "what the location has stays: its owner sync would give it to the client's own deals of the contact"
NOT_PROBED = "what the location has stays: an owner sync may give it to the client's own deals of the contact (pb2hl doctor --probe tells)"


@dataclass(frozen=True, slots=True)
class Found:
    """A record of the location that a row is: its id, and what it was found by."""

    id: str
    by: str


def changes(
    ctx: Context, target: Target, source: tuple[str, str], draft: Draft, found: Found, marker: str
) -> Operation:
    """An update with only what changes, or a skip when nothing does. `source`: (object, source id).

    `fill` sets what is blank there, `overwrite` what differs, `skip` nothing. Consent is never weakened: an opt-out of
    the export is set under `fill` too, and none that stands is cleared.
    """
    policy = getattr(ctx.inputs.config.policy, _POLICY[target])
    there = as_there(ctx.existing(target).get(found.id, {}))
    never = NOT_UPDATABLE.get(target, frozenset())
    whys = {}
    if target is Target.CONTACT and ctx.inputs.capabilities.may_sync_owners and found.id in ctx.hosts_there:
        never |= {OWNER}  # the sync would give it to the client's own deals of this contact too
        whys = {OWNER: SYNC_STAYS if ctx.inputs.capabilities.owner_sync else NOT_PROBED}
    wanted = {} if policy == "skip" else changed(draft.body, there, policy, never)
    stays = f"policy {policy}: {STAYS}"
    draft.close(wanted, stays, whys if policy != "skip" and not (policy == "fill" and there.get(OWNER)) else {})
    if policy == "skip":
        ctx.findings.cell(*source, "*", Bucket.SKIPPED, stays)
    reason = f"is in the location already, found by {found.by}; policy {policy}"
    if not wanted:
        reason += ", nothing to change"
        return ctx.operation(Kind.SKIP, target, *source, existing_id=found.id, reason=reason, marker=marker)
    return ctx.operation(Kind.UPDATE, target, *source, wanted, existing_id=found.id, reason=reason, marker=marker)


def changed(
    body: Mapping[str, Any],
    there: Mapping[str, Any],
    policy: str,
    never: frozenset[str],
) -> dict[str, Any]:
    """The part of `body` that `policy` lets through against the record as it is `there`."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name in never or name in ("customFields", "dnd", "dndSettings"):
            continue
        before = there.get(name)
        if (policy == "fill" and not before) or (policy == "overwrite" and _differs(before, value)):
            found[name] = value
    for name in ("dnd", "dndSettings"):
        if name in body and _differs(there.get(name), body[name]):
            found[name] = body[name]
    fields = _fields(body.get("customFields", ()), there.get("customFields") or {}, policy)
    return {**found, "customFields": fields} if fields else found


def _fields(wanted: Any, there: Mapping[str, Any], policy: str) -> list[Any]:
    """Values of fields that the location had before count as there; a field still to be made is blank everywhere."""
    kept = []
    for item in wanted:
        reference = item.get("id") or item.get("key")
        keys = custom_keys(reference, reference) if isinstance(reference, str) else ()
        before = next((there[key] for key in keys if key in there), None)
        value = item.get("fieldValue", item.get("value"))
        if before in (None, "", []) or (policy == "overwrite" and _differs(before, value)):
            kept.append(item)
    return kept


def _differs(before: Any, value: Any) -> bool:
    if isinstance(before, str) and isinstance(value, str):
        return fold(before) != fold(value)
    return before != value
