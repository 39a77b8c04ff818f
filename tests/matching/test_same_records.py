"""Leads that the old system converted into contacts, and names of companies without their legal forms."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.matching.converted import WHY, converted, joined
from pb2hl.matching.legal_forms import core_name

CONTACTS = pd.DataFrame(
    {
        "source_id": ["003A", "003B", "00QA", "00QB", "00QC"],
        "custom.ConvertedContactId": ["", "", "003A", "", "gone"],
        "custom.Favourite contact": ["003B", "", "", "", ""],
    }
)
COLUMNS = ["source_id", "cluster", "score", "why", "survivor", "proposal"]


def test_only_the_column_of_conversions_links():
    """A lead goes with the contact that its conversion names; an id that is nobody's, and other columns of ids, say nothing."""
    assert converted(CONTACTS) == {"00QA": "003A"}


def test_the_contact_survives():
    """Lead and contact are one cluster to merge, in which the contact survives, whatever likeness had proposed."""
    alone = joined(pd.DataFrame(columns=COLUMNS), {"00QA": "003A"})
    assert (
        list(alone["survivor"]) == ["yes", ""]
        and set(alone["proposal"]) == {"merge"}
        and alone["cluster"].nunique() == 1
    )
    rows = [
        ("003A", "003A", 0.97, "x", "", "merge"),
        ("003B", "003A", 0.97, "x", "", "merge"),
        ("00QA", "003A", 0.97, "x", "yes", "merge"),
    ]
    found = joined(pd.DataFrame(rows, columns=COLUMNS), {"00QA": "003A"}).set_index("source_id")
    assert dict(found["survivor"]) == {"003A": "yes", "003B": "", "00QA": ""} and found.loc["00QA", "why"] == WHY


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("株式会社トヨタ", "トヨタ"), ("トヨタ株式会社", "トヨタ"), ("㈱トヨタ", "トヨタ"), ("(株)トヨタ", "トヨタ"), ("주식회사 삼성전자", "삼성전자"), ("(주)삼성전자", "삼성전자"),
        ("北京字节跳动科技有限公司", "北京字节跳动科技"), ("SARL Dupont", "dupont"), ("Dupont S.A.R.L.", "dupont"), ("EURL Martin", "martin"), ("ООО Ромашка", "ромашка"),
        ("Firma Müller", "muller"), ("Oy Nokia", "nokia"), ("AcmeGmbH", "acme"), ("TeslaAG", "tesla"), ("AB Volvo", "ab volvo"), ("Spa Luxury", "spa luxury"), ("公司", "公司"), ("GmbH", "gmbh"),
    ],
)  # fmt: skip
def test_a_legal_form_stands_before_behind_or_glued(name, core):
    """Forms before the name, glued to it, or in the brackets and signs of other scripts are no part of it; alone they stay."""
    assert core_name(name) == core
