"""From staged tables, decided sheets and the location to operations: what would be sent, what it costs, what is lost.

`build_schema` and `build` are pure functions of `PlanInputs`; `Operations.write` and `read` keep a plan on disk.
"""

from __future__ import annotations

from pb2hl.plan.building.estimate import Estimate
from pb2hl.plan.building.expected import Sources, fields_of
from pb2hl.plan.building.planning import Plan, build, build_schema
from pb2hl.plan.building.sampling import sample
from pb2hl.plan.fields.findings import Bucket, Findings
from pb2hl.plan.inputs.inputs import ExportFile, Gone, PlanInputs
from pb2hl.plan.inputs.store import Operations, last, read

__all__ = [
    "Bucket",
    "Estimate",
    "ExportFile",
    "Findings",
    "Gone",
    "Operations",
    "Plan",
    "PlanInputs",
    "Sources",
    "build",
    "build_schema",
    "fields_of",
    "last",
    "read",
    "sample",
]
