"""Deals become opportunities, each on its contact or on a marked stand-in; a forbidden second open deal follows the policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import pandas as pd

from pb2hl import markers
from pb2hl.errors import Severity
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.rows import ORDINAL, Row, as_property, oldest_first, rows, text, texts
from pb2hl.plan.location.identity import Identity
from pb2hl.plan.records import deal_values as values
from pb2hl.plan.records.existing import Found, changes
from pb2hl.plan.records.parents import stand_in
from pb2hl.plan.records.pipelines import Pipelines, PlannedPipeline
from pb2hl.plan.records.primary import earliest_ids, named_column, sure_ids
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.fold import fold
from pb2hl.values.statuses import deal_status

OBJECT = "deals"
DUPLICATE_COLUMNS = ("source_id", "name", "contact", "pipeline", "first_deal", "treatment")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one deal goes. `blocked_by` is the open deal that the location lets stand in its way."""

    contact: str  # source id; "" → a stand-in
    pipeline: PlannedPipeline | None
    stage: str
    status: str
    blocked_by: str = ""
    why: str = ""
    by_company: bool = False  # the contact is the one of the deal's company, for the deal names none


@dataclass(frozen=True)
class Deals:
    """Plans the deals table."""

    ctx: Context
    pipelines: Pipelines
    identity: Identity
    unconverted: Unconverted

    @property
    def policy(self) -> str:
        """`duplicate_opportunity` of migration.toml."""
        return self.ctx.inputs.config.policy.duplicate_opportunity

    @cached_property
    def placements(self) -> Mapping[str, Placement]:
        """Where every deal goes, decided oldest first so that the oldest open deal keeps its place; those that are
        opportunities already come before all others."""
        return self._decided[0]

    @cached_property
    def _decided(self) -> tuple[dict[str, Placement], dict[str, tuple[str, str]]]:
        """(every deal's placement, deals that are in the location already → its id there and what they were found by)."""
        found: dict[str, Placement] = {}
        matched: dict[str, tuple[str, str]] = {}
        there = dict(self._open_there())
        holders = {key: name for key, (_, name) in there.items()}
        key_of = {one: key for key, (one, _) in there.items()}
        table = self.ctx.table(OBJECT)
        primary = named_column(table)
        for row in self._loaded_first(table, (*_PLACING, primary) if primary else _PLACING):
            source_id, placement = row["source_id"], self._placement(row, primary)
            existing, by = self._match(row, placement.contact)
            if existing:
                matched[source_id] = (existing, by)
                if existing in key_of:
                    holders[key_of[existing]] = source_id
            moves = not existing or self.ctx.inputs.config.policy.existing_opportunities == "overwrite"
            found[source_id] = self._held(source_id, placement, holders) if moves else placement
        return found, matched

    def _loaded_first(self, table: pd.DataFrame, columns: Sequence[str]) -> Iterator[Row]:
        ordered, loaded = oldest_first(table), self.ctx.inputs.loaded
        if ordered.empty or not loaded:
            return rows(ordered, columns)
        there = ordered["source_id"].astype(str).isin(loaded)
        return chain(rows(ordered[there], columns), rows(ordered[~there], columns))

    def _held(self, source_id: str, placement: Placement, holders: dict[tuple[str, str], str]) -> Placement:
        """The placement, with the open deal that stands in its way. A deal that stays where the location has it claims no place."""
        if self.ctx.location.allow_duplicate_opportunity or not (
            placement.status == "open" and placement.contact and placement.pipeline
        ):
            return placement
        holder = holders.setdefault((placement.contact, placement.pipeline.label), source_id)
        if placement.by_company and holder != source_id and source_id not in self.ctx.inputs.loaded:
            return replace(placement, contact="", by_company=False)
        return (
            placement
            if holder == source_id or source_id in self.ctx.inputs.loaded
            else replace(placement, blocked_by=holder)
        )

    def _open_there(self) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
        """Open opportunities that the location has already, on contacts that the export has too: (contact, pipeline) → (id, name)."""
        mine = {
            person.existing_id: source_id for source_id, person in self.identity.people.items() if person.existing_id
        }
        labels = {item.existing_id: item.label for item in self.pipelines.planned.values() if item.existing_id}
        for row in rows(self.ctx.location.opportunities):
            contact, label = mine.get(row.get("contactId") or ""), labels.get(row.get("pipelineId") or "")
            if contact and label and row.get("status") == "open":
                ours = markers.split_ids(self.ctx.source, row.get("marker") or "")
                yield (contact, label), (row["id"], ours[0] if ours else f"existing {row['id']}")

    def _placement(self, row: Row, primary: str) -> Placement:
        named = [f.text_of(row[primary], self.ctx.zone)] if primary and row.get(primary) is not None else []
        found = self.ctx.contacts.first([*named, *texts(row.get("contact_id")), *texts(row.get("contact_email"))])
        pipeline, stage, from_stage = self.pipelines.route(text(row, "pipeline"), text(row, "stage"))
        status = self._status(values.said_status(self.ctx, row), deal_status(from_stage), row)
        said = found or found.why or any(self.ctx.lost(OBJECT, row, column)[0] for column in _NAMING)
        contact = found.source_id if said else self._of_company(row)
        return Placement(contact, pipeline, stage, status, why=found.why, by_company=bool(contact and not said))

    def _of_company(self, row: Row) -> str:
        """The contact of the deal's company where that can only be one; a deal that was loaded stays where it is."""
        company = self.ctx.companies.find(text(row, "company_id")).source_id
        loaded = self.ctx.inputs.loaded
        if row["source_id"] not in loaded:
            return self._sure.get(company, "")
        return "" if loaded[row["source_id"]] else self._earliest.get(company, "")

    @cached_property
    def _sure(self) -> Mapping[str, str]:
        return sure_ids(self.ctx)

    @cached_property
    def _earliest(self) -> Mapping[str, str]:
        return earliest_ids(self.ctx)

    def _status(self, said: str, from_stage: str, row: Row) -> str:
        """The status column's word wins; but a deal called open in a stage that is won or lost has ended as the stage says."""
        if said == "open" and from_stage not in ("", "open"):
            self.ctx.findings.problem(
                "status_against_stage",
                OBJECT,
                "deals are called open though their stage is won, lost or abandoned",
                source_id=row["source_id"],
                field_="status",
                treatment="the stage decides",
            )
            return from_stage
        if not said and from_stage in ("", "open") and values.is_refused(row):
            self.ctx.findings.problem(
                "lost_by_reason",
                OBJECT,
                "deals whose status and stage do not say how they ended have a reason why they were lost and no chance left",
                source_id=row["source_id"],
                field_="lost_reason",
                treatment="lost",
            )
            return "lost"
        return said or from_stage or "open"

    @cached_property
    def hosts(self) -> Mapping[str, tuple[str, str]]:
        """For every deal, the contact operation it hangs on: (object, source id)."""
        gone = self.ctx.inputs.gone.get(OBJECT)
        before = {
            row["source_id"]: self.ctx.contacts.first(texts(row.get("contact_id"))).source_id
            for row in (rows(gone.rows, _PLACING) if gone else ())
        }
        return {
            source_id: ("contacts", contact) if contact else (OBJECT, source_id)
            for source_id, contact in before.items()
        } | {
            source_id: (OBJECT, source_id) if self._alone(placement) else ("contacts", placement.contact)
            for source_id, placement in self.placements.items()
        }

    def _alone(self, placement: Placement) -> bool:
        return not placement.contact or bool(placement.blocked_by and self.policy == "separate contact")

    @cached_property
    def _without_contact(self) -> frozenset[str]:
        """Deals that hang on a contact made for them."""
        return frozenset(source_id for source_id, placement in self.placements.items() if self._alone(placement))

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of every deal."""
        return {row["source_id"]: self._name(row) for row in rows(self.ctx.inputs.named(OBJECT), ("source_id", "name"))}

    @cached_property
    def blocked(self) -> dict[str, str]:
        """Deals that cannot become opportunities of their own → the open deal in their way."""
        if self.policy == "separate contact":
            return {}
        return {
            source_id: placement.blocked_by for source_id, placement in self.placements.items() if placement.blocked_by
        }

    def duplicates(self) -> pd.DataFrame:
        """Every second open deal of a contact in a pipeline, with what happens to it (DUPLICATE_COLUMNS)."""
        treatments = {"stop": "the load stops", "separate contact": "gets a stand-in contact of its own"}
        treatment = treatments.get(self.policy, "kept on the contact as a custom field and a note")
        found = [
            (
                source_id,
                self.names[source_id],
                placement.contact,
                placement.pipeline.label if placement.pipeline else "",
                placement.blocked_by,
                treatment,
            )
            for source_id, placement in self.placements.items()
            if placement.blocked_by
        ]
        return pd.DataFrame(found, columns=list(DUPLICATE_COLUMNS), dtype="str")

    def further(self) -> dict[str, list[str]]:
        """Contact source id → one line a blocked deal, for the contact's custom field."""
        found: dict[str, list[str]] = {}
        if self.policy != "custom field + note" or not self.blocked:
            return found
        for row in self.ctx.rows(OBJECT):
            if row["source_id"] in self.blocked:
                found.setdefault(self.placements[row["source_id"]].contact, []).append(" | ".join(self.facts(row)))
        return found

    def facts(self, row: Row) -> list[str]:
        """A deal in words: name, pipeline, stage, amount, dates and every custom value."""
        placement = self.placements[row["source_id"]]
        shown = {
            "pipeline": text(row, "pipeline") or (placement.pipeline.name if placement.pipeline else ""),
            "stage": text(row, "stage") or placement.stage,
            "status": placement.status,
            "status as exported": values.status_word(self.ctx, row, placement.status),
            **{key: value for key, value in row.items() if key not in _TOLD and not key.startswith("raw.")},
        }
        pairs = [
            f"{key.removeprefix('custom.').replace('_', ' ')}: {f.text_of(value, self.ctx.zone)}"
            for key, value in shown.items()
            if value not in (None, "", [])
        ]
        lost = self.unconverted.lines(OBJECT, row["source_id"])
        return [f"{self._name(row)} (Perfect Books deal {row['source_id']})", *pairs, *lost]

    def stand_ins(self) -> Iterator[Operation]:
        """A marked contact for every deal without one of its own."""
        for row in self.ctx.rows(OBJECT, only=self._without_contact):
            placement = self.placements[row["source_id"]]
            why = (
                "their contact has an open deal there already"
                if placement.blocked_by
                else "deals have no contact in the export"
            )
            code = "deal_second_open" if placement.blocked_by else "deal_without_contact"
            self.ctx.findings.problem(
                code, OBJECT, why, source_id=row["source_id"], treatment="a marked stand-in contact holds each"
            )
            company = self.ctx.companies.find(text(row, "company_id")).source_id
            body = {"firstName": "Stand-in for", "lastName": self._name(row)}
            if name := self.ctx.company_names.get(company, ""):
                body["companyName"] = name
            yield stand_in(self.ctx, OBJECT, row, body)

    def links(self) -> Iterator[Operation]:
        """Stand-ins are linked to the company that their deal names."""
        for row in self.ctx.rows(OBJECT, columns=_PLACING, only=self._without_contact):
            company = self.ctx.companies.find(text(row, "company_id")).source_id
            if company:
                payload = {
                    "businessId": self.ctx.ref(Target.BUSINESS, "companies", company),
                    "contactId": self.ctx.ref(Target.CONTACT, OBJECT, row["source_id"]),
                }
                yield self.ctx.operation(Kind.LINK, Target.LINK, OBJECT, row["source_id"], payload)

    def operations(self) -> Iterator[Operation]:
        """One opportunity a deal, oldest first; blocked deals are skipped with their reason."""
        for row in self.ctx.rows(OBJECT):
            source_id = row["source_id"]
            if source_id in self.blocked:
                yield self._blocked(row)
                continue
            if self.placements[source_id].by_company:
                self.ctx.findings.problem(
                    "deal_of_company", OBJECT, "deals name a company and no contact", source_id=source_id,
                    treatment="on the company's only or primary contact",
                )  # fmt: skip
            draft = self.draft(row)
            body = draft.body
            existing, by = self._decided[1].get(source_id, ("", ""))
            marker = next((item["fieldValue"] for item in body["customFields"][:1]), "")
            if existing:
                found = Found(existing, by)
                yield changes(self.ctx, Target.OPPORTUNITY, (OBJECT, source_id), draft, found, marker)
            else:
                draft.close()
                yield self.ctx.operation(Kind.CREATE, Target.OPPORTUNITY, OBJECT, source_id, body, marker=marker)

    def _blocked(self, row: Row) -> Operation:
        stopped = self.policy == "stop"
        self.ctx.findings.problem(
            "duplicate_opportunity",
            OBJECT,
            "open deals are second ones of a contact in a pipeline, which the location forbids",
            source_id=row["source_id"],
            severity=Severity.CRITICAL if stopped else Severity.WARNING,
            treatment="set policy.duplicate_opportunity, or allow duplicates in the location"
            if stopped
            else "kept as field and note",
        )
        where = "refused: policy.duplicate_opportunity is stop" if stopped else "contact: custom field and note"
        self.ctx.findings.cell(OBJECT, row["source_id"], "*", Bucket.REFUSED if stopped else Bucket.MOVED, where)
        reason = (
            f"open deal {self.blocked[row['source_id']]} of the same contact is in this pipeline; policy {self.policy}"
        )
        return self.ctx.operation(Kind.SKIP, Target.OPPORTUNITY, OBJECT, row["source_id"], reason=reason)

    def draft(self, row: Row) -> Draft:
        """The body of the create call, with the cells it is made of."""
        placement = self.placements[row["source_id"]]
        draft = self.ctx.draft(OBJECT, row)
        draft.put("name", self._name(row), "name")
        self._put_stage(row, placement, draft)
        host = self.hosts[row["source_id"]]
        contact = host[1] if host[0] == "contacts" else ""  # a stand-in is none of those that the deal names
        naming = ("company_id",) if placement.by_company and contact else values.naming(self.ctx, row, contact)
        draft.put("contactId", self.ctx.ref(Target.CONTACT, *host), *naming)
        for spec, name in self.ctx.copied(OBJECT):
            if (value := as_property(spec.kind, row, spec.name)) is not None:
                draft.put(name, value, spec.name)
        own = self.ctx.own_fields(OBJECT, row) | self.unconverted.fields(OBJECT, row)
        own |= self.ctx.owned(draft, OBJECT, row)
        own |= self.ctx.follow(draft, OBJECT, row, fresh=row["source_id"] not in self._decided[1])
        own[f.STATUS_FIELD] = values.status_word(self.ctx, row, placement.status), ("status",)
        own[f.LOST_REASON_FIELD] = values.lost_reason(self.ctx, row, placement.status, draft), ("lost_reason",)
        own[f.COMPANY_FIELD] = values.company(self.ctx, row), ("company_id",)
        own[markers.TAGS_FIELD] = ", ".join(self.ctx.tags(draft, OBJECT, row)), ("tags",)
        own[f.OTHER_CONTACTS] = "\n".join(values.others(self.ctx, row, contact)), ("contact_id", "contact_email")
        draft.body["customFields"] = []
        self.ctx.fill(draft, OBJECT, row, own)
        return draft

    def _put_stage(self, row: Row, placement: Placement, draft: Draft) -> None:
        """Pipeline, stage and status; a stage that the sheet does not know is told, and its word is no part of what is sent."""
        known = self.pipelines.knows(text(row, "pipeline"), text(row, "stage"))
        deciding = ("status",) if values.said_status(self.ctx, row) == placement.status else ("stage",) if known else ()
        draft.put("status", placement.status, *deciding)
        if placement.pipeline is None:
            return
        pipeline, stage = self.pipelines.ids(self.ctx, placement.pipeline, placement.stage)
        draft.put("pipelineId", pipeline, *(("pipeline",) if known else ()))
        if stage:
            draft.put("pipelineStageId", stage, *(("stage",) if known else ()))
        if not known and (text(row, "stage") or text(row, "pipeline")):
            unknown = "sheets/stages.csv has no line for it"
            draft.note(unknown, "pipeline", "stage", bucket=Bucket.REFUSED)
            self.ctx.refused(OBJECT, row["source_id"], "stage", text(row, "stage"), unknown)

    def _name(self, row: Row) -> str:
        return text(row, "name") or f"Deal {row['source_id']}"

    def _match(self, row: Row, contact: str) -> tuple[str, str]:
        """The opportunity in the location that the deal is, and by what; each is taken once."""
        if self.ctx.inputs.config.policy.existing_opportunities == "separate":
            return "", ""
        by_marker, by_name = self._there
        if found := by_marker.get(row["source_id"]):
            return found, "Perfect Books ID"
        person = self.identity.people.get(contact)
        if person is None or not person.existing_id:
            return "", ""
        found = by_name.pop((person.existing_id, fold(self._name(row))), "")
        return (found, "contact and name") if found else ("", "")

    @cached_property
    def _there(self) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
        """Existing opportunities by Perfect Books ID, and by contact and name."""
        by_marker: dict[str, str] = {}
        by_name: dict[tuple[str, str], str] = {}
        for there in rows(self.ctx.location.opportunities):
            by_name.setdefault((there.get("contactId") or "", fold(there.get("name") or "")), there["id"])
            for item in markers.split_ids(self.ctx.source, there.get("marker") or ""):
                by_marker.setdefault(item, there["id"])
        return by_marker, by_name


_NAMING = ("contact_id", "contact_email")
_PLACING = ("source_id", "name", "lost_reason", "probability", *_NAMING, "company_id", "pipeline", "stage", "status", "created_at")  # fmt: skip
_TOLD = {"source_id", "row_hash", "source_file", "source_sheet", "source_row", "id", "name", "pipeline", "stage", "status", "contact_id", ORDINAL}  # fmt: skip
