"""What stands in a saved notebook where a widget was: plain HTML, which needs no kernel, no network and no trust.

A file that is sent by mail, opened in another JupyterLab or converted to HTML has nobody who answers a widget, and viewers prefer the
widget's broken picture to the table beside it. So a widget leaves the notebook when it is saved, and is put back for the page whose
kernel still runs: the very process that made it, for a kernel that was started again knows nothing of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.lean import kernel_shell
from pb2hl.notebook import PARENT_VARIABLE

WIDGET, HTML = "application/vnd.jupyter.widget-view+json", "text/html"
_ASIDE = "pb2hl_widget"
"""Where in an output's metadata its widget is kept meanwhile."""

_MADE_IN = "pb2hl_kernel"
"""Where in an output's metadata stands which process made its widget."""

LEFT = ' style="text-align:left;vertical-align:top"'
"""Of cells that hold text: JupyterLab writes those of every table to the right."""


class Still:
    """A widget that says by `static_html` what it shows; in a batch run, which nobody watches, that is all it leaves."""

    def static_html(self) -> str:
        """What the widget shows, as plain HTML."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if PARENT_VARIABLE in os.environ:
            return {HTML: self.static_html()}
        bundle = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        data, about = bundle if isinstance(bundle, tuple) else (bundle, {})
        if data is None:
            return bundle
        return data | {HTML: self.static_html()}, about | {_MADE_IN: _this_kernel()}


def _this_kernel() -> list[str]:
    """What `process_of` says of this process from outside; on Windows an environment's Python starts another one, and that is seen."""
    if kernel_shell() is None:
        return []
    from ipykernel.connect import get_connection_file  # a process that is no kernel has no use for it

    file = get_connection_file()
    return [process_of(file, os.getpid()), process_of(file, os.getppid())]


def process_of(connection_file: str, pid: int) -> str:
    """One process of one kernel; a kernel that is started again keeps its connection file."""
    return f"{Path(connection_file).stem} {pid}"


def as_of() -> str:
    """Says when something was shown that people go on changing."""
    return f"<p>As it stood on {stamp(SYSTEM_CLOCK.now())[:16].replace('T', ' ')} UTC, when this cell was run.</p>"


def stilled(notebook: dict[str, Any]) -> None:
    """Take out of `notebook` the widgets that have HTML in their place, and their state."""
    for output in _outputs(notebook):
        if HTML in output["data"] and WIDGET in output["data"]:
            output.setdefault("metadata", {})[_ASIDE] = output["data"].pop(WIDGET)
    notebook.get("metadata", {}).pop("widgets", None)


def revived(notebook: dict[str, Any], process: str) -> None:
    """Put the widgets back that `stilled` took out and `process` (of `process_of`) made."""
    for output in _outputs(notebook):
        if _ASIDE in output.get("metadata", {}) and process in output["metadata"].get(_MADE_IN, ()):
            output["data"][WIDGET] = output["metadata"].pop(_ASIDE)


def _outputs(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for cell in notebook.get("cells", ()):
        yield from (output for output in cell.get("outputs", ()) if "data" in output)
