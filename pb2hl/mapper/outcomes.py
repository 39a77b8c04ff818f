"""Words for how a deal ended, in the major languages, and what a stage's name and probability say about it."""

from __future__ import annotations

from functools import lru_cache

from pb2hl.mapper.text import fold, tokens

_WORDS = {
    "won": "won, win, closed won, close won, deal won, success, successful, signed, gewonnen, gagne, gagnee, remporte, ganado, ganada,"
    " vinto, vinta, ganho, ganha, wygrane, wygrana, vunnet, vundet, vunnen, voitettu, выиграно, успешно, 受注, 赢单, closed sold, sold, retained,"
    " abschluss erfolgreich, cerrado ganado, cerrada ganada, chiuso vinto, fechado ganho, ferme gagne, clos gagne, gewonnen gesloten, closed converted, erfolgreich",
    "lost": "lost, lose, closed lost, close lost, deal lost, fail, failed, rejected, declined, verloren, perdu, perdue, perdido, perdida,"
    " perso, persa, przegrane, przegrana, tapt, tabt, forlorad, havitty, проиграно, 失注, 输单, cerrado perdido, cerrada perdida, chiuso perso,"
    " fechado perdido, ferme perdu, clos perdu, verloren gesloten, absage, refuse, unqualified, disqualified, not interested, no deal",
    "abandoned": "abandoned, cancelled, canceled, withdrawn, dropped, void, stale, abandonne, annule, abgebrochen, storniert, abandonado,"
    " cancelado, abbandonato, annullato, geannuleerd, porzucone, anulowane, dead",
    "open": "open, active, new, pending, in progress, ongoing, working, ouvert, ouverte, en cours, offen, laufend, abierto, abierta,"
    " en curso, aperto, aperta, in corso, aberto, aberta, em andamento, em aberto, lopend, otwarte, otwarta, oppen, aben, открыта, 進行中",
}


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, ...], str]:
    return {tokens(word): outcome for outcome, words in _WORDS.items() for word in words.split(", ")}


def outcome_of(word: str) -> str:
    """open, won, lost or abandoned for a status word of any case and language; "" when it says none of them."""
    return _table().get(tokens(word), "")


def stage_outcome(stage: str, declared: str = "") -> str:
    """How a deal in `stage` stands: what the pipeline declares, else what the stage's own name says ("" when neither)."""
    said = outcome_of(declared)
    if said:
        return said
    own = outcome_of(stage)
    return own if own in ("won", "lost", "abandoned") else ""


def same(one: str, other: str) -> bool:
    """Whether two names are one name for HighLevel: case and outer or doubled spaces do not matter."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def plain(text: str) -> str:
    """A name as it is compared: folded words, single spaces."""
    return " ".join(tokens(text)) or fold(text).strip()
