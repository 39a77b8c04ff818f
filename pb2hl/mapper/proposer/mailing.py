"""Whose unsubscribing closes what: the day on which somebody left a list of addresses is of its e-mails, not of calls."""

from __future__ import annotations

from pb2hl.mapper.knowledge.consent import SUBSCRIBED, confirms
from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS

_REACHED = {"email": "email_opt_out", "mobile": "sms_opt_out"}
"""The one way in which a list reaches its people → the refusal that unsubscribing from it is."""


_MOSTLY = 0.8


def close_own_channel(table: Table) -> None:
    """Propose a refusal of the list's own channel where a column of no channel says when people unsubscribed; changes the proposals in place.

    A bare yes stays a refusal of everything: nothing shows that it is the list's own."""
    if table.object != "contacts":
        return
    fields = {table.proposed(heading) for heading in table.raw.headings if table.filled(heading)}
    ways = [name for name in ("email", "phone", "mobile") if name in fields]
    if "email" in ways and _of_mailings(table):
        ways = ["email"]
    if len(ways) != 1 or ways[0] not in _REACHED or (_REACHED[ways[0]] in fields and not _of_mailings(table)):
        return
    for heading in table.raw.headings:
        if table.proposed(heading) != "do_not_contact" or not (_when(table, heading) or _how(table, heading)):
            continue
        field = _REACHED[ways[0]]
        transform = str(table.proposals.loc[table.proposals["heading"] == heading, "transform"].iat[0])
        reason = f"{table.reason(heading)}; this list is of {ways[0]}: that is what it is about"
        table.decide(heading, field, OBJECTS["contacts"].meaning(field), table.confidence(heading), reason)
        table.transform(heading, transform)


def _of_mailings(table: Table) -> bool:
    """Whether a list of people with phones is one of newsletters all the same: it tells of campaigns, bounces and openings, and of no
    other consent."""
    told = [heading for heading in table.raw.headings if heading_words("of mailings") & {*tokens(heading)}]
    refused = {table.proposed(heading) for heading in table.raw.headings}
    return len(told) > 1 and not refused & {"sms_opt_out", "call_opt_out", "whatsapp_opt_out"}


def leave_alone(table: Table) -> None:
    """Propose as a refusal of everything what says of people that they have died, or when; changes the proposals in place."""
    for heading in table.raw.headings if table.object == "contacts" else ():
        words = set(tokens(heading))
        alone = bool(words & _DEAD) and words <= _DEAD | _BESIDE_THEM
        if (
            alone
            and table.proposed(heading) in ("custom", "ignore")
            and (table.seen(heading).looks("boolean", "answer", "date", "datetime", "moment", at_least=_MOSTLY))
        ):
            target = OBJECTS["contacts"].meaning("do_not_contact")
            table.decide(heading, "do_not_contact", target, 0.9, "says who has died: nobody writes to them")


_DEAD = heading_words("deceased")
_BESIDE_THEM = heading_words("beside flags") | heading_words("beside deceased")


def leave_post(table: Table) -> None:
    """Propose as the post's what refuses `mail` beside a column that refuses e-mail (`do_not_mail`, `do_not_email`); changes the proposals
    in place."""
    refused = [heading for heading in table.raw.headings if table.proposed(heading) == "email_opt_out"]
    post = [
        heading
        for heading in refused
        if set(tokens(heading)) & heading_words("mail or post") and "email" not in tokens(heading)
    ]
    if table.object == "contacts" and any("email" in tokens(heading) for heading in refused):
        for heading in post:
            table.decide(heading, "custom", "custom", 0.85, "another column refuses e-mail: this one is the post's")


def leave_proof(table: Table) -> None:
    """Propose as kept beside what says that a consent was confirmed (`DOUBLE_OPT-IN`) where another column says how the address stands,
    in words or by yes and no to a refusal; changes the proposals in place."""
    if table.object != "contacts":
        return
    asked = [
        heading for heading in table.raw.headings if table.proposed(heading) in ("email_opt_out", "do_not_contact")
    ]
    proofs = [name for name in asked if confirms(tokens(name)) or {*tokens(name)} >= {"confirm", "opt", "in"}]
    if any(_how(table, heading) or _refuses(table, heading) for heading in asked if heading not in proofs):
        for heading in proofs:
            table.decide(heading, "custom", "custom", 0.85, "said about a consent: another column says how it stands")


def _when(table: Table, heading: str) -> bool:
    """Whether a column says when people unsubscribed."""
    dates = table.seen(heading).looks("date", "datetime", "moment", at_least=_MOSTLY)
    return dates and any(word.startswith(tuple(heading_words("unsubscribing"))) for word in tokens(heading))


def _refuses(table: Table, heading: str) -> bool:
    """Whether a column of refusals answers yes or no."""
    return table.step(heading) == "" and table.seen(heading).looks("boolean", "answer", at_least=_MOSTLY)


def _how(table: Table, heading: str) -> bool:
    """Whether a column says in words of subscription how each address stands (`Empfängerstatus`)."""
    return table.reason(heading).startswith(SUBSCRIBED)
