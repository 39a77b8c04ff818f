"""What the data is: one line a column, how tables point at each other, and the legal edition's books reconciled."""

from pb2hl.profile.columns import profile_tables
from pb2hl.profile.legal import Reconciliation, reconcile

__all__ = ["Reconciliation", "profile_tables", "reconcile"]
