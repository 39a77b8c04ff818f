"""Status words of exports in the major languages, as HighLevel's own: how deals end, appointments go, tasks stand.

One home for them: the mapping sheets propose with it, and the plan falls back on it. For a deal the status column's word
wins; where it says nothing of these, the stage's outcome does (a stage called `Won` never overrules a status `lost`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

DEALS = {
    "open": "open, active, new, pending, in progress, inprogress, ongoing, working, current, in process, qualified, offen, laufend,"
    " in bearbeitung, aktiv, neu, ouvert, ouverte, en cours, actif, nouveau, abierto, abierta, en curso, activo, nuevo, aperto, aperta,"
    " in corso, aberto, aberta, em andamento, em aberto, ativo, lopend, openstaand, in behandeling, otwarte, otwarta, otwarty, w toku,"
    " oppen, oppna, pagaende, aben, igangvaerende, apen, pagar, avoin, kesken, otevreno, otevreny, probiha, acik, devam ediyor,"
    " открыта, открыто, в работе, 進行中, オープン, 进行中, 打开, 진행중, 진행 중",
    "won": "won, win, closed won, closedwon, close won, closed win, deal won, success, successful, signed, sold, closed sold, retained,"
    " closed converted, converted, gewonnen, erfolgreich, abschluss erfolgreich, verkauft, gagne, gagnee, remporte, ferme gagne,"
    " clos gagne, signe, vendu, ganado, ganada, cerrado ganado, cerrada ganada, vendido, vinto, vinta, chiuso vinto, ganho, ganha,"
    " fechado ganho, gewonnen gesloten, verkocht, wygrane, wygrana, wygrany, vunnet, vundet, vunnen, voitettu, vyhrano, vyhrany, kazanildi,"
    " выиграно, выиграна, успешно, успешно реализовано, 受注, 成約, 赢单, 成交, 수주, 성공",
    "lost": "lost, lose, loss, closed lost, closedlost, close lost, deal lost, fail, failed, rejected, declined, unqualified,"
    " disqualified, not interested, no deal, verloren, absage, abgelehnt, perdu, perdue, ferme perdu, clos perdu, refuse, perdido,"
    " perdida, cerrado perdido, cerrada perdida, perso, persa, chiuso perso, fechado perdido, verloren gesloten, afgewezen, przegrane,"
    " przegrana, przegrany, tapt, tabt, forlorad, havitty, prohrano, prohrany, kaybedildi, проиграно, проиграна, отказ, 失注, 输单,"
    " 丢单, 실패, 실주, dead",
    "abandoned": "abandoned, cancelled, canceled, withdrawn, dropped, void, stale, archived, abgebrochen, storniert, abandonne,"
    " annule, annulee, abandonado, abandonada, cancelado, cancelada, abbandonato, abbandonata, annullato, annullata, geannuleerd,"
    " porzucone, anulowane, avbruten, afbrudt, avbrutt, peruttu, zruseno, iptal, отменено, отменена, 取消, 中止, 放弃, 취소",
}
"""Words for how a deal stands, by HighLevel's opportunity status."""

APPOINTMENTS = {
    "new": "new, requested, unconfirmed, pending, tentative, proposed, angefragt, vorlaufig, unbestatigt, demande, en attente, solicitado,"
    " pendiente, pendente, in attesa, richiesto, aangevraagd, voorlopig, oczekujace, preliminar, forelobig, alustava, 仮, 待确认, ожидает",
    "confirmed": "confirmed, booked, scheduled, accepted, planned, upcoming, active, open, busy, bestatigt, geplant, gebucht, zugesagt,"
    " confirme, confirmee, planifie, prevu, confirmado, confirmada, programado, programada, agendado, agendada, confermato, confermata,"
    " pianificato, bevestigd, gepland, potwierdzone, zaplanowane, bekraftad, bokad, bekraeftet, bekreftet, vahvistettu, potvrzeno,"
    " onaylandi, подтверждено, запланировано, 確定, 予約済み, 已确认, 已预约, 확정, 예약",
    "cancelled": "cancelled, canceled, declined, deleted, rejected, abgesagt, storniert, abgelehnt, annule, annulee, refuse, cancelado,"
    " cancelada, rechazado, annullato, annullata, geannuleerd, afgezegd, anulowane, odwolane, installd, avbokad, aflyst, avlyst, peruttu,"
    " zruseno, iptal, отменено, отменена, 取消, キャンセル, 已取消, 취소",
    "showed": "showed, show, attended, held, done, complete, completed, finished, happened, erschienen, stattgefunden, erledigt,"
    " abgeschlossen, durchgefuhrt, teilgenommen, termine, terminee, tenu, effectue, present, realizado, realizada, completado,"
    " completada, asistio, concluido, concluida, compareceu, completato, svolto, afgerond, verschenen, zakonczone, odbyte, genomford,"
    " afholdt, gjennomfort, pidetty, probehlo, tamamlandi, состоялось, завершено, 完了, 来店, 已完成, 已到, 완료",
    "noshow": "noshow, no show, did not attend, did not show, did not arrive, missed, absent, nicht erschienen, verpasst, absente,"
    " non presente, pas venu, no asistio, no se presento, nao compareceu, faltou, assente, non presentato, niet verschenen,"
    " nieobecny, uteblev, udeblev, uteble, ei saapunut, nedostavil se, gelmedi, не явился, неявка, 無断キャンセル, 未到, 爽约, 노쇼",
    "invalid": "invalid, error, ungultig, invalide, invalido, non valido, ongeldig, niewazne, ogiltig, ugyldig",
}
"""Words for how an appointment stands, by HighLevel's appointmentStatus (calendars-v3.json)."""

DONE = (
    "done, complete, completed, closed, finished, resolved, cancelled, canceled, true, yes, 1, x, ✓, ✔, erledigt, abgeschlossen, fertig,"
    " beendet, geschlossen, ja, termine, terminee, fait, faite, clos, cloture, effectue, effectuee, oui, hecho, hecha, completado,"
    " completada, terminado, terminada, cerrado, cerrada, finalizado, finalizada, si, feito, feita, concluido, concluida, fechado,"
    " finalizado, sim, fatto, fatta, completato, completata, chiuso, chiusa, voltooid, gereed, afgerond, klaar, gesloten, zrobione,"
    " zakonczone, wykonane, tak, klar, fardig, avslutad, slutford, afsluttet, udfort, ferdig, fullfort, valmis, tehty, suljettu,"
    " hotovo, dokonceno, tamamlandi, bitti, выполнено, выполнена, завершено, завершена, готово, да, 完了, 済, 已完成, 完成, 완료"
)
"""Words of a task's status or box that leave nothing to do."""

OPEN_TASKS = (
    "open, pending, new, todo, to do, in progress, not started, waiting, deferred, false, no, 0, active, planned, overdue, offen, neu,"
    " laufend, in arbeit, in bearbeitung, nicht begonnen, wartet, zuruckgestellt, uberfallig, nein, ouvert, ouverte, a faire, en cours,"
    " en attente, non, abierto, abierta, pendiente, en curso, aberto, aberta, pendente, em andamento, nao, aperto, aperta, da fare,"
    " in corso, openstaand, te doen, bezig, nee, otwarte, w toku, do zrobienia, nie, oppen, oppna, pagaende, ej paborjad, aben,"
    " igangvaerende, apen, pabegynt, avoin, kesken, otevreno, acik, открыта, в работе, не начата, нет, 未完了, 進行中, 未着手, 未完成, 进行中, 미완료"
)
"""Words of a task's status that leave something to do."""

ACTIVITIES = {
    "call": "call, calls, phone, phone call, anruf, telefonat, telefon, appel, appel telephonique, llamada, ligacao, chamada, chiamata,"
    " telefonata, gesprek, oproep, belgesprek, telefoongesprek, rozmowa, polaczenie, samtal, opkald, samtale, puhelu, hovor, telefonat,"
    " arama, звонок, 電話, 通話, 电话, 通话, 통화",
    "email": "email, e mail, mail, courriel, correo, correo electronico, posta, e post, epost, sahkoposti, wiadomosc email, eposta, письмо,"
    " メール, 邮件, 이메일",
    "meeting": "meeting, appointment, besprechung, treffen, termin, rendez vous, rdv, reunion, cita, reuniao, riunione, incontro,"
    " appuntamento, afspraak, vergadering, bespreking, spotkanie, mote, mode, tapaaminen, kokous, schuzka, toplanti, встреча, 会議, 面談,"
    " 会议, 미팅, 회의",
    "sms": "sms, text, text message, textnachricht, kurznachricht, texto, mensaje de texto, mensagem de texto, messaggio, tekstbericht,"
    " смс, 短信, 문자, whatsapp",
    "note": "note, notiz, notes, remarque, nota, notitie, notatka, anteckning, notat, muistiinpano, poznamka, not, заметка, メモ, 备注, 메모",
    "task": "task, todo, aufgabe, tache, tarea, tarefa, compito, taak, zadanie, uppgift, opgave, oppgave, tehtava, ukol, gorev, задача,"
    " タスク, 任务, 할일",
}
"""Words for kinds of activities."""

DIRECTIONS = {
    "inbound": "inbound, incoming, in, received, eingehend, ein, entrant, entrante, recu, recibida, recibido, recebida, entrata, in entrata,"
    " ricevuta, inkomend, ontvangen, przychodzace, przychodzacy, inkommande, indgaende, inngaende, saapuva, prichozi, gelen, входящий,"
    " входящее, 着信, 受信, 呼入, 수신",
    "outbound": "outbound, outgoing, out, sent, made, ausgehend, aus, sortant, emis, envoye, saliente, enviada, enviado, realizada,"
    " efetuada, uscita, in uscita, inviata, uitgaand, verzonden, wychodzace, wychodzacy, utgaende, udgaende, lahteva, odchozi, giden,"
    " исходящий, исходящее, 発信, 送信, 呼出, 발신",
}
"""Words for who turned to whom."""

_UNITS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "å": "a"})


def word_key(text: str) -> str:
    """A word as it is compared: lower case, no accents, words and numbers with single spaces (`Closed_Won` → `closed won`)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_UNITS))
    plain = unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))
    return " ".join(re.sub(r"[\W_]+", " ", plain).split()) or text.strip()


def vocabulary(lines: dict[str, str]) -> dict[str, str]:
    """Every word of `lines` (meaning → words) as it is compared → its meaning; the first meaning of a word wins."""
    table: dict[str, str] = {}
    for meaning, words in lines.items():
        for word in words.split(","):
            table.setdefault(word_key(word), meaning)
    return table


@cache
def _table(name: str) -> dict[str, str]:
    lines = {
        "deals": DEALS, "appointments": APPOINTMENTS, "activities": ACTIVITIES, "directions": DIRECTIONS,
        "tasks": {"done": DONE, "open": OPEN_TASKS},
    }  # fmt: skip
    return vocabulary(lines[name])


def deal_status(word: str) -> str:
    """open, won, lost or abandoned for a status word of any case and language; "" when it says none of them."""
    return _table("deals").get(word_key(word), "")


def appointment_status(word: str) -> str:
    """HighLevel's appointmentStatus; "" for a word that says none of them."""
    return _table("appointments").get(word_key(word), "")


def task_state(word: str) -> str:
    """done or open for a task's status word; "" for a word that says neither."""
    return _table("tasks").get(word_key(word), "")


def is_done(word: str) -> bool:
    """Whether a task's status word says that nothing is left to do."""
    return task_state(word) == "done"


def activity_type(word: str) -> str:
    """call, email, meeting, sms, note or task; "" for a word that says none of them."""
    return _table("activities").get(word_key(word), "")


def direction(word: str) -> str:
    """inbound or outbound; "" for a word that says neither."""
    return _table("directions").get(word_key(word), "")
