"""The plan and the schema as proposals: what an approval names."""
