"""Which object a table is, and which field a column is: proposals with reasons."""
