"""Where a migration stands, and its audit log."""
