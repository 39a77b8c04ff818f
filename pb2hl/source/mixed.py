"""One table that holds several objects, told apart by a column such as `Record Type`."""

from __future__ import annotations

from collections.abc import Callable

from pb2hl.source.tables import RawTable


def split_by(table: RawTable, heading: str, object_of: Callable[[str], str]) -> list[RawTable]:
    """`table` as one table a value of `heading` that names an object; the table itself unless two or more objects show.

    Each part keeps the source's row numbers and the columns that it fills; its sheet is called after the value.
    """
    values = table.frame[heading].str.strip()
    known = {text: object_of(text) for text in values.unique() if text}
    if len({name for name in known.values() if name}) < 2:
        return [table]
    parts = []
    for text in dict.fromkeys([*known, ""]):
        mask = (values == text).to_numpy()
        if not mask.any():
            continue
        frame = table.frame[mask].reset_index(drop=True)
        headings = [name for name in table.headings if (frame[name].str.strip() != "").any()]
        first = not parts
        sheet = f"{table.sheet} · {text}" if table.sheet else text or "(no type)"
        parts.append(
            RawTable(
                table.file,
                sheet,
                headings,
                frame[headings],
                table.rows[mask],
                table.problems if first else (),
                table.dropped if first else (),
            )
        )
    return parts
