"""Widgets that edit review sheets."""

from pb2hl.review.clusters import ClusterReview
from pb2hl.review.specs import (
    companies_review,
    conflicts_review,
    duplicates_review,
    mapping_spec,
    schema_review,
    sheet_review,
    tables_review,
)
from pb2hl.review.table import ReviewSpec, ReviewTable

__all__ = [
    "ClusterReview",
    "ReviewSpec",
    "ReviewTable",
    "companies_review",
    "conflicts_review",
    "duplicates_review",
    "mapping_spec",
    "schema_review",
    "sheet_review",
    "tables_review",
]
