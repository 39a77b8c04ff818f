"""No text of an export may hang a regular expression of the package: each one's cost grows no faster than its text."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _constants as sre  # the parse tree of a pattern tells which characters feed its repetitions
from re import _parser
from types import ModuleType

import pytest

import pb2hl

pytestmark = pytest.mark.slow

_SCANS = frozenset(
    {"search", "finditer", "findall", "sub", "subn", "split", "contains", "replace", "extract", "extractall", "count"}
)
_WHOLE = frozenset({"match", "fullmatch"})
_USES = _SCANS | _WHOLE
_SAMPLES = {
    sre.CATEGORY_DIGIT: "1", sre.CATEGORY_NOT_DIGIT: "a", sre.CATEGORY_SPACE: " ", sre.CATEGORY_NOT_SPACE: "a",
    sre.CATEGORY_WORD: "a", sre.CATEGORY_NOT_WORD: "-",
}  # fmt: skip
_SLOW_S = 0.003  # what a text of four thousand characters costs only when the cost grows with its square
_SIZES = (20, 256, 4096)  # twenty already tell what grows with powers of two
_MOST_S = 2.0  # a pattern that grows with powers of two would take longer than the universe for the next size
_FULL = 100_000
_FLAGS = re.compile(r"re\.[A-Z]+(?: \| re\.[A-Z]+)*")


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(pb2hl.__path__, "pb2hl."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _held(value: object, depth: int = 0) -> Iterator[re.Pattern]:
    """Patterns that a module's attribute holds, in whatever containers."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, dict):
        for key, item in value.items():
            yield from (*_held(key, depth + 1), *_held(item, depth + 1))
    elif depth < 4 and isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _held(item, depth + 1)


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, ast.expr]]:
    """Every call of a method: the call, the method's name, what it is called on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func.attr, node.func.value


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _uses(tree: ast.AST) -> dict[str, set[str]]:
    """{name of a pattern: methods that are called with it} of one module."""
    found = defaultdict(set)
    for call, method, on in _calls(tree):
        if method in _USES:
            found[_name(on)].add(method)
            for argument in call.args[:1]:
                found[_name(argument)].add(method)
    return found


def _inline(tree: ast.AST, names: dict) -> Iterator[tuple[re.Pattern, str, int]]:
    """(pattern, method, line) of every `re.method("…")` and `.str.method("…")` whose pattern is known without running it."""
    for call, method, on in _calls(tree):
        of_re, of_series = _name(on) == "re", isinstance(on, ast.Attribute) and on.attr == "str"
        if method not in _USES or not (of_re or of_series) or not call.args:
            continue
        if any(
            keyword.arg == "regex" and keyword.value.value is False
            for keyword in call.keywords
            if isinstance(keyword.value, ast.Constant)
        ):
            continue
        given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
        flags = next((eval(ast.unparse(node), {"re": re}) for node in given if _FLAGS.fullmatch(ast.unparse(node))), 0)
        try:
            text = eval(compile(ast.Expression(call.args[0]), "pattern", "eval"), dict(names))
            yield re.compile(text, flags), method, call.lineno
        except (NameError, TypeError, re.error):
            continue  # built while running out of words that the package knows, or no pattern at all


def _patterns() -> dict[tuple[re.Pattern, bool], str]:
    """{(pattern, whether it is searched for anywhere in a text): where it stands} of the whole package."""
    modules = list(_modules())
    trees = {module.__name__: ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")) for module in modules}
    uses = {name: _uses(tree) for name, tree in trees.items()}
    found: dict[tuple[re.Pattern, bool], str] = {}
    for module in modules:
        for name, value in vars(module).items():
            methods = uses[module.__name__][name]
            for pattern in _held(value):
                found.setdefault((pattern, not methods or bool(methods & _SCANS)), f"{module.__name__}.{name}")
        for pattern, method, line in _inline(trees[module.__name__], vars(module)):
            found.setdefault((pattern, method in _SCANS), f"{module.__name__}, line {line}")
    return found


def _characters(tree: object, repeated: bool = False) -> Iterator[tuple[str, bool]]:
    """(character, whether an open repetition takes it) that a pattern's parse tree names."""
    for operation, value in tree:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            yield from _characters(value[2], repeated or value[1] > 100)
        elif operation is sre.LITERAL:
            yield chr(value), repeated
        elif operation in (sre.NOT_LITERAL, sre.ANY):
            yield from (("a", repeated), (" ", repeated))
        elif operation is sre.IN:
            for kind, item in value:
                yield from _of_class(kind, item, repeated)
        elif operation is sre.SUBPATTERN:
            yield from _characters(value[3], repeated)
        elif operation is sre.BRANCH:
            for branch in value[1]:
                yield from _characters(branch, repeated)
        elif operation in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _characters(value[1], repeated)
        elif operation is sre.ATOMIC_GROUP:
            yield from _characters(value, repeated)


def _of_class(kind: object, item: object, repeated: bool) -> Iterator[tuple[str, bool]]:
    if kind is sre.LITERAL:
        yield chr(item), repeated
    elif kind is sre.RANGE:
        yield chr(item[0]), repeated
    elif kind is sre.NEGATE:
        yield from (("a", repeated), (".", repeated), ("-", repeated))
    elif kind is sre.CATEGORY:
        yield _SAMPLES[item], repeated


def _least(tree: object) -> str:
    """A short text that meets a part of a pattern, so that what stands behind it is reached."""
    found = ""
    for operation, value in tree:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            found += _least(value[2]) * min(value[0], 100)
        elif operation is sre.SUBPATTERN:
            found += _least(value[3])
        elif operation is sre.BRANCH:
            found += _least(value[1][0])
        elif operation is sre.ATOMIC_GROUP:
            found += _least(value)
        else:
            found += next((character for character, _ in _characters([(operation, value)])), "")
    return found


def _reached(tree: object, before: str = "") -> Iterator[tuple[str, str]]:
    """(a text that leads up to it, a character that it takes) of every open repetition of a pattern, however deep."""
    for operation, value in tree:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            if value[1] > 100:
                taken = dict.fromkeys(character for character, _ in _characters(value[2]))
                yield from ((before, character) for character in list(taken)[:3])
            yield from _reached(value[2], before)
        elif operation is sre.SUBPATTERN:
            yield from _reached(value[3], before)
        elif operation is sre.BRANCH:
            for branch in value[1]:
                yield from _reached(branch, before)
        elif operation is sre.ATOMIC_GROUP:
            yield from _reached(value, before)
        if operation not in (sre.ASSERT, sre.ASSERT_NOT):
            before += _least([(operation, value)])


def _texts(pattern: re.Pattern, most: int) -> Iterator[tuple[str, str, str]]:
    """(beginning, what is repeated, end) of texts that could make `pattern` try everything; none without open repetitions."""
    for begin, unit in dict.fromkeys(_reached(_parser.parse(pattern.pattern, pattern.flags))):
        for lead in dict.fromkeys((begin, "1" + begin)):  # what looks ahead most often looks for a digit
            yield from ((lead, unit, end) for end in ("\x00", "a", " "))
    found = dict.fromkeys(_characters(_parser.parse(pattern.pattern, pattern.flags)))
    fed = list(dict.fromkeys(character for character, repeated in found if repeated))[:most]
    if not fed:
        return
    all_ = list(dict.fromkeys([*fed, *(character for character, _ in found)]))[: 2 * most]
    for unit in fed:
        for begin in ("", *all_):
            yield from ((begin, unit, ""), (begin, unit, "\x00"))
    for first in fed:
        for second in all_:
            if first != second:
                yield from (("", first + second, ""), ("", first + second, "\x00"))


class _TooLong(Exception):
    """A pattern took more than `_MOST_S` of processor time."""


def _give_up(_signal: int, _frame: object) -> None:
    raise _TooLong


def _seconds(run: Callable, told: str | bytes) -> float:
    """Processor seconds of one run, infinite over `_MOST_S` (patterns look for signals while they work)."""
    at = time.process_time()
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MOST_S)
    try:
        run(told)
    except _TooLong:
        return float("inf")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return time.process_time() - at


def _cost(run: Callable, pattern: re.Pattern, text: tuple[str, str, str], size: int) -> float:
    """Processor seconds, the best of up to three runs."""
    begin, unit, end = text
    whole = begin + unit * (size // len(unit)) + end
    told = whole.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else whole
    best = float("inf")
    for _ in range(3):
        best = min(best, _seconds(run, told))
        if not _SLOW_S < best < 0.2:
            break
    return best


def _grows(pattern: re.Pattern, scanned: bool, text: tuple[str, str, str]) -> bool:
    """Whether four times the text costs more than about four times the time (linear: 4, quadratic: 16)."""
    run = (lambda told: sum(1 for _ in pattern.finditer(told))) if scanned else pattern.fullmatch
    for size in _SIZES:
        if (cost := _cost(run, pattern, text, size)) > _SLOW_S:
            if cost > 1:
                return True
            larger = _cost(run, pattern, text, 4 * size)
            return larger > 8 * cost and (larger > 1 or _cost(run, pattern, text, 16 * size) > 8 * larger)
    return False


def _bad(most: int) -> list[str]:
    found = []
    for (pattern, scanned), where in _patterns().items():
        bad = next((text for text in _texts(pattern, most) if _grows(pattern, scanned, text)), None)
        if bad is not None:
            found.append(f"{where}: {bad[0]!r} + {bad[1]!r} * n + {bad[2]!r} for {pattern.pattern!r}")
    return found


def test_no_pattern_of_the_package_takes_more_than_linear_time():
    """Every compiled and every inline pattern is tried on texts that repeat what it repeats."""
    assert _bad(4) == []


@pytest.mark.slow
def test_no_pattern_takes_more_than_linear_time_on_any_mix_of_its_characters():
    """The same with every character that a pattern knows."""
    assert _bad(24) == []


@pytest.mark.slow
def test_every_pattern_reads_a_hundred_thousand_repeated_characters():
    """What four thousand characters promise, a hundred thousand keep: growth from 25,000 on is looked at for each pattern."""
    for (pattern, scanned), where in _patterns().items():
        run = (lambda told, pattern=pattern: sum(1 for _ in pattern.finditer(told))) if scanned else pattern.fullmatch
        for text in _texts(pattern, 3):
            assert not all(_grew(run, pattern, text) for _ in range(_AGAIN)), (where, text)


_AGAIN = 4
"""How often a text has to take too long: a busy machine does so once, a pattern always."""


def _grew(run: Callable, pattern: re.Pattern, text: tuple[str, str, str]) -> bool:
    """Whether four times the text of 25,000 characters cost more than about four times the time."""
    quarter = _cost(run, pattern, text, _FULL // 4)
    return quarter >= _SLOW_S and _cost(run, pattern, text, _FULL) >= 9 * quarter


@pytest.mark.parametrize(
    ("pattern", "scanned"),
    [
        (r"[^\s@]+@[^\s@]+\.\w+", True),
        (r"(\d+)*x", False),
        (r"\s*\d?\s*$", True),
        (r"\w*\d\w*", False),
        (r"<a[^>]*>", True),
        (r"(cad|eur)[\W\d]*\d[\W\d]*", False),
        (r"(?=.*\d)(\d{1,4}[ .]*)?(jan|feb)[ .]*\d{0,4}([ ,.]+\d{2,4})?", False),
    ],
)
def test_the_watch_sees_patterns_that_hang(pattern, scanned):
    """The kinds that were found in the package are noticed should they come again."""
    assert any(_grows(re.compile(pattern), scanned, text) for text in _texts(re.compile(pattern), 6))


def test_no_pattern_is_possessive_over_a_group():
    """Python 3.11.2, which Debian 12 has, loses its place in a possessive group that fails inside (`.5` was no amount there)."""
    found = {
        where
        for (pattern, _), where in _patterns().items()
        if re.search(r"\)(?:[*+?]|\{[\d,]+\})\+|\(\?>", str(pattern.pattern))
    }
    assert not found
