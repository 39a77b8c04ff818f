"""Scalar and column normalisers: text as people and programs write it → typed values, decided per column."""

from pb2hl.values.column import Converted, convert
from pb2hl.values.parsed import Context

__all__ = ["Context", "Converted", "convert"]
