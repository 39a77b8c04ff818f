"""The proposer on exports of systems that no benchmark holds: batches written with their answers before they were tried."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from pb2hl.mapper import propose_fields
from pb2hl.mapper.knowledge.consent import consent
from pb2hl.mapper.knowledge.lists import sections
from pb2hl.mapper.knowledge.signals import signals
from pb2hl.mapper.knowledge.text import phrases, terms, tokens

BATCHES = Path(__file__).with_name("unseen_headings.csv")
"""Columns as in header_truth.csv; `evidence` names the batch. Order of columns is that of the exports."""


@cache
def benchmark():
    """`benchmarks/mapping.py`, which measures as the issue says."""
    where = Path(__file__).parents[2] / "benchmarks" / "mapping.py"
    spec = importlib.util.spec_from_file_location("mapping_benchmark", where)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def answered() -> pd.DataFrame:
    """All batches with the proposer's answers."""
    return benchmark().answers(pd.read_csv(BATCHES, dtype=str, keep_default_na=False))


@pytest.mark.parametrize("batch", ["first", "second", "third", "consent", "fourth", "fifth", "sixth", "seventh"])
def test_every_batch_keeps_its_floor(batch):
    """Top-1 and F1 of each batch stay where they were brought; consent columns are all right."""
    found = answered()
    part = found[found["evidence"] == f"batch {batch}"]
    figures = benchmark().measures(part)
    assert figures["top1"] >= 0.97 and figures["f1"] >= 0.94
    assert figures["consent"] == 1 or pd.isna(figures["consent"])


def test_confidence_is_calibrated():
    """Over all batches the expected calibration error stays under 0.1."""
    assert benchmark().measures(answered())["calibration_error"] < 0.1


def test_no_consent_column_is_taken_for_an_address():
    """Whatever a batch calls a refusal or permission, no e-mail or phone field gets it."""
    found = answered()
    assert not found[found["consent"]]["target"].isin(["email", "phone", "additionalEmails", "additionalPhones"]).any()


POLARITY = """
Can be emailed|Yes,No|email_opt_out|inverted
Can be called?|Yes,No|call_opt_out|inverted
OK to text|Y,N|sms_opt_out|inverted
Opted in to SMS|1,0|sms_opt_out|inverted
GDPR consent|yes,no|do_not_contact|inverted
No Phone Calls|x,|call_opt_out|
Receive promotional texts|true,false|sms_opt_out|inverted
Suppress from mailings|false,true|email_opt_out|
is_unsubscribed|0,1|do_not_contact|
Kein Mailing|ja,nein|email_opt_out|
Telefonische Kontaktaufnahme untersagt|ja,nein|call_opt_out|
N'accepte pas les emails|oui,non|email_opt_out|
Ne souhaite pas être contacté|oui,non|do_not_contact|
No desea recibir publicidad|sí,no|do_not_contact|
Acepta recibir SMS|sí,no|sms_opt_out|inverted
Nie dzwonić|tak,nie|call_opt_out|
Får ej kontaktas|ja,nej|do_not_contact|
Vill ha nyhetsbrev|ja,nej|email_opt_out|inverted
Ønsker ikke nyhedsbrev|ja,nej|email_opt_out|
Markkinointikielto|kyllä,ei|do_not_contact|
E-posta izni|evet,hayır|email_opt_out|inverted
Отказ от звонков|да,нет|call_opt_out|
接受短信|是,否|sms_opt_out|inverted
이메일 수신동의|Y,N|email_opt_out|inverted
Individual.CanNotBeContacted|false,true|do_not_contact|
Calls allowed|No,Yes|call_opt_out|inverted
Consent not given|yes,no|do_not_contact|
DoNotFax|0,1|custom|
Allow post|yes,no|custom|
Last emailed|2024-01-01,2024-02-01|custom|
Will call|yes,no|custom|
Email opt out reason|spam,|custom|
Not contacted|yes,no|custom|
"""


@pytest.mark.parametrize("case", POLARITY.strip().splitlines(), ids=lambda case: case.split("|")[0])
def test_polarity(case):
    """Refusals stand as they are, permissions turn round (no means opted out), with values and without."""
    heading, values, field, transform = case.split("|")
    for cells in (values.split(","), []):
        frame = pd.DataFrame({heading: pd.Series(cells, dtype="str"), "First name": pd.Series(["A"] * len(cells))})
        row = propose_fields(frame, "contacts").iloc[0]
        assert (row["field"], row["transform"]) == (field, transform)


def test_values_that_answer_nothing_are_no_permission():
    """A column called like a permission whose values are a plan or a frequency decides nothing."""
    heading = "Subscription plan"
    found = consent(heading, frozenset(terms(heading)), signals(pd.Series(["Gold", "Silver"])))
    assert found.field == "custom"


def test_no_synonym_loses_its_meaning_to_joining_words():
    """A synonym must not shrink to a word that says nothing (`is del` to `is`)."""
    short = {" ".join(key) for key in phrases() if len(key) == 1 and len(key[0]) == 2 and key[0].isascii()}
    assert not short & {"is", "ne", "yn"}
    assert all(tokens(synonym) for synonyms in sections("lexicon").values() for synonym in synonyms)
