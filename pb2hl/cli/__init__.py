"""The command line: one command a step, each calling the same function as its notebook.

Exit codes: 0 done, 1 the step's checks failed, 2 wrong usage or input, 3 a gate is not approved, 4 HighLevel refused or is
unreachable, 130 stopped by the person.
"""

from pb2hl.cli.main import main

__all__ = ["main"]
