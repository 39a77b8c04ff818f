"""Any subset of kinds on any frame: the contract of the two public functions holds, whatever is in the cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pb2hl.matching import find_duplicates, match_companies
from pb2hl.matching.kinds import Kind
from pb2hl.matching.matches import Matches, probability

_WORDS = "jane john roe doe smith müller acme zenith plumbing ltd 12 main st ottawa k1a 2020-01-02 1990 jane@roe.ca acme.ca".split()
_CELL = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "NULL", "n/a", "-"]),
    st.sampled_from(_WORDS),
    st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4).map(" ".join),
    st.text(max_size=8),
)
_KINDS = st.lists(st.sampled_from([str(kind) for kind in Kind]), min_size=1, max_size=6)


@st.composite
def _frames(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, str]]:
    """A frame of up to 24 rows, some of them repeated with a cell changed, its columns of any kinds."""
    kinds = {f"c{number}": kind for number, kind in enumerate(draw(_KINDS))}
    rows = draw(st.lists(st.tuples(*[_CELL] * len(kinds)), max_size=16))
    again = [(*row[:-1], draw(_CELL)) for row in rows[: draw(st.integers(0, 8))]]
    return pd.DataFrame([*rows, *again], columns=list(kinds), dtype=object), kinds


def _plain(found: Matches) -> pd.DataFrame:
    return pd.DataFrame(found)[["cluster", "survivor", "score"]]


@pytest.mark.parametrize("match", [find_duplicates, match_companies], ids=["persons", "organisations"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(drawn=_frames(), seed=st.integers(0, 99))
def test_the_contract_holds(match, drawn, seed):
    """Index, columns and types as promised; the same again, in any order of rows and with any number of workers."""
    frame, kinds = drawn
    found = match(frame, kinds)
    assert list(found.columns) == ["cluster", "survivor", "score"] and found.index.equals(frame.index)
    assert found["cluster"].dtype.kind == "i" and found["survivor"].dtype == bool and found["score"].between(0, 1).all()
    assert (found.groupby("cluster")["survivor"].sum() == 1).all()
    assert {"left", "right", "score", "weight"} <= set(found.pairs.columns)
    alone = ~found["cluster"].duplicated(keep=False)
    assert (found.loc[alone, "score"] == 1.0).all() and (found.loc[~alone, "score"] >= 0.5 - 1e-9).all()
    shuffled = frame.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(_plain(match(frame, kinds)), _plain(found))
    pd.testing.assert_frame_equal(_plain(match(shuffled, kinds, workers=1)).loc[frame.index], _plain(found))


@pytest.mark.parametrize("match", [find_duplicates, match_companies], ids=["persons", "organisations"])
@settings(max_examples=20, deadline=None)
@given(
    kinds=_KINDS,
    blanks=st.lists(st.sampled_from([None, "", "  ", "NULL", "n/a", "#N/A", float("nan")]), min_size=2, max_size=8),
)
def test_blanks_never_match_blanks(match, kinds, blanks):
    """Rows of nothing stay alone, beside each other and beside a filled row."""
    columns = {f"c{number}": kind for number, kind in enumerate(kinds)}
    frame = pd.DataFrame({column: [*blanks, "jane roe 12"] for column in columns}, dtype=object)
    assert match(frame, columns)["cluster"].is_unique


def test_a_pair_kept_by_a_cluster_is_its_weakest_link():
    """The score of two rows is their pair's; a cluster shows no better score than its weakest merge."""
    rng = np.random.default_rng(3)
    names = [f"{a}{b}" for a in ("ann", "bea", "cid", "dov", "eli") for b in ("gara", "hoss", "ivers", "junt")]
    frame = pd.DataFrame({"given": rng.choice(names, 200), "surname": rng.choice(names, 200)})
    frame["email"] = frame["given"] + "." + frame["surname"] + "@roe.ca"
    frame = pd.concat([frame, frame.head(40)], ignore_index=True)
    found = find_duplicates(frame, {"given": "given_name", "surname": "surname", "email": "email"})
    sizes = found["cluster"].map(found["cluster"].value_counts())
    twos = set(found.index[sizes == 2])
    pairs = found.pairs[found.pairs["left"].isin(twos) & found.pairs["right"].isin(twos)]
    pairs = pairs[found["cluster"].loc[pairs["left"]].to_numpy() == found["cluster"].loc[pairs["right"]].to_numpy()]
    score, pair = found["score"].loc[pairs["left"]].to_numpy(), pairs["score"].to_numpy()
    loudest = probability(np.array([12.0]))[0]  # no pair speaks louder where a third row was in doubt
    assert len(pairs) and (score <= pair + 1e-12).all() and (score >= np.minimum(pair, loudest) - 1e-12).all()
