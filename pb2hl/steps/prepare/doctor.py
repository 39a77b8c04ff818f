"""Preflight: token, scopes, duplicate settings, users, calendars, workflows, allowance, clock; nothing is written unless probing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pb2hl.errors import ApiError, HighLevelError, Problem, Severity
from pb2hl.highlevel import Client, Destination, preflight, read_destination
from pb2hl.highlevel.answers import WrongAnswer
from pb2hl.highlevel.capabilities import PROBED, Capabilities
from pb2hl.highlevel.identity import WrongLocation
from pb2hl.highlevel.needs import MAKE_TOKEN, PAUSE_WORKFLOWS, scopes_for
from pb2hl.ledger import Ledger, LedgerPort
from pb2hl.operations import Target
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import DOCTOR, SCHEMA
from pb2hl.results import Status, StepResult
from pb2hl.steps.shared import requests
from pb2hl.steps.shared.session import with_client
from pb2hl.workspace import Workspace

STEP = DOCTOR.id
SCRATCH = "scratch contact"
"""The fact that a probe has a contact in the location: its mark, durable before the contact is made."""

Row = tuple[str, str, str, str]


def doctor(
    ws: Workspace, *, probe: bool = False, progress: Progress = SILENT, cancel: Cancel | None = None
) -> StepResult:
    """Examine the location; with `probe` also pin uncertain behaviours on one scratch contact that is removed again.

    What the probe saw is kept in the ledger and used from then on. A token or location that is refused is a finding, not an
    error; raises TokenMissing, and HighLevelError when the server is unreachable.
    """
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        progress.start("looking at the location", None)
        try:
            seen = with_client(
                ws,
                ledger,
                STEP,
                lambda client: _look(client, ledger, _Probing(probe, ws.config.logged_by()), cancel),
                progress,
            )
        except (ApiError, WrongLocation, WrongAnswer) as error:
            seen = {"refused": error}
        finally:
            progress.finish()
        if seen.get("probed"):
            synced = seen["probed"].get("owner_sync") or Capabilities.of(ledger).owner_synced
            ledger.remember(PROBED, {**seen["probed"], "owner_synced": synced, "at": seen["destination"].read_at})
        seen["pinned"] = ledger.recall(PROBED) or {}
        seen["planned"] = requests.to_come(ledger)
        seen["targets"] = _targets(ws)
        result = _result(ws, seen)
        result.save(ws.results(STEP))
    return result


async def swept(client: Client, ledger: LedgerPort) -> None:
    """Remove what a probe that was killed has left in the location."""
    if mark := ledger.recall(SCRATCH):
        await preflight.sweep(client, mark, killed=True)
        ledger.remember(SCRATCH, None)


@dataclass(frozen=True)
class _Probing:
    """Whether to probe, and with which conversation providers (None: no messages are to be logged)."""

    wanted: bool
    providers: Mapping[str, str] | None


async def _look(client: Client, ledger: LedgerPort, probing: _Probing, cancel: Cancel | None) -> dict[str, Any]:
    cancel = cancel or Cancel()
    await swept(client, ledger)
    destination = await read_destination(client, index=False)
    cancel.check()
    seen = await examine(client, destination)
    cancel.check()
    if probing.wanted:
        writes = await preflight.check_write_scopes(client)
        seen["scopes"] = [*seen["scopes"], *writes]
        if not any(check.scope == "contacts.write" and check.state == "missing" for check in writes):
            mark = preflight.scratch_mark(client)
            ledger.remember(SCRATCH, mark)
            seen["probed"] = await preflight.probe(client, mark, probing.providers)
            ledger.remember(SCRATCH, None)
    seen["allowance"] = preflight.allowance(client)
    return seen


async def examine(client: Client, destination: Destination) -> dict[str, Any]:
    """What a few reads tell beside the location itself: scopes, skew of the clocks, allowance."""
    calendar_id = destination.calendars[0]["id"] if destination.calendars else ""
    return {
        "destination": destination,
        "scopes": await preflight.check_scopes(client, destination.settings["company_id"], calendar_id),
        "skew_s": await preflight.clock_skew_s(client),
        "allowance": preflight.allowance(client),
    }


def findings(seen: dict[str, Any], planned: int) -> list[Row]:
    """(check, state, detail, how to mend it) of what `examine` saw; `planned`: requests of the whole plan, 0 when not known."""
    destination: Destination = seen["destination"]
    return [
        ("token and location", "ok", f"{destination.settings['name']} ({destination.location})", ""),
        *_scope_rows(seen["scopes"]),
        *_setting_rows(destination),
        *_people_rows(destination),
        _workflow_row(destination),
        _allowance_row(planned, seen["allowance"]),
        _clock_row(seen["skew_s"]),
    ]


def as_table(rows: list[Row]) -> pd.DataFrame:
    """Findings as a table."""
    return pd.DataFrame(rows, columns=["check", "state", "detail", "to mend it"])


def as_problems(rows: list[Row]) -> tuple[Problem, ...]:
    """A problem a finding that is not ok: critical when it failed, else a warning."""
    return tuple(
        Problem(
            "preflight",
            f"{check}: {detail}",
            Severity.CRITICAL if state == "failed" else Severity.WARNING,
            treatment=mend,
        )
        for check, state, detail, mend in rows
        if state != "ok"
    )


def _result(ws: Workspace, seen: dict[str, Any]) -> StepResult:
    if "refused" in seen:
        error: HighLevelError = seen["refused"]
        rows = [("token and location", "failed", error.message, error.hint)]
        return _as_result(rows, {"scopes": _scopes(seen["targets"])}, {}, _advice(seen["targets"]))
    destination: Destination = seen["destination"]
    rows = [*findings(seen, seen["planned"]), *_pinned_rows(seen["pinned"])]
    tables = {
        "users": pd.DataFrame(destination.users, columns=["id", "name", "email", "active", "role"]),
        "workflows": pd.DataFrame(destination.workflows, columns=["id", "name", "status"]),
        "calendars": _calendars(destination),
        "scopes": _scopes(seen["targets"]),
    }
    facts = {"allowance": dict(seen["allowance"]), "pinned": seen["pinned"], "settings": destination.settings}
    return _as_result(rows, tables, facts, _advice(seen["targets"]))


def _targets(ws: Workspace) -> list[Target]:
    """The kinds of records that the plans in the workspace are about; none before there is a plan."""
    files = [path.stem for folder in (SCHEMA.id, "data") for path in (ws.plan / folder).glob("*.parquet")]
    return [target for target in Target if str(target) in files]


def _scopes(targets: list[Target]) -> pd.DataFrame:
    """The scopes of the plan, or of any plan while there is none."""
    return pd.DataFrame(scopes_for(targets).items(), columns=["scope", "for"])


def _advice(targets: list[Target]) -> tuple[Problem, ...]:
    """What the admin sets up, in so many words."""
    plan = "this plan" if targets else "any plan"
    scopes = ", ".join(scopes_for(targets))
    return (Problem("scopes", f"the token for {plan} needs {scopes}", Severity.INFO, treatment=MAKE_TOKEN),)


def _as_result(
    rows: list[Row], tables: dict[str, pd.DataFrame], facts: dict[str, Any], advice: tuple[Problem, ...] = ()
) -> StepResult:
    checks = as_table(rows)
    counts = {state: int((checks["state"] == state).sum()) for state in ("ok", "warning", "failed")}
    headline = (
        f"{counts['failed']} of {len(rows)} checks failed: nothing should be written yet."
        if counts["failed"]
        else f"The location can be written to: {counts['ok']} checks passed, {counts['warning']} need a look."
    )
    return StepResult(
        STEP,
        Status.FAILED if counts["failed"] else Status.DONE,
        headline,
        counts,
        {"checks": checks, **tables},
        (*as_problems(rows), *advice),
        facts,
        next_step="pb2hl schema",
    )


def _scope_rows(scopes: list[preflight.ScopeCheck]) -> list[Row]:
    states = {"granted": "ok", "missing": "failed", "unknown": "warning"}
    return [
        (
            f"scope {check.scope}",
            states[check.state],
            f"{check.endpoint}: {check.state}" + (f" ({check.detail})" if check.detail else ""),
            f"add {check.scope} to the private integration" if check.state == "missing" else "",
        )
        for check in scopes
    ]


def _setting_rows(destination: Destination) -> list[Row]:
    found: list[Row] = []
    for name, key in (("contacts", "allow_duplicate_contact"), ("opportunities", "allow_duplicate_opportunity")):
        allowed = destination.settings[key]
        detail = {True: "allowed", False: "not allowed", None: "not told"}[allowed]
        mend = "" if allowed else "the schema step tells in numbers what this costs; an admin can change it"
        found.append((f"duplicate {name}", "ok" if allowed is not None else "warning", detail, mend))
    return found


def _people_rows(destination: Destination) -> list[Row]:
    active = [user for user in destination.users if user["active"]]
    teamless = [calendar["name"] for calendar in destination.calendars if not calendar["user_ids"]]
    return [
        (
            "users",
            "ok" if active else "warning",
            f"{len(active)} active of {len(destination.users)}",
            "" if active else "invite the owners of the export, or set fallback_owner",
        ),
        (
            "calendars and their teams",
            "warning" if teamless else "ok",
            f"{len(destination.calendars)} calendars"
            + (f"; without a team: {', '.join(teamless)}" if teamless else ""),
            "appointments of a user need a calendar with that user in its team" if teamless else "",
        ),
    ]


def _workflow_row(destination: Destination) -> Row:
    published = [flow["name"] for flow in destination.workflows if flow["status"].lower() == "published"]
    if not published:
        return ("published workflows", "ok", "none", "")
    return (
        "published workflows",
        "warning",
        f"{len(published)} could fire when records are created: {', '.join(published[:20])}",
        f"{PAUSE_WORKFLOWS}; say so when approving the schema",
    )


def _allowance_row(planned: int, allowance: dict[str, Any]) -> Row:
    left = allowance["daily_remaining"]
    detail = f"{'not allowance' if left is None else left} of {allowance['daily_limit']} requests left today"
    detail += f"; the plan needs {planned}" if planned else ""
    short = left is not None and planned > left
    return (
        "daily allowance",
        "warning" if short else "ok",
        detail,
        "the load pauses and goes on the next day" if short else "",
    )


def _clock_row(skew_s: float | None) -> Row:
    if skew_s is None:
        return ("clock", "ok", "HighLevel sends no date to compare with", "")
    off = abs(skew_s) > preflight.SKEW_TOLERATED_S
    return (
        "clock",
        "warning" if off else "ok",
        f"HighLevel is {skew_s:+.0f} s from this machine",
        "set this machine's clock" if off else "",
    )


def _pinned_rows(pinned: dict[str, Any]) -> list[Row]:
    if not pinned:
        return [
            (
                "uncertain behaviours",
                "ok",
                "documented defaults are used",
                "pb2hl doctor --probe pins them for this location",
            )
        ]
    return [(f"probed: {name}", "ok", str(value), "") for name, value in pinned.items()]


def _calendars(destination: Destination) -> pd.DataFrame:
    names = {user["id"]: user["name"] for user in destination.users}
    rows = [
        (
            calendar["id"],
            calendar["name"],
            calendar["isActive"],
            ", ".join(names.get(id, id) for id in calendar["user_ids"]),
        )
        for calendar in destination.calendars
    ]
    return pd.DataFrame(rows, columns=["id", "name", "active", "team"])
