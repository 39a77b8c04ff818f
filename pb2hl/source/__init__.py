"""Reading exports: containers → raw tables → staged tables → references between them."""

from pb2hl.limits import LIMITS, Limits
from pb2hl.source.calendars import ATTENDEES
from pb2hl.source.embedded import known as embedded_files
from pb2hl.source.embedded import take_out
from pb2hl.source.mixed import leave_out, split_by
from pb2hl.source.reading import open_files, read_export
from pb2hl.source.references import resolve_references
from pb2hl.source.stage_ids import name_stages
from pb2hl.source.staging import Staging, stage
from pb2hl.source.tables import Export, RawTable, named
from pb2hl.source.typed import Assigned

__all__ = [
    "ATTENDEES",
    "LIMITS",
    "Assigned",
    "Export",
    "Limits",
    "RawTable",
    "Staging",
    "embedded_files",
    "leave_out",
    "name_stages",
    "named",
    "open_files",
    "read_export",
    "resolve_references",
    "split_by",
    "stage",
    "take_out",
]
