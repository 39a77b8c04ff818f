"""Usual words of many languages: how deals end, what was done, headings, newsletters and names of tables."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.mapper.proposer.objects import named
from pb2hl.values.statuses import activity_type, deal_status
from pb2hl.values.wordlists import sections

WORDS = sections(Path(__file__).parent / "languages.txt")
"""What is asked (`status won`, `heading deals stage`) → words that say it."""

VALUES = {
    "amount": ["1250", "3400.50", "99"],
    "expected_close": ["2024-06-30", "2024-07-01", "2024-08-02"],
    "due_at": ["2024-06-30", "2024-07-01", "2024-08-02"],
    "birthday": ["1980-06-30", "1975-07-01", "1990-08-02"],
    "stage": ["New", "Quoted", "Talks"],
    "owner": ["Anna Kovacs", "Bela Nagy", "Anna Kovacs"],
    "contact_id": ["Anna Kovacs", "Bela Nagy", "Cili Kiss"],
    "tags": ["vip; fair", "vip", "fair"],
    "mobile": ["+36301234567", "+36301234568", "+36301234569"],
    "email_opt_out": ["yes", "no", "yes"],
}
BESIDE = {
    "contacts": {"Email": ["a@x.example", "b@x.example", "c@x.example"]},
    "deals": {"Deal name": ["A one", "B two", "C three"]},
    "tasks": {"Title": ["A one", "B two", "C three"]},
}


def _proposed(object_: str, heading: str, values: list[str]) -> str:
    frame = pd.DataFrame({**BESIDE[object_], heading: values})
    raw = SimpleNamespace(file="export.csv", sheet="", headings=list(frame.columns), frame=frame)
    sheet = mapper.fields_sheet([(raw, object_)])
    return dict(zip(sheet["column"], sheet["proposal"], strict=True))[heading]


def _read(asked: str, word: str) -> str:
    """What we take `word` for, in the terms of `asked`."""
    kind, *rest = asked.split()
    if kind == "status":
        return f"{kind} {deal_status(word)}"
    if kind == "activity":
        return f"{kind} {activity_type(word)}"
    if kind == "table":
        return f"{kind} {named(word)[0]}"
    if kind == "heading":
        return f"{kind} {rest[0]} {_proposed(rest[0], word, VALUES[rest[1]])}"
    found = _proposed("contacts", word, VALUES["email_opt_out"])
    return kind if found in ("email_opt_out", "do_not_contact") else found


@pytest.mark.parametrize("asked", WORDS)
def test_usual_words_of_many_languages_are_understood(asked):
    """An export in a language that few of us read is read like an English one: every word of the list says what it says there."""
    assert {word: found for word in WORDS[asked] if (found := _read(asked, word)) != asked} == {}


def test_customers_that_are_companies_are_the_company():
    """A deal's or call's customer is the company where the export's companies bear that name and its people do not."""
    firms = ["上海远景科技有限公司", "广州恒达贸易有限公司", "北京明德教育咨询有限公司"]
    tables = {
        "客户.csv": {"客户编号": ["C1", "C2", "C3"], "客户名称": firms, "行业": ["软件", "贸易", "教育"], "电话": ["021-55501234"] * 3},
        "联系人.csv": {"姓名": ["张伟", "陈杰", "赵敏"], "客户名称": firms, "邮箱": ["a@x.example", "b@x.example", "c@x.example"]},
        "商机.csv": {"商机名称": ["A", "B", "C"], "客户名称": firms, "销售阶段": ["报价", "赢单", "输单"], "预计金额": ["1", "2", "3"]},
    }  # fmt: skip
    raws = [SimpleNamespace(file=file, sheet="", headings=list(rows), frame=pd.DataFrame(rows, dtype="str")) for file, rows in tables.items()]  # fmt: skip
    sheet = mapper.fields_sheet([(raw, mapper.recognise(raw, raws)[0]) for raw in raws])
    found = {(row.file, row.column): row.proposal for row in sheet.itertuples()}
    assert found["商机.csv", "客户名称"] == "company_id"


@pytest.mark.parametrize(
    ("heading", "amounts"),
    [
        ("Összeg (Ft)", ["1 250 000", "480 000", "95 000"]),
        ("Částka (Kč)", ["1 250 000", "480", "95"]),
        ("Kwota zł", ["1250", "480", "95"]),
    ],
)
def test_the_short_name_of_a_currency_beside_an_amount_changes_nothing(heading, amounts):
    """Money under a heading with its unit is the deal's amount."""
    assert _proposed("deals", heading, amounts) == "amount"


def test_a_law_on_privacy_in_a_heading_asks_for_a_permission():
    """`GDPR_Marketing` is consent and no mere flag of marketing, so that nobody has to say so."""
    frame = pd.DataFrame({"Email": ["a@x.example", "b@x.example"], "GDPR_Marketing": ["Y", "N"]})
    sheet = mapper.fields_sheet(
        [(SimpleNamespace(file="x.csv", sheet="", headings=list(frame.columns), frame=frame), "contacts")]
    )
    sure = dict(zip(sheet["column"], sheet["confidence"], strict=True))
    assert float(sure["GDPR_Marketing"]) >= 0.8


@pytest.mark.parametrize(
    "heading",
    ["Password", "Portal password", "Mot de passe", "Contraseña", "Hasło", "パスワード", "password_hash", "API Key"],
)
def test_a_secret_of_the_old_system_is_not_moved(heading):
    """Passwords and keys are left out and told, in any language: everybody in the location could read them."""
    assert _proposed("contacts", heading, ["hunter2", "s3cret!", "pa55"]) == "ignore"
