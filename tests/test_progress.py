"""Progress as people see it: rate and time left, in a terminal's stream and in a saved notebook."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import nbformat
import pytest
from nbclient import NotebookClient

from pb2hl import progress
from pb2hl.progress import NOTES_VARIABLE, Bar, relayed

CELL = """
from pb2hl.progress import Bar, waiting
bar = Bar()
bar.start("loading <people>", 40, "contacts")
for _ in range(40):
    bar.advance()
bar.note(waiting("the server is <away>", 60))
bar.note(waiting("the server is <away>", 5))
bar.note("waiting for nobody")
bar.start("reading", None, "pages")
bar.advance(3)
bar.finish()
"""


def test_a_saved_notebook_keeps_the_bar_as_it_was_last():
    """Counts, rate and what was said are the final ones, escaped; the bars of a cell follow each other in one output."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    (shown,) = notebook.cells[0].outputs
    text, page = shown.data["text/plain"], shown.data["text/html"]
    loading, reading = text.partition("reading")[0], text.splitlines()[-1]
    assert loading.startswith("loading <people>: 100% · 40 of 40 contacts · ")
    assert "contacts/s" in loading and "waiting for nobody" in loading
    assert "&lt;people&gt;" in page and "<people>" not in page
    assert "waited 2 times, 65 s: the server is <away>" in loading, "it stays on record"
    assert "&lt;away&gt;" in page
    assert "3 pages" in reading and "<progress" not in page


FOLDED = """
import time
from pb2hl.progress import Bar, waiting
with Bar() as bar:
    bar.start("loading <people>", 40, "contacts")
    bar.note(waiting("the server is away", 66))
    bar.start("reading", 3, "pages")
    bar.advance(3)
"""


def test_finished_bars_do_not_linger():
    """Once a step is over one folded line says how long it took, with what it waited for inside; of a moment's work nothing stays."""
    cells = [FOLDED, FOLDED.replace('bar.note(waiting("the server is away", 66))', "pass")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    (shown,), (nothing,) = (cell.outputs for cell in notebook.cells)
    page = shown.data["text/html"]
    assert page.startswith("<details><summary>took 00:0") and "<progress" not in page and "(66 s)" not in page
    assert page.index("waited 1 time, 66 s: the server is away") > page.index("&lt;people&gt;: ")
    assert nothing.data["text/html"] == ""


WORK = """
import sys, time
from pb2hl.progress import Bar
with Bar() as bar:
    bar.start("loading", 12000, "contacts")
    for _ in range(24):
        bar.advance(500)
        time.sleep(0.05)
    bar.start("nothing", 0, "tables")
    bar.start("quick", 3, "tables")
    bar.advance(3)
    bar.finish()
    time.sleep(1.3)
    bar.start("cut off", 10, "files")
    bar.advance(4)
    time.sleep(1.1)
    sys.exit(1)
"""


def in_a_terminal(code: str) -> str:
    """What a process writes into a terminal of 100 columns."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    with subprocess.Popen([sys.executable, "-c", code], stderr=its, stdout=its, stdin=its) as process:
        os.close(its)
        said = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody is at its other end any more
            while some := os.read(mine, 65536):
                said += some
        process.wait(timeout=60)
    os.close(mine)
    return said.decode()


def screen(said: str) -> list[str]:
    """The lines that stay on the screen."""
    lines = []
    for line in said.split("\r\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return [line for line in lines if line]


def test_a_terminal_keeps_what_took_its_time_and_nothing_else():
    """Counts in words with rate and time left; the last line says how long it took; no half bar, no line of a moment."""
    said = in_a_terminal(WORK)
    assert "left" in said and "working" in said, "also between two bars something is seen to go on"
    loading, cut = screen(said)
    assert re.fullmatch(r"loading: 100% \|█+\| 12,000 of 12,000 contacts · [\d,]+ contacts/s · took 00:0\d", loading)
    assert "4 of 10 files" in cut and said.endswith("\r\n"), "what was cut off says how far it came"


def test_a_terminal_without_a_size_shows_bars_too():
    """Some terminals in containers say that they have no columns."""
    code = WORK.replace(
        "import sys, time", "import sys, time, fcntl, struct, termios\nfcntl.ioctl(2, termios.TIOCSWINSZ, bytes(8))"
    )
    assert "12,000 of 12,000 contacts" in in_a_terminal(code)


def test_a_log_gets_lines_and_no_control_characters():
    """A line for what took longer than a second; nothing is drawn over."""
    told = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, timeout=60)
    assert told.stdout == "" and "\r" not in told.stderr and "\x1b" not in told.stderr
    loading, cut = told.stderr.splitlines()
    assert loading.startswith("loading: 100% · 12,000 of 12,000 contacts · ") and "cut off:  40% · 4 of 10 files" in cut


def test_a_log_says_why_it_waits():
    """A reason that comes right after a line is not lost, although nothing advances any more."""
    code = (
        "import time; from pb2hl import progress; progress.LINE_EVERY_S = 0.4; bar = progress.Bar(); bar.start('loading', 9)\n"
        "time.sleep(0.5); bar.advance(); time.sleep(0.1); bar.note('the day is spent'); time.sleep(2); raise SystemExit(1)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert told.stderr.count("the day is spent") == 1


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


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (0.02, "1.2 notebooks/min"),
        (0.5, "0.5 notebooks/s"),
        (9.94, "9.9 notebooks/s"),
        (12_345.6, "12,346 notebooks/s"),
    ],
)
def test_a_slow_pace_is_told_a_minute(rate, told):
    """No bar says 0.0 a second."""
    assert progress._pace(rate, " notebooks") == told
