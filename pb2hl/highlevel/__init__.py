"""HighLevel over HTTP: the client, its limiter, the records' ports, and the destination as it is.

async with Client(ws.token(), ws.config.location, ws.config.base_url) as client:
    destination = await read_destination(client)
"""

from pb2hl.highlevel.answers import Answer
from pb2hl.highlevel.client import SEARCH_LAG_S, Client
from pb2hl.highlevel.destination import Destination, read_destination
from pb2hl.highlevel.limiter import Limiter, limiter_for
from pb2hl.highlevel.loop import run
from pb2hl.highlevel.records import PORTS, Created, RecordPort

__all__ = [
    "PORTS",
    "SEARCH_LAG_S",
    "Answer",
    "Client",
    "Created",
    "Destination",
    "Limiter",
    "RecordPort",
    "limiter_for",
    "read_destination",
    "run",
]
