"""Progress as people see it: rate and time left, in a terminal's stream and in a saved notebook."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
from nbclient import NotebookClient

from pb2hl.progress import NOTES_VARIABLE, Bar, relayed

CELL = """
from pb2hl.progress import Bar
bar = Bar()
bar.start("loading <people>", 40, "contacts")
for _ in range(40):
    bar.advance()
bar.note("waiting for nobody")
bar.start("reading", None, "pages")
bar.advance(3)
bar.finish()
"""


def test_a_saved_notebook_keeps_the_bar_as_it_was_last():
    """Counts, rate and what was said are the final ones, escaped, one output a bar."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    loading, reading = notebook.cells[0].outputs
    assert loading.data["text/plain"].startswith("loading <people>: 100%") and "40/40" in loading.data["text/plain"]
    assert "contacts/s" in loading.data["text/plain"] and "waiting for nobody" in loading.data["text/plain"]
    assert 'value="40" max="40"' in loading.data["text/html"] and "&lt;people&gt;" in loading.data["text/html"]
    assert "3 pages" in reading.data["text/plain"] and "<progress" not in reading.data["text/html"]


def test_a_terminal_gets_a_bar_with_rate(capsys):
    """Outside a notebook the bar goes to stderr, nothing to stdout."""
    bar = Bar()
    bar.start("loading", 3, "contacts")
    bar.advance(3)
    bar.finish()
    told = capsys.readouterr()
    assert "3/3" in told.err and "contacts/s" in told.err and told.out == ""


def test_notes_of_another_process_are_relayed():
    """What a bar in another process notes is said here, in order; the bars of this process stay out of it."""
    heard = []
    own = Bar()
    code = (
        "from pb2hl.progress import Bar; bar = Bar(); bar.note('waiting: server\\n unreachable'); bar.note('going on')"
    )
    with relayed(heard.append):
        subprocess.run([sys.executable, "-c", code], check=True)
        own.note("not this")
    assert heard == ["waiting: server unreachable", "going on"]
    assert NOTES_VARIABLE not in os.environ
