"""What axe-core finds wrong with a page or a part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def violations(page, rules: dict[str, Any], inside: str = "html") -> list[str]:
    """The rules that `inside` breaks, each with every place; skipped where axe-core is not installed."""
    axe = pytest.importorskip("axe_playwright_python.base", reason="needs axe-core")
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"], "runOnly": rules}
    found = page.evaluate("([inside, options]) => axe.run(document.querySelector(inside), options)", [inside, options])
    return [f"{item['id']}: {node['html'][:160]}" for item in found["violations"] for node in item["nodes"]]
