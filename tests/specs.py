"""HighLevel's official OpenAPI files as a judge of requests and answers, where they are at hand.

They are found through `PB2HL_SPECS`, else beside the checkout; they are never part of the project. The snapshot has known
gaps (union types as bare objects, empty bodies, endpoints released later): those are listed here and tolerated, each once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_BASE = "http://specs/"
UNDOCUMENTED = (
    ("POST", "/opportunities/pipelines"),
    ("GET", "/opportunities/pipelines/{id}"),
    ("PUT", "/opportunities/pipelines/{id}"),
    ("DELETE", "/opportunities/pipelines/{id}"),
    ("POST", "/notes/"),
    ("GET", "/notes/{id}"),
    ("PUT", "/notes/{id}"),
    ("DELETE", "/notes/{id}"),
    ("PUT", "/notes/{id}/relations"),
    ("POST", "/notes/search"),
)
"""Endpoints released after the snapshot; anything goes for them."""

EXTRA_PROPERTIES: dict[tuple[str, str], frozenset[str]] = {
    ("POST", "/locations/{locationId}/customFields"): frozenset({"options", "fieldKey", "description", "parentId"}),
    ("PUT", "/locations/{locationId}/customFields/{id}"): frozenset({"options"}),
    ("POST", "/objects/{schemaKey}/records/search"): frozenset({"filters", "sort"}),
}
"""Properties that the vendor takes and the snapshot leaves out."""

REQUIRED_BY_SWITCH = {("POST", "/conversations/messages/inbound"): frozenset({"conversationProviderId"})}
"""Properties that the files require and some locations do without (BEHAVIOUR): the sandbox has a switch for them."""

LISTED_AS_ONE = {
    ("GET", "/associations/"): "associations",
    ("GET", "/associations/relations/{recordId}"): "relations",
}
"""Lists (by skip and limit) whose answer the files declare as a single record: each record of the list is held against that."""

LOOSE_PROPERTIES = frozenset(
    {
        "searchAfter",
        "folders",
        "value",
        "fieldValue",
        "field_value",
        "files",
        "meta",
        "emails",
        "acceptedFormats",
        "textBoxListOptions",
    }
)
"""Properties whose declared type is known to be wrong or too narrow (unions, file objects)."""


def specs_folder() -> Path | None:
    """Where the OpenAPI files are, or None."""
    named = os.environ.get("PB2HL_SPECS")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "highlevel" / "specs"
    return folder if (folder / "v3").is_dir() else None


@cache
def _validator(folder: Path) -> SpecValidator:
    return SpecValidator(folder)


def specs_or_skip() -> SpecValidator:
    """The validator; skips the test, saying so, where the OpenAPI files are not at hand."""
    folder = specs_folder()
    if folder is None:
        pytest.skip("HighLevel's OpenAPI files are not at hand: set PB2HL_SPECS to their folder")
    return _validator(folder)


class SpecValidator:
    """Says what is wrong with a request or an answer according to the OpenAPI files in `folder`."""

    def __init__(self, folder: Path):
        documents = {
            f"{_BASE}{path.relative_to(folder).as_posix()}": _mend(json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(folder.glob("*/*.json"))
        }
        self._registry = Registry().with_resources(
            (uri, DRAFT202012.create_resource(document)) for uri, document in documents.items()
        )
        self._operations: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        for uri, document in documents.items():
            for path, methods in document.get("paths", {}).items():
                for method, operation in methods.items():
                    self._operations[method.upper(), path] = (uri, operation)

    def knows(self, method: str, template: str) -> bool:
        """Whether the files list this endpoint, or it is one that came later."""
        return self._key(method, template) is not None

    def request_problems(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> list[str]:
        """What is wrong with a request to the real `path` (ids filled in); [] when nothing is."""
        key = self._key(method, path)
        if key is None:
            return [f"{method} {path} is in no OpenAPI file"]
        if key in UNDOCUMENTED:
            return []
        uri, operation = self._operations[key]
        problems = _query_problems(operation, query or {})
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            stray = [f"{method} {path} takes no JSON body"] if body is not None and not content else []
            return problems + stray
        return problems + self._body_problems(key, uri, schema, {} if body is None else body)

    def response_problems(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer; [] when nothing is, or when the files say nothing about it."""
        key = self._key(method, path)
        if key is None:
            return [f"{method} {path} is in no OpenAPI file"]
        if key in UNDOCUMENTED:
            return []
        uri, operation = self._operations[key]
        answers = operation.get("responses", {})
        if status < 300 and str(status) not in answers:
            return [f"{method} {path} answers {', '.join(sorted(answers))}, not {status}"]
        schema = answers.get(str(status), {}).get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return []
        records = body[LISTED_AS_ONE[key]] if key in LISTED_AS_ONE else [body]
        return [text for record in records for text in self._errors(uri, schema, record)]

    def body_properties(self, method: str, template: str) -> tuple[list[str], list[str]]:
        """(declared, required) properties of an endpoint's JSON body."""
        uri, operation = self._operations[self._key(method, template)]
        content = operation.get("requestBody", {}).get("content", {})
        schema = self._resolve(uri, content.get("application/json", {}).get("schema", {}))
        loose = REQUIRED_BY_SWITCH.get((method, template), frozenset())
        return list(schema.get("properties", {})), [name for name in schema.get("required", []) if name not in loose]

    def required_query(self, method: str, template: str) -> list[str]:
        """The query parameters that an endpoint requires."""
        _, operation = self._operations[self._key(method, template)]
        parameters = operation.get("parameters", [])
        return [item["name"] for item in parameters if item.get("in") == "query" and item.get("required")]

    def scopes(self, method: str, template: str) -> set[str]:
        """The scopes of which an endpoint needs one; empty when the files name none."""
        key = self._key(method, template)
        if key in UNDOCUMENTED or key is None:
            return set()
        demands = self._operations[key][1].get("security") or []
        return {scope for demand in demands for scopes in demand.values() for scope in scopes}

    def _key(self, method: str, path: str) -> tuple[str, str] | None:
        segments = _segments(path)
        best: tuple[int, tuple[str, str]] | None = None
        for candidate in [*self._operations, *UNDOCUMENTED]:
            pattern = _segments(candidate[1])
            if candidate[0] != method.upper() or len(pattern) != len(segments):
                continue
            if all(have.startswith("{") or have == want for have, want in zip(pattern, segments, strict=True)):
                literal = sum(not have.startswith("{") for have in pattern)
                best = max(best or (-1, candidate), (literal, candidate))
        return best[1] if best else None

    def _body_problems(self, key: tuple[str, str], uri: str, schema: dict, body: Any) -> list[str]:
        resolved = self._resolve(uri, schema)
        known = set(resolved.get("properties", {}))
        if not isinstance(body, dict) or not known:
            return []
        strangers = set(body) - known - EXTRA_PROPERTIES.get(key, frozenset())
        problems = [f"property {name} should not exist" for name in sorted(strangers)]
        given = {name: value for name, value in body.items() if value is not None}
        cleared = [name for name, value in body.items() if value is None]
        errors = self._errors(uri, schema, given)
        return problems + [error for error in errors if not any(f"'{name}' is a required" in error for name in cleared)]

    def _resolve(self, uri: str, schema: dict) -> dict:
        while "$ref" in schema:
            resolved = self._registry.resolver(uri).lookup(schema["$ref"])
            schema = resolved.contents
        return schema

    def _errors(self, uri: str, schema: dict, value: Any) -> list[str]:
        registry = self._registry.with_resource(f"{uri}.inline", DRAFT202012.create_resource(schema))
        rooted = {"$id": uri.rsplit("/", 1)[0] + "/inline.json", **_absolute(schema, uri)}
        validator = Draft202012Validator(rooted, registry=registry)
        return [
            f"{'.'.join(map(str, error.path)) or 'body'}: {error.message[:300]}"
            for error in validator.iter_errors(value)
        ]


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("?", 1)[0].split("/") if segment]


def _query_problems(operation: dict, query: Mapping[str, Any]) -> list[str]:
    declared = {item["name"]: item for item in operation.get("parameters", []) if item.get("in") == "query"}
    problems = [f"query parameter {name} is not known" for name in query if name not in declared]
    for name, item in declared.items():
        if item.get("required") and query.get(name) in (None, ""):
            problems.append(f"query parameter {name} is required")
        choices = item.get("schema", {}).get("enum")
        if name in query and choices and query[name] not in choices:
            problems.append(f"query parameter {name} must be one of {', '.join(map(str, choices))}")
    return problems


def _absolute(value: Any, uri: str) -> Any:
    """References of an inline schema, made to count from the file it stands in."""
    if isinstance(value, dict):
        return {
            key: (
                uri + item if key == "$ref" and isinstance(item, str) and item.startswith("#") else _absolute(item, uri)
            )
            for key, item in value.items()
        }
    return [_absolute(item, uri) for item in value] if isinstance(value, list) else value


def _mend(value: Any, name: str = "") -> Any:
    """An OpenAPI 3.0 document as JSON Schema can read it, with the snapshot's known gaps made permissive."""
    if isinstance(value, list):
        return [_mend(item) for item in value]
    if not isinstance(value, dict):
        return value
    if name in LOOSE_PROPERTIES and "type" in value:
        return {}
    if _is_gap(value):
        return {}
    mended = {}
    for key, item in value.items():
        if key == "example" or (
            key == "required" and isinstance(item, bool) and "in" not in value and "content" not in value
        ):
            continue
        if key == "properties" and isinstance(item, dict):
            mended[key] = {inner: _mend(schema, inner) for inner, schema in item.items()}
        else:
            mended[key] = _mend(item)
    if mended.pop("nullable", False) and isinstance(mended.get("type"), str):
        mended["type"] = [mended["type"], "null"]
    return mended


def _is_gap(schema: dict) -> bool:
    kind = schema.get("type")
    if kind == "object" and not any(key in schema for key in ("properties", "allOf", "oneOf", "anyOf")):
        return True
    if kind == "array" and "items" not in schema:
        return True
    if kind == "array" and schema.get("items") == {"type": "array"}:
        return True
    return kind == "string" and isinstance(schema.get("example"), dict | list)
