"""What steps are about to make, in words: records are told from what goes with them, pieces of schema by kind."""

from __future__ import annotations

from pb2hl.errors import Severity
from pb2hl.operations import DATA_TARGETS, Kind, Operation, Target
from pb2hl.steps.delta.operations_told import told
from pb2hl.steps.proposal.lost_reasons import problem
from pb2hl.steps.proposal.pieces_told import pieces_told


def test_what_would_be_new_is_told_as_records_and_what_goes_with_them():
    """A link is no record, nor is what a row says of a record that was there before."""
    pairs = [
        ("contact", "create"),
        ("contact", "create"),
        ("note", "create"),
        ("link", "create"),
        ("contact", "update"),
        ("task", "skip"),
    ]
    assert (
        told(pairs)
        == "3 records (2 contacts, 1 note), what 1 row says of records that are there already and 1 link to a company"
    )
    assert told([("link", "create")] * 2) == "0 records and 2 links to companies"
    assert told([("business", "create")]) == "1 record (1 company)" and told([]) == "0 records"
    assert told((target, Kind.CREATE) for target in DATA_TARGETS).count(",") > 5, "every target has a word"


def test_pieces_of_schema_are_told_by_kind():
    """What is to be made is counted by what it is, a folder among it, and what grows is told from what is new."""

    def piece(target: Target, kind: Kind = Kind.CREATE) -> Operation:
        return Operation("id", kind, target, "schema", "x", {"name": "x"})

    pieces = [
        piece(Target.FIELD),
        piece(Target.FIELD),
        piece(Target.FOLDER),
        piece(Target.OBJECT),
        piece(Target.TAG, Kind.SKIP),
    ]
    assert pieces_told(pieces) == "1 custom object, 1 folder and 2 fields"
    grown = [piece(Target.FIELD, Kind.UPDATE), piece(Target.PIPELINE, Kind.UPDATE), piece(Target.PIPELINE, Kind.UPDATE)]
    assert pieces_told(grown) == "1 field that gets options and 2 pipelines that get stages"
    assert pieces_told([]) == "nothing"


def test_lost_reasons_that_wait_are_told_in_the_number_that_fits():
    """One reason of ten deals waits; two of one deal each wait."""
    (one,) = problem({"Too dear": 10}, Severity.CRITICAL)
    (two,) = problem({"Too dear": 1, "Went silent": 1})
    assert one.message == "1 lost reason that 10 deals have waits for an admin: Too dear"
    assert two.message == "2 lost reasons that 2 deals have wait for an admin: Too dear, Went silent"
