"""A whole plan: its course, its cost, its sample, and what it expects."""
