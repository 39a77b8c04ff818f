"""pb2hl moves data and schema from Perfect Books into HighLevel: reviewed, proved and undoable.

What a notebook or an analyst uses is here, in one line: `from pb2hl import open_workspace, inventory`. Everything is imported when
it is first used; importing the package does nothing.
"""

from importlib import import_module
from typing import Any

from pb2hl.register import STEPS

__version__ = "0.2.0"

_OTHERS = {
    "open_workspace": "analyst.opened",
    "init": "analyst.opened",
    "tables": "analyst.opened",
    "table": "analyst.opened",
    "explore": "analyst.opened",
    "heads": "analyst.opened",
    "settings": "analyst.opened",
    "mapping_review": "analyst.opened",
    "status": "analyst.steps",
    "show": "analyst.steps",
    "show_reports": "analyst.steps",
    "decide": "analyst.decisions",
    "rollback_button": "analyst.decisions",
    "follow_decisions": "analyst.steps",
    "follow_edits": "analyst.steps",
    "trace": "analyst.trace",
    "find": "analyst.find",
    "TableBrowser": "analyst.browser",
    "approve": "steps.gates.gates",
    "sheet_review": "review",
    "tables_review": "review",
    "duplicates_review": "review",
    "companies_review": "review",
    "schema_review": "review",
    "conflicts_review": "review",
    "find_duplicates": "matching",
    "match_companies": "matching",
    "propose": "mapper",
    "approve_fleet": "fleet",
    "fleet_status": "fleet",
    "run_fleet": "fleet",
    "Workspace": "workspace",
    "StepResult": "results",
    "Problem": "errors",
}
"""Name → the module below this package that defines it."""

_ALIASES = {"open": "open_workspace"}
"""`pb2hl.open`; not in `__all__`, where it would hide Python's own."""

__all__ = sorted({*_OTHERS, *(step.id for step in STEPS.values() if step.room)})


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    wanted = _ALIASES.get(name, name)
    if wanted not in __all__:
        raise AttributeError(f"module 'pb2hl' has no attribute {name!r}")
    with import_module("pb2hl.notebook").stop_after_imports():
        if wanted in _OTHERS:
            globals()[name] = getattr(import_module(f"pb2hl.{_OTHERS[wanted]}"), wanted)
        else:
            globals()[name] = import_module("pb2hl.analyst.steps").step_function(wanted)
    return globals()[name]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
