"""What several steps need: the session with HighLevel, reading the export in, outcomes and requests as tables."""
