"""Status words of exports, in the languages that exports come in, as HighLevel's own."""

from __future__ import annotations

import re

_DEAL = {
    "open": "open active new pending in_progress inprogress ongoing working current offen ouvert abierto aberto aperto lopend",
    "won": "won closed_won closedwon win success successful signed gewonnen gagné gagnée ganado ganada ganho vinto vinta",
    "lost": "lost closed_lost closedlost loss failed rejected dead declined verloren perdu perdue perdido perdida perso",
    "abandoned": "abandoned cancelled canceled withdrawn dropped void abgebrochen abandonné abandonado abbandonato",
}
_APPOINTMENT = {
    "new": "new requested unconfirmed pending tentative proposed angefragt vorläufig demandé solicitado",
    "confirmed": "confirmed booked scheduled accepted planned upcoming active open busy bestätigt geplant gebucht confirmé "
    "planifié prévu confirmado programado agendado confermato bevestigd gepland",
    "cancelled": "cancelled canceled declined deleted rejected abgesagt storniert abgelehnt annulé annulée cancelado cancelada "
    "annullato geannuleerd",
    "showed": "showed show attended held done complete completed finished happened erschienen stattgefunden erledigt "
    "abgeschlossen durchgeführt terminé tenu effectué realizado completado concluído completato afgerond",
    "noshow": "noshow no_show did_not_attend missed absent did_not_show did_not_arrive nicht_erschienen verpasst absente "
    "no_asistió no_asistio não_compareceu assente",
    "invalid": "invalid error ungültig invalide inválido",
}
_DONE = frozenset(
    "done complete completed closed finished resolved cancelled canceled true yes 1 x erledigt abgeschlossen fertig beendet "
    "terminé terminée fait clos clôturé hecho completado completada terminado cerrado feito concluído concluída fatto "
    "completato chiuso voltooid gereed afgerond klar färdig zrobione zakończone".split()
)


def _table(words: dict[str, str]) -> dict[str, str]:
    return {word: status for status, line in words.items() for word in line.split()}


_DEAL_WORDS, _APPOINTMENT_WORDS = _table(_DEAL), _table(_APPOINTMENT)


def _key(word: str) -> str:
    return re.sub(r"\W+", "_", word.casefold()).strip("_")


def deal_status(word: str) -> str:
    """open, won, lost or abandoned; "" for a word that says none of them."""
    return _DEAL_WORDS.get(_key(word), "")


def appointment_status(word: str) -> str:
    """HighLevel's appointmentStatus (calendars-v3.json); "" for a word that says none of them."""
    return _APPOINTMENT_WORDS.get(_key(word), "")


def is_done(word: str) -> bool:
    """Whether a task's status word says that nothing is left to do."""
    return _key(word) in _DONE
