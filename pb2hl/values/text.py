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
    """Texts with mojibake repaired and nothing else: bodies keep their markup and spacing."""
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
    return Parsed(values, no_reasons(len(texts)), decision)


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
