"""Consent columns: which refusal a heading speaks of, whether it asks for a refusal or a permission, and what the values say.

A heading needs a channel (e-mail, SMS, …, or marketing as such) and a word that refuses or permits, in any order and in
any of the languages below; whole phrases of the lexicon (`opt out`, `keine werbung`) count as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from pb2hl.mapper.concepts import CONSENT_TERMS
from pb2hl.mapper.signals import Signals
from pb2hl.mapper.text import tokens

_CHANNELS = {
    "email": "email mail emails mailing mailings newsletter newsletters newslettre correo courriel courriels correos emailings emailing"
    " nieuwsbrief nyhetsbrev nyhedsbrev uutiskirje biuletyn boletin boletim infobrief rundbrief infolettre bulletin subscriber subscribed"
    " subscription рассылка рассылки рассылку рассылок メール メルマガ 邮件 邮箱 이메일 sahkoposti eposta epost zpravodaj",
    "text": "sms text texts texting smses smsy textnachricht textnachrichten смс 短信 ショートメッセージ 문자",
    "call": "call calls phone telephone telefon telefono telefone appel appels anruf anrufe llamadas telefonisch calling звонки 電話 电话",
    "fax": "fax telefax",
    "post": "post postal letter letters brief briefe courrier postalisch",
    "any": "marketing werbung werbe publicite publicitaire publicidad publicidade pubblicita reclame reklama reklam reklame promotions"
    " promotion promotional promo offers advertising kontakt contact contacto contatto contato kontaktaufnahme kommunikation communication"
    " communications comunicaciones comunicazioni comunicacoes gdpr dsgvo rgpd casl privacy datenschutz dpo markkinointi pazarlama маркетинг"
    " реклама マーケティング 营销 마케팅 lgpd avg",
}
_REFUSALS = frozenset(
    "abgelehnt abgemeldet abbestellt sperre gesperrt sperrung verboten verbot untersagt widerspruch widersprochen widerrufen"
    " refus refuse refused refusal refusee refuses oppose opposition blocked blocking bloque bloquee bloqueado bloccato blokada blokkade geblokkeerd"
    " blacklist blacklisted blocklist suppressed suppression suppress unsubscribed unsubscribe unsub optout denied declined rejected rejete"
    " revoked withdrawn objection objected forbidden prohibited stop stopped exclude excluded exclusion excluido ausgeschlossen keine kein nicht"
    " desinscrit desinscription desabonne desabonnement sans baja rechazado rechaza rechazo prohibido disiscritto disiscrizione rifiutato rifiuto"
    " recusado recusa descadastrado descadastro proibido afgemeld uitgeschreven geweigerd geen niet verzet odmowa wypisany zakaz sprzeciv sprzeciw"
    " nekad avregistrerad sparrad sparr spaerret frabedt reservasjon avslag kielto kielletty zakaz odhlasen nesouhlas yasak istemiyor engelli"
    " запрет отказ отписан отписка отписался 拒否 停止 不可 禁止 拒绝 退订 거부".split()
)
_PERMISSIONS = frozenset(
    "erlaubt erlaubnis einwilligung zustimmung eingewilligt zugestimmt einverstanden einverstandnis freigabe angemeldet anmeldung abonniert"
    " consent consented permission permitted permit allow allowed allows accept accepts accepted agree agreed agrees subscribed subscriber optin"
    " authorized authorised authorization authorisation approved ok okay accepte acceptee acceptation autorise autorisation consentement inscrit"
    " inscription abonne consentimiento acepta aceptado autoriza autorizado autorizacion permiso suscrito suscripcion consenso consente accetta"
    " accettato autorizzato autorizzazione iscritto iscrizione consentimento aceita aceito autorizacao inscrito permissao toestemming akkoord"
    " toegestaan ingeschreven aangemeld zgoda zgody zapisany samtycke samtykke godkand godkendt godkjent tilmeldt pameldt lupa suostumus tilattu"
    " souhlas izin izni izinleri onay onayi согласие согласен разрешение подписан подписка 同意 許可 購読 许可 订阅 동의".split()
)
_STEMS = ("sperre", "gesperrt", "verbot", "widerspruch", "abgelehnt", "abmeldung", "kielto"), (
    "einwilligung", "zustimmung", "erlaubnis", "anmeldung", "freigabe", "toestemming", "suostumus", "samtycke", "samtykke",
)  # fmt: skip
"""Endings of compounds (`Mailsperre`, `Werbeeinwilligung`): refusals, permissions."""

_NOT_ABOUT_CONSENT = frozenset(
    "reason ip source page form note grund motif motivo raison text url id count number author".split()
)
_STATUS = frozenset("status state statut statuto estado stato stav tila durum статус 状态 ステータス zustand".split())
_BESIDE = frozenset(
    {"reason", "ip", "source", "text", "body", "author", "updated by", "page", "form", "note", "url", "version"}
)
_WHEN = frozenset({"date", "time", "created date", "datum", "timestamp", "at", "on", "fecha", "data", "updated date"})

_FIELD = {
    "email": "email_opt_out",
    "text": "sms_opt_out",
    "any": "do_not_contact",
    "call": "custom",
    "fax": "custom",
    "post": "custom",
}
_TERM_CHANNEL = {
    "do not email": "email", "do not text": "text", "do not call": "call", "do not fax": "fax", "do not post": "post",
}  # fmt: skip
_SPACELESS = frozenset(
    word
    for word in {*_REFUSALS, *_PERMISSIONS, *" ".join(_CHANNELS.values()).split()}
    if "\u3040" <= word[0] <= "\ud7a3"
)
_WORD_CHANNEL = {word: channel for channel, words in _CHANNELS.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Consent:
    """What a column says: the canonical field it fills (`custom` where HighLevel has no such switch here), whether yes means
    permission (`inverted`), whether that had to be chosen on the strict side (`unsure`), and why."""

    field: str
    inverted: bool
    unsure: bool
    reason: str
    refusal: bool = True


def consent(heading: str, terms: frozenset[str], seen: Signals) -> Consent | None:
    """The consent that a column of contacts holds, by its heading and its values; None when it is about something else."""
    words = _words(heading)
    channel = _channel(terms, words)
    refusing = bool(terms & (CONSENT_TERMS - {"consent"})) or bool(channel and words & _REFUSALS)
    permitting = "consent" in terms or bool(channel and words & _PERMISSIONS)
    if not refusing and not permitting:
        return _by_values(terms, words, channel, seen)
    beside = terms & _BESIDE or words & _NOT_ABOUT_CONSENT
    if beside or (permitting and not refusing and terms & _WHEN):
        return Consent("custom", False, False, "said about a consent: kept beside it", refusing)
    inverted = not refusing
    field = _FIELD[channel or "any"]
    if seen.filled and field != "custom" and not _answers(seen, inverted):
        return Consent("custom", False, True, "heading says consent, its values are something else: kept", refusing)
    unsure = inverted and (channel or "any") == "any" and field != "custom"
    said = min(terms & CONSENT_TERMS, default="refusal" if refusing else "consent")
    told = "permission: no means opted out" if inverted else "refusal, loaded with the contact"
    if unsure:
        told += "; of no one channel, so whoever does not permit is not contacted at all"
    return Consent(field, inverted and field != "custom", unsure, f"heading says {said}: {told}", refusing)


def _words(heading: str) -> frozenset[str]:
    found = set(tokens(heading))
    for word in list(found):
        for stem in _STEMS[0]:
            if word.endswith(stem) and word != stem:
                found |= {stem if stem in _REFUSALS else "sperre", word.removesuffix(stem).removesuffix("s")}
        for stem in _STEMS[1]:
            if word.endswith(stem) and word != stem:
                found |= {"einwilligung", word.removesuffix(stem).removesuffix("s")}
    for word in list(found):
        if "\u3040" <= word[0] <= "\ud7a3":  # scripts without spaces: words are found inside
            found |= {known for known in _SPACELESS if known in word}
    return frozenset(found)


def _channel(terms: frozenset[str], words: frozenset[str]) -> str:
    told = [channel for term, channel in _TERM_CHANNEL.items() if term in terms]
    told += [_WORD_CHANNEL[word] for word in words if word in _WORD_CHANNEL]
    if "email" in terms:
        told.append("email")
    if "mobile" in terms:
        told.append("text" if not words & {"call", "calls"} else "call")
    for channel in ("text", "email", "call", "fax", "post", "any"):
        if channel in told:
            return channel
    return ""


def _answers(seen: Signals, permission: bool) -> bool:
    """Whether the values answer a question of consent; an unknown word may still be a refusal, but no permission."""
    if permission:
        return seen.looks("answer", at_least=0.5)
    return seen.looks("answer", at_least=0.5) or (
        seen.mean_length <= 25 and not seen.looks("email", "url", "person", "phone", at_least=0.3)
    )


def _by_values(terms: frozenset[str], words: frozenset[str], channel: str, seen: Signals) -> Consent | None:
    """A status column (`Email Status`, `Marketing status`) whose values are words of subscription."""
    if not seen.looks("consent", at_least=0.5):
        return None
    sure = bool(channel) or bool(words & _STATUS)
    field = _FIELD[channel or "any"]
    reason = "values say who is (un)subscribed: consent, never dropped"
    return (
        Consent(field, field != "custom", not channel or channel == "any", reason, False)
        if sure
        else Consent("custom", False, True, reason, False)
    )
