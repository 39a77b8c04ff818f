"""Twins, siblings and spouses: what they share never merges them, least of all where nobody looks."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from benchmarks import crm
from pb2hl.matching import find_duplicates
from pb2hl.matching.fields import records
from pb2hl.matching.kinds import Kind
from pb2hl.matching.proposals import MERGE, propose
from pb2hl.matching.rules import DOUBTFUL

KINDS = {
    "first": "given_name", "last": "surname", "email": "email", "phone": "phone", "address": "address", "city": "city",
    "born": "birth_date", "member": "identifier",
}  # fmt: skip
_HOME = ("+1 613 555 0142", "14 Maple Street", "Ottawa")
_PAIRS = [
    ("Emma", "Olivia"),
    ("Jan", "Pavel"),
    ("Mario", "Maria"),
    ("Michael", "Michaela"),
    ("Zoltix", "Brandulf"),
    ("Anna", "Anne-Sophie"),
]


def _table(rows: list[tuple], strangers: int = 80) -> pd.DataFrame:
    """Rows (first, last, email, phone, address, city, born, member) among people who are all in the table twice."""
    rng = np.random.default_rng(3)
    given = ["Ada", "Bruno", "Clara", "Dario", "Elin", "Fergus", "Greta", "Hanno", "Ilse", "Jarek"]
    people = [
        (given[at % 10], f"Sur{chr(97 + at % 26)}{chr(97 + at // 26)}x{at}", f"p{at}@mail{at}.com", f"+1416{rng.integers(10**6, 10**7)}",
         f"{at + 3} Elm Street", "Toronto", f"19{50 + at % 45}-0{1 + at % 9}-{10 + at % 19}", f"M{rng.integers(10**8, 10**9)}")
        for at in range(strangers)
    ]  # fmt: skip
    return pd.DataFrame([*rows, *people, *people], columns=list(KINDS))


@pytest.mark.parametrize("pair", _PAIRS[:5], ids="-".join)
@pytest.mark.parametrize("doubtful", [None, DOUBTFUL], ids=["nobody looks", "reviewed"])
def test_twins_stay_two(pair, doubtful):
    """Surname, address, phone, birth date and a family mailbox shared: two given names are two people."""
    rows = [(name, "Novak", "novaks@home.ca", *_HOME, "2001-05-17", None) for name in pair]
    found = find_duplicates(_table(rows), KINDS, doubtful=doubtful)
    for threshold in (0.85, 0.95, 0.999):
        label, _ = found.at_threshold(threshold)
        assert label[0] != label[1]
        assert label[2] == label[82]


def test_twins_are_seen_in_the_review():
    """A person sees the twins side by side, to keep apart, with the reason."""
    rows = [(name, "Novak", None, *_HOME, "2001-05-17", None) for name in _PAIRS[0]]
    frame = _table(rows).set_axis([str(at) for at in range(162)])
    proposed = propose(find_duplicates(frame, KINDS, threshold=0.6, doubtful=DOUBTFUL), 0.95).set_index("source_id")
    assert proposed.loc[["0", "1"], "proposal"].tolist() == ["keep apart", "keep apart"]
    assert (
        proposed.loc["0", "cluster"] == proposed.loc["1", "cluster"]
        and "given_name different" in proposed.loc["1", "why"]
    )


def test_an_identifier_settles_it():
    """The same member number is one person under two names."""
    rows = [(name, "Novak", None, *_HOME, "2001-05-17", "M700100200") for name in _PAIRS[0]]
    found = find_duplicates(_table(rows), KINDS)
    assert found["cluster"].iloc[0] == found["cluster"].iloc[1]


@pytest.mark.parametrize(
    "middle", [(None, "Novak"), ("E", "Novak"), (None, None)], ids=["no given name", "initial", "no name"]
)
def test_a_third_row_does_not_carry_twins_over(middle):
    """A row that could be either twin's merges them not, however many there are of it."""
    twins = [(name, "Novak", None, *_HOME, "2001-05-17", None) for name in ("Emma", "Eva") for _ in range(3)]
    between = [(*middle, None, *_HOME, "2001-05-17", None)] * 3
    for threshold in (0.85, 0.95):
        label, _ = find_duplicates(_table([*twins, *between]), KINDS, threshold=0.6, doubtful=DOUBTFUL).at_threshold(
            threshold
        )
        assert not set(label[:3]) & set(label[3:6])


def test_placeholder_birthdays_are_no_evidence():
    """A date that stands for "not known" behind many names counts as missing; a birthday and a bare year do not."""
    rng = np.random.default_rng(8)
    born = [f"19{rng.integers(40, 99)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}" for _ in range(300)]
    frame = pd.DataFrame({"last": [f"sur{at}" for at in range(340)], "born": [*born, *["1980-01-01"] * 40]})
    field = records(frame, {"last": Kind.SURNAME, "born": Kind.BIRTH_DATE}).of_kind(Kind.BIRTH_DATE)
    assert field is not None and (field.primary[300:] == -1).all() and (field.primary[:300] >= 0).all()
    years = frame.assign(born=[f"{1910 + at % 60}-01-01" for at in range(340)])
    field = records(years, {"last": Kind.SURNAME, "born": Kind.BIRTH_DATE}).of_kind(Kind.BIRTH_DATE)
    assert field is not None and (field.primary >= 0).all()


@pytest.mark.parametrize("filler", ["1900-01-01", "1970-01-01", "0/0/00", "30/12/1899", "00/00/0000"])
def test_fillers_are_no_dates(filler):
    """What systems write for "not known" never identifies anybody."""
    data = records(pd.DataFrame({"b": [filler, filler, "1961-02-03"]}), {"b": Kind.BIRTH_DATE})
    assert (data.fields[0].primary[:2] == -1).all()


def _conflicting(names: list[str]) -> bool:
    return any(one and two and one != two for one, two in itertools.combinations(names, 2))


def test_no_proposal_merges_two_given_names():
    """Over a CRM with families of many kinds: rows proposed to merge never hold two given names in use that differ."""
    frame, _ = crm.persons(1500)
    rng = np.random.default_rng(4)
    family = frame[frame["first_name"].notna() & frame["last_name"].notna()].sample(300, random_state=1).copy()
    family["first_name"] = rng.choice(["Aurora", "Brody", "Celeste", "Dorian", "Esther"], 300)
    full = pd.concat([frame, family, family], ignore_index=True).astype(object)
    full["born"] = [f"1{at % 900:03}-0{1 + at % 9}-1{at % 8}" for at in range(len(full))]
    full.loc[len(frame) :, "born"] = full.loc[[*family.index, *family.index], "born"].to_numpy()
    full.index = pd.Index([str(at) for at in full.index])
    found = find_duplicates(full, {**crm.PERSON_KINDS, "born": "birth_date"}, threshold=0.6, doubtful=DOUBTFUL)
    proposed = propose(found, 0.95)
    merging = proposed[proposed["proposal"] == MERGE].join(full["first_name"], on="source_id")
    new = merging[merging["first_name"].isin({"Aurora", "Brody", "Celeste", "Dorian", "Esther"})]
    assert len(new) > 200
    assert not [group for group, rows in new.groupby("cluster") if _conflicting(rows["first_name"].tolist())]
