"""Where every cell of the export comes from and ends."""
