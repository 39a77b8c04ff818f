"""`python -m pb2hl.sandbox --port 0 --scenario FILE --state FILE`: the rehearsal HighLevel in the foreground."""

from __future__ import annotations

import argparse
import sys

from pb2hl.errors import Pb2hlError
from pb2hl.sandbox.server import HOST, serve


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; the exit code."""
    parser = argparse.ArgumentParser(prog="pb2hl sandbox", description=__doc__)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--scenario", help="TOML or JSON file")
    parser.add_argument("--state", help="file to load from and save to")
    options = parser.parse_args(arguments)
    try:
        serve(options.host, options.port, options.scenario, options.state)
    except Pb2hlError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
