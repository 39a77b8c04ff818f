"""Masked reports: nothing of anybody is in them, in a real migration's pages, sheets and notebooks."""

from __future__ import annotations

import html
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from pb2hl import report
from pb2hl.errors import Problem
from pb2hl.report.drawing.masking import Mask, vocabulary
from pb2hl.results import Status, StepResult
from pb2hl.workspace import Config, Workspace
from tests.report.real import PERSONAL


def spoken(path: Path) -> str:
    """What a page or a sheet says, attributes included, without our own style and script."""
    text = path.read_text(encoding="utf-8-sig")
    return html.unescape(re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.S))


def said(texts: list[str]) -> set[str]:
    """Which personal values the texts hold as words of their own."""
    every = "\n".join(texts)
    return {value for value in PERSONAL if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", every, re.I)}


@pytest.mark.slow
def test_a_real_migration_masked_says_nothing_of_anybody(migrated):
    """Names, addresses, phones, birthdays, notes, titles and file names of the export are in the reports and in no masked one."""
    masked = migrated.reports / "masked"
    files = [path for path in migrated.reports.rglob("*") if path.is_file()]
    inside = [path for path in files if masked in path.parents]
    names = {path.relative_to(masked).as_posix() for path in inside}
    assert {"index.html", "notebooks/02_match.html", "delta.html", "owners.html", "sample/diff.csv"} <= names
    assert said([spoken(path) for path in inside]) == set()
    assert not [name for name in names if said([name])]
    plain = said([spoken(path) for path in files if path not in inside])
    assert len(plain) > len(PERSONAL) * 0.7, "the search finds them where they are"


def test_file_names_titles_and_links_are_hidden_in_free_text():
    """Long file names, however they are written around, titles of several words and links; common words stay."""
    words = vocabulary(
        {
            "attachments": pd.DataFrame({"file_name": ["Scan of the (new) passport of Ada_Byron 2020.pdf"], "path": ["a/b.pdf"]}),
            "tasks": pd.DataFrame({"title": ["Call", "Ask Ada about money"]}),
        }
    )  # fmt: skip
    text = "Scan of the (new) passport of Ada_Byron 2020.pdf failed; Call: ask Ada about money; https://x.example/?q=Ada lost"
    hidden = Mask(True, words).text(text)
    assert not re.search("ada|passport|money|x\\.example", hidden, re.I)
    assert "failed; Call: " in hidden and hidden.endswith(" lost")


def test_executed_notebooks_are_masked_too(tmp_path):
    """Tables of a notebook become shapes, its sentences lose names and folders, its links and pictures go."""
    ws = Workspace.create(tmp_path / "acme-llp", Config(export=str(tmp_path / "acme-export"), location="LOC"))
    ws.staged.mkdir()
    pd.DataFrame({"full_name": ["Jane Roe"]}).to_parquet(ws.staged / "contacts.parquet")
    told = f"Jane Roe is twice in {tmp_path}/acme-export. Next: pb2hl approve {ws.path} mapping"
    StepResult("match", Status.DONE, told, problems=(Problem("x", "odd", file="Jane Roe"),)).save(ws.results("match"))
    shown = (
        f"<p>{told}</p><table><tr><td title='Secret'>Secret &amp; 7</td></tr></table><a href='file:///home/kim'>x</a>"
    )
    output = nbformat.v4.new_output("display_data", {"text/html": shown})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])])
    (ws.runs / "one").mkdir(parents=True)
    nbformat.write(notebook, ws.runs / "one" / "02_match.ipynb")
    pages = {path.stem: path.read_text(encoding="utf-8") for path in report.write_all(ws, mask=True)}
    assert "Xxxxxx &amp; 9" in pages["02_match"] and 'href="notebooks/02_match.html"' in pages["index"]
    for name, page in pages.items():
        assert not re.search("Jane|Roe|Secret|acme|kim", page), name
