"""Reading suites. What Great Expectations drops in silence (an unknown rule, an empty suite) is kept and called broken."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.lean import lean_imports, when_used
from pb2hl.suites.conditions import Condition
from pb2hl.suites.conditions import parse as parse_condition
from pb2hl.suites.joins import Join, parse

SUITE_KEYS = frozenset(
    {"name", "meta", "expectations", "id", "notes", "suite_parameters", "data_asset_type", "great_expectations_version"}
)
RULE_KEYS = frozenset(
    {"type", "kwargs", "meta", "severity", "id", "notes", "description", "rendered_content", "expectation_context"}
)
"""The keys of a suite and of a rule that Great Expectations writes itself; any other is a slip of the pen."""

_CONDITION = frozenset({"row_condition", "condition_parser"})
"""What Great Expectations is never given: it would run a condition as pandas' `query` does, attributes and calls included."""


@dataclass(frozen=True)
class Rule:
    """One declared rule: its type in Great Expectations' words, what it is given, and what we do when it fails.

    `title` says what it asks for, `found` what rows that fail do, after their count: "has|have no key" (one row, or several).

    `optional`: the column may be missing from an export. `needs`: a column without which the rule does not apply.
    `condition` says which rows it is about (None: all of them), `broken` why the rule cannot run.
    """

    number: int
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity = Severity.CRITICAL
    title: str = ""
    treatment: str = ""
    optional: bool = False
    needs: str = ""
    broken: str = ""
    condition: Condition | None = None
    found: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule needs."""
        names = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        names += self.kwargs.get("column_list") or []
        return tuple(str(name) for name in names if name)

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that it is about, and those that its condition looks at."""
        return self.columns + (self.condition.columns if self.condition else ())


@dataclass(frozen=True)
class Suite:
    """The rules about one object's table (`cross` for what compares tables)."""

    name: str
    object: str
    file: str
    rules: tuple[Rule, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    joins: tuple[Join, ...] = ()

    @property
    def named(self) -> str:
        """Everything that its rules say, in which the columns that they need are named."""
        return json.dumps(
            [[rule.needs, dict(rule.kwargs), rule.condition and rule.condition.text] for rule in self.rules],
            ensure_ascii=False,
            default=str,
        )


def load_suites(*folders: Path) -> list[Suite]:
    """Every suite of `folders`, by name; a later folder's suite replaces one of the same file name.

    ConfigError, with all problems at once, when a file is no suite.
    """
    paths: dict[str, Path] = {}
    for folder in folders:
        if folder.is_dir():
            paths |= {path.name: path for path in sorted(folder.glob("*.json"))}
    suites: list[Suite] = []
    problems: list[Problem] = []
    for name in sorted(paths):
        try:
            suites.append(load_suite(paths[name]))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError("some suites cannot be read", hint="mend the files named above", problems=problems)
    return suites


def load_suite(path: Path) -> Suite:
    """The suite in the JSON file `path`; ConfigError when it is no suite. Rules that cannot run are kept as broken."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        body = json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, f"it cannot be read as JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("expectations"), list):
        raise _unreadable(path, 'it needs a list called "expectations"')
    if unknown := sorted(set(body) - SUITE_KEYS):
        raise _unreadable(
            path, f"{', '.join(unknown)} means nothing in a suite; known are {', '.join(sorted(SUITE_KEYS))}"
        )
    meta = _dict(body, "meta")
    rules = tuple(_rule(number, item) for number, item in enumerate(body["expectations"], 1))
    if not rules:
        rules = (Rule(0, "(no rule)", {}, broken="the suite has no rule at all"),)
    try:
        joins = parse(meta)
    except ValueError as error:
        raise _unreadable(path, str(error)) from error
    return Suite(path.stem, str(meta.get("object") or path.stem), path.name, rules, meta, joins)


def _dict(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python's reader keeps the last of two equal keys in silence, and with it loses the rules of the first."""
    twice = sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    if twice:
        raise ValueError(f"the key {', '.join(twice)} is there twice in one object; only one of them would count")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _unreadable(path: Path, why: str) -> ConfigError:
    problem = Problem("suite", why, Severity.CRITICAL, file=path.name)
    return ConfigError(
        f"{path} is no suite", hint="compare it with one that ships in expectations/", problems=[problem]
    )


def _rule(number: int, item: Any) -> Rule:
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        return Rule(
            number,
            "(no type)",
            {},
            broken='a rule is an object with a "type", such as expect_column_values_to_not_be_null',
        )
    meta = _dict(item, "meta")
    kwargs = _dict(item, "kwargs")
    severity = str(item.get("severity", "critical")).lower()
    broken, condition = _misspelt(item, severity), None
    if "row_condition" in kwargs and not broken:
        try:
            condition = parse_condition(kwargs["row_condition"])
        except ValueError as error:
            broken = str(error)
    kwargs = {name: value for name, value in kwargs.items() if name not in _CONDITION}
    rule = Rule(
        number,
        item["type"],
        kwargs,
        Severity.CRITICAL if broken else Severity(severity),
        str(meta.get("title") or meta.get("notes") or ""),
        str(meta.get("treatment") or ""),
        meta.get("optional") is True,
        str(meta.get("needs") or ""),
        broken,
        condition,
        str(meta.get("found") or ""),
    )
    return rule if broken else _tried(rule)


def _misspelt(item: Mapping[str, Any], severity: str) -> str:
    """Why the rule as written cannot be meant; what nobody reads would otherwise be lost without a word."""
    if unknown := sorted(set(item) - RULE_KEYS):
        return f"{', '.join(unknown)} means nothing in a rule; known are {', '.join(sorted(RULE_KEYS))}"
    for name in ("meta", "kwargs"):
        if name in item and not isinstance(item[name], dict):
            return f"its {name} is no object"
    meta = item.get("meta", {})
    if "severity" in meta:
        return "its severity stands in meta; it belongs beside type"
    if not isinstance(meta.get("optional", False), bool):
        return f"optional is {meta['optional']!r}, and neither true nor false"
    for name in ("needs", "title", "found", "treatment"):
        if not isinstance(meta.get(name, ""), str):
            return f"{name} is {meta[name]!r}, and no text"
    return "" if severity in set(Severity) else f"severity {severity!r} is none of critical, warning, info"


def _tried(rule: Rule) -> Rule:
    try:
        asked = expectation(rule).suite_parameter_options
    except Exception as error:  # any rule Great Expectations refuses, for whatever reason, is a broken one
        return replace(rule, broken=" ".join(str(error).split())[:300] or "refused")
    return replace(rule, broken=f"nobody gives its parameter {', '.join(asked)}") if asked else rule


def expectation(rule: Rule) -> Any:
    """`rule` as Great Expectations' own object, carrying its number; raises whatever that raises for a bad one."""
    great_expectations()
    from great_expectations.expectations.registry import get_expectation_impl

    made: Any = get_expectation_impl(rule.type)
    return made(**rule.kwargs, severity=str(rule.severity), meta={"number": rule.number})


_IMPORTING = threading.Lock()


def great_expectations() -> Any:
    """Great Expectations, imported when first needed (it takes seconds) and told to report nothing to anybody."""
    with _IMPORTING:  # several migrations may run in one process
        return _imported()


@cache
def _imported() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    when_used("scipy.stats")
    with lean_imports():
        import great_expectations as gx

    return gx
