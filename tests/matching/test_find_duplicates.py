"""Persons: who is merged, who must never be, and that nothing depends on how the rows come."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import crm, people, scrambled
from pb2hl.errors import ConfigError
from pb2hl.matching import explain, find_duplicates
from pb2hl.matching.kinds import Kind

KINDS = {
    "first": "given_name",
    "last": "surname",
    "email": "email",
    "phone": "phone",
    "address": "address",
    "city": "city",
}
WITH_BIRTH = {**KINDS, "born": "birth_date"}


def table(*rows: tuple) -> pd.DataFrame:
    """The rows among sixty strangers, as a small CRM has them."""
    columns = ["first", "last", "email", "phone", "address", "city", "born"]
    rng = np.random.default_rng(5)
    strangers = [
        (f"Xa{i}vier", f"Zu{i * 7}rich", f"p{i}@firm{i}.com", f"+1416{i:03}{rng.integers(1000, 9999)}", f"{i} Elm Street", "Toronto",
         f"19{50 + i % 40}-0{1 + i % 9}-1{i % 9}")
        for i in range(60)
    ]  # fmt: skip
    return pd.DataFrame([*[(*row, None)[:7] for row in rows], *strangers], columns=columns)


def clusters(*rows: tuple, kinds: dict[str, str] = KINDS) -> list[int]:
    """Cluster numbers of the rows."""
    return find_duplicates(table(*rows), kinds)["cluster"].iloc[: len(rows)].tolist()


def pairwise(truth: pd.Series, found: np.ndarray) -> tuple[float, float]:
    """(precision, recall) over pairs of rows in one cluster."""

    def pairs(labels: pd.Series) -> float:
        size = labels.value_counts()
        return float((size * (size - 1) / 2).sum())

    both = pairs(pd.Series(list(zip(truth, found, strict=True))))
    return both / max(pairs(pd.Series(found)), 1), both / pairs(truth)


def test_nickname_with_the_same_email_is_one_person():
    """The e-mail identifies; Bob and Robert do not conflict."""
    result = find_duplicates(
        table(
            ("Bob", "Smith", "B.Smith@Acme.com ", None, None, None),
            ("Robert", "Smith", "b.smith@acme.com", "+16135550101", None, "Ottawa"),
        ),
        KINDS,
    )
    assert result["cluster"].iloc[0] == result["cluster"].iloc[1]
    assert result["score"].iloc[0] > 0.95
    assert result["survivor"].iloc[:2].tolist() == [False, True]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("John", "Roe", "fam@roe.ca", "+16135550199", "1 Main Street", "Ottawa"), ("Peter", "Roe", "fam@roe.ca", "+16135550199", "1 Main St", "Ottawa")),
        (("Mark", "Roe", None, "+16135550199", "1 Main Street", "Ottawa"), ("Mary", "Roe", None, "+16135550199", "1 Main St", "Ottawa")),
        (("John", "Roe Sr", None, "+16135550199", "1 Main Street", "Ottawa"), ("John", "Roe Jr.", None, "+16135550199", "1 Main Street", "Ottawa")),
        (("Anna", "Kow", "info@acme.ca", "+16135550199", "1 Main Street", "Ottawa"), ("Jan", "Nowak", "info@acme.ca", "+16135550199", "1 Main Street", "Ottawa")),
        (("Mary", "Jones", "mary@one.com", "+16135550111", None, "Calgary"), ("Mary", "Jones", "mary@two.com", "+16135550122", None, "Calgary")),
        (("Evan", "Roe", "evan.roe7@gmail.com", None, None, None), ("Evan", "Roe", "evan.roe12@gmail.com", None, None, None)),
        ((None, None, None, "+16135550199", None, "Ottawa"), (None, None, None, "+16135550199", None, "Ottawa")),
        (("Anna", None, None, "+16135550199", None, None), (None, "Nowak", None, "+16135550199", None, None)),
        ((None, None, None, None, None, None), (None, None, None, None, None, None)),
    ],
    ids=["family mailbox", "couple", "senior and junior", "info mailbox", "namesakes", "numbered mailboxes", "phone only", "half names", "blank"],
)  # fmt: skip
def test_stay_apart(left, right):
    """Whoever only shares a household, an office, a mailbox or a name stays two people."""
    one, two = clusters(left, right)
    assert one != two


def test_father_and_son_of_one_name_stay_apart():
    """The same name, address, phone and e-mail, born a generation apart."""
    common = ("John", "Roe", "roe@home.ca", "+16135550199", "1 Main Street", "Ottawa")
    one, two = clusters((*common, "1950-03-04"), (*common, "1981-07-09"), kinds=WITH_BIRTH)
    assert one != two


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("Roe", "Jane", "jane@roe.ca", None, None, None), ("Jane", "Roe", "jane@roe.ca", None, None, None)),
        (("Dr. José", "Müller", None, "+1 613 555 0101 ext. 5", "1 Main Street", None), ("Jose", "Muller", None, "613-555-0101", "1 Main St", None)),
        (("Jane", "Roe", "jane+crm@roe.ca", None, None, None), ("Jane", "Smith-Roe", "JANE@ROE.CA", None, None, None)),
        ((None, None, "solo@roe.ca", None, None, None), (None, None, "solo@roe.ca", None, None, None)),
        ((None, None, "info@roe.ca", "+16135550101", None, None), (None, None, "info@roe.ca", "+16135550101", None, None)),
    ],
    ids=["swapped", "accents and titles", "married", "only an e-mail", "the same row twice"],
)  # fmt: skip
def test_are_one(left, right):
    """What only differs in writing is one person."""
    one, two = clusters(left, right)
    assert one == two


def test_second_email_is_compared_with_the_first():
    """Several e-mail columns are compared crosswise."""
    frame = table(("Jane", "Roe", "jane@roe.ca", None, None, None), ("Jane", "Roe", "other@work.com", None, None, None))
    frame["email_2"] = None
    frame.loc[1, "email_2"] = "jane@roe.ca"
    found = find_duplicates(frame, {**KINDS, "email_2": "email"})
    assert found["cluster"].iloc[0] == found["cluster"].iloc[1]


@pytest.mark.parametrize("rows", [300, 3000])
def test_generated_crm(rows):
    """Small and middling CRMs: precision at least 0.99, recall at least 0.95, with the default configuration."""
    frame, truth = crm.persons(rows)
    precision, recall = pairwise(truth, find_duplicates(frame, crm.PERSON_KINDS)["cluster"].to_numpy())
    assert precision >= 0.99
    assert recall >= 0.95


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_order_of_rows_and_workers_do_not_matter(random):
    """Shuffled rows and one worker give the same clusters, survivors and scores by row label."""
    frame, _ = crm.persons(250)
    expected = find_duplicates(frame, crm.PERSON_KINDS)
    order = list(range(len(frame)))
    random.shuffle(order)
    found = find_duplicates(frame.iloc[order], crm.PERSON_KINDS, workers=1).loc[frame.index]
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))


text = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["NULL", "n/a", "Roe", "jane@roe.ca", "1 Main St", "2020-01-01", "+16135550101"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(text, text, text, text), max_size=12), st.data())
def test_any_text_and_any_kinds_work(rows, data):
    """Whatever the cells and kinds, the result is complete and the caller's table untouched."""
    frame = pd.DataFrame(rows, columns=list("abcd"))
    kinds = {column: data.draw(st.sampled_from([str(kind) for kind in Kind])) for column in "abcd"}
    before = frame.copy(deep=True)
    found = find_duplicates(frame, kinds)
    pd.testing.assert_frame_equal(frame, before)
    assert found.index.equals(frame.index)
    assert found["score"].between(0, 1).all()
    assert (found.groupby("cluster")["survivor"].sum() == 1).all()
    assert found.pairs["score"].between(0, 1).all()


def test_unknown_kinds_and_columns_are_refused_at_once():
    """One error names every mistake."""
    with pytest.raises(ConfigError) as caught:
        find_duplicates(pd.DataFrame({"a": ["x"]}), {"a": "nickname", "b": "email"})
    assert {problem.field for problem in caught.value.problems} == {"a", "b"}
    with pytest.raises(ConfigError):
        find_duplicates(pd.DataFrame({"a": ["x"]}), {})


def test_pairs_say_why():
    """Every field that was compared is in the explanation, a missing one is not."""
    frame = table(
        ("Bob", "Smith", "b@smith.ca", "+16135550101", None, None), ("Robert", "Smith", "b@smith.ca", None, None, None)
    )
    found = find_duplicates(frame, KINDS)
    pair = found.pairs[(found.pairs["left"] + found.pairs["right"]) == 1]
    said = explain(pair).iloc[0]
    assert "email same" in said and "nickname" in said
    assert "phone" not in said
    assert len(found.model.blocking) and found.model.candidates > 0


def test_labels_move_the_scores():
    """Decisions that contradict the scores lower them; decisions that confirm them do not."""
    frame, _ = crm.persons(300)
    found = find_duplicates(frame, crm.PERSON_KINDS)
    strong = found.pairs.head(10)
    against = pd.DataFrame({"left": strong["left"], "right": strong["right"], "match": False})
    again = find_duplicates(frame, crm.PERSON_KINDS, labels=against)
    assert again.model.shift < -1 < found.model.shift + 1
    with pytest.raises(ConfigError):
        find_duplicates(frame, crm.PERSON_KINDS, labels=pd.DataFrame({"left": [0], "right": [10**9], "match": [True]}))


def test_thresholds_are_estimated():
    """Estimated precision rises and recall falls with the threshold."""
    frame, _ = crm.persons(300)
    table_ = find_duplicates(frame, crm.PERSON_KINDS).thresholds()
    assert table_["precision"].is_monotonic_increasing
    assert table_["recall"].is_monotonic_decreasing
    assert table_[["precision", "recall"]].stack().between(0, 1).all()


@pytest.mark.slow
def test_order_does_not_matter_where_pairs_are_dropped_early():
    """A table with more pairs than are compared in full: learned cuts do not depend on order or workers either."""
    frame, truth = crm.persons(60_000)
    expected = find_duplicates(frame, crm.PERSON_KINDS)
    assert expected.model.candidates > 3_000_000
    found = find_duplicates(frame.sample(frac=1, random_state=3), crm.PERSON_KINDS, workers=1).loc[frame.index]
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))
    precision, recall = pairwise(truth, expected["cluster"].to_numpy())
    assert precision >= 0.99 and recall >= 0.99


@pytest.mark.parametrize(
    ("make", "kinds", "least"),
    [
        (people.typos, people.TYPO_KINDS, 0.99),
        (people.births, people.BIRTH_KINDS, 0.95),
        (people.emails, people.EMAIL_KINDS, 0.96),
        (scrambled.scrambled, scrambled.SCRAMBLED_KINDS, 0.95),
        (people.registers, people.REGISTER_KINDS, 0.93),
    ],
    ids=["typos", "births", "e-mails", "letters changed over", "registers"],
)
def test_persons_outside_a_crm(make, kinds, least):
    """The same configuration finds persons where there are no relatives and no shared mailboxes to fear."""
    frame, truth = make(2000)
    precision, recall = pairwise(truth, find_duplicates(frame, kinds)["cluster"].to_numpy())
    assert 2 * precision * recall / (precision + recall) >= least
