"""pb2hl moves data and schema from Perfect Books into HighLevel: reviewed, proved and undoable."""

__version__ = "0.2.0"
