"""Great Expectations before and after the load, and the tables that suites judge."""
