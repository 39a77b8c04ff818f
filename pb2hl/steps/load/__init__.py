"""What writes for the first time: schema, sample, load."""
