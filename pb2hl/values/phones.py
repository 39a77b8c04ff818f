"""Phone numbers as E.164, through libphonenumber; national numbers take the row's country, else the workspace's."""

from __future__ import annotations

import json
import re

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import PhoneNumberFormat

from pb2hl.values import phone_patterns
from pb2hl.values.parsed import Context, Parsed, no_reasons

_EXTENSION = re.compile(
    r"(?i)(?:;ext=|\b(?:ext(?:ension)?|poste|durchwahl|dw|anexo|ramal|int(?:erno)?|x)\b[.:#]?\s*|(?<=\d)\s*x\s*|#\s*)(\d{1,7})\s*$"
)
_FLOAT = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{1,2}|\d{7,15}\.0+")
_SEVERAL = re.compile(r":{2,}|;|\||\n|,|\bor\b|\bou\b|\boder\b| / |/(?=\s{0,8}\+)|\s{3,}")
_FAX = re.compile(
    r"(?i)(?<![^\W_])(?:tele)?fax|\bfacsimile|\bt[ée]l[ée]copie|\(f\)|\bf:|传真|傳真|ファックス|팩스|факс"
)
_NUMBER_KEYS = ("canonicalForm", "number", "value", "phone", "phone_number", "phoneNumber", "original_phone_number")
_SCHEME = re.compile(r"^(?:tel|phone|sms|whatsapp|mobile|p):\s?", re.IGNORECASE)
"""What exports write before a number: a scheme of links, or as lead forms do (`p:+15550100`)."""
_OLD_MEXICAN = re.compile(r"^\s*\+?52[ -]?1[ -]?(?=(?:\d[ -]?){10}$)")
"""Mexican mobiles with the 1 that was dropped in 2019, which messengers still write."""
_EXAMPLES = re.compile(r"44 (?:7700900|1632960|8081570|9098790|3069990)\d{3}$")
"""Ofcom's numbers for use in drama that libphonenumber knows as no numbers."""
_PLAIN_NANP = r"^(\+?1[\s.-]?)?(\([2-9]\d{2}\)|[2-9]\d{2})[\s./-]{0,2}[2-9]\d{2}[\s./-]?\d{4}$"


def phones(texts: np.ndarray, context: Context, row_countries: np.ndarray | None = None) -> Parsed:
    """The first valid number of each text as E.164; `extra`: `extension`, and `more` with further numbers.

    `row_countries` are alpha-2 codes ("" where the row names none).
    """
    reasons = no_reasons(len(texts))
    extension, more = no_reasons(len(texts)), np.full(len(texts), None, dtype=object)
    regions = np.full(len(texts), context.country, dtype=object)
    if row_countries is not None:
        regions = np.where(row_countries != "", row_countries, regions)
    values = phone_patterns.decided(texts, regions)
    shaped = _hopeless(texts, regions)
    for index in [at for at, value in enumerate(values) if value is None]:
        if shaped[index]:
            reasons[index] = f"not a valid phone number ({regions[index]})"
            continue
        found = numbers(texts[index], regions[index])
        if not found:
            fax = " but a fax number" if _FAX.search(texts[index]) else ""
            reasons[index] = f"not a valid phone number ({regions[index]}){fax}"
            continue
        values[index], extension[index] = found[0]
        more[index] = [number + (f" x{ext}" if ext else "") for number, ext in found[1:]] or None
    for index, found_number in _international(texts, regions, values).items():
        values[index], reasons[index] = found_number, ""
    return Parsed(values, reasons, {"country": context.country}, {"extension": extension, "more": more})


_BARE = r"^[1-9]\d{9,14}$"
_MOSTLY, _SURELY, _FEW = 0.5, 0.8, 3
_LONG = len("+4915112345678")
"""What is longer is no number of the own country, though its plan would allow it."""


def _international(texts: np.ndarray, regions: np.ndarray, values: np.ndarray) -> dict[int, str]:
    """What bare digits are in a column that writes country codes without `+` ({position: E.164}): most begin with the code of their
    own country, or none of several is a number there; each is then one of the country that it begins with."""
    bare = np.flatnonzero(pc.match_substring_regex(pa.array(texts, pa.string()), _BARE).to_numpy(zero_copy_only=False))
    codes = {region: str(phonenumbers.country_code_for_region(region) or "-") for region in set(regions[bare].tolist())}
    rest = [at for at in bare.tolist() if values[at] != f"+{texts[at]}"]
    coded = [at for at in rest if texts[at].startswith(codes[regions[at]]) and number(f"+{texts[at]}", regions[at])]
    own = len(bare) - len(rest) + len(coded)
    national = [at for at in set(rest).difference(coded) if values[at]]
    if not rest or (own < _MOSTLY * len(bare) and (national or len(bare) < (2 if own else _FEW))):
        return {}
    if own < _SURELY * len(bare):
        rest = [at for at in rest if at not in national or len(values[at]) > _LONG]
    found = {at: parsed[0] for at in rest if (parsed := number(f"+{texts[at]}", regions[at]))}
    return found if own or len(found) == len(rest) else {}


def _hopeless(texts: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """North American numbers of ten digits that no pattern of the library took: it has nothing more to say about them."""
    shaped = pc.match_substring_regex(pa.array(texts, pa.string()), _PLAIN_NANP).to_numpy(zero_copy_only=False)
    return shaped & np.isin(regions.astype(str), phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])


def numbers(text: str, region: str) -> list[tuple[str, str]]:
    """Every distinct valid number in `text` as (E.164, extension digits), in order."""
    if text.startswith("["):
        text = _flat_json(text)
    if not _FAX.search(text) and (whole := number(text, region)):
        return [whole]
    parts = _SEVERAL.split(text)
    found = [parsed for part in parts if part and not _FAX.search(part) and (parsed := number(part, region))]
    if not found and "/" in text:
        found = [parsed for part in text.split("/") if not _FAX.search(part) and (parsed := number(part, region))]
    return list(dict(found).items())


def number(text: str, region: str) -> tuple[str, str] | None:
    """One number as (E.164, extension), or None when it is not valid."""
    text = _SCHEME.sub("", text.strip()).replace("\u202c", "").replace("\u202d", "").lstrip("'")
    if _FLOAT.fullmatch(text.replace(",", ".")):
        text = _whole(text.replace(",", "."))
    extension = ""
    if match := _EXTENSION.search(text):
        text, extension = text[: match.start()], match[1]
    text = re.sub(r"\(0\)", "", text) if text.lstrip().startswith(("+", "00", "(+")) else text
    if text.lstrip().startswith("00"):
        text = "+" + text.lstrip()[2:]
    if region == "MX" or text.lstrip().startswith("+"):
        text = _OLD_MEXICAN.sub("+52", text)
    for candidate in _candidates(text, region):
        try:
            parsed = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed) or _of_examples(parsed):
            return phonenumbers.format_number(parsed, PhoneNumberFormat.E164), extension or parsed.extension or ""
    return None


def _of_examples(parsed: phonenumbers.PhoneNumber) -> bool:
    """Whether a number is of a range that its country keeps for drama and examples: nobody's, and shaped as any other."""
    return bool(_EXAMPLES.match(f"{parsed.country_code} {parsed.national_number}"))


def _whole(text: str) -> str:
    """The digits of a number that a spreadsheet turned into a float, or "" when it cut some off: we do not invent them."""
    mantissa, _, exponent = text.lower().partition("e")
    shown = len(mantissa.replace(".", ""))
    if exponent and shown < int(exponent) + 1:
        return ""
    return str(int(float(text)))


def _candidates(text: str, region: str) -> list[str]:
    digits = re.sub(r"\D", "", text)
    if len(digits) > 18 or len(text) > 60:
        return []
    if text.lstrip().startswith("+"):  # says its country: cut short it is no number, and none of the own country
        return [text]
    code = str(phonenumbers.country_code_for_region(region) or "")
    with_code = [f"+{digits}"] if code and digits.startswith(code) else []
    return [
        text,
        *with_code,
        *([f"0{digits}"] if region in ("GB", "DE", "FR", "AU", "IT") and digits and digits[0] != "0" else []),
    ]


def _flat_json(text: str) -> str:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(body, list):
        return text
    return " ; ".join(_of_item(item) if isinstance(item, dict) else str(item) for item in body)


def _of_item(item: dict) -> str:
    """The number of one item of a JSON list, with what the item says it is."""
    kind = str(item.get("type") or item.get("label") or item.get("kind") or "")
    number = next((str(item[key]) for key in _NUMBER_KEYS if item.get(key)), "")
    return f"fax {number}" if _FAX.search(kind) else number
