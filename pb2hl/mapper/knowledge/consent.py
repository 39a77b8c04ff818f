"""Consent columns: which refusal a heading speaks of, whether it asks for a refusal or a permission, and what the values say.

A heading needs a channel (e-mail, SMS, …, or marketing as such) and a word that refuses or permits, in any order and in
any of the languages below; whole phrases of the lexicon (`opt out`, `keine werbung`) count as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

from pb2hl.mapper.knowledge.concepts import CONSENT_TERMS
from pb2hl.mapper.knowledge.lists import heading_words, listed, sections
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import meaning_words, phrases, tokens

_FIELD = {
    "email": "email_opt_out",
    "text": "sms_opt_out",
    "call": "call_opt_out",
    "any": "do_not_contact",
    "voicemail": "call_opt_out",
    "whatsapp": "whatsapp_opt_out",
    "facebook": "facebook_opt_out",
    "google": "google_opt_out",
    "instagram": "custom",
    "fax": "custom",
    "post": "custom",
}
_TERM_CHANNEL = {
    "do not email": "email", "do not text": "text", "do not call": "call", "do not fax": "fax", "do not post": "post",
}  # fmt: skip
_REFUSALS = listed("consent_headings", "refusals")
_PERMISSIONS = listed("consent_headings", "permissions")
_MEDIA = listed("consent_headings", "media")
_WISHES = listed("consent_headings", "wishes")
_MODALS = listed("consent_headings", "modals")
_AFTER_MODALS = listed("consent_headings", "after modals")
_NEGATIONS = listed("consent_headings", "negations")
_LACKING = tuple(listed("consent_headings", "lacking"))
_NOT_ABOUT_CONSENT = listed("consent_headings", "not about consent")
_OTHER_PURPOSES = listed("consent_headings", "other purposes")
_STATUS = listed("consent_headings", "status")
_BESIDE = listed("consent_headings", "beside")
_WHEN = listed("consent_headings", "when")
_DATE_ENDINGS = listed("consent_headings", "date endings")
_REFUSING = listed("consent_headings", "refusing endings")
_PERMITTING = listed("consent_headings", "permitting endings")
_WORD_CHANNEL = {
    word: section.removeprefix("channel ")
    for section, listed in sections("consent_headings").items()
    if section.startswith("channel ")
    for word in listed
}
_SPACELESS = frozenset(
    word for word in {*_REFUSALS, *_PERMISSIONS, *_WISHES, *_WORD_CHANNEL} if "\u3040" <= word[0] <= "\ud7a3"
)


_OWN_CHANNELS = frozenset({"whatsapp", "facebook", "instagram", "google", "voicemail"})
"""Channels whose refusal closes no e-mail, SMS or call (voice mail is a call)."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a column says: the canonical field it fills (`custom` where HighLevel has no such switch here), whether yes means
    permission (`inverted`), whether that had to be chosen on the strict side (`unsure`), and why. `waits`: a person must say whether it is consent at all."""

    field: str
    inverted: bool
    unsure: bool
    reason: str
    refusal: bool = True
    waits: bool = False


def consent(heading: str, terms: frozenset[str], seen: Signals) -> Consent | None:
    """The consent that a column of contacts holds, by its heading and its values; None when it is about something else."""
    order = tokens(heading)
    words = _words(order)
    channel = _channel(terms, words)
    refusing, permitting, wishing = _asks(order, words, terms, channel)
    refusing = refusing or (seen.looks("answer", at_least=0.8) and _bare_no(order, channel))
    permitting = permitting or (not refusing and "main" not in terms and _promotes(words, channel, seen))
    if not (refusing or permitting) or (wishing and seen.filled and not seen.looks("answer", at_least=0.5)):
        return _by_values(terms, words, channel, seen)
    elsewhere = bool(words & _OTHER_PURPOSES) and channel in ("", "any")  # to photos, to treatment
    if elsewhere or _beside(words, terms, channel) or (permitting and not refusing and _when(order, terms)):
        return Consent("custom", False, False, "said about a consent: kept beside it", refusing)
    inverted = not refusing
    field = _FIELD[channel or "any"]
    if seen.filled and field != "custom" and not _answers(seen, inverted):
        return Consent("custom", False, True, "heading says consent, its values are something else: kept", refusing)
    unsure = inverted and (channel or "any") == "any" and field != "custom"
    asked = words & (_PERMISSIONS | _REFUSALS) or any(phrases().get((word,)) == "consent" for word in words)  # `GDPR`
    flag = inverted and "marketing" in words and not asked and not _subscribes(seen)
    said = min(terms & CONSENT_TERMS, default="refusal" if refusing else "consent")
    if field == "custom" and channel in _OWN_CHANNELS:
        told = f"consent to {channel}, of which HighLevel has no channel: closes no other until a person says which"
        return Consent("custom", False, True, told, refusing)
    if field == "custom":
        reason = "consent, kept as a field: HighLevel has no such switch"
    else:
        reason = "consent, no means opted out" if inverted else "consent, a refusal loaded with the contact"
    if unsure:
        reason += "; of no one channel, so whoever does not permit is not contacted at all"
    if flag and channel in ("", "any"):
        reason += "; a flag of marketing may be something else than a permission"
    return Consent(
        field,
        inverted and field != "custom",
        unsure,
        f"heading says {said}: {reason}",
        refusing,
        flag and channel in ("", "any"),
    )


def _subscribes(seen: Signals) -> bool:
    """Whether values are words of subscription, and not those of a flag (`Marketing contact`)."""
    flags = any("marketing" in text.casefold() for text in seen.examples)
    return seen.looks("consent", at_least=0.5) and not flags


def _asks(
    order: tuple[str, ...], words: frozenset[str], terms: frozenset[str], channel: str
) -> tuple[bool, bool, bool]:
    """Whether a heading refuses, whether it permits, and whether only words of wishing (`receives`, `can be`) say so."""
    refuses = bool(terms & (CONSENT_TERMS - {"consent"})) or bool(channel and words & _REFUSALS)
    permits = "consent" in terms or bool(channel and words & _PERMISSIONS)
    wishes = bool(channel) and (bool(words & _WISHES) or _modal(order))
    negated = any(word in _NEGATIONS for word in order[:-1]) or "".join(order[-1:]).endswith(_LACKING)
    negated = negated or (
        channel in _OWN_CHANNELS and order[-1] in _NEGATIONS - {"no"}
    )  # `WhatsApp nein`, but `WhatsApp No`
    if negated and channel in _OWN_CHANNELS:
        return True, False, False
    if (permits or wishes) and negated:
        return True, False, not permits and not refuses
    return refuses, permits or wishes, wishes and not permits and not refuses


def _bare_no(order: tuple[str, ...], channel: str) -> bool:
    """Whether a heading says no to a channel and nothing else (`ej_sms`, `no calls`)."""
    if channel in ("", "any"):
        return False  # who was not contacted refused nothing
    said = [word for word in meaning_words(order) if word not in _NEGATIONS]
    return (
        bool(order)
        and order[0] in _NEGATIONS
        and bool(said)
        and all(_WORD_CHANNEL.get(word) == channel for word in said)
    )


def _promotes(words: frozenset[str], channel: str, seen: Signals) -> bool:
    """Whether a column of yes and no is called after advertising by one channel (`PromotionalEmails`)."""
    advertises = any(_WORD_CHANNEL.get(word) == "any" for word in words)
    return channel not in ("", "any") and advertises and seen.looks("answer", at_least=0.8)


def _modal(order: tuple[str, ...]) -> bool:
    follows = itertools.pairwise(order)
    return any(word in _MODALS and (after in _AFTER_MODALS or after in _WORD_CHANNEL) for word, after in follows)


def _beside(words: frozenset[str], terms: frozenset[str], channel: str) -> bool:
    """Whether a heading speaks about a consent (its reason, page or wording) instead of being it."""
    beside = (terms & _BESIDE) | (words & _NOT_ABOUT_CONSENT)
    if channel == "text" and not words & {"consent", "gdpr", "dsgvo", "rgpd"}:
        beside -= {"text", "body"}  # `OK to text`: the channel, not the wording of a consent
    return bool(beside)


def _when(order: tuple[str, ...], terms: frozenset[str]) -> bool:
    return bool(terms & _WHEN) or order[-1] in _DATE_ENDINGS


def _words(order: tuple[str, ...]) -> frozenset[str]:
    found = set(order)
    if "whats" in found:
        found.add("whatsapp")  # `WhatsApp` is two words in camel case
    for word in order:
        for stem in _REFUSING:
            if word.endswith(stem) and word != stem:
                found |= {stem if stem in _REFUSALS else "sperre", word.removesuffix(stem).removesuffix("s")}
        for stem in _PERMITTING:
            if word.endswith(stem) and word != stem:
                found |= {"einwilligung", word.removesuffix(stem).removesuffix("s")}
        for ending in _MEDIA:
            if word.endswith(ending) and word != ending:
                found |= {ending, word.removesuffix(ending).removesuffix("s")}
    for word in list(found):
        if "\u3040" <= word[:1] <= "\ud7a3":  # scripts without spaces: words are found inside
            found |= {inside for inside in _SPACELESS if inside in word}
    return frozenset(found)


_DOUBLE = frozenset({"doubleoptin", "doi"})
"""A double opt-in is confirmed by e-mail, and given for it."""


def confirms(words: Collection[str]) -> bool:
    """Whether the words of a heading speak of a double opt-in."""
    return bool(_DOUBLE.intersection(words)) or set(words) >= {"double", "opt", "in"}


_MAIL = heading_words("mail or post")
"""What comes by post as well."""


def _channel(terms: frozenset[str], words: frozenset[str]) -> str:
    own = sorted({_WORD_CHANNEL[word] for word in words if _WORD_CHANNEL.get(word) in _OWN_CHANNELS})
    if own:
        return own[0]
    spoken = {word for word in words if _WORD_CHANNEL.get(word) == "email"}
    if spoken and spoken <= _MAIL and "e" not in words and any(_WORD_CHANNEL.get(word) == "post" for word in words):
        return "post"  # `Do not mail (post)`
    channels = [channel for term, channel in _TERM_CHANNEL.items() if term in terms]
    channels += [_WORD_CHANNEL[word] for word in words if word in _WORD_CHANNEL]
    if "email" in terms:
        channels.append("email")
    if confirms(words):
        channels.append("email")
    if "mobile" in terms:
        channels.append("text" if not words & {"call", "calls"} else "call")
    for channel in ("text", "email", "call", "fax", "post", "any"):
        if channel in channels:
            return channel
    return ""


def _answers(seen: Signals, permission: bool) -> bool:
    """Whether the values answer a question of consent; an unknown word may still be a refusal, but no permission."""
    if permission:
        return seen.looks("answer", at_least=0.5)
    return seen.looks("answer", at_least=0.5) or (
        seen.mean_length <= 25 and not seen.looks("email", "url", "person", "phone", at_least=0.3)
    )


SUBSCRIBED = "values say who is (un)subscribed: consent, never dropped"
"""The reason of a column whose values are words of subscription."""


def _by_values(terms: frozenset[str], words: frozenset[str], channel: str, seen: Signals) -> Consent | None:
    """A status column (`Email Status`, `Marketing status`) whose values are words of subscription."""
    if not seen.looks("consent", at_least=0.5):
        return None
    sure = bool(channel) or any(word.endswith(tuple(_STATUS)) for word in words)  # `Empfängerstatus`
    field = _FIELD[channel or "any"]
    return (
        Consent(field, field != "custom", not channel or channel == "any", SUBSCRIBED, False)
        if sure
        else Consent("custom", False, True, SUBSCRIBED, False)
    )
