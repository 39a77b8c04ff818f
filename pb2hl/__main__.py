"""`python -m pb2hl` is `pb2hl`."""

from pb2hl.cli import main

main()
