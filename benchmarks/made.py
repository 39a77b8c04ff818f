"""A made table for the benchmarks: contacts of 30 columns, the same for the same number of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd


def contacts(rows: int) -> pd.DataFrame:
    """A staged contacts table of `rows` rows and 30 profiled columns."""
    rng = np.random.default_rng(7)
    ids = pd.Series(np.arange(rows)).astype("str")
    cities = ["Toronto", "Ottawa", "Montréal", "Halifax", None]
    columns = {
        "source_id": ids, "source_file": "contacts.csv", "source_sheet": "", "source_row": np.arange(2, rows + 2),
        "first_name": pd.Series(rng.choice(["Jane", "Joe", "Ann"], rows), dtype="str"), "last_name": "Roe-" + ids, "full_name": "Jane Roe-" + ids,
        "email": "p" + ids + "@example.com", "phone": "+1613" + ids.str.zfill(7), "owner": pd.Series(rng.choice(["u1", "u2"], rows), dtype="str"),
        "created_at": pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 10**8, rows), unit="s"),
        "do_not_contact": pd.array(rng.random(rows) < 0.1, dtype="boolean"), "birthday": pd.Timestamp("1980-01-01") + pd.to_timedelta(rng.integers(0, 9999, rows), unit="D"),
        "tags": pd.Series(rng.choice(["a", "b"], rows), dtype="str").map(lambda tag: [tag]),
    }  # fmt: skip
    for number in range(10):
        columns[f"custom.City {number}"] = pd.Series(rng.choice(cities, rows), dtype="str")
    for number in range(10):
        columns[f"custom.Score {number}"] = rng.normal(100, 20, rows)
    return pd.DataFrame(columns)
