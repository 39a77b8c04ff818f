"""Sample: a small part as exported, as sent and as HighLevel keeps it."""

from pb2hl.report.drawing.comparison import draw

__all__ = ["draw"]
