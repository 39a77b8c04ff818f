"""Plain text: mojibake repaired where that can be undone, entities unescaped, edges trimmed."""

from __future__ import annotations

import html
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.values.parsed import Context, Parsed, no_reasons

# Two-character traces that UTF-8 read as Windows-1252 or Latin-1 leaves; only such cells are asked of ftfy.
_SUSPECT = r"[ÃÂâÅÄÐÑðŸ][\x{0080}-\x{00BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ¡-¿]|â€|Ã|ï»¿|�"
_LINK = re.compile(r"""(?i)^=\s*hyperlink\(\s*"((?:[^"]|"")*)"\s*(?:[,;]\s*"((?:[^"]|"")*)"\s*)?\)\s*$""")
_ENTITY = r"&(amp|lt|gt|quot|apos|nbsp|#\d{2,5}|#x[0-9a-fA-F]{2,5}|[a-zA-Z]{4,8});"


def texts_of(texts: np.ndarray, context: Context) -> Parsed:
    """Texts trimmed, mojibake repaired and (in short plain fields) HTML entities unescaped; both are counted."""
    parsed = long_texts(texts, context)
    plain = pa.array(parsed.values, pa.string())
    marked = np.flatnonzero(pc.match_substring_regex(plain, _ENTITY).to_numpy(zero_copy_only=False))
    unescaped = 0
    for index in marked:
        text = parsed.values[index]
        if not re.search(r"<[a-zA-Z/!]", text):
            parsed.values[index] = html.unescape(text).replace("\u00a0", " ").strip()
            unescaped += parsed.values[index] != text
    if unescaped:
        parsed.decision["entities_unescaped"] = int(unescaped)
    return parsed


def long_texts(texts: np.ndarray, context: Context) -> Parsed:
    """Texts with mojibake repaired, link formulas as what they show, and nothing else: bodies keep markup and spacing."""
    values = texts.copy()
    suspects = np.flatnonzero(
        pc.match_substring_regex(pa.array(texts, pa.string()), _SUSPECT).to_numpy(zero_copy_only=False)
    )
    repaired = 0
    for index in suspects:
        better = repair(texts[index])
        repaired += better != texts[index]
        values[index] = better
    decision = {"mojibake_repaired": int(repaired)} if repaired else {}
    plain = pa.array(values, pa.string())
    links = np.flatnonzero(pc.starts_with(plain, "=HYPERLINK(", ignore_case=True).to_numpy(zero_copy_only=False))
    for index in links:
        values[index] = link_text(values[index], named=bool(context.field))
    if len(links):
        decision["links_unwrapped"] = len(links)
    return Parsed(values, no_reasons(len(texts)), decision)


def link_text(formula: str, *, named: bool) -> str:
    """What a spreadsheet shows for `=HYPERLINK("address","label")`: its label, with the address behind it unless the
    field is `named` (a name or city takes no address); the address where there is no label."""
    found = _LINK.match(formula)
    if found is None:
        return formula
    address, label = (part.replace('""', '"').strip() for part in (found[1], found[2] or ""))
    if not label or label == address:
        return address
    return label if named else f"{label} ({address})"


def repair(text: str) -> str:
    """`text` with mojibake undone, if encoding the result the wrong way again gives `text` back; else `text`."""
    import ftfy

    if len(text) > 1_000_000:
        return text
    fixed, plan = ftfy.fix_encoding_and_explain(text)
    if fixed == text or not plan:
        return text
    return (
        fixed
        if all(step.action in ("encode", "decode", "transcode", "apply") for step in plan) and "�" not in fixed
        else text
    )
