"""Numbers, money and percentages as people and programs write them."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.values.parsed import Context, Parsed, no_reasons

SYMBOLS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₫": "VND", "₴": "UAH",
    "฿": "THB", "₱": "PHP", "zł": "PLN", "Kč": "CZK", "R$": "BRL", "C$": "CAD", "CA$": "CAD", "CDN$": "CAD", "US$": "USD",
    "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "MX$": "MXN", "Fr.": "CHF", "SFr.": "CHF",
}  # fmt: skip
"""Currency signs that name one currency. `$` and `kr` name several and stay open."""

_COMMA_COUNTRIES = frozenset(
    "AR AT BE BG BR BY CL CO CZ DE DK EE ES FI FR GR HR HU ID IS IT LT LU LV NL NO PL PT RO RS RU SE SI SK TR UA UY VN".split()
)
_PLAIN = r"^[+-]?\d+(\.\d+)?$"
_AMOUNT = re.compile(
    r"(?=(?P<pre>(?:[^\d(+\-.,]|[.,](?!\d))*))(?P=pre)(?P<open>\(?+)\s*+(?P<sign>[+-]?+)\s*+"
    r"(?=(?P<mid>(?:[^\d.,+\-]|[.,](?!\d))*))(?P=mid)(?P<body>[.,]?+\d[\d.,]*+(?:[eE][+-]?+\d++)?)(?P<post>\D*+)"
)
_GROUPS = re.compile(r"(?<=\d)[\s\u00a0\u202f\u2009'’_](?=\d{3}(?:\D|$))")
_CODE = re.compile(r"[A-Za-z]{3}")
_CODES = frozenset(
    "USD EUR GBP CAD AUD NZD CHF SEK NOK DKK PLN CZK HUF INR JPY CNY BRL MXN ZAR SGD HKD AED ILS RUB UAH RON BGN KRW THB PHP IDR MYR".split()
)
"""Currencies that a heading may name; codes that are words (`TRY`, `ALL`) are not among them."""


def decimal_comma(texts: np.ndarray, context: Context) -> tuple[bool, str]:
    """Whether the comma is the decimal mark of the column, and the evidence: values, then siblings, then country."""
    if "mark" in context.decided and context.decimal_comma is not None:
        return context.decimal_comma, "decided"
    comma = dot = 0
    for text in texts[:20_000]:
        body = re.sub(r"[^\d.,]", "", text)
        commas, dots = body.count(","), body.count(".")
        if commas and dots:
            comma, dot = (comma + 1, dot) if body.rfind(",") > body.rfind(".") else (comma, dot + 1)
        elif commas == 1 and not re.fullmatch(r"\d{1,3},\d{3}", body):
            comma += 1
        elif (dots == 1 and not re.fullmatch(r"\d{1,3}\.\d{3}", body)) or commas > 1:
            dot += 1
        elif dots > 1:
            comma += 1
    if comma != dot:
        return comma > dot, "values"
    if context.decimal_comma is not None:
        return context.decimal_comma, "other columns"
    return context.country in _COMMA_COUNTRIES, "country"


def numbers(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as float64; brackets and a trailing minus are negative; units and currency signs are set aside."""
    return _parse(texts, context, extras=("unit",))


def money(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as float64 in the currency's main unit; `extra["currency"]` holds the ISO code that a text names, else ""."""
    parsed = _parse(texts, context, extras=("currency",))
    named = currency_in(context.heading)
    if named:
        codes = parsed.extra["currency"]
        codes[(codes == "") & ~np.isnan(parsed.values)] = named
        parsed.decision["currency_from"] = "heading"
    found = sorted({code for code in parsed.extra.get("currency", ()) if code})
    if found:
        parsed.decision["currencies"] = found
    return parsed


def currency_in(heading: str) -> str:
    """The currency that a heading names (`amount_usd`, `Value (EUR)`, `Betrag in €`), or ""."""
    words = re.findall(r"[A-Za-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", heading))
    for word in words:
        if word.upper() in _CODES or (len(word) == 3 and word.isupper() and len(words) > 1 and currency_of(word)):
            return word.upper()
    signs = "".join(character for character in heading if unicodedata.category(character) == "Sc")
    return currency_of(signs) if signs else ""


def integers(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as whole numbers; a fraction is not converted."""
    parsed = _parse(texts, context, extras=())
    broken = ~np.isnan(parsed.values) & (parsed.values != np.round(parsed.values))
    parsed.values[broken] = np.nan
    parsed.reasons[broken] = "not a whole number"
    return parsed


def percents(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as 0-1. A `%` sign means hundredths; without one the column decides: any value above 1 makes it 0-100."""
    parsed = _parse(texts, context, extras=())
    signed = np.array(["%" in text for text in texts], dtype=bool)
    bare = parsed.values[~signed]
    bare = bare[~np.isnan(bare)]
    hundreds = bool((bare > 1).any()) or (len(bare) > 0 and signed.any() and not (bare < 1).any())
    values = np.where(signed | hundreds, parsed.values / 100, parsed.values)
    outside = ~np.isnan(values) & ((values < 0) | (values > 1))
    parsed.reasons[outside] = "outside 0 to 100 %"
    values[outside] = np.nan
    parsed.values = values
    parsed.decision["scale"] = "0-100" if hundreds or signed.all() else "0-1"
    return parsed


def _parse(texts: np.ndarray, context: Context, *, extras: tuple[str, ...]) -> Parsed:
    values = np.full(len(texts), np.nan)
    reasons = no_reasons(len(texts))
    extra = {name: no_reasons(len(texts)) for name in extras}
    comma, evidence = decimal_comma(texts, context)
    decision = {"decimal_mark": "," if comma else ".", "evidence": evidence}
    plain = pc.match_substring_regex(pa.array(texts, pa.string()), _PLAIN).to_numpy(zero_copy_only=False).copy()
    if comma and len(texts):  # 1.200 may be twelve hundred here: only whole numbers are beyond doubt
        plain &= ~pc.match_substring(pa.array(texts, pa.string()), ".").to_numpy(zero_copy_only=False)
    if not comma and len(texts):
        _grouped(texts, values, extra, plain)
    rest = ~plain & np.isnan(values)
    if plain.any():
        values[plain] = pc.cast(pc.utf8_ltrim(pa.array(texts[plain], pa.string()), "+"), pa.float64()).to_numpy()
    for index in np.flatnonzero(rest):
        value, unit, reason = amount(texts[index], comma)
        values[index], reasons[index] = (np.nan if value is None else value), reason
        for name in extras:
            extra[name][index] = currency_of(unit) if name == "currency" else unit
    huge = np.isinf(values)
    values[huge], reasons[huge] = np.nan, "too large a number"
    return Parsed(values, reasons, decision, extra)


def _grouped(texts: np.ndarray, values: np.ndarray, extra: dict[str, np.ndarray], plain: np.ndarray) -> None:
    """Amounts such as `$1,200.50` and `-€12.00` all at once."""
    column = pa.array(texts, pa.string())
    fits = (
        pc.match_substring_regex(column, r"^-?[$€£]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$").to_numpy(zero_copy_only=False)
        & ~plain
    )
    if not fits.any():
        return
    column = column.filter(pa.array(fits))
    values[fits] = pc.cast(pc.replace_substring_regex(column, "[$€£,]", ""), pa.float64()).to_numpy()
    for name, texts_beside in extra.items():
        for sign in "$€£":
            here = pc.match_substring(column, sign).to_numpy(zero_copy_only=False)
            texts_beside[np.flatnonzero(fits)[here]] = SYMBOLS.get(sign, "") if name == "currency" else sign


def amount(text: str, comma: bool) -> tuple[float | None, str, str]:
    """One text as (value, what stood beside the digits, reason it is not a number)."""
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    plain = _GROUPS.sub("", plain)
    if re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+", plain):
        return float(plain), "", ""
    match = _AMOUNT.fullmatch(plain)
    if not match:
        return None, "", "not a number"
    beside = " ".join(part.strip(" ()") for part in (match["pre"], match["mid"], match["post"]) if part.strip(" ()"))
    post = match["post"].strip()
    if match["body"][-1] in ".,":
        post = post.lstrip("-–—")  # 12,- is twelve and nothing after the comma
    words = re.sub(r"[\s$€£¥₹₽₺₩₪₫₴฿₱%]", "", beside)
    if len(words) > 12:
        return None, "", "text beside the number"
    trailing = post.endswith("-") or post.upper().endswith("CR")
    negative = match["sign"] == "-" or match["pre"].strip().endswith("-") or trailing or (match["open"] and ")" in post)
    value = _digits(match["body"], comma)
    if value is None:
        return None, "", "not a number"
    return (-value if negative else value), beside.rstrip("-").strip(), ""


def _digits(body: str, comma: bool) -> float | None:
    commas, dots = body.count(","), body.count(".")
    if commas and dots:
        decimal = "," if body.rfind(",") > body.rfind(".") else "."
    elif commas + dots > 1:
        decimal = ""
    elif commas or dots:
        mark = "," if commas else "."
        head, _, tail = body.partition(mark)
        grouped = len(tail) == 3 and 1 <= len(head) <= 3 and head != "0"
        decimal = mark if (mark == ",") == comma or not grouped else ""
    else:
        decimal = "."
    for mark in ",.":
        if mark != decimal:
            body = body.replace(mark, "")
    try:
        return float(body.replace(decimal, ".") if decimal else body)
    except ValueError:
        return None


def currency_of(beside: str) -> str:
    """The ISO 4217 code that the text beside an amount names, or ""."""
    from babel.numbers import list_currencies

    for word in _CODE.findall(beside):
        if len(word) == 3 and word.upper() in list_currencies():
            return word.upper()
    compact = beside.replace(" ", "")
    for symbol in sorted(SYMBOLS, key=len, reverse=True):
        if symbol in compact:
            return SYMBOLS[symbol]
    return ""
