"""The search language: filters with operators, groups of AND and OR, sort orders, and where a cursor stands."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Reject, invalid
from pb2hl.sandbox.shapes import Shape

if TYPE_CHECKING:
    from pb2hl.sandbox.store import Record

Getter = Callable[["Record", str], Any]
"""The value of a record under a filter's field name; None when it has none."""

OPERATORS = (
    "eq",
    "not_eq",
    "contains",
    "not_contains",
    "exists",
    "not_exists",
    "range",
    "in",
    "not_in",
    "wildcard",
    "match",
)
_FILTER = Shape("field! operator! value:any")
_GROUP = Shape("group!:AND|OR filters!:list")
_SORT = Shape("field! direction!:asc|desc")
_BOUNDS = ("gt", "gte", "lt", "lte")


class Query:
    """A checked list of filters: `matches(record)` says whether all of them hold.

    `blind(field, operator)` names what the index is known to miss. Raises Reject 422 about unknown operators, fields that `known` refuses, and values over `value_limit` characters.
    """

    def __init__(
        self,
        filters: list[Any],
        get: Getter,
        known: Callable[[str], bool],
        value_limit: int,
        blind: Callable[[str, str], bool] = lambda field, operator: False,
    ):
        self._get = get
        self._known = known
        self._limit = value_limit
        self._blind = blind
        self._tests = [self._compile(item) for item in filters]

    def matches(self, record: Record) -> bool:
        """Whether every filter holds for `record`."""
        return all(test(record) for test in self._tests)

    def _compile(self, item: Any) -> Callable[[Record], bool]:
        if isinstance(item, dict) and "group" in item:
            _raise(_GROUP.problems(item, "filters."))
            tests = [self._compile(inner) for inner in item["filters"]]
            combine = all if item["group"] == "AND" else any
            return lambda record: combine(test(record) for test in tests)
        _raise(_FILTER.problems(item, "filters."))
        field, operator, value = item["field"], item["operator"], item.get("value")
        if operator not in OPERATORS:
            raise invalid(f"filters.operator must be one of the following values: {', '.join(OPERATORS)}")
        if not self._known(field):
            raise invalid(f"Invalid field {field} in filters")
        if operator not in ("exists", "not_exists") and value is None:
            raise invalid("filters.value should not be empty")
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and len(text) > self._limit:
                raise invalid(f"filters.value must be shorter than or equal to {self._limit} characters")
        if self._blind(field, operator):
            return lambda record: False
        test = _test(operator, value)
        return lambda record: test(self._get(record, field))


def _raise(problems: list[str]) -> None:
    if problems:
        raise Reject(422, problems)


def _test(operator: str, value: Any) -> Callable[[Any], bool]:
    if operator.startswith("not_"):
        positive = _test(operator[4:], value)
        return lambda held: not positive(held)
    if operator == "exists":
        return lambda held: held not in (None, "", [])
    if operator == "range":
        return _range(value)
    wanted = [_fold(item) for item in (value if isinstance(value, list) else [value])]
    if operator in ("eq", "in"):
        return lambda held: any(_fold(item) in wanted for item in _items(held))
    needles = [str(item).strip("*") for item in wanted]
    return lambda held: any(needle in str(_fold(item)) for item in _items(held) for needle in needles)


def _range(value: Any) -> Callable[[Any], bool]:
    if not isinstance(value, dict) or not value or any(key not in _BOUNDS for key in value):
        raise invalid(f"filters.value must have one of {', '.join(_BOUNDS)}")

    def within(held: Any) -> bool:
        try:
            return held is not None and all(_bound(key, held, limit) for key, limit in value.items())
        except TypeError:
            return False

    return within


def _bound(key: str, held: Any, limit: Any) -> bool:
    return {"gt": held > limit, "gte": held >= limit, "lt": held < limit, "lte": held <= limit}[key]


def _items(held: Any) -> list[Any]:
    return held if isinstance(held, list) else [] if held is None else [held]


def _fold(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(value, sort_keys=True)


class Order:
    """A checked sort: keys that compare in its direction, missing values last, ties by id."""

    def __init__(self, sort: list[Any], default_field: str, get: Getter):
        for item in sort:
            _raise(_SORT.problems(item, "sort."))
        self.items = [(item["field"], item["direction"]) for item in sort] or [(default_field, "desc")]
        self._get = get

    def values(self, record: Record) -> list[Any]:
        """The record's cursor: its sort values and its id."""
        return [*(self._get(record, field) for field, _ in self.items), record["id"]]

    def key(self, cursor: list[Any]) -> tuple[Any, ...]:
        """A cursor as something to compare; Reject 422 when it does not fit the sort."""
        if not isinstance(cursor, list) or len(cursor) != len(self.items) + 1:
            raise invalid("searchAfter must have one value for each sort field and the id")
        parts = [
            _part(_number(value, field), direction)
            for value, (field, direction) in zip(cursor, self.items, strict=False)
        ]
        return (*parts, str(cursor[-1]))


_DATES = ("dateAdded", "dateUpdated", "createdAt", "updatedAt")


def _number(value: Any, field: str) -> Any:
    """A date of a cursor as a number: the vendor's files ask for cursors of text, its server gives numbers."""
    return int(value) if field in _DATES and isinstance(value, str) and value.isdigit() else value


def _part(value: Any, direction: str) -> tuple[int, Any]:
    if value is None:
        return (1, "")
    folded = _Comparable(value)
    return (0, _Reversed(folded) if direction == "desc" else folded)


@functools.total_ordering
class _Comparable:
    def __init__(self, value: Any):
        text = not isinstance(value, int | float)
        self.value = (text, str(value).casefold() if text else value)

    def __lt__(self, other: _Comparable) -> bool:
        return self.value < other.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Comparable) and self.value == other.value


class _Reversed:
    def __init__(self, value: _Comparable):
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return other.value < self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and self.value == other.value
