"""What stages are called in the major languages, so that `Angebot` finds `Proposal Sent`; a stage's end is `values.statuses`'."""

from __future__ import annotations

from functools import cache

from pb2hl.mapper.knowledge.text import tokens

LINES = """
new = neu, nouveau, nouvelle, nuevo, nueva, nuovo, novo, nova, nieuw, nowy, nowa, ny, uusi, novy, yeni, новый, новая, 新規, 新, 신규, lead, incoming, eingang, inbox, open, offen, unqualified
contacted = contact made, first contact, initial contact, reached, kontaktiert, erstkontakt, kontakt aufgenommen, contacte, contact etabli, prise de contact, premier contact, contactado, primer contacto, contattato, primo contatto, contatado, primeiro contato, gecontacteerd, eerste contact, skontaktowano, kontaktad, kontaktet, kontaktet, первый контакт, связались, 連絡済み, 初回連絡, 已联系
qualified = qualification, qualifiziert, qualifizierung, qualifie, qualifiee, calificado, calificacion, cualificado, qualificato, qualifica, qualificado, qualificacao, gekwalificeerd, kwalifikacja, zakwalifikowany, kvalificerad, kvalificeret, квалификация, 見込み, 合格, qualified lead, sales qualified, needs analysis, bedarfsanalyse, discovery
meeting = appointment, demo, presentation, demonstration, meeting scheduled, meeting arranged, termin, terminvereinbarung, prasentation, rendez vous, rdv, demo scheduled, reunion, cita, riunione, incontro, appuntamento, reuniao, afspraak, spotkanie, prezentacja, mote, встреча, презентация, 商談, アポ, 会议, 演示, consultation, beratung, site visit
proposal = proposal made, proposal sent, offer, offer sent, quote, quoted, quotation, estimate, estimate sent, price quote, angebot, angebot gesendet, angebot erstellt, offerte, devis, devis envoye, proposition, proposition envoyee, propuesta, propuesta enviada, presupuesto, presupuesto enviado, oferta, proposta, proposta inviata, preventivo, preventivo inviato, orcamento, proposta enviada, offerte verstuurd, voorstel, wyslano oferte, propozycja, offert, offert skickad, tilbud, tilbud sendt, tarjous, nabidka, teklif, предложение, кп отправлено, 提案, 見積, 見積提出, 报价, 方案
negotiation = negotiating, in negotiation, negotiations started, review, verhandlung, in verhandlung, negociation, en negociation, negociacion, en negociacion, negoziazione, trattativa, negociacao, em negociacao, onderhandeling, negocjacje, forhandling, neuvottelu, vyjednavani, muzakere, переговоры, 交渉, 交渉中, 谈判
contract = contract sent, contract signed, agreement, vertrag, vertrag gesendet, contrat, contrat envoye, contrato, contrato enviado, contratto, contract verstuurd, umowa, avtal, kontrakt, sopimus, smlouva, sozlesme, договор, 契約, 合同, signature, decision, verbal commitment, commit
on hold = paused, waiting, nurture, nurturing, zuruckgestellt, wartend, en attente, en espera, in attesa, em espera, in de wacht, wstrzymane, pa vent, odotustilassa, beklemede, отложено, 保留, 暂停
follow up = followup, nachfassen, relance, seguimiento, sollecito, acompanhamento, opvolging, uppfoljning, opfolgning, повторный контакт, フォロー, 跟进
"""


_FILLERS = frozenset(
    "lead leads deal deals stage opportunity phase client customer prospect kunde kunden contact".split()
)
"""Words that may stand beside a stage's own (`New Lead`, `Angebot Kunde`)."""


@cache
def _meanings() -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for line in LINES.strip().splitlines():
        meaning, _, words = line.partition(" = ")
        for word in (meaning, *words.split(", ")):
            table.setdefault(tokens(word), meaning)
    return table


def meaning(stage: str) -> str:
    """What a stage's name means ("" when unknown): leading numbers as in `2. Angebot` do not count."""
    words = tokens(stage)
    while words and words[0].isdigit():
        words = words[1:]
    table = _meanings()
    return table.get(words) or table.get(tuple(word for word in words if word not in _FILLERS), "")
