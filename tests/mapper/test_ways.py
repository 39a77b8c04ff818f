"""How columns reach HighLevel is read from the targets that the sheet tells, for counts and pictures alike."""

from __future__ import annotations

import pandas as pd

from pb2hl.mapper import ways_of
from pb2hl.mapper.sheets.fields import target_of
from pb2hl.mapper.sheets.ways import LEFT_OUT, UNDECIDED
from pb2hl.model import OBJECTS, Way
from pb2hl.report.drawing.parts import goes_to


def sheet(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """A fields sheet of (object, decision, label), with the targets that the mapper tells."""
    told = [(name, decision, target_of(name, decision, label)) for name, decision, label in rows]
    return pd.DataFrame(told, columns=["object", "decision", "target"], dtype="str")


def test_the_place_named_first_says_how():
    """A property, a custom field, a link, the text of the record, a report beside; what is left out or open goes nowhere."""
    ways = ways_of(
        sheet(
            ("contacts", "email", ""),
            ("contacts", "custom", "Shirt where ever"),
            ("contacts", "id", ""),
            ("notes", "contact_id", ""),
            ("tasks", "created_at", ""),
            ("attachments", "size", ""),
            ("contacts", "ignore", ""),
            ("contacts", "", ""),
        )
    )
    assert list(ways) == [Way.PROPERTY, Way.FIELD, Way.FIELD, Way.LINK, Way.LINE, Way.REPORT, LEFT_OUT, UNDECIDED]


def test_every_field_of_the_map_has_a_way_and_a_word():
    """No field's place is unknown, and the words of the picture add up to all columns."""
    every = sheet(*((name, field.name, "") for name, spec in OBJECTS.items() for field in spec.fields))
    known = {str(item.way) for spec in OBJECTS.values() for field in spec.fields for item in field.endings[:1]}
    assert set(ways_of(every)) == known
    assert goes_to(every).value_counts().sum() == len(every) and not set(goes_to(every)) & {*map(str, Way)} - {
        str(Way.FIELD)
    }
