"""What kind of process this is, and what one of a command saves: parts of libraries that nobody here uses, searches for garbage.

Importing libraries is most of what a short command costs.

`jsonschema` builds 38 parsers of IRIs at import when `rfc3987_syntax` is installed, which JupyterLab asks for: three seconds
of CPU in every process that reads a notebook, for a check that no schema of ours makes. Great Expectations imports all of
`scipy.stats` for a handful of rules: half of its own time. Altair brings its widget, and with it IPython, into a command line that draws
a picture.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

URI_GRAMMAR = "rfc3987_syntax"

GARBAGE_EVERY = 100_000
"""Objects made between two searches for cycles (Python: 700): a plan makes millions of objects and hardly a cycle, and imports make only
what stays. A tenth of every step's time at 20,000 contacts, for 60 MiB at most."""


def seldom_collect() -> None:
    """Look for garbage less often, in a process that is a command's own."""
    gc.set_threshold(GARBAGE_EVERY, 20, 20)


@contextmanager
def lean_imports(*others: str) -> Iterator[None]:
    """`rfc3987_syntax` and `others` cannot be imported inside the block, unless they are there already; who asks goes on without."""
    absent = [name for name in (URI_GRAMMAR, *others) if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


def when_used(name: str) -> None:
    """Import the submodule `name` in name only; it is read when somebody first uses it."""
    package, _, own = name.rpartition(".")
    parent = importlib.import_module(package)
    if name not in sys.modules and (spec := importlib.util.find_spec(name)) and spec.loader:
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        setattr(parent, own, module)
        spec.loader.exec_module(module)


def kernel_shell() -> Any:
    """The shell of the notebook's kernel that this process is; None in any other process, whatever it has imported of ipykernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell if hasattr(shell, "kernel") else None
