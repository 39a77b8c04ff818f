"""The style sheet: every text is readable on what it stands on, light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pb2hl.report.drawing import page

STYLE = Path(page.__file__).parent / "templates" / "style.css"
PAIRS = (
    ("ink", "paper"), ("ink", "panel"), ("soft", "paper"), ("soft", "panel"), ("accent", "paper"), ("accent", "panel"),
    ("good", "good-bg"), ("warn", "warn-bg"), ("bad", "bad-bg"), ("ink", "line"),
)  # fmt: skip
"""Text colour and what is behind it."""


def themes() -> list[dict[str, str]]:
    """The colours of the light theme, and those of the dark one over them."""
    found = [
        dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", block))
        for block in re.findall(r":root\{[^}]*\}", STYLE.read_text(encoding="utf-8"))
    ]
    return [found[0], found[0] | found[1]]


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of a colour, 0-1."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), PAIRS)
def test_contrast_is_at_least_wcag_aa(theme, text, behind):
    """4.5 to 1 for every pair that the pages use."""
    colours = themes()[theme]
    one, other = sorted((luminance(colours[text]), luminance(colours[behind])))
    assert (other + 0.05) / (one + 0.05) >= 4.5
