"""Texts that an editor stores as JSON (Quill, ProseMirror, Lexical, Slate, Editor.js, BlockNote, Draft.js) → the text a person reads."""

from __future__ import annotations

from typing import Any

from pb2hl.source.dialects import KIND

_DEPTH = 20
_INLINE = frozenset("text hardBreak mention emoji link inlineCard status date a linebreak".split())
_WITHIN = ("content", "children", "items", "inlines")


def prose(body: Any) -> str | None:
    """The text of an editor's document, a line a paragraph; None for anything else."""
    if isinstance(body, dict):
        if isinstance(body.get("ops"), list) and all(
            isinstance(item, dict) and "insert" in item for item in body["ops"]
        ):
            return "".join(item["insert"] for item in body["ops"] if isinstance(item["insert"], str)).rstrip("\n")
        if body.get("type") == "doc" and isinstance(body.get("content"), list):
            return _text(body["content"], 0)
        root = body.get("root")
        if len(body) == 1 and isinstance(root, dict) and isinstance(root.get("children"), list):
            return _text(root["children"], 0)
        blocks = body.get("blocks")
        if (
            isinstance(blocks, list)
            and ("entityMap" in body or "version" in body or "time" in body)
            and all(map(_is_block, blocks))
        ):
            return _text(blocks, 0)
        return None
    if isinstance(body, list) and body and all(map(_is_block, body)):
        return _text(body, 0)
    return None


def _is_block(item: Any) -> bool:
    """Whether an item is a paragraph of an editor: it has a type and text, or parts that hold text."""
    if not isinstance(item, dict) or not isinstance(item.get("type", item.get(KIND)), str):
        return False
    if KIND in item and isinstance(item.get("text"), str):
        return item.keys() <= {KIND, "text", "level", "alignment", "caption"}
    if any(isinstance(item.get(key), list) and _holds_text(item[key]) for key in ("content", "children")):
        return True
    return set(item) >= {"text", "depth"} or (
        isinstance(item.get("data"), dict) and bool({"text", "items"} & item["data"].keys())
    )


def _holds_text(parts: list) -> bool:
    return all(
        isinstance(part, str)
        or (isinstance(part, dict) and ("text" in part or "content" in part or "children" in part))
        for part in parts
    )


def _text(parts: list, depth: int) -> str:
    lines: list[str] = []
    inline = False
    for part in parts:
        said = (
            part if isinstance(part, str) else _of(part, depth + 1) if isinstance(part, dict) and depth < _DEPTH else ""
        )
        runs_on = isinstance(part, str) or (isinstance(part, dict) and part.get("type", "text") in _INLINE)
        if inline and runs_on and lines:
            lines[-1] += said
        else:
            lines.append(said)
        inline = runs_on
    return "\n".join(lines).strip("\n")


def _of(part: dict[str, Any], depth: int) -> str:
    if part.get("type") in ("hardBreak", "linebreak"):
        return "\n"
    inner = part["data"] if isinstance(part.get("data"), dict) and part["data"] else part
    own = inner.get("text") if isinstance(inner.get("text"), str) else ""
    within = [_text(inner[key], depth) for key in _WITHIN if isinstance(inner.get(key), list)]
    attributes = part.get("attrs")
    label = (
        attributes.get("text") or attributes.get("url") or ""
        if isinstance(attributes, dict) and not own and not any(within)
        else ""
    )
    return "\n".join(text for text in (own, *within, str(label)) if text)
