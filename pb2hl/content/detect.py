"""Telling plain text, HTML, Markdown and RTF apart, so that `a < b` stays text and `2 * 3 * 4` no emphasis."""

from __future__ import annotations

import re

_SAMPLE = 200_000
"""Characters looked at: a body of megabytes shows what it is long before its end."""

_TAGS = (
    "a|abbr|b|blockquote|body|center|code|col|colgroup|dd|del|div|dl|dt|em|font|footer|form|h[1-6]|head|header|html|i|iframe|ins|"
    "label|li|main|o:p|object|ol|p|pre|s|script|section|small|span|strike|strong|style|sub|sup|svg|table|tbody|td|tfoot|th|thead|"
    "title|tr|tt|u|ul"
)
_CLOSING = re.compile(rf"</(?:{_TAGS})\s*>", re.IGNORECASE)
_ALONE = re.compile(
    r"<(?:br|hr)\s*/?>|<(?:img|input|meta|link|embed|base)\s[^<>]*=|<!doctype\s+html|<p>|<p\s+\w+=|<!--"
    r"|<(?:script|iframe|object|svg|style|form)\b",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,6}|#x[0-9a-fA-F]{2,5});")

_SIGNS: tuple[tuple[re.Pattern[str], int, int, tuple[str, ...]], ...] = (
    # pattern, points an occurrence, most points, what a text has (one of) that it can find anything in: looked for first, as it costs little
    (re.compile(r"!?\[[^\]\n]{0,300}\]\((?:https?://|mailto:|data:|files?/|\.?/)?[^\s()]{1,}\)"), 2, 2, ("](",)),
    (re.compile(r"(?<![\w*])\*\*(?=[^\s*])[^\n*]{1,500}(?<=[^\s*])\*\*(?![\w*])"), 2, 2, ("**",)),
    (re.compile(r"^(?:```|~~~)[\w-]*[ \t]*$", re.MULTILINE), 1, 2, ("```", "~~~")),
    (re.compile(r"^\|?[ \t]*:?-{3,}:?[ \t]*\|[-:| \t]*$", re.MULTILINE), 2, 2, ("---",)),
    (re.compile(r"^#{1,6} [^\W\d_]", re.MULTILINE), 1, 2, ("# ",)),
    (re.compile(r"(?:^[-*+] \S.*\n?){2,}", re.MULTILINE), 1, 1, ("- ", "* ", "+ ")),
    (re.compile(r"(?:^\d{1,3}\. \S.*\n?){2,}", re.MULTILINE), 1, 1, (". ",)),
    (re.compile(r"^[^\n]+\n(?:={3,}|-{3,})[ \t]*$", re.MULTILINE), 1, 1, ("===", "---")),
    (re.compile(r"(?<![\w`])`[^`\n]{1,200}`(?![\w`])"), 1, 1, ("`",)),
    (re.compile(r"(?<![\w*_])[*_](?=[^\s*_])[^\n*_]{1,200}(?<=[^\s*_])[*_](?![\w*_])"), 1, 1, ("*", "_")),
)
_ENOUGH = 2

_MOST_MARKDOWN_LINES = 30_000
"""More lines than a person writes; rendering them would take many seconds, and they read well as they are."""


def kind_of(body: str, hint: str = "") -> str:
    """`empty`, `rtf`, `html`, `markdown` or `plain`. `hint` is what a column of the export says (`html`, `text/markdown`, …)."""
    start = body.lstrip("\ufeff \t\r\n")
    if not start:
        return "empty"
    if start.startswith("{\\rtf"):
        return "rtf"
    hint = hint.lower()
    if "plain" in hint:
        return "plain"
    sample = start[:_SAMPLE]
    if "html" in hint or _is_html(sample):
        return "html"
    if start.count("\n") > _MOST_MARKDOWN_LINES:
        return "plain"
    return "markdown" if "markdown" in hint or hint == "md" or _is_markdown(sample) else "plain"


def _is_html(sample: str) -> bool:
    if "<" in sample and (_CLOSING.search(sample) or _ALONE.search(sample)):
        return True
    return "&" in sample and "<" not in sample and bool(_ENTITY.search(sample))


_ANY_SIGN = re.compile(r"[*`_]|\]\(|~~~|---|===|# |[-+] |\d\. ")
"""What a text has one of that any of `_SIGNS` finds something in."""


def _is_markdown(sample: str) -> bool:
    if not _ANY_SIGN.search(sample):
        return False
    points = 0
    for pattern, each, most, marks in _SIGNS:
        found = 0
        for _ in pattern.finditer(sample) if any(mark in sample for mark in marks) else ():
            found += each
            if found >= most:
                break
        points += min(found, most)
        if points >= _ENOUGH:
            return True
    return False
