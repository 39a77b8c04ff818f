"""The index in the client's language says the same facts, and no word of another language."""

from __future__ import annotations

import re
import string
from typing import get_args

import pandas as pd
import pytest

from pb2hl import report
from pb2hl.ledger import Ledger
from pb2hl.model import OBJECTS
from pb2hl.policies import Agency
from pb2hl.register import chapters, gates
from pb2hl.report.client import BY
from pb2hl.report.client_page import ENGLISH, Words, catalogue
from pb2hl.report.index import GATE_TONES
from pb2hl.results import Status, StepResult
from pb2hl.steps.balance.balance import BALANCE_COLUMNS, LEFT_OUT_COLUMNS, OF_SERIES, OPEN_COLUMNS
from pb2hl.steps.balance.pieces import KINDS, MERGED
from pb2hl.workspace import Config, Workspace

LANGUAGES = sorted(set(get_args(Agency.model_fields["language"].annotation)) - {ENGLISH})
_STATES = {
    "complete", "rolled back", "needs attention", "waiting", "under way", "not begun", "approved", "approval lapsed", "waiting for approval",
    "taken back", "rehearsed", "not yet", *Status, *GATE_TONES, *(state for _, state, _ in BY.values()),
}  # fmt: skip


def _holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_every_word():
    """Each language has the same sentences with the same holes, and names all objects, gates, reports, kinds and states there are."""
    assert sorted(catalogue()) == LANGUAGES
    first = catalogue()[LANGUAGES[0]]
    for language in LANGUAGES:
        own = catalogue()[language]
        assert own.keys() == first.keys()
        for name, text in own.items():
            if isinstance(text, str) and name != "date":
                assert _holes(text) == _holes(first[name]), (language, name)
        assert {*OBJECTS, *gates(), *KINDS, *(item.file for item in chapters()), "schema"} - own[
            "names"
        ].keys() == set()
        assert own["states"].keys() >= _STATES


def _migrated(ws: Workspace) -> None:
    """An audit of contacts of which 1,000 arrived, one was merged and one waits, and a thing to click by hand."""
    rows = [("contacts", "records", 1002, 1000, 1, 0, 1, 0, 0, 0), ("contacts", "tags", 5, 5, 0, 0, 0, 0, 0, 0)]
    tables = {
        "balance": pd.DataFrame(rows, columns=list(BALANCE_COLUMNS)),
        "left_out": pd.DataFrame([("contacts", "records", MERGED, "Ann", 1)], columns=list(LEFT_OUT_COLUMNS)),
        "open": pd.DataFrame([("contacts", "records", "7", "in doubt", "no answer")], columns=list(OPEN_COLUMNS)),
    }
    series = dict(zip(OF_SERIES, (5, 46), strict=True))
    StepResult(step="audit", status=Status.INCOMPLETE, headline="English headline.", counts=series, tables=tables).save(
        ws.results("audit")
    )
    clicks = {"click_list": pd.DataFrame({"what": ["a"]})}
    StepResult(step="schema", status=Status.DONE, headline="Fields are there.", tables=clicks).save(
        ws.results("schema")
    )
    with Ledger.open(ws):
        pass


def test_the_english_index_begins_with_records(tmp_path):
    """Six figures at most, of records as in the table below them; the sentences that tell the story fold."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="LOC"))
    _migrated(ws)
    page = report.write_index(ws).read_text(encoding="utf-8")
    head = page.partition('aria-label="Summary"')[2].partition("</section>")[0]
    figures = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", head)
    assert figures == [("Records asked for", "1,002"), ("Arrived", "1,000"), ("Merged", "1"), ("Left out", "0"), ("Refused", "0"), ("To do", "1")]  # fmt: skip
    assert (
        "5 appointments of the export take place several times: their 46 times are appointments of their own in HighLevel"
        in page
    )
    assert head.count("<p>") - head.partition("<details")[2].count("<p>") <= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_is_in_the_language(tmp_path, language):
    """The figures are those of the audit, in the language's writing; nothing of the English index is left on it but the way to it."""
    ws = Workspace.create(
        tmp_path / "ws", Config(export="export", location="LOC", agency=Agency(name="Nord", language=language))
    )
    _migrated(ws)
    report.write_index(ws)
    page = (ws.reports / "index.html").read_text(encoding="utf-8")
    words = Words(language)
    assert f'<html lang="{language}">' in page and 'href="evidence.html"' in page and "<script" not in page
    assert words.say("needs_attention", arrived=1000, expected=1002) in page
    assert words.say("series", rows=5, times=46) in page
    assert words.say("by_hand", n=1) in page and words.say("open_pieces", n=1) in page
    row = re.search(rf">{words.name('contacts')}</td>(.*?)</tr>", page)[1]
    assert re.findall(r'"n">([^<]+)<', row) == [words.number(1002), words.number(1000), "1", "1"]
    merged = {"de": "Datensätze, zusammengeführt", "fr": "Fiches, fusions", "es": "Registros, fusiones"}
    assert f">{merged[language]}<" in page, "a word beside nouns of every gender agrees with all of them"
    english = (ws.reports / "evidence.html").read_text(encoding="utf-8")
    assert 'lang="en"' in english and 'href="index.html"' in english
    texts = {text.strip() for text in re.findall(r">([^<>]+)<", page.split("</style>")[-1]) if len(text.strip()) > 3}
    same = texts & {text.strip() for text in re.findall(r">([^<>]+)<", english.split("</style>")[-1])}
    assert same <= {"Nord", "1000", "1002", *(words.name(name) for name in catalogue()[language]["names"])}
    assert not re.search(r"\b(the|and|of|records|arrived|approved|step)\b", " ".join(texts), re.I)


def test_back_to_english(tmp_path):
    """Without a language the index is the English one, and no second index is left beside it."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="LOC"))
    ws.reports.mkdir(exist_ok=True)
    (ws.reports / "evidence.html").write_text("old", encoding="utf-8")
    report.write_index(ws)
    assert not (ws.reports / "evidence.html").exists()
