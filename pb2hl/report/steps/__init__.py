"""One module a step: what its report says in sentences, and which tables and charts it shows."""
