"""Approvals: who approved what, and what a batch run takes on record."""
