"""Custom fields: which are needed, how values are written into them, and what was lost on the way."""
