"""A later export against the first, and against what people changed in HighLevel meanwhile."""
