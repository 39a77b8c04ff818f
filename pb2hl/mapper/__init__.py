"""Which column goes where: proposals with reasons, the sheets in which people decide, and what the plan takes of it."""

from pb2hl.mapper.knowledge.sheet_layout import EDITABLE, SHEETS
from pb2hl.mapper.proposer.callers import numbers_of, who_called
from pb2hl.mapper.proposer.company_lists import company_names, split_companies
from pb2hl.mapper.proposer.contact_lists import called, contact_names, employed, split_contacts
from pb2hl.mapper.proposer.continued import join_continued
from pb2hl.mapper.proposer.custom import infer
from pb2hl.mapper.proposer.dialling import with_codes
from pb2hl.mapper.proposer.happenings import IN_ROWS
from pb2hl.mapper.proposer.joins import join
from pb2hl.mapper.proposer.objects import mixed_types, recognise
from pb2hl.mapper.proposer.pointers import (
    POINTED,
    ids_of,
    of_any_record,
    of_either,
    one_reference,
    pointers,
    split_by_ids,
    split_pointers,
)
from pb2hl.mapper.proposer.product import Product, product
from pb2hl.mapper.proposer.propose import propose, propose_fields
from pb2hl.mapper.proposer.references import waiting
from pb2hl.mapper.proposer.rows_of_two import strangers, two_objects
from pb2hl.mapper.proposer.table_names import name_rows
from pb2hl.mapper.sheets.current import run_again
from pb2hl.mapper.sheets.decided import CustomField, Mapping, PipelineToMake, custom_fields, decided_mapping
from pb2hl.mapper.sheets.fields import assignment, complete, decided, fields_sheet, follow, lacking_of
from pb2hl.mapper.sheets.gate import (
    accept_all,
    mapping_hash,
    mapping_of,
    mapping_parts,
    read_sheets,
    staged_tables,
    undecided,
)
from pb2hl.mapper.sheets.merge import LAPSED_COLUMNS, Merged, archive, archived, merge, merged
from pb2hl.mapper.sheets.owners import fallback_user, owners_sheet
from pb2hl.mapper.sheets.stages import stages_sheet
from pb2hl.mapper.sheets.tags import picklists_sheet, tags_sheet
from pb2hl.mapper.sheets.ways import ways_of

__all__ = [
    "EDITABLE",
    "IN_ROWS",
    "LAPSED_COLUMNS",
    "POINTED",
    "SHEETS",
    "CustomField",
    "Mapping",
    "Merged",
    "PipelineToMake",
    "Product",
    "accept_all",
    "archive",
    "archived",
    "assignment",
    "called",
    "company_names",
    "complete",
    "contact_names",
    "custom_fields",
    "decided",
    "decided_mapping",
    "employed",
    "fallback_user",
    "fields_sheet",
    "follow",
    "ids_of",
    "infer",
    "join",
    "join_continued",
    "lacking_of",
    "mapping_hash",
    "mapping_of",
    "mapping_parts",
    "merge",
    "merged",
    "mixed_types",
    "name_rows",
    "numbers_of",
    "of_any_record",
    "of_either",
    "one_reference",
    "owners_sheet",
    "picklists_sheet",
    "pointers",
    "product",
    "propose",
    "propose_fields",
    "read_sheets",
    "recognise",
    "run_again",
    "split_by_ids",
    "split_companies",
    "split_contacts",
    "split_pointers",
    "staged_tables",
    "stages_sheet",
    "strangers",
    "tags_sheet",
    "two_objects",
    "undecided",
    "waiting",
    "ways_of",
    "who_called",
    "with_codes",
]
