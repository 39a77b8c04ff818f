"""What a token must be allowed to do for a plan, and what an admin does in HighLevel by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pb2hl.highlevel.preflight import reads
from pb2hl.highlevel.records import PORTS
from pb2hl.highlevel.records.customvalues import VALUES
from pb2hl.highlevel.scopes import scope_of
from pb2hl.operations import Target

MAKE_TOKEN = (
    "in the location open Settings > Private Integrations > Create new integration, name it, tick these scopes, create it, "
    "copy the token (it is shown once), and put it into HIGHLEVEL_TOKEN; a scope that is missing later is added there under Edit, "
    "and the token stays the same"
)
PAUSE_WORKFLOWS = "in the location open Automation > Workflows, open each of them, turn Publish to Draft and save; after the audit turn them back"


def write_scopes(target: Target) -> tuple[str, ...]:
    """The scopes that making, changing and deleting this kind of record takes."""
    port: Any = PORTS[target]
    return tuple(sorted({scope_of("POST", path) for path in (port.every, *port.also)}))


def scopes_for(targets: Iterable[Target] = ()) -> dict[str, str]:
    """Scope → what it is for, of a plan with operations of `targets`; without any, of every plan there can be."""
    found = {scope: "reading the location" for scope, *_ in reads("", "", "")}
    wanted = list(targets) or list(Target)
    for method in ("GET", "POST"):
        found[scope_of(method, VALUES.path)] = "telling whether this ledger is the one that wrote last"
    if Target.OBJECT in wanted:
        found[scope_of("GET", "/objects/")] = "reading the custom objects"
    if Target.RELATION in wanted:
        found[scope_of("GET", "/associations/")] = "reading the associations"
        found[scope_of("GET", "/associations/relations/")] = "reading relations"
    if Target.MESSAGE in wanted:
        found[scope_of("GET", "/conversations/search")] = "reading conversations"
        found[scope_of("GET", "/conversations/messages/export")] = "reading messages"
    for target in sorted(wanted, key=list(Target).index):
        for scope in write_scopes(target):
            found[scope] = f"{found[scope]}, {target}" if scope in found else str(target)
    return dict(sorted(found.items()))
