"""What a run did not reach never looks like its result."""

from __future__ import annotations

import pytest

import pb2hl
from pb2hl.analyst import earlier
from pb2hl.review.confirm import BUSY, Confirm
from tests.cli.terminal import export


class Screen(list):
    """What stands on the screen, in the order in which it was shown."""

    def show(self, thing, **options):
        handle = Shown(thing) if options.get("display_id") else None
        if handle is not None:
            self.append(handle)
        return handle


class Shown:
    """A place on the screen that can be shown anew."""

    def __init__(self, thing):
        self.text = thing.data

    def update(self, thing) -> None:
        self.text = thing.data

    @property
    def old(self) -> bool:
        return "From an earlier run" in self.text


@pytest.fixture
def screen(monkeypatch) -> Screen:
    found = Screen()
    monkeypatch.setattr("IPython.display.display", found.show)
    monkeypatch.setattr(earlier, "_SHOWN", [])
    monkeypatch.setattr(earlier, "_PANELS", [])
    return found


def test_results_of_an_earlier_run_say_so(screen, tmp_path):
    """Each result tells when it was made. Begun anew, a notebook marks all it showed; a step that is run again marks those after it alone."""
    ws = pb2hl.init(tmp_path / "ws", export=export(tmp_path / "export"), location="here")
    for step in (pb2hl.inventory, pb2hl.match):
        step(ws)._ipython_display_()
    assert [shown.old for shown in screen] == [False, False] and all("Run at 20" in shown.text for shown in screen)
    pb2hl.status(ws)._ipython_display_()
    pb2hl.match(ws)
    assert not any(shown.old for shown in screen)
    assert screen.pop() is not None
    pb2hl.inventory(ws)
    assert [shown.old for shown in screen] == [False, True]
    pb2hl.inventory(ws)._ipython_display_()
    pb2hl.open_workspace(ws.path)
    assert [shown.old for shown in screen] == [True, True, True]
    assert screen[0].text.count("From an earlier run") == screen[1].text.count("From an earlier run") == 1


def test_a_panel_of_an_earlier_run_says_so(screen):
    """A panel that nobody pressed since is marked; one at work is not touched."""
    panels = [Confirm("Approve: mapping", lambda *_: "", lambda: {"facts": []}) for _ in range(2)]
    panels[1].state = BUSY
    for panel in panels:
        earlier.remember_panel("mapping", panel)
    earlier.begun_anew("schema")
    assert panels[0].title == "Approve: mapping"
    earlier.begun_anew("match")
    assert "earlier run" in panels[0].title and panels[1].title == "Approve: mapping"
