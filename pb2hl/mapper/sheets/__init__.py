"""The review sheets: written with proposals, read back with decisions, held to a gate."""
