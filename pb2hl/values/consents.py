"""Refusals and permissions: what an opt-out, opt-in or subscription column says of each person, on the strict side.

A word such as `unsubscribed` means the same in every column; `yes`, `x` or a date mean what the column asks: a refusal in
an opt-out column, a permission in an opt-in column (`inverted`). A text that says neither counts as a refusal and is told.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.parsed import Context, Parsed, no_reasons
from pb2hl.values.statuses import word_key

FIELDS = frozenset({"do_not_contact", "email_opt_out", "sms_opt_out", "call_opt_out"})
"""Canonical fields that hold a refusal."""

REFUSED = (
    "unsubscribed, unsubscribe, unsub, opted out, opt out, optout, optedout, has opted out, do not email, do not contact, do not mail,"
    " do not send, do not call, do not text, do not sms, do not market, do not disturb, do not allow, not allowed, disallowed, dnd, dnc,"
    " blocked, blacklisted, blocklisted, suppressed, bounced, hard bounce, hard bounced, soft bounced, complained, complaint, spam, abuse,"
    " cleaned, undeliverable, stop, stopped, revoked, withdrawn, objected, not subscribed, non subscribed, nonsubscribed, never subscribed,"
    " not opted in, no opt in, no consent, not consented, no permission, not permitted, prohibited, non marketing contact, non marketing,"
    " abgemeldet, abbestellt, ausgetragen, widerrufen, widersprochen, widerspruch, gesperrt, nicht erlaubt, nicht angemeldet, keine werbung,"
    " keine einwilligung, kein kontakt, desinscrit, desinscrite, desabonne, desabonnee, non abonne, non inscrit, bloque, bloquee, oppose,"
    " ne pas contacter, sans consentement, dado de baja, de baja, baja, no suscrito, no suscrita, bloqueado, sin consentimiento,"
    " no contactar, disiscritto, disiscritta, non iscritto, bloccato, revocato, negato, descadastrado, descadastrada, descadastrou,"
    " nao inscrito, nao contatar, revogado, uitgeschreven, afgemeld, geblokkeerd, niet ingeschreven, geen toestemming, wypisany, wypisana,"
    " brak zgody, zablokowany, wycofana, avregistrerad, avanmald, blockerad, frameldt, afmeldt, spaerret, avmeldt, reservert, kielletty,"
    " estetty, odhlaseno, odhlasen, bez souhlasu, abonelikten cikti, engelli, отписан, отписана, отписался, отписалась, отказался,"
    " нет согласия, не подписан, 配信停止, 配信拒否, 購読解除, 拒否, 停止, オプトアウト, 退订, 已退订, 拒绝, 수신거부, 거부"
)
"""Words that are a refusal in whatever column they stand (an address that bounces must not be written to either)."""

GIVEN = (
    "subscribed, opted in, opt in, optin, optedin, double opt in, single opt in, confirmed opt in, consented, allow, allowed, permitted,"
    " do allow, marketing contact, express consent, implied consent, consent given, angemeldet, eingewilligt, eingetragen, erlaubt,"
    " abonniert, einwilligung erteilt, inscrit, inscrite, abonne, abonnee, autorise, autorisee, suscrito, suscrita, permitido, autorizado,"
    " autorizada, iscritto, iscritta, consentito, autorizzato, inscrito, inscrita, ingeschreven, aangemeld, toegestaan, zapisany, zapisana,"
    " zgoda udzielona, anmald, prenumererar, tilmeldt, pameldt, samtykket, tilattu, sallittu, prihlasen, prihlaseno, abone, izinli,"
    " подписан, подписана, согласен, согласна, разрешено, 配信中, 購読中, 許可, 同意, オプトイン, 已订阅, 订阅, 수신동의, 동의"
)
"""Words that are a permission in whatever column they stand."""

_YES = (
    "active, aktiv, actif, activo, ativo, attivo, confirmed, enabled, granted, given, accepted, agreed, ok, okay, erteilt, zugestimmt,"
    " einverstanden, bestatigt, accepte, acceptee, confirme, d accord, aceptado, acepta, acepto, confirmado, aceito, aceita, accettato,"
    " accetto, akkoord, geaccepteerd, zgoda, godkand, godkendt, accepteret, godkjent, hyvaksytty, souhlas, onayli, var, 可, 希望する, 希望, 受信する, 配信する, согласие, да, checked"
)
_NO = (
    "inactive, inaktiv, inactif, inactivo, inativo, inattivo, disabled, denied, declined, refused, rejected, cancelled, canceled, abgelehnt,"
    " nicht erteilt, refuse, refusee, rechazado, rechaza, recusado, rifiutato, geweigerd, afgewezen, odmowa, nekad, avbojd, afvist, avslatt,"
    " hylatty, odmitnuto, reddedildi, yok, 不可, 希望しない, 受信しない, 配信しない, отказ, нет, unchecked, none, never"
)
_OWN_WORDS = frozenset(
    {"subscribed", "unsubscribed", "opted-in", "opted-out", "open", "pending", "offen", "ouvert", "abierto", "abierta"}
)
_DATE = re.compile(
    r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|^\d{1,2}[. -]+[^\W\d_]{3,9}\.?[, -]+\d{2,4}"
    r"|^[^\W\d_]{3,9}\.? \d{1,2}(st|nd|rd|th)?,? \d{4}|^1\d{9}(\d{3})?(\.0+)?$|^\d{4}年"
)
_NO_DATE = re.compile(r"^(0000-00-00|1900-01-0[01]|0001-01-01|1970-01-01)")


@cache
def _words() -> dict[str, str]:
    """Every word → refused, given, yes or no."""
    table: dict[str, str] = {}
    for meaning, words in (("refused", REFUSED), ("given", GIVEN), ("yes", _YES), ("no", _NO)):
        for word in words.split(","):
            table.setdefault(word_key(word), meaning)
    for meaning, plain in (("yes", TRUE), ("no", FALSE)):
        for word in plain - _OWN_WORDS:
            table.setdefault(word_key(word), meaning)
    return table


@cache
def _phrases() -> tuple[tuple[str, str], ...]:
    """Refusals before permissions, as they are looked for inside longer texts (`Opted out via link`)."""
    table = _words()
    return tuple(
        (word, table[word])
        for meaning in ("refused", "given")
        for word in table
        if table[word] == meaning and len(word) > 4
    )


def says(text: str) -> str:
    """refused, given, yes, no, date or "" (nothing of these) for one text of a consent column."""
    plain = text.strip().strip("'\"[]().!")
    key = word_key(plain)
    if key in _words():
        return _words()[key]
    if _NO_DATE.match(plain):
        return "no"
    if _DATE.match(plain):
        return "date"
    padded = f" {key} "
    return next((meaning for phrase, meaning in _phrases() if f" {phrase} " in padded), "")


def refusals(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as True (refused) or False. `context.inverted` for a column that asks for permission.

    `decision` has `consent_unclear` (texts that say neither: taken as refusals) and, for permissions that only ever say
    yes, `blank_refuses`: there an empty cell is a permission that nobody gave.
    """
    values = np.empty(len(texts), dtype=object)
    unclear, meanings = [], set()
    for at, text in enumerate(texts):
        meaning = says(text)
        meanings.add(meaning)
        if meaning in ("yes", "no", "date"):
            values[at] = (meaning != "no") != context.inverted
        else:
            values[at] = meaning != "given"
            if not meaning:
                unclear.append(text)
    decision: dict[str, object] = {"inverted": True} if context.inverted else {}
    if unclear:
        decision["consent_unclear"] = sorted(unclear)[:50]
    if context.inverted and meanings and meanings <= {"yes", "date", "given"}:
        decision["blank_refuses"] = True
    return Parsed(values, no_reasons(len(texts)), decision)
