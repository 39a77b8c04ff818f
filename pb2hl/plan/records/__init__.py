"""One module a kind of record: how staged rows become operations."""
