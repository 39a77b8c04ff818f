"""Everything read back, compared, and accounted for."""
