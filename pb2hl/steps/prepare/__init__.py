"""Before anything is decided: inventory, matching, mapping, and the look at the location."""
