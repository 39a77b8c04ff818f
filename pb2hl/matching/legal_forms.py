"""Company names without the words that only say what kind of company it is, in many countries' spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from pb2hl.values.fold import unaccented
from pb2hl.values.wordlists import lines

_DATA = Path(__file__).parent / "data"
_DOTTED = re.compile(r"\b(?:\w[./]\s?){1,}\w?\b\.?")
_APOSTROPHE = re.compile(r"['’`´.]")
_NOT_WORD = re.compile(r"[\W_]+")
_NOISE = frozenset({"the", "and", "of", "der", "die", "das", "le", "la", "les", "et", "und", "de", "du", "y"})
"""Little words that spellings of one name have or leave out."""


_BEFORE = frozenset(
    "ooo oao zao pao ao ooo оао ооо зао пао ао тоо тов фоп ип pt tov uab sia sarl sas sasu eurl sci snc scp selarl srl bv nv oy gmbh firma ditta ets".split()
)
"""Forms of one word that stand before a name (`SARL Dupont`, `ООО Ромашка`); `AB`, `AS`, `SA` and `Spa` begin too many names."""

_FIRST_ONLY = frozenset(word for word in _BEFORE if not word.isascii()) | {"pt"}
"""Those that begin nothing but companies' names."""

_BRACKETED = re.compile(r"[(（]\s*(?:株|有|合|同|资|主|유|주)\s*[)）]|[㈱㈲㈴㈾㈿㍿]")
_GLUED = (
    "特定非営利活動法人", "股份有限公司", "有限责任公司", "有限責任公司", "株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "一般社団法人", "一般財団法人",
    "有限公司", "股份公司", "集团公司", "集團公司", "公司", "주식회사", "유한회사", "유한책임회사", "합자회사", "합명회사",
)  # fmt: skip
"""Forms that scripts without spaces glue to a name, before or behind it, the longer first."""


_CAMEL_FORM = re.compile(r"(?<=[^\W\d_A-Z])(?=(?:GmbH|AG|KG|UG|Ltd|Inc|LLC|Corp|BV|NV|SARL|SAS|SpA|Srl|ApS|Oy)$)")
"""Between a name and a form written into one word (`AcmeGmbH`)."""


def _unglued(name: str) -> str:
    """`name` with the glued forms of Chinese, Japanese and Korean names cut off; as it is where nothing would be left."""
    found = _CAMEL_FORM.sub(" ", _BRACKETED.sub(" ", name).strip() or name)
    for form in _GLUED:
        for bare in (found.removeprefix(form), found.removesuffix(form)):
            if bare != found and len(bare.strip()) > 1:
                return bare.strip()
    return found


@lru_cache
def forms() -> tuple[tuple[str, ...], ...]:
    """Every known legal form as its folded words, longest first."""
    found = {tuple(_letters(line).split()) for line in lines(_DATA / "legal_forms.txt")}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


@lru_cache
def _by_last() -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for form in forms():
        found.setdefault(form[-1], []).append(form)
    return {word: tuple(items) for word, items in found.items()}


@lru_cache
def _by_first() -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for form in forms():
        if len(form) > 1 or form[0] in _BEFORE:
            found.setdefault(form[0], []).append(form)
    return {word: tuple(items) for word, items in found.items()}


def _letters(text: str) -> str:
    text = unaccented(text).replace("&", " and ")
    text = _DOTTED.sub(lambda match: re.sub(r"[./\s]", "", match[0]) + " ", text)
    return _NOT_WORD.sub(" ", _APOSTROPHE.sub("", text)).strip()


@lru_cache
def _no_companies() -> frozenset[str]:
    return frozenset(lines(_DATA / "no_companies.txt"))


def no_company(name: str) -> bool:
    """Whether a company cell says that there is none: blank, marks, `N/A`, `Privat`, `なし`, in brackets or not."""
    words = " ".join(_NOT_WORD.sub(" ", unaccented(name)).split())
    return not words or words in _no_companies()


def core_name(name: str) -> str:
    """The words that tell the company from others: folded, without legal form and little words.

    A name of nothing else keeps a word (`The Company` → `company`). "" for what stands for nothing.
    """
    if no_company(name):
        return ""
    letters = _letters(_unglued(name))
    tokens = letters.split()
    while len(tokens) > 1:
        form = next((form for form in _by_last().get(tokens[-1], ()) if tuple(tokens[-len(form) :]) == form), None)
        if form is None or all(token in _NOISE for token in tokens[: -len(form)]):
            break
        tokens = tokens[: -len(form)]
    form = (
        next((form for form in _by_first().get(tokens[0], ()) if tuple(tokens[: len(form)]) == form), None)
        if tokens
        else None
    )
    if form is not None and len(form) < len(tokens):
        tokens = tokens[len(form) :]
    kept = [token for token in tokens if token not in _NOISE]
    return " ".join(kept or tokens) or letters


_ONE_FORM = {"incorporated": "inc", "corp": "inc", "corporation": "inc", "company": "inc", "co": "inc", "limited": "ltd", "limitee": "ltd", "ltee": "ltd"}  # fmt: skip
"""Spellings of one form, and forms that are mistaken for each other in North America."""


def legal_form(name: str) -> str:
    """The words of a name that say what kind of company it is, in one spelling; "" where none does."""
    core = frozenset(core_name(name).split())
    said = [word for word in _letters(_unglued(name)).split() if word not in core and word not in _NOISE]
    return " ".join(sorted({_ONE_FORM.get(word, word) for word in said}))


@lru_cache
def _signs() -> frozenset[tuple[str, ...]]:
    """The forms that show a company by themselves."""
    return frozenset(forms()) - {tuple(_letters(line).split()) for line in lines(_DATA / "no_signs.txt")}


def shows_company(text: str) -> bool:
    """Whether a text that may be anything (a person's name, a place) ends or begins as only companies' names do."""
    if _BRACKETED.search(text) or any(text.startswith(form) or text.endswith(form) for form in _GLUED):
        return True
    words = _letters(text).split()
    if len(words) < 2:
        return False
    ends = any(
        tuple(words[-len(form) :]) in _signs() for form in _by_last().get(words[-1], ()) if len(form) < len(words)
    )
    return ends or words[0] in _FIRST_ONLY
