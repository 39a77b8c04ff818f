"""Time zones: IANA names, Windows names, offsets, and abbreviations; and what a heading says about one."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

import numpy as np
from babel import Locale
from babel.core import get_global

from pb2hl.values.fold import fold
from pb2hl.values.parsed import Context, Parsed, one_by_one

ABBREVIATIONS = {
    "UTC": 0, "GMT": 0, "Z": 0, "HNE": -300, "HAE": -240, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150, "WET": 0,
    "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180,
    "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660, "ACST": 570, "ACDT": 630, "AWST": 480, "NZST": 720, "NZDT": 780,
}  # fmt: skip
"""Minutes east of UTC. Abbreviations with two common meanings (IST, …) are left out on purpose."""

_ZONE_OF_WORD = {
    "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York", "eastern": "America/New_York",
    "cst": "America/Chicago", "cdt": "America/Chicago", "ct": "America/Chicago", "central": "America/Chicago",
    "mst": "America/Denver", "mdt": "America/Denver", "mt": "America/Denver", "mountain": "America/Denver",
    "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles", "pacific": "America/Los_Angeles",
    "ast": "America/Halifax", "adt": "America/Halifax", "atlantic": "America/Halifax", "nst": "America/St_Johns",
    "cet": "Europe/Berlin", "cest": "Europe/Berlin", "mez": "Europe/Berlin", "mesz": "Europe/Berlin", "bst": "Europe/London",
    "wet": "Europe/Lisbon", "eet": "Europe/Athens", "jst": "Asia/Tokyo", "kst": "Asia/Seoul", "aest": "Australia/Sydney",
    "aedt": "Australia/Sydney", "nzst": "Pacific/Auckland", "nzdt": "Pacific/Auckland", "hne": "America/Toronto", "hae": "America/Toronto", "utc": "UTC", "gmt": "UTC", "z": "UTC", "zulu": "UTC",
}  # fmt: skip
_CANADIAN = {
    "America/New_York": "America/Toronto",
    "America/Chicago": "America/Winnipeg",
    "America/Denver": "America/Edmonton",
    "America/Los_Angeles": "America/Vancouver",
}
_LOCAL_WORDS = r"lokal tid|lokaltid|czas lokalny|paikallinen aika|místní čas|yerel saat|helyi idő|hora oficial|hora locale|местн\w* врем\w*|ortszeit|lokal(?:zeit)?|local(?: time)?|heure locale|hora local|ora locale|lokale tijd|hora do local|местное(?: время)?|现地时间|現地時間|当地时间"
_REGION = re.compile(r"(eastern|central|mountain|pacific|atlantic)( standard| daylight)?( time)?", re.IGNORECASE)
_OFFSET = re.compile(r"^\(?(?:UTC|GMT)?\s*([+\-−])(\d{1,2})(?::?(\d{2}))?\)?$", re.IGNORECASE)


def timezones(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as IANA names; a bare offset becomes the fixed `Etc/GMT` zone where one exists."""
    values, reasons = one_by_one(
        texts, lambda text: (z, "") if (z := zone(text, context.country)) else (None, "unknown time zone")
    )
    return Parsed(values, reasons)


def zone(text: str, country: str = "") -> str:
    """The IANA name that `text` means, or ""."""
    plain = text.strip()
    if found := _iana().get(plain.casefold().replace(" ", "_")):
        return found
    if found := _windows().get(plain.casefold()):
        return found
    bracketed = re.match(r"^\((?:UTC|GMT)[^)]*\)\s*(.*)$", plain, re.IGNORECASE)
    if bracketed and bracketed[1] and (found := zone(bracketed[1], country)):
        return found
    bare = re.sub(r"(?<!\s)\s*\([^()]*\)$", "", plain) if not bracketed else plain
    words = bare.casefold().replace("standard", "").replace("daylight", "").replace("time", "").split()
    if len(words) == 1 and words[0] in _ZONE_OF_WORD:
        found = _ZONE_OF_WORD[words[0]]
        return _CANADIAN.get(found, found) if country == "CA" else found
    if found := _spoken().get(_said(plain)):
        return found
    for part in plain.split(",") if "," in plain else ():
        name = fold(part).replace(" ", "_")
        if found := _iana().get(name) or _cities().get(name):
            return found
    minutes = offset_minutes(plain if not bracketed else plain[1 : plain.index(")")])
    if minutes is None:
        return _cities().get(plain.casefold().replace(" ", "_"), "")
    if minutes % 60 == 0 and -12 <= minutes // 60 <= 14:
        return "UTC" if minutes == 0 else f"Etc/GMT{'-' if minutes > 0 else '+'}{abs(minutes) // 60}"
    return {
        330: "Asia/Kolkata",
        345: "Asia/Kathmandu",
        570: "Australia/Darwin",
        -210: "America/St_Johns",
        210: "Asia/Tehran",
    }.get(minutes, "")


def offset_minutes(text: str) -> int | None:
    """Minutes east of UTC that an offset or abbreviation says; None when it says none."""
    plain = text.strip().strip("()[]")
    if plain.upper() in ABBREVIATIONS:
        return ABBREVIATIONS[plain.upper()]
    match = _OFFSET.match(plain)
    if not match:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return None if minutes > 14 * 60 or int(match[3] or 0) > 59 else -minutes if match[1] in "-−" else minutes


def heading_zone(heading: str, country: str = "") -> str:
    """The zone a heading states: an IANA name, `local` for the workspace's own, or "" when it says nothing."""
    text = heading.replace("_", " ")
    if re.search(rf"(?i)\b({_LOCAL_WORDS})\b", text):
        return "local"
    bracketed = re.findall(r"[(\[]([^(\[)\]]+)[)\]]", heading)
    for part in (*bracketed, heading.split()[-1] if heading.split() else ""):
        says = "/" in part or part.upper().strip() in ABBREVIATIONS or offset_minutes(part) is not None
        says |= part in bracketed and _REGION.fullmatch(part.strip()) is not None
        if says and (found := zone(part, country)):
            return found
    if re.search(r"(?i)(?:^|[\s_.\-])(utc|gmt)$", heading) or re.search(r"[a-z](UTC|GMT)$", heading):
        return "UTC"
    return ""


def without_zone(heading: str) -> str:
    """A heading without what it says about a time zone (`Due (UTC)` → `Due`); as it is when nothing else would be left."""
    plain = re.sub(r"[(\[][^(\[)\]]*[)\]]", lambda part: " " if heading_zone(f"x {part[0]}") else part[0], heading)
    plain = re.sub(rf"(?i)\b({_LOCAL_WORDS})\b", " ", plain)
    plain = re.sub(r"(?i)(?<=[\s_.\-])(utc|gmt)$", "", plain)
    plain = re.sub(r"(?<=[a-z])(UTC|GMT)$", "", plain)
    return plain if plain.strip(" _.-()[]") else heading


@cache
def _iana() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if "/" in name or name in ("UTC", "GMT")}


@cache
def _cities() -> dict[str, str]:
    """Cities that one zone alone is named after."""
    found: dict[str, str] = {}
    for name in sorted(available_timezones()):
        if name.split("/")[0] in ("America", "Europe", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian"):
            found.setdefault(name.rsplit("/", 1)[-1].casefold(), name)
    return found


_MAIN = {
    "America_Eastern": "America/New_York", "America_Central": "America/Chicago", "America_Mountain": "America/Denver",
    "America_Pacific": "America/Los_Angeles", "Atlantic": "America/Halifax", "Alaska": "America/Anchorage", "Newfoundland": "America/St_Johns",
    "Hawaii_Aleutian": "Pacific/Honolulu", "Europe_Central": "Europe/Berlin", "Europe_Eastern": "Europe/Athens",
    "Europe_Western": "Europe/Lisbon", "Moscow": "Europe/Moscow", "India": "Asia/Kolkata", "Japan": "Asia/Tokyo", "Korea": "Asia/Seoul",
    "China": "Asia/Shanghai", "Singapore": "Asia/Singapore", "Hong_Kong": "Asia/Hong_Kong", "Israel": "Asia/Jerusalem", "Gulf": "Asia/Dubai",
    "Australia_Eastern": "Australia/Sydney", "Australia_Western": "Australia/Perth", "New_Zealand": "Pacific/Auckland",
    "Brasilia": "America/Sao_Paulo", "Argentina": "America/Argentina/Buenos_Aires", "Africa_Southern": "Africa/Johannesburg",
}  # fmt: skip
"""The zone that CLDR's name of a group of zones stands for (the same choices as for abbreviations)."""


def _said(name: str) -> str:
    return " ".join(name.casefold().replace("’", "'").split())


@cache
def _spoken() -> dict[str, str]:
    """Names of time zones as people say them in the major languages (`Mitteleuropäische Zeit`)."""
    found: dict[str, str] = {}
    for language in (
        "en",
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "sv",
        "da",
        "nb",
        "fi",
        "pl",
        "cs",
        "ru",
        "tr",
        "ja",
        "zh",
        "ko",
    ):
        for group, names in Locale.parse(language).meta_zones.items():
            for name in names.get("long", {}).values() if group in _MAIN else ():
                found.setdefault(_said(str(name)), _MAIN[group])
    return found


@cache
def _windows() -> dict[str, str]:
    return {name.casefold(): value for name, value in get_global("windows_zone_mapping").items()}
