"""Codes of countries and towns in columns of their own stand before the phone numbers beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pb2hl.mapper import with_codes
from pb2hl.source.tables import RawTable


def put(columns: dict[str, list[str]], heading: str) -> list[str]:
    """The cells of a column once codes are put before the phones."""
    frame = pd.DataFrame(columns, dtype="str")
    return list(with_codes(RawTable("c.csv", "", list(frame.columns), frame, np.arange(len(frame)))).frame[heading])


@pytest.mark.parametrize(
    ("columns", "whole"),
    [
        ({"Dial Code": ["+49", "1"], "Phone": ["0171 2345678", "(212) 555-0142"]}, ["+49 0171 2345678", "+1 (212) 555-0142"]),
        ({"Indicatif": ["33", "0032"], "Téléphone": ["01 42 68 53 00", "02 511 12 13"]}, ["+33 01 42 68 53 00", "+32 02 511 12 13"]),
        ({"Mobile Number": ["98765 43210", ""], "Country Code": ["91", "91"]}, ["+91 98765 43210", ""]),
        ({"Telefon": ["30 901820", "1 2345678"], "Landesvorwahl": ["+49", "0043"]}, ["+49 30 901820", "+43 1 2345678"]),
        ({"phoneCountryCode": ["DE", "+1 (US)"], "phone": ["030 901820", "2125550142"]}, ["+49 030 901820", "+1 2125550142"]),
        ({"DDI": ["55", "55"], "DDD": ["11", "21"], "Telefone": ["98765-4321", "3456-7890"]}, ["+55 11 98765-4321", "+55 21 3456-7890"]),
        ({"Vorwahl": ["030", "0171"], "Telefon": ["901820", "2345678"]}, ["030 901820", "0171 2345678"]),
        ({"Area Code": ["212", "617"], "Phone": ["555-0142", "(617) 555-0142"]}, ["212 555-0142", "(617) 555-0142"]),
        ({"市外局番": ["03", "06"], "Phone": ["3123-4567", "6123-4567"]}, ["03 3123-4567", "06 6123-4567"]),
        ({"Country Code": ["1", "44"], "Phone": ["+49 30 901820", "020 7946 0018"]}, ["+49 30 901820", "+44 020 7946 0018"]),
    ],
)  # fmt: skip
def test_codes_stand_before_the_numbers_beside_them(columns, whole):
    """In several languages, before and behind the number; a number that is whole stays as it is."""
    heading = next(
        name for name in columns if name.casefold() in ("phone", "téléphone", "telefon", "telefone", "mobile number")
    )
    assert put(columns, heading) == whole


@pytest.mark.parametrize(
    "columns",
    [
        {"Country Code": ["US", "CA"], "Phone": ["212 555 0142", "416 555 0142"]},
        {"Prefix": ["Mr", "Dr"], "Phone": ["212 555 0142", "416 555 0142"]},
        {"Country Code": ["840", "124"], "Phone": ["212 555 0142", "416 555 0142"]},
        {"Code": ["1", "44"], "Phone": ["212 555 0142", "020 7946 0018"]},
    ],
)
def test_what_is_no_code_changes_no_number(columns):
    """The country of an address, a title, numbers of ISO 3166 and codes of anything stay beside the numbers."""
    assert put(columns, "Phone") == columns["Phone"]


def test_brazils_code_of_the_row_is_of_all_its_phones():
    """Mobiles have the town's `DDD` as well; a code that a phone begins with is not put twice."""
    columns = {
        "DDD": ["11", "21"],
        "Telefone": ["3456-7890", "2345-6789"],
        "Celular": ["98765-4321", "(21) 98765-4322"],
    }
    assert put(columns, "Telefone") == ["11 3456-7890", "21 2345-6789"]
    assert put(columns, "Celular") == ["11 98765-4321", "(21) 98765-4322"]


def test_each_code_belongs_to_the_phone_that_it_names():
    """`Indicatif mobile` is of the mobile, wherever it stands."""
    columns = {
        "Mobile": ["06 12 34 56 78"],
        "Téléphone": ["02 511 12 13"],
        "Indicatif": ["32"],
        "Indicatif mobile": ["33"],
    }
    assert put(columns, "Mobile") == ["+33 06 12 34 56 78"] and put(columns, "Téléphone") == ["+32 02 511 12 13"]
