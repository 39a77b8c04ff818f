"""What a plan is made of, and how its tables and operations are walked."""
