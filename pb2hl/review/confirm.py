"""One decision with a button: what it is about, what is open, and what has to be typed before anything happens."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from pb2hl.errors import Pb2hlError
from pb2hl.saved import LEFT, Still, as_of

WAITING, BUSY, DONE, REFUSED = "waiting", "busy", "done", "refused"


class Confirm(Still, anywidget.AnyWidget):
    """A decision that a person takes by typing and pressing a button.

    `look` says what is decided on: facts, points that are open, and `although`, the question for a reason where the decision overrides
    those points. `act` is called with what was typed and that reason, and returns what was done, in a sentence; a Pb2hlError of it is told,
    nothing is closed, and `look` is asked again. With `wanted` exactly that has to be typed. `state` is waiting, busy, done or refused; while
    it is busy, `message` says how far it is, and the notebook's stop button ends `act` as it ends a cell.
    """

    _esm = Path(__file__).with_name("confirm.js")
    title = traitlets.Unicode("").tag(sync=True)
    facts: Any = traitlets.List().tag(sync=True)
    points: Any = traitlets.List().tag(sync=True)
    although = traitlets.Unicode("").tag(sync=True)
    prompt = traitlets.Unicode("").tag(sync=True)
    wanted = traitlets.Unicode("").tag(sync=True)
    button = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Unicode("working …").tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Unicode(WAITING).tag(sync=True)

    def __init__(self, title: str, act: Callable[[str, str], str], look: Callable[[], Mapping[str, Any]], **shown: str):
        self._act, self._look = act, look
        super().__init__(title=title, **{**shown, **look()})
        self.on_msg(self._receive)

    def confirm(self, typed: str, reason: str = "") -> None:
        """What the button does with `typed`; nothing when it is not what is wanted, a reason is missing, or it was done already."""
        given, why = typed.strip(), reason.strip()
        if self.state in (BUSY, DONE):
            return
        if not given or (self.wanted and given != self.wanted):
            self.state, self.message = REFUSED, f"{self.prompt}: nothing was done"
            return
        if self.although and not why:
            self.state, self.message = REFUSED, f"{self.although}: nothing was done"
            return
        self.state, self.message = BUSY, self.busy
        try:
            done = self._act(given, why)
        except KeyboardInterrupt:
            self.state, self.message = REFUSED, "stopped: press the button again"
            self.refresh()
        except Pb2hlError as error:
            self.state, self.message = REFUSED, str(error)
            self.refresh()
        else:
            self.state, self.message = DONE, done

    def retire(self) -> None:
        """Say that this stands here from an earlier run, unless something is under way."""
        if self.state != BUSY:
            self.title = f"{self.title} (of an earlier run: run this cell again)"

    def refresh(self) -> None:
        """Show what is decided on as it stands now."""
        for name, value in self._look().items():
            setattr(self, name, value)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("type") == "confirm":
            self.confirm(str(content.get("typed", "")), str(content.get("reason", "")))

    def static_html(self) -> str:
        """The decision as it stands, for notebooks that are looked at without a kernel."""
        facts = "".join(
            f'<tr><th scope="row"{LEFT}>{html.escape(name)}</th><td{LEFT}>{html.escape(text)}</td></tr>'
            for name, text in self.facts
        )
        listed = "".join(f"<li>{html.escape(point)}</li>" for point in self.points)
        return f"<p><b>{html.escape(self.title)}</b></p><table>{facts}</table><ul>{listed}</ul><p>{html.escape(self.message)}</p>{as_of()}"
