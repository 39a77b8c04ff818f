"""Build a plan: what every planner yields, in the order of targets, with its counts, cost and accounting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pb2hl.errors import Problem
from pb2hl.model import OBJECTS
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.building.estimate import Estimate, Seen, estimate
from pb2hl.plan.cells.lineage import lineage
from pb2hl.plan.cells.schema_cells import note_pipelines, note_schema
from pb2hl.plan.fields.needs import FieldPlan, plan_fields
from pb2hl.plan.inputs.inputs import PlanInputs
from pb2hl.plan.inputs.store import Operations
from pb2hl.plan.location.identity import Identity, simulate
from pb2hl.plan.location.location import Location, location_of
from pb2hl.plan.records.appointments import Appointments
from pb2hl.plan.records.attachments import Attachments, Files
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.companies import Companies
from pb2hl.plan.records.contacts import Contacts
from pb2hl.plan.records.deals import Deals
from pb2hl.plan.records.legal import Legal, legal_fields
from pb2hl.plan.records.meetings import Meetings
from pb2hl.plan.records.messages import Messages
from pb2hl.plan.records.notes import Notes
from pb2hl.plan.records.parents import Parents
from pb2hl.plan.records.pipelines import Pipelines, plan_pipelines
from pb2hl.plan.records.primary import primary_ids, primary_labels
from pb2hl.plan.records.relations import Relations
from pb2hl.plan.records.tasks import Tasks
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.records.unmapped_columns import UnmappedNotes
from pb2hl.plan.schema.schema import SchemaPlan, calendar_team, contact_tags, find_calendar
from pb2hl.plan.schema.stages import stages_table
from pb2hl.plan.shared.context import Context
from pb2hl.progress import SILENT, Progress


@dataclass(frozen=True)
class Plan:
    """Operations with everything a person wants to know before they are sent.

    `counts` by (kind, target); `tables` for reports: of the schema diff, conflicts and stages; of the data identity, duplicate_opportunities,
    lineage_summary, lineage_rules, lineage_exceptions, lineage_balance, lineage_merged; of both losses.
    """

    operations: Operations
    estimate: Estimate
    problems: tuple[Problem, ...]
    tables: Mapping[str, pd.DataFrame]

    @property
    def counts(self) -> Mapping[tuple[Kind, Target], int]:
        """Operations by kind and target."""
        return self.operations.counts

    @property
    def diff(self) -> pd.DataFrame:
        """The schema's diff; empty for a data plan."""
        return self.tables.get("diff", pd.DataFrame())

    @property
    def losses(self) -> pd.DataFrame:
        """What moved elsewhere or was normalised, with counts."""
        return self.tables["losses"]

    @property
    def summary(self) -> dict[str, Any]:
        """Counts and cost as flat JSON-able data."""
        named = {f"{target}.{kind}": count for (kind, target), count in sorted(self.counts.items())}
        return {"operations": len(self.operations), **named, **self.estimate.as_dict()}


def build_schema(inputs: PlanInputs, *, progress: Progress = SILENT) -> Plan:
    """The plan of what has to be in the location before data: fields, tags, pipelines, calendar, and their diff."""
    return Planner(inputs).schema(progress)


def build(inputs: PlanInputs, *, progress: Progress = SILENT) -> Plan:
    """The plan of all data operations."""
    return Planner(inputs).data(progress)


class Planner:
    """The planners of one plan, sharing one context."""

    def __init__(self, inputs: PlanInputs):
        location = location_of(inputs.destination)
        fields = {**plan_fields(inputs, location).by_key, **legal_fields(inputs, location)}
        self.ctx = Context(inputs, location, FieldPlan(fields))
        self.location: Location = location
        self.unconverted = Unconverted.of(inputs.not_converted, self.ctx.findings)

    @cached_property
    def pipelines(self) -> Pipelines:
        return plan_pipelines(self.ctx)

    @cached_property
    def identity(self) -> Identity:
        config = self.ctx.inputs.config
        contacts = self.ctx.table("contacts")
        return simulate(contacts, self.location, policy=config.policy.existing_contacts, source=config.source)

    @cached_property
    def legal(self) -> Legal:
        return Legal(self.ctx, self.unconverted)

    @cached_property
    def deals(self) -> Deals:
        return Deals(self.ctx, self.pipelines, self.identity, self.unconverted)

    @cached_property
    def primary(self) -> Mapping[str, str]:
        return primary_ids(self.ctx)

    @cached_property
    def parents(self) -> Parents:
        return Parents(self.ctx, self.deals.hosts, self.deals.names, self.primary)

    @cached_property
    def schema_plan(self) -> SchemaPlan:
        return SchemaPlan(self.ctx, self.pipelines, self.legal)

    def schema_operations(self) -> Iterator[Operation]:
        """What has to be in the location before data, in order."""
        return self.schema_plan.operations()

    def schema(self, progress: Progress) -> Plan:
        """The schema operations and their diff."""
        planner = self.schema_plan
        operations = self._collect(self.schema_operations(), progress, "planning the schema", 1, "plans")
        diff = planner.diff()
        tables = {
            "diff": diff,
            "conflicts": planner.conflicts(),
            "stages": stages_table(self.ctx, self.pipelines),
        }
        return self._plan(operations, tables)

    def data(self, progress: Progress) -> Plan:
        """The data operations."""
        rows = sum(len(frame) for name, frame in self.ctx.inputs.staged.items() if name in OBJECTS)
        operations = self._collect(self.data_operations(), progress, "planning", rows, "rows")
        note_pipelines(self.ctx, self.pipelines)
        note_schema(self.ctx, frozenset(contact_tags(self.ctx)))
        found = lineage(self.ctx)
        tables = {
            "identity": self.identity.report,
            "duplicate_opportunities": self.deals.duplicates(),
            "lineage_summary": found.summary,
            "lineage_rules": found.rules,
            "lineage_exceptions": found.exceptions,
            "lineage_balance": found.balance,
            "lineage_merged": found.merged,
        }
        return self._plan(operations, tables)

    def data_operations(self) -> Iterator[Operation]:
        """All data operations, in the order of targets; cells are noted while they are made."""
        ctx = self.ctx
        files = Files(ctx.inputs.files)
        bodies = Bodies(ctx, files)
        attachments = Attachments(ctx, files, self.identity)
        companies = Companies(ctx, self.unconverted, self.identity, primary_labels(ctx, self.primary))
        contacts = Contacts(ctx, self.identity, self.unconverted, self.deals.further())
        yield from attachments.media()
        yield from bodies.media()
        yield from companies.operations()
        yield from contacts.operations()
        yield from self.deals.stand_ins()
        yield from self.parents.placeholders()
        yield from companies.links()
        yield from self.deals.links()
        yield from attachments.contact_files()
        yield from self.deals.operations()
        messages = Messages(ctx, self.parents, self.unconverted, bodies, self.identity)
        yield from Notes(ctx, self.parents, self.unconverted, bodies, attachments, self.deals, messages).operations()
        yield from UnmappedNotes(ctx, self.deals).operations()
        yield from Tasks(ctx, self.parents, self.unconverted, bodies).operations()
        calendar = find_calendar(ctx)
        team = calendar.team if calendar else tuple(calendar_team(ctx))
        yield from Appointments(ctx, self.parents, self.unconverted, bodies, calendar, team).operations()
        yield from Meetings(ctx, self.parents, self.unconverted, bodies, calendar, team).operations()
        yield from Relations(ctx, self.deals).operations()
        yield from messages.operations()
        yield from self.legal.operations()

    def _collect(
        self, operations: Iterable[Operation], progress: Progress, what: str, left: int, unit: str
    ) -> Operations:
        found = Operations()
        progress.start(what, left, unit)
        seen: tuple[str, str] | None = None
        for operation in operations:
            found.add(operation)
            self._seen.note(operation)
            row = (operation.object, operation.source_id)
            if row != seen and left:  # rows come one after the other; some become nothing, some several operations
                seen, left = row, left - 1
                progress.advance()
        found.close()
        progress.advance(left)
        progress.finish()
        return found

    @cached_property
    def _seen(self) -> Seen:
        return Seen(synced=self.ctx.inputs.capabilities.may_sync_owners)

    def _plan(self, operations: Operations, tables: Mapping[str, pd.DataFrame]) -> Plan:
        cost = estimate(operations.counts, self._seen)
        return Plan(operations, cost, self.ctx.findings.problems, {**tables, "losses": self.ctx.findings.losses})
