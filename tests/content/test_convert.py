"""Bodies of every kind: told apart, made harmless, images taken out and put back."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.content import InlineImage, cleaning, convert, detect
from pb2hl.content.convert import _MACRO
from pb2hl.content.types import PLACEHOLDER

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DATA = "data:image/png;base64," + base64.b64encode(PIXEL).decode()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("Call Jane back", "plain"),
        ("if a < b and c > d then a*b*c", "plain"),
        ("2 ** 3 ** 4 = x", "plain"),
        ("<john@example.com> wrote at 5 > 4", "plain"),
        ("# of items: 5", "plain"),
        ("- milk\n- eggs", "plain"),
        ("snake_case_name and other_name_here", "plain"),
        ("price [net] (CAD) 5", "plain"),
        ("<p>Hello</p>", "html"),
        ("line<br>line", "html"),
        ("Tom &amp; Jerry", "html"),
        ("<!DOCTYPE html><html><body>x</body></html>", "html"),
        ("# Title\n\n## More\ntext", "markdown"),
        ("see [offer](https://example.com/a)", "markdown"),
        ("**Important**: call back", "markdown"),
        ("![scan](files/scan.png)", "markdown"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "markdown"),
        (r"{\rtf1\ansi Hello}", "rtf"),
    ],
)
def test_kinds_are_told_apart(body, kind):
    """Plain text that looks a little like markup stays plain."""
    assert convert(body).kind == kind


def test_plain_text_keeps_every_character_and_line():
    """Angle brackets, ampersands and line breaks survive."""
    content = convert("a < b & c\r\nsecond\n\nfourth")
    assert content.html == "a &lt; b &amp; c<br>second<br><br>fourth"
    assert content.text == "a < b & c\nsecond\n\nfourth"
    assert content.removed == ()


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<p>a<script>alert(1)</script></p>", "script"),
        ('<p onclick="go()">a</p>', "event handler"),
        ("<img src=x onerror=alert(1)><p>a</p>", "event handler"),
        ('<a href="javascript:go()">a</a>', "javascript: link"),
        ('<a href="JaVaScRiPt&#58;go()">a</a>', "javascript: link"),
        ('<a href="vbscript:go()">a</a>', "vbscript: link"),
        ('<iframe src="https://evil.example"></iframe><p>a</p>', "frame"),
        ('<form action="/x"><input name=a></form><p>a</p>', "form"),
        ('<object data="x.swf"></object><p>a</p>', "embedded object"),
        ("<style>p{color:red}</style><p>a</p>", "style sheet"),
        ("<svg><script>1</script></svg><p>a</p>", "SVG or MathML"),
        ("<p class=MsoNormal>a<o:p></o:p></p><!--[if gte mso 9]><xml>junk</xml><![endif]-->", "office markup"),
        ("**a** <script>alert(1)</script>", "script"),
        (r"{\rtf1 a{\field{\*\fldinst MACROBUTTON go}}}", "macro or embedded object"),
    ],
)
def test_what_runs_is_taken_out_and_listed(body, what):
    """Nothing that runs is left, what a person wrote is, and the list says what went."""
    content = convert(body)
    assert what in content.removed
    assert "a" in content.text
    assert not re.search(
        r"<script|onclick|onerror|javascript|vbscript|<iframe|<form|<object|<style|junk|alert", content.html, re.I
    )


def test_images_are_taken_out_and_put_back():
    """A data: URI, a file name and a URL become images in order; `render` links each, or says which is missing."""
    body = f'<p><img src="{DATA}" alt="dot"><img src="files/a%20b.png"><img src="https://example.com/c.jpg?x=1"></p>'
    content = convert(body)
    assert [image.kind for image in content.images] == ["data", "file", "url"]
    assert content.images[0].content == PIXEL and content.images[0].mime == "image/png"
    assert content.images[1] == InlineImage("file", "files/a b.png", "a b.png", "image/png")
    assert content.images[2].ref == "https://example.com/c.jpg?x=1" and content.images[2].name == "c.jpg"
    rendered = content.render({0: "https://cdn.example/1.png", 2: "{{ref:abc:url}}"})
    assert '<a href="https://cdn.example/1.png"><img src="https://cdn.example/1.png" alt="dot"></a>' in rendered
    assert "[image: a b.png]" in rendered and 'src="{{ref:abc:url}}"' in rendered
    assert PLACEHOLDER not in rendered


@pytest.mark.parametrize(
    "source", ["data:image/png;base64,@@@", "data:text/html,<script>1</script>", "data:image/png;base64,"]
)
def test_damaged_images_are_listed(source):
    """What is no image is dropped, and told."""
    content = convert(f'<p>a</p><img src="{source}">')
    assert content.images == () and content.removed


def test_rtf_text_and_pictures():
    """Text with accents and lines, and an embedded PNG."""
    content = convert(
        r"{\rtf1\ansi\ansicpg1252 Caf\'e9\par Line {\b two}{\pict\pngblip\picw1 " + (PIXEL * 3).hex() + "}}"
    )
    assert content.text.startswith("Café\nLine two")
    assert content.images[0].content == PIXEL * 3


def test_text_cannot_pass_for_a_reference():
    """A plan's reference syntax in a body is broken up and told."""
    content = convert("see {{ref:0123:url}} and {{contact.name}}")
    assert "{{ref:" not in content.html and "{{contact.name}}" not in content.html and "text macro" in content.removed
    assert content.removed == ("text that looks like a reference", "text macro")


def test_text_that_begins_like_rich_text_is_kept():
    """What is left of HTML may begin like a Rich Text file: read again, it is still the same text."""
    content = convert("</p>{\\rtf1 terms")
    again = convert(content.html, hint="html")
    assert content.text == again.text == "{\\rtf1 terms" and again.html == content.html


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*"ab <>/\"'=*_#[]()!`{}\\&;:-\n", "<p>", "</p>", "<b", "{\\rtf1", "\x00", "\ud800", "<img src="]
        ),
        max_size=60,
    ).map("".join)
)
def test_any_text_converts_and_stays_as_it_is(body):
    """Nothing crashes, nothing dangerous is left, and converting again changes nothing."""
    content = convert(body)
    again = convert(content.html, hint="html")
    assert again.html == content.html
    assert not re.search(
        r"<(?!/?(?:a|b|blockquote|br|caption|code|dd|del|div|dl|dt|em|h[1-6]|hr|i|img|ins|li|ol|p|pre|s|span|strike|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|u|ul)\b)",
        content.html,
    )


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 100_000 + "x</div>",
        "[" * 200_000,
        "{\\rtf1 " + "{" * 100_000,
        "<a " * 200_000,
        "x" * 3_000_000,
        "**a" * 100_000,
        "{\\rtf1 {\\pict " + "ab" * 500_000,
    ],
)
def test_megabytes_are_survived(body):
    """Deep nesting and endless markup neither crash nor hang."""
    assert convert(body).kind != ""


@pytest.mark.parametrize(
    "body",
    [
        "Dear {{contact.first_name}}, hi",
        "Dear [[First Name]], hi",
        "Dear %FIRSTNAME%, hi",
        "<p>Dear <b>{{ x }}</b>, hi</p>",
    ],
)
def test_text_macros_are_taken_out_and_told(body):
    """Fields of mail templates mean nothing in a note, and the next program may fill them in."""
    content = convert(body)
    assert content.text.replace(" ", "") == "Dear,hi" and "text macro" in content.removed
    again = convert(content.html)
    assert again.html == content.html


@pytest.mark.parametrize(
    "body", ["100% of 50%", "see https://a.example/?q=%C3%A9%20%AB%DE", "f(x) = [a] + {b}", "list [1] [2]"]
)
def test_percent_signs_and_brackets_are_no_macros(body):
    """What only looks a little like one stays."""
    assert "text macro" not in convert(body).removed


@given(st.text(alphabet="ab1. \n-*+_`~#[](=|/:", max_size=60))
def test_a_mark_is_looked_for_only_where_it_can_be_found(body):
    """What tells Markdown's signs cheaply never overlooks one: a text without a sign's marks has none of that sign."""
    for pattern, _, _, marks in detect._SIGNS:
        assert any(mark in body for mark in marks) or not pattern.search(body)


@given(st.text(alphabet="ab1 \n.-+*_#`~=[](){}%|<>&\u00a0\u2028é", max_size=60))
@settings(deadline=None, max_examples=400)
def test_the_quick_looks_miss_nothing(body):
    """What is passed over because no sign of it stands in a text would have found nothing: Markdown, macros, control characters."""
    if detect._ANY_SIGN.search(body) is None:
        assert not any(pattern.search(body) for pattern, *_ in detect._SIGNS)
    if not any(sign in body for sign in ("{{", "[[", "%")):
        assert not _MACRO.search(body)
    if body.isprintable():
        assert not cleaning._CONTROL.search(body) and "\r" not in body
