"""E-mail addresses out of cells: `Name <a@b>`, `mailto:`, several in one cell, any case and spacing."""

from __future__ import annotations

import json
import re
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import EmailNotValidError, validate_email

from pb2hl.values.parsed import Context, Parsed, no_reasons

# What the validator accepts without doubt; everything else is asked of it one by one.
_PLAIN = r"^[a-z0-9]([a-z0-9_+-]|[.][a-z0-9_+-]){0,62}@([a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?[.]){1,3}[a-z]{2,12}$"
_TOKEN = re.compile(r"(?<![^\s<>,;|/\"'()\[\]@])[^\s<>,;|/\"'()\[\]@]++@[^\s<>,;|/\"'()\[\]]+")
_SPACED = re.compile(r"(?<!\s)\s*(@|\(at\)|\[at\]| at (?=\S{1,64} ?(?:\.|dot)))\s*", re.IGNORECASE)


def emails(texts: np.ndarray, context: Context) -> Parsed:
    """The first valid address of each text, lower-cased; `extra["more"]` lists the further ones."""
    lowered = pc.utf8_lower(pc.utf8_trim_whitespace(pa.array(texts, pa.string())))
    values = np.array(lowered.to_pylist(), dtype=object)
    reasons, more = no_reasons(len(texts)), np.full(len(texts), None, dtype=object)
    odd = np.flatnonzero(~pc.match_substring_regex(lowered, _PLAIN).to_numpy(zero_copy_only=False))
    for index in odd:
        found = addresses(texts[index])
        values[index] = found[0] if found else None
        more[index] = found[1:] or None
        if not found:
            reasons[index] = "not an e-mail address"
    return Parsed(values, reasons, {"several_in_a_cell": True} if any(more) else {}, {"more": more})


def addresses(text: str) -> list[str]:
    """Every distinct valid address in `text`, lower-cased, in order."""
    if text.startswith(("[", "{")):
        text = _flat_json(text)
    text = re.sub(r"(?i)mailto:", " ", text).replace("\u200b", "")
    found = [address for token in _TOKEN.findall(text) if (address := valid(token))]
    if (not found and "@" in text) or " at " in text.lower() or "(at)" in text.lower():
        joined = _SPACED.sub("@", text)
        found = found or [address for token in _TOKEN.findall(joined) if (address := valid(token))]
    return list(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def valid(token: str) -> str:
    """`token` as a normalised address without asking the network, or ""."""
    token = token.strip(" .:*\u00a0").split("?")[0]
    try:
        answer = validate_email(token, check_deliverability=False, globally_deliverable=False, test_environment=True)
    except EmailNotValidError:
        return ""
    if "." not in answer.domain:
        return ""
    return answer.normalized.lower()


def _flat_json(text: str) -> str:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return " ; ".join(_strings(body))


def _strings(body: object) -> list[str]:
    if isinstance(body, str):
        return [body]
    items = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return [text for item in items for text in _strings(item)]
