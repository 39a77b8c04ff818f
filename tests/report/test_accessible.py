"""Every page of a migration, found by following the index, for people with a keyboard, a screen reader, dark mode, a telephone or paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pb2hl import report
from tests.accessible import RULES, violations

pytestmark = pytest.mark.browser


OWN = """() => ({
  lang: document.documentElement.lang,
  title: document.title.trim() !== '',
  h1: document.querySelectorAll('h1').length,
  landmarks: ['header', 'main', 'footer'].every(tag => document.querySelectorAll(`body > ${tag}`).length === 1),
  headings: [...document.querySelectorAll('th')].every(th => ['col', 'row'].includes(th.scope)),
  sorted: [...document.querySelectorAll('table')].every(t => !t.closest('figure.table') || t.closest('details.record:not([open])') || t.tBodies[0].rows.length < 2 || [...t.tHead.querySelectorAll('th')].every(th => th.querySelector('button'))),
  told: [...document.querySelectorAll('figure.table .tools')].every(tools => !tools.querySelector('input, select') || tools.querySelector('[aria-live=polite]')),
  pictures: [...document.querySelectorAll('svg')].every(svg => svg.closest('[role=img]')?.getAttribute('aria-label')?.trim()),
})"""
"""What axe-core does not ask: one h1, landmarks, scopes, sort buttons, filters that say what they did, words for every picture."""


def linked(index: Path) -> Iterator[Path]:
    """The page at `index` and every page below it that it leads to."""
    seen, waiting = {index}, [index]
    while waiting:
        page = waiting.pop()
        yield page
        for link in re.findall(r'href="([^"#:]+\.html)"', page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            if target not in seen:
                assert target.exists(), f"{page.name} leads to {link}, which is not there"
                seen.add(target)
                waiting.append(target)


@pytest.fixture(scope="module")
def pages(migrated) -> list[Path]:
    """All pages of the migration: those the index leads to, which are all there are, and the notebooks'."""
    index = report.write_index(migrated).resolve()
    found = sorted(linked(index))
    there = {path for path in migrated.reports.resolve().rglob("*.html") if "masked" not in path.parts}
    assert set(found) == there, "every page can be reached from the index"
    return [*found, *sorted(migrated.runs.rglob("*.html"))]


def opened(browser, path: Path, **options):
    """The page with everything folded out that a reader could open."""
    page = browser.new_page(**options)
    page.goto(path.as_uri())
    page.evaluate(
        "document.querySelectorAll('details.fold, details.record:nth-of-type(-n+2), .notebook details').forEach(d => { d.open = true; })"
    )
    page.wait_for_function(
        "[...document.querySelectorAll('details.record[open] .tools')].every(tools => tools.childElementCount)"
    )
    return page


def test_every_page_is_accessible(browser, pages):
    """No violation of WCAG 2.2 AA that axe-core knows, contrast of every text measured light and dark, and our own questions."""
    wrong = {}
    for path in pages:
        page = opened(browser, path)
        own = page.evaluate(OWN)
        missing = [name for name, value in own.items() if value not in (True, "en", 1)]
        light = violations(page, {"type": "tag", "values": [*RULES, "best-practice"]})
        page.emulate_media(color_scheme="dark")
        dark = violations(page, {"type": "rule", "values": ["color-contrast"]})
        if found := [*missing, *light, *dark]:
            wrong[path.name] = found
        page.close()
    assert wrong == {}


def test_every_page_can_be_used_by_keyboard(browser, pages):
    """The first stop skips to the content, and every stop after it shows where one is."""
    for path in pages:
        page = opened(browser, path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", path.name
        assert page.locator(".skip").bounding_box()["x"] >= 0, "the skip link shows itself"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main", path.name
        for _ in range(12):
            page.keyboard.press("Tab")
            shown = page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement); return [document.activeElement.tagName, s.outlineStyle, s.outlineWidth]; })()"
            )
            if shown[0] == "BODY":
                break
            assert shown[1] != "none" and shown[2] != "0px", (path.name, shown)
        page.close()


@pytest.mark.parametrize(("width", "media"), [(360, "screen"), (1440, "screen"), (1050, "print")])
def test_nothing_is_cut_off(browser, pages, width, media):
    """On a telephone, a wide screen and paper no page is wider than it, and what is wider than its box can be scrolled to."""
    for path in pages:
        page = opened(browser, path, viewport={"width": width, "height": 900})
        page.emulate_media(media=media)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path.name} is wider than {width} px"
        clipped = page.evaluate(
            """media => [...document.querySelectorAll('main *')].filter(node => {
                const style = getComputedStyle(node);
                return node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 1 && style.overflowX === 'hidden' && style.position !== 'absolute';
            }).map(node => node.outerHTML.slice(0, 120))""",
            media,
        )
        assert clipped == [], path.name
        page.close()
