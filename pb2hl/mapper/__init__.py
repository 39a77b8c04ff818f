"""Which column goes where: proposals with reasons, the sheets in which people decide, and what the plan takes of it."""

from pb2hl.mapper.custom import infer
from pb2hl.mapper.fields import assignment, complete, decided, fields_sheet, merge_fields
from pb2hl.mapper.gate import accept_all, mapping_hash, read_sheets, resolved, staged_tables, undecided
from pb2hl.mapper.objects import mixed_types, recognise
from pb2hl.mapper.owners import owners_sheet
from pb2hl.mapper.product import Product, product
from pb2hl.mapper.propose import propose, propose_fields
from pb2hl.mapper.resolve import CustomField, Mapping, PipelineToMake, custom_fields, resolve
from pb2hl.mapper.sheets import SHEETS, merge
from pb2hl.mapper.stages import stages_sheet
from pb2hl.mapper.tags import picklists_sheet, tags_sheet

__all__ = [
    "SHEETS",
    "CustomField",
    "Mapping",
    "PipelineToMake",
    "Product",
    "accept_all",
    "assignment",
    "complete",
    "custom_fields",
    "decided",
    "fields_sheet",
    "infer",
    "mapping_hash",
    "merge",
    "merge_fields",
    "mixed_types",
    "owners_sheet",
    "picklists_sheet",
    "product",
    "propose",
    "propose_fields",
    "read_sheets",
    "recognise",
    "resolve",
    "resolved",
    "staged_tables",
    "stages_sheet",
    "tags_sheet",
    "undecided",
]
