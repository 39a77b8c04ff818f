"""Parameters of notebooks: papermill hands them over as text, and what is not understood is refused before a step runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pb2hl.errors import ConfigError
from pb2hl.register import Option, Step
from pb2hl.values.fold import fold

YES = frozenset(("yes", "y", "true", "t", "on", "1", "ja", "oui", "sí", "si"))
NO = frozenset(("no", "n", "false", "f", "off", "0", "nein", "non"))
BATCH = {"take_defaults": Option("take_defaults", "Accept every proposal above the high threshold."), "mask": Option("mask", "Hide personal values.")}  # fmt: skip
"""Parameters of notebooks that no step's function takes."""


def yes_or_no(value: Any, name: str) -> bool:
    """`value` as a decision; words for yes and no are understood, anything else raises ConfigError."""
    if isinstance(value, bool):
        return value
    word = fold(str(value))
    if word in YES:
        return True
    if word in NO or word == "":
        return False
    raise ConfigError(f"{name} is {value!r}, which is neither yes nor no", hint=f"{name} = True, or {name} = False")


def read(option: Option, value: Any) -> Any:
    """`value` as `option` needs it. Raises ConfigError, naming what it may be."""
    name = option.name
    if option.kind is bool:
        return yes_or_no(value, name)
    if value is None or value == "":
        return option.default
    if option.kind is int:
        return _whole_number(option, value)
    if option.kind is list:
        return tuple([value] if isinstance(value, str) else value)
    if option.choices and value not in option.choices:
        raise ConfigError(f"{name} is {value!r}", hint=f"one of: {', '.join(option.choices)}")
    return Path(value) if option.kind is Path else str(value)


def _whole_number(option: Option, value: Any) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        raise ConfigError(f"{option.name} is {value!r}, which is no whole number", hint=option.help) from None
    low, high = option.least, option.most
    if (low is not None and number < low) or (high is not None and number > high):
        raise ConfigError(f"{option.name} is {number}", hint=f"from {low} to {high}: {option.help}")
    return number


def arguments(step: Step, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the step's function is called with. Raises ConfigError for a parameter that it does not know or understand."""
    known = {option.name: option for option in step.options} | {option.parameter: option for option in step.options}
    unknown = sorted(set(given) - set(known))
    if unknown:
        names = ", ".join(option.name for option in step.options) or "none"
        raise ConfigError(f"{step.id} has no parameter {', '.join(unknown)}", hint=f"it knows: {names}")
    return {known[name].parameter or known[name].name: read(known[name], value) for name, value in given.items()}
