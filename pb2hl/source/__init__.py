"""Reading exports: containers → raw tables → staged tables."""

from pb2hl.source.limits import LIMITS, Limits
from pb2hl.source.reading import read_export
from pb2hl.source.tables import Export, RawTable

__all__ = ["LIMITS", "Export", "Limits", "RawTable", "read_export"]
