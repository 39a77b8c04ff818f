"""What a request body may hold, and the validator's messages when it holds something else."""

from __future__ import annotations

from typing import Any

from pb2hl.sandbox.answers import Reject

_CHECKS: dict[str, tuple[Any, str]] = {
    "str": (lambda v: isinstance(v, str), "must be a string"),
    "num": (lambda v: isinstance(v, int | float) and not isinstance(v, bool), "must be a number conforming to the specified constraints"),
    "bool": (lambda v: isinstance(v, bool), "must be a boolean value"),
    "list": (lambda v: isinstance(v, list), "must be an array"),
    "strs": (lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v), "must be an array of strings"),
    "obj": (lambda v: isinstance(v, dict), "must be an object"),
    "any": (lambda v: True, ""),
}  # fmt: skip


class Shape:
    """The properties of a body, from a line such as `name!:str tags:strs status!:open|won`.

    `!` marks a required property; a type is str, num, bool, list, strs, obj, any, or the allowed values between bars.
    null is accepted for what is not required: it clears.
    """

    def __init__(self, line: str):
        self.types: dict[str, str] = {}
        self.required: list[str] = []
        for item in line.split():
            name, _, kind = item.partition(":")
            if name.endswith("!"):
                name = name[:-1]
                self.required.append(name)
            self.types[name] = kind or "str"

    def check(self, body: Any, allowed: tuple[str, ...] = ()) -> None:
        """Raise the 422 that lists everything wrong with `body`; `allowed` are further properties to let pass."""
        problems = self.problems(body, "", allowed)
        if problems:
            raise Reject(422, problems)

    def problems(self, body: Any, prefix: str = "", allowed: tuple[str, ...] = ()) -> list[str]:
        """The validator's messages about `body`, in HighLevel's order: strangers first, then values."""
        if not isinstance(body, dict):
            return [f"{prefix or 'body'} must be an object"]
        found = [
            f"{prefix}property {name} should not exist"
            for name in body
            if name not in self.types and name not in allowed
        ]
        for name, kind in self.types.items():
            value = body.get(name)
            if value is None:
                if name in self.required and (name not in body or kind != "any"):
                    found.append(
                        f"{prefix}{name} can't be undefined" if name == "locationId" else _absent(prefix, name)
                    )
                continue
            found.extend(_wrong(prefix + name, kind, value))
        return found


def _absent(prefix: str, name: str) -> str:
    return f"{prefix}{name} should not be empty"


def _wrong(name: str, kind: str, value: Any) -> list[str]:
    if kind in _CHECKS:
        check, message = _CHECKS[kind]
        return [] if check(value) else [f"{name} {message}"]
    choices = kind.split("|")
    return [] if value in choices else [f"{name} must be one of the following values: {', '.join(choices)}"]


def check_items(name: str, items: list[Any], shape: Shape) -> None:
    """Raise the 422 about the objects of a list property."""
    problems: list[str] = []
    for position, item in enumerate(items):
        problems += shape.problems(item, f"{name}.{position}.")
    if problems:
        raise Reject(422, problems)
