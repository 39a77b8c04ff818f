"""Countries and time zones as exports write them, in several languages, with slips and in pairs."""

from __future__ import annotations

import time

import pytest

from pb2hl.values.countries import country
from pb2hl.values.zones import zone


@pytest.mark.parametrize(
    ("text", "code"),
    [("Großbritannien", "GB"), ("Angleterre", "GB"), ("EE. UU.", "US"), ("Schweiz/Suisse", "CH"), ("DE - Germany", "DE"), ("GB-ENG", "GB"),
     ("Untied States", "US"), ("Guinea-Bissau", "GW"), ("Niger", "NE"), ("Nigeria", "NG"), ("F", "FR"), ("США", "US"), ("Timor-Leste", "TL")],
)  # fmt: skip
def test_countries(text, code):
    """Everyday names, two languages side by side, subdivisions and one slip of the keyboard find the country."""
    assert country(text) == code


@pytest.mark.parametrize("text", ["US/Canada", "Austrlia", "unknown", "N/A", "+49", "Musterstrasse 5", "", "-", "/"])
def test_what_names_no_one_country_is_left(text):
    """Two countries, a slip between two names and anything else are no country."""
    assert country(text) == ""


def test_free_text_in_a_country_column_costs_no_hours():
    """Ten thousand distinct words are looked up in a few seconds."""
    begun = time.perf_counter()
    assert not any(
        country(f"quxword{chr(97 + at % 26)}{chr(97 + at // 26 % 26)}{chr(97 + at // 676)}") for at in range(10_000)
    )
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize(
    ("text", "name"),
    [("Mitteleuropäische Zeit", "Europe/Berlin"), ("Heure normale d'Europe centrale", "Europe/Berlin"), ("日本標準時", "Asia/Tokyo"),
     ("(GMT+01:00) Amsterdam, Berlin, Bern", "Europe/Amsterdam"), ("(UTC-05:00) Bogota, Lima, Quito", "America/Bogota"),
     ("Eastern Time", "America/New_York"), ("Hora estándar de Europa central", "Europe/Berlin")],
)  # fmt: skip
def test_zones_as_people_say_them(text, name):
    """Names of many languages and lists of cities mean a zone with its summer time, not a bare offset."""
    assert zone(text) == name
