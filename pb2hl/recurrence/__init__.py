"""Recurring appointments expanded into single ones.

>>> from datetime import date, datetime
>>> series = expand(datetime(2024, 3, 4, 9), datetime(2024, 3, 4, 10), "America/Toronto", "weekly until 2024-03-18",
...                 until_limit=date(2025, 1, 1))
>>> [start.isoformat() for start, _ in series.occurrences]
['2024-03-04T09:00:00-05:00', '2024-03-11T09:00:00-04:00', '2024-03-18T09:00:00-04:00']
"""

from pb2hl.recurrence.expand import MOST_OCCURRENCES, Series, expand

__all__ = ["MOST_OCCURRENCES", "Series", "expand"]
