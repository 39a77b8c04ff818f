"""Words of consent in the major languages: channels, refusals, permissions, wishes and negations.

`pb2hl.mapper.consent` puts them together: a heading speaks of consent when it names a channel (or marketing as such) and
refuses or permits it. Words are folded as `pb2hl.mapper.text.tokens` does.
"""

from __future__ import annotations

CHANNELS = {
    "email": "email mail emails mailing mailings emailed mailed emailing emailings mailbox mailer mailbasiert emailem newsletter newsletters newslettre correo courriel courriels correos emailings emailing"
    " nieuwsbrief nyhetsbrev nyhedsbrev uutiskirje biuletyn boletin boletim infobrief rundbrief infolettre bulletin subscriber subscribed"
    " subscription рассылка рассылки рассылку рассылок メール メルマガ 邮件 邮箱 이메일 sahkoposti eposta epost zpravodaj newsletteru newsletterem newsletterempfanger newsletterabonnent newsletteri wiadomosci emailowe correio",
    "text": "sms text texts texting smses smsy textnachricht textnachrichten смс 短信 ショートメッセージ 문자 texted mms smsow смсок sms를",
    "call": "call calls phone telephone telefon telefono telefone appel appels anruf anrufe llamadas telefonisch calling звонки called phoned telephoned telemarketing telefonische telefonischer rufen llamar llamada chamadas chamada ligacoes chiamate telefonate telefonica telefonico bellen opbellen gebeld dzwonic polaczenia telefoniczne telefoniczny ringa ringas samtal opkald opringning puhelut soitto soittaa arama aramasi hovory telefonat звонок звонков звонкам 電話 电话",
    "fax": "fax telefax",
    "post": "post postal letter letters brief briefe courrier postalisch postsendungen briefpost posta kirje",
    "any": "marketing versand zusendung empfang werbung werbe publicite publicitaire publicidad publicidade pubblicita reclame reklama reklam reklame promotions"
    " promotion promotional promo offers advertising kontakt contact contacto contatto contato kontaktaufnahme kommunikation communication contacted contactar contacter contatado contacte contactee contactes kontaktas kontaktes kontaktet kontaktieren kontaktiert contactado contattato benaderd gecontacteerd ticari ileti iletisi mesaj contactes comerciales commerciales commerciale commerciali comercial comerciais solicitation solicitations tcpa spam disturb kvkk rodo gdpr ccpa pecr 個人情報 ダイレクトメール dm 광고 개인정보 демарш demarchage prospection werbliche werbezwecke reclamedoeleinden marketingu marketingowa marketingowe marketingowych kontaktowac"
    " communications comunicaciones comunicazioni comunicacoes gdpr dsgvo rgpd casl privacy datenschutz dpo markkinointi pazarlama маркетинг"
    " реклама マーケティング 营销 마케팅 lgpd avg",
}
REFUSALS = frozenset(
    "abgelehnt abgemeldet abbestellt sperre gesperrt sperrung verboten verbot untersagt widerspruch widersprochen widerrufen"
    " refus refuse refused refusal refusee refuses oppose opposition blocked blocking bloque bloquee bloqueado bloccato blokada blokkade geblokkeerd"
    " blacklist blacklisted blocklist suppressed suppression suppress unsubscribed unsubscribe unsub optout denied declined rejected rejete"
    " revoked withdrawn objection objected forbidden prohibited stop stopped exclude excluded exclusion excluido ausgeschlossen keine kein nicht"
    " desinscrit desinscription desabonne desabonnement sans baja rechazado rechaza rechazo prohibido disiscritto disiscrizione rifiutato rifiuto"
    " recusado recusa descadastrado descadastro proibido afgemeld uitgeschreven geweigerd geen niet verzet odmowa wypisany zakaz sprzeciv sprzeciw"
    " nekad avregistrerad sparrad sparr spaerret frabedt reservasjon avslag kielto kielletty zakaz odhlasen nesouhlas yasak istemiyor engelli"
    " запрет отказ отписан отписка отписался отказался 拒否 停止 不可 禁止 拒绝 退订 取消订阅 거부 수신거부 blacklist untersagen untersagte optedout robinson nechce disabled inhibit inhibited dezabonat refuz διαγραφη απεγγραφη відмова отказване odjava odjavljen odhlaseny berhenti".split()
)
PERMISSIONS = frozenset(
    "erlaubt erlaubnis einwilligung zustimmung eingewilligt zugestimmt einverstanden einverstandnis freigabe angemeldet anmeldung abonniert"
    " consent consented permission permitted permit allow allowed allows accept accepts accepted agree agreed agrees subscribed subscriber optin"
    " authorized authorised authorization authorisation approved ok okay accepte acceptee acceptation autorise autorisation consentement inscrit"
    " inscription abonne consentimiento acepta aceptado autoriza autorizado autorizacion permiso suscrito suscripcion consenso consente accetta"
    " accettato autorizzato autorizzazione iscritto iscrizione consentimento aceita aceito autorizacao inscrito permissao toestemming akkoord"
    " toegestaan ingeschreven aangemeld zgoda zgody zapisany samtycke samtykke godkand godkendt godkjent tilmeldt pameldt lupa suostumus tilattu"
    " souhlas izin izni izinleri onay onayi согласие согласен разрешение подписан подписка onayi iznim granted grants rizasi 同意 許可 購読 承諾 許諾 许可 订阅 接受 同意书 동의 수신동의 enabled opted doubleoptin acord acordul consimtamant consimtamantul abonat συγκαταθεση συναινεση згода pristanak privola soglasje suhlas izinkan persetujuan dong موافقة הסכמה consentito autorizada autorizados consentida consent".split()
)
MEDIA = ("werbung", "marketing", "versand", "zusendung", "empfang", "reclame", "reklam", "reklame", "markkinointi")
"""Second halves of compounds whose first half is a channel (`Telefonwerbung`, `SMS-Versand`)."""

WISHES = frozenset(
    "receive receives receiving want wants wish wishes send sends recibir recibe desea quiere desean recevoir recoit"
    " souhaite souhaitent veut desire erhalt erhalten empfangt empfanger mochte wunscht bekommt ricevere riceve desidera vuole receber recebe"
    " deseja quer ontvangen ontvangt wil wenst otrzymuje otrzymywac chce zyczy vill onskar onsker far faar modtage modtager motta mottar haluaa saa"
    " istiyor almak alir chce prijima kivan szeretne хочет получать получает желает 希望 受信 配信 接收 愿意 수신 희망".split()
)
"""Words of wanting and getting: with a channel they permit, and with a negation they refuse."""

MODALS = frozenset({"can", "may", "ok", "okay", "kann", "darf", "puede", "peut", "pode", "puo", "mag", "kan", "moze"})
"""Words that permit only right before what they permit (`can be called`, `ok to text`, never the month of May)."""

AFTER_MODALS = frozenset("be we i to not also still se man etre essere ser".split())

NEGATIONS = frozenset("not no non ne pas nicht kein keine keinen nao niet geen nie ej inte ikke ingen ei degil не нет cannot cant never nunca".split())  # fmt: skip

STEMS = ("sperre", "gesperrt", "verbot", "widerspruch", "abgelehnt", "abmeldung", "kielto"), (
    "einwilligung", "zustimmung", "erlaubnis", "anmeldung", "freigabe", "toestemming", "suostumus", "samtycke", "samtykke",
)  # fmt: skip
"""Endings of compounds (`Mailsperre`, `Werbeeinwilligung`): refusals, permissions."""

NOT_ABOUT_CONSENT = frozenset(
    "type types kind list lists reason ip source page form note grund motif motivo raison text url id count number author plan frequency tier price renewal expiry"
    " level language topic topics interval sent opened clicked last".split()
)
STATUS = frozenset("status state statut statuto estado stato stav tila durum статус 状态 ステータス zustand".split())
BESIDE = frozenset(
    {"reason", "ip", "source", "text", "body", "author", "updated by", "page", "form", "note", "url", "version"}
)
WHEN = frozenset(
    {"date", "time", "created date", "datum", "timestamp", "at", "on", "fecha", "data", "updated date", "start"}
)

DATE_ENDINGS = frozenset({"am", "le", "el", "il", "on", "at", "op", "den", "em", "dnia", "dato", "datum"})
"""Last words of headings that ask when (`DSGVO-Einwilligung am`)."""
