"""Consent columns in many wordings, from the heading to the staged refusal."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pb2hl import mapper, source
from pb2hl.mapper import propose_fields
from pb2hl.mapper.sheets.check import invalid_rows
from pb2hl.workspace import parse_config


@pytest.mark.parametrize(
    ("heading", "values", "field", "transform"),
    [
        ("E-Mail-Werbung abgelehnt", ["ja", "nein"], "email_opt_out", ""), ("SMS-Sperre", ["x", ""], "sms_opt_out", ""),
        ("Mailsperre", ["J", "N"], "email_opt_out", ""), ("Refus SMS", ["oui", "non"], "sms_opt_out", ""),
        ("Unsubscribed at", ["2024-01-01", ""], "do_not_contact", ""), ("Do Not Email", ["Do not email", ""], "email_opt_out", ""),
        ("Newsletter opt-in", ["no", "yes"], "email_opt_out", "inverted"), ("Email consent", ["false", "true"], "email_opt_out", "inverted"),
        ("Subscribed", ["1", "0"], "email_opt_out", "inverted"), ("SMS Consent", ["yes", "no"], "sms_opt_out", "inverted"),
        ("Email Status", ["Unsubscribed", "Bounced"], "email_opt_out", "inverted"), ("Marketing status", ["Unsubscribed", "Subscribed"], "do_not_contact", "inverted"),
        ("Zgoda na SMS", ["tak", "nie"], "sms_opt_out", "inverted"), ("Consentement RGPD", ["oui", "non"], "do_not_contact", "inverted"),
        ("メール配信", ["停止", "配信中"], "email_opt_out", "inverted"), ("Согласие на рассылку", ["да", "нет"], "email_opt_out", "inverted"),
    ],
)  # fmt: skip
def test_each_wording_fills_the_right_refusal(heading, values, field, transform):
    """Refusals as they are, permissions and states turned round."""
    found = propose_fields(pd.DataFrame({heading: values, "First name": ["Ann", "Bo"]}), "contacts").iloc[0]
    assert (found["field"], found["transform"], found["target"]) == (field, transform, "dnd")
    assert found["confidence"] >= 0.8


@pytest.mark.parametrize(
    ("heading", "values"),
    [("Email type", ["work", "home"]), ("Email opt out reason", ["spam", ""]), ("Consent date", ["2024-01-01", ""]),
     ("Newsletter", ["Weekly digest", "Monthly"]), ("Stop date", ["2024-01-01", ""]), ("Contact status", ["Lead", "Customer"])],
)  # fmt: skip
def test_what_stands_beside_consent_decides_nothing(heading, values):
    """Reasons, dates of consent and other kinds of columns set no refusal."""
    assert propose_fields(pd.DataFrame({heading: values}), "contacts")["field"].iat[0] == "custom"


def raw(frame: pd.DataFrame) -> source.RawTable:
    return source.RawTable("contacts.csv", "", list(frame.columns), frame.astype("str"), np.arange(2, len(frame) + 2))


def stage(table: source.RawTable, sheet: pd.DataFrame) -> source.Staging:
    config = parse_config({"export": "x", "location": "loc", "base_url": "http://localhost"})
    return source.stage(
        [source.Assigned(table, "contacts", *mapper.assignment(sheet, table, "contacts"))], config=config
    )


def test_the_strictest_of_several_columns_is_staged():
    """An opt-in of no, an unsubscribed status and an opt-out each refuse; permission in all of them permits."""
    table = raw(
        pd.DataFrame(
            {
                "ID": ["1", "2", "3", "4"], "Email": ["a@x.co", "b@x.co", "c@x.co", "d@x.co"],
                "Newsletter opt-in": ["no", "yes", "yes", "yes"], "Email Status": ["Subscribed", "Unsubscribed", "Subscribed", "Subscribed"],
                "Do not email": ["no", "no", "x", "no"],
            }
        )
    )  # fmt: skip
    sheet = mapper.fields_sheet([(table, "contacts")])
    assert list(sheet.loc[2:, "decision"]) == ["email_opt_out"] * 3 and sheet.loc[2, "transform"] == "inverted"
    assert not invalid_rows({"fields": sheet})
    assert list(stage(table, sheet).tables["contacts"]["email_opt_out"]) == [True, True, True, False]


def test_empty_permissions_are_refusals_and_told():
    """Where a permission is only ever ticked, the others gave none: refused, with a problem that counts them."""
    table = raw(pd.DataFrame({"ID": ["1", "2", "3"], "Email consent": ["x", "", ""]}))
    found = stage(table, mapper.fields_sheet([(table, "contacts")]))
    assert list(found.tables["contacts"]["email_opt_out"]) == [False, True, True]
    assert [item.count for item in found.problems if item.code == "consent_blank"] == [2]


def test_a_person_who_keeps_the_column_as_it_is_needs_no_other_edit():
    """Deciding `custom` for a permission leaves its words as they are, though the proposal's transform still stands there."""
    table = raw(pd.DataFrame({"ID": ["1", "2"], "Email consent": ["yes", "no"]}))
    sheet = mapper.fields_sheet([(table, "contacts")])
    sheet.loc[1, ["decision", "type"]] = ["custom", "RADIO"]
    assert not invalid_rows({"fields": sheet})
    assert list(stage(table, sheet).tables["contacts"]["custom.Email consent"]) == [True, False]


def test_a_transform_in_the_sheet_is_staged_and_a_wrong_one_named():
    """What the analyst writes into `transform` is done at staging; every wrong cell is told with its row."""
    table = raw(pd.DataFrame({"ID": ["1", "2"], "Birthday": ["03/04/1980", "05/06/1981"], "Level": ["g", "s"]}))
    sheet = mapper.fields_sheet([(table, "contacts")])
    sheet.loc[1, "transform"], sheet.loc[2, "transform"] = "parse date: month first", "map: g=Gold | s=Silver"
    assert not invalid_rows({"fields": sheet})
    frame = stage(table, sheet).tables["contacts"]
    assert [str(day) for day in frame["birthday"]] == ["1980-03-04", "1981-05-06"]
    assert list(frame["custom.Level"]) == ["Gold", "Silver"]
    sheet.loc[1, "transform"], sheet.loc[2, "transform"] = "inverted", "sparkle"
    found = invalid_rows({"fields": sheet})
    assert [(item.code, item.row) for item in found] == [("sheet_transform", 3), ("sheet_transform", 4)]


def test_a_reference_takes_the_first_column_that_means_a_record():
    """Owner id, e-mail and name feed one owner: the id, else the e-mail, else the name; an unknown one keeps its e-mail."""
    contacts = raw(
        pd.DataFrame(
            {
                "ID": ["1", "2", "3", "4"], "Owner ID": ["U1", "", "U9", "U9"], "Owner Email": ["", "kim@a.co", "kim@a.co", "gone@a.co"],
                "Owner Name": ["Bo", "", "Bo", "Gone"],
            }
        )
    )  # fmt: skip
    users = source.RawTable("users.csv", "", ["ID", "Name", "Email"], pd.DataFrame({"ID": ["U1", "U2"], "Name": ["Bo", "Kim"], "Email": ["bo@a.co", "kim@a.co"]}, dtype="str"), np.array([2, 3]))  # fmt: skip
    sheet = mapper.fields_sheet([(contacts, "contacts"), (users, "users")])
    config = parse_config({"export": "x", "location": "loc", "base_url": "http://localhost"})
    parts = [
        source.Assigned(table, name, *mapper.assignment(sheet, table, name))
        for table, name in ((contacts, "contacts"), (users, "users"))
    ]
    tables, *_ = source.resolve_references(source.stage(parts, config=config).tables)
    assert list(tables["contacts"]["owner"]) == ["U1", "U2", "U2", "gone@a.co"]
    assert not [name for name in tables["contacts"].columns if name.startswith("owner~")]
    assert SimpleNamespace(**sheet.loc[1]).label == ""


@pytest.mark.parametrize(
    ("heading", "field"),
    [("Newsletter", "custom"), ("Email consent", "email_opt_out"), ("Email Opt-Out", "email_opt_out")],
)
def test_a_declared_subscription_stays_its_own_field(heading, field):
    """What custom_fields declares as a subscription is no consent; a declared refusal or permission is."""
    contacts = raw(pd.DataFrame({"ID": ["1", "2", "3"], heading: ["Y", "N", "Y"]}))
    fields = raw(pd.DataFrame({"Object": ["contacts"], "Label": [heading], "Type": ["checkbox"]}))
    sheet = mapper.fields_sheet([(contacts, "contacts"), (fields, "custom_fields")])
    contact_rows = sheet[sheet["object"] == "contacts"]
    assert contact_rows.set_index("column").loc[heading, "proposal"] == field


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("WhatsApp opt-out", "whatsapp_opt_out"), ("WhatsApp DND", "whatsapp_opt_out"), ("Kein WhatsApp", "whatsapp_opt_out"),
        ("WhatsApp nein", "whatsapp_opt_out"), ("Facebook opt-out", "facebook_opt_out"), ("FB DND", "facebook_opt_out"),
        ("No Messenger", "facebook_opt_out"), ("GMB opt out", "google_opt_out"), ("Google opt-out", "google_opt_out"),
    ],
)  # fmt: skip
def test_a_channel_of_its_own_closes_no_other(heading, field):
    """A refusal of WhatsApp, Facebook or Google closes that channel of HighLevel and neither SMS nor e-mail nor all."""
    found = propose_fields(pd.DataFrame({heading: ["yes", "no", "yes"]}), "contacts").iloc[0]
    assert (found["field"], found["transform"]) == (field, "") and found["confidence"] >= 0.8


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Brak zgody na SMS", "sms_opt_out"), ("Zgoda SMS: brak", "sms_opt_out"), ("Senza consenso telefonico", "call_opt_out"),
        ("Sem autorização para ligações", "call_opt_out"), ("Uten samtykke e-post", "email_opt_out"), ("Bez souhlasu SMS", "sms_opt_out"),
        ("Pas d'accord e-mail", "email_opt_out"), ("Email consent missing", "email_opt_out"), ("メール同意なし", "email_opt_out"),
        ("ej_samtal", "call_opt_out"), ("ej_sms", "sms_opt_out"), ("Nessuna chiamata", "call_opt_out"), ("vm_optout", "call_opt_out"),
    ],
)  # fmt: skip
def test_a_permission_that_is_lacking_is_a_refusal(heading, field):
    """`No consent`, `without`, `lacking`, or a bare no to a channel: yes closes that channel, and no leaves it open."""
    found = propose_fields(pd.DataFrame({heading: ["yes", "no", "yes"]}), "contacts").iloc[0]
    assert (found["field"], found["transform"]) == (field, "") and found["confidence"] >= 0.8


def test_a_heading_without_letters_is_no_consent():
    """A column without a heading holds yes and no, and says nothing of consent."""
    assert propose_fields(pd.DataFrame({"": ["yes", "no"], "-": ["yes", "no"]}), "contacts")["field"].tolist() == [
        "custom",
        "custom",
    ]


@pytest.mark.parametrize("heading", ["No Telefon", "No. phone", "Geen telefoon"])
def test_numbers_of_phones_refuse_nothing(heading):
    """A column of numbers is a phone, whatever no its heading seems to say."""
    found = propose_fields(pd.DataFrame({heading: ["+62 21 555 0101", "+62 21 555 0102"]}), "contacts").iloc[0]
    assert found["field"] in ("phone", "custom")


@pytest.mark.parametrize("heading", ["WhatsApp consent", "May contact by WhatsApp", "WhatsApp opt-in"])
def test_a_permission_of_a_channel_is_turned_round(heading):
    """Who does not permit WhatsApp is closed there, and only there."""
    found = propose_fields(pd.DataFrame({heading: ["yes", "no", "yes"]}), "contacts").iloc[0]
    assert (found["field"], found["transform"]) == ("whatsapp_opt_out", "inverted")


def test_a_channel_that_highlevel_has_not_waits():
    """A refusal of Instagram has no channel of its own in HighLevel: it closes no other, and waits for a person."""
    found = propose_fields(pd.DataFrame({"Instagram opt out": ["yes", "no", "yes"]}), "contacts").iloc[0]
    assert found["field"] == "custom" and found["confidence"] < 0.8


@pytest.mark.parametrize(
    ("heading", "values", "field"),
    [
        ("voicemail opt-out", ["yes", "no"], "call_opt_out"), ("No voicemail", ["yes", "no"], "call_opt_out"),
        ("Bounced", ["yes", "no"], "email_opt_out"), ("Email bounced", ["yes", "no"], "email_opt_out"), ("CLEAN_TIME", ["2020-01-01 10:00:00", ""], "email_opt_out"),
        ("OPTIN_TIME", ["2020-01-01 10:00:00", ""], "custom"), ("CONFIRM_TIME", ["2020-01-01 10:00:00", ""], "custom"),
        ("Opt-in date", ["2020-01-01", ""], "custom"),
    ],
)  # fmt: skip
def test_consent_goes_to_its_own_channel(heading, values, field):
    """Voice mail is a call, a bounced address is not written to, and the time of a permission is no record's creation."""
    assert propose_fields(pd.DataFrame({heading: values}), "contacts").iloc[0]["field"] == field


def test_a_marketing_flag_waits():
    """A flag that is called after marketing only may be anything: a person says whether it is a permission."""
    values = ["Marketing contact", "Non-marketing contact"]
    found = propose_fields(pd.DataFrame({"Marketing contact status": values}), "contacts").iloc[0]
    assert found["confidence"] < 0.8


@pytest.mark.parametrize(
    "heading",
    """Ha cancelado la suscripción a todos los correos|Cancelled email subscription|Email subscription cancelled|E-mail consent retiré
Ha annullato l'iscrizione alla newsletter|Nieuwsbrief opgezegd|Retiró el consentimiento de correo|Revogou consentimento de e-mail
Zgoda na e-mail wycofana|Rezygnacja z newslettera|E-posta izni iptal|メール配信解除|이메일 수신동의 철회|Email consent lapsed""".replace(
        "\n", "|"
    ).split("|"),
)
def test_an_ended_permission_is_a_refusal(heading):
    """`Cancelled`, `withdrawn`, `revoked` before or behind a permission: yes means that nobody may write any more."""
    frame = pd.DataFrame({"Name": ["Ann Able", "Bob Best"], "Email": ["a@b.co", "b@b.co"], heading: ["true", "false"]})
    raw = SimpleNamespace(file="contacts.csv", sheet="", headings=list(frame.columns), frame=frame.astype("str"))
    row = mapper.fields_sheet([(raw, "contacts")]).set_index("column").loc[heading]
    assert (row["proposal"], row["transform"]) == ("email_opt_out", "")


@pytest.mark.parametrize(
    ("heading", "field", "transform"),
    [
        ("marked_email_as_spam", "email_opt_out", ""),
        ("Spam complaint", "email_opt_out", ""),
        ("DOUBLE_OPT-IN", "email_opt_out", "inverted"),
        ("Ej utskick", "email_opt_out", ""),
    ],
)
def test_complaints_refuse_and_double_opt_ins_are_of_e_mail(heading, field, transform):
    """Who marked an e-mail as spam wants none, whoever did not wants nothing said; a double opt-in permits e-mail and no other channel."""
    frame = pd.DataFrame({"Email": ["a@x.co", "b@x.co"], heading: ["yes", "no"]}, dtype="str")
    row = propose_fields(frame, "contacts").set_index("heading").loc[heading]
    assert (row["field"], row["transform"]) == (field, transform)


LEFT = {
    "unsubscribed_members": "do_not_contact", "Opt-outs": "do_not_contact", "Abmeldungen 2026": "do_not_contact", "désabonnés": "do_not_contact",
    "wypisani": "do_not_contact", "descadastrados": "do_not_contact", "uitschrijvingen": "do_not_contact", "avregistrerade": "do_not_contact",
    "abonelikten çıkanlar": "do_not_contact", "отписавшиеся": "do_not_contact", "إلغاء الاشتراك": "do_not_contact", "配信停止者": "do_not_contact",
    "bounced": "email_opt_out", "cleaned_members": "email_opt_out", "odbite": "email_opt_out", "rebotados": "email_opt_out", "不達": "email_opt_out",
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_a_list_called_after_who_left_it_is_a_refusal(name):
    """What only a file's name says of its people, that they left or cannot be reached, closes their channel."""
    assert _refusals(name)[1] == LEFT[name]
    assert _refusals(name, "Email")[1] == "email_opt_out", "a list of addresses alone was left by e-mail"


@pytest.mark.parametrize(
    "name", ["members", "newsletter", "subscribed_and_unsubscribed", "not unsubscribed", "active", "客户"]
)
def test_other_names_refuse_nothing(name):
    """Names of lists that people are on, or of both kinds, say nothing of each."""
    assert _refusals(name) == ("", "")


def _refusals(name: str, *only: str) -> tuple[str, str]:
    """(heading, field) of the column that a list's name became."""
    frame = pd.DataFrame(
        {"Name": ["Ann Able", "Bob Best"], "Email": ["a@b.co", "b@b.co"], "Phone": ["", "212-555-0142"]}, dtype="str"
    )
    frame = frame[["Name", *only]] if only else frame
    raw = source.RawTable(f"{name}.csv", "", list(frame.columns), frame, np.array([2, 3]))
    named = mapper.name_rows([raw], ["contacts"]).get(0, raw)
    rows = mapper.fields_sheet([(named, "contacts")]).set_index("column")
    told = [heading for heading in rows.index if "table's name" in heading]
    return (told[0], rows.loc[told[0], "decision"]) if told else ("", "")


@pytest.mark.parametrize("heading", ["Do not mail (post)", "No mailings by post", "Mail opt out (letter)"])
def test_what_comes_by_post_closes_no_channel(heading):
    """Mail that is letters is no e-mail."""
    frame = pd.DataFrame({"Name": ["Ann Able", "Bob Best"], "Email": ["a@b.co", "b@b.co"], heading: ["x", ""]})
    assert propose_fields(frame, "contacts").set_index("heading").loc[heading, "field"] == "custom"


ERASED = [
    "Erasure requested on", "GDPR erased at", "Right to be forgotten", "Löschantrag am", "Droit à l'oubli", "Derecho al olvido", "Diritto all'oblio",
    "Verwijderverzoek", "Wniosek o usunięcie danych", "Begäran om radering", "Sletteanmodning", "Silme talebi", "削除依頼", "Anonymized",
]  # fmt: skip


@pytest.mark.parametrize("heading", ERASED)
def test_people_who_asked_to_be_forgotten_are_left_out(heading):
    """A day or a yes in a column of requests to be erased leaves the row out until a person brings it back."""
    frame = pd.DataFrame({"Name": [f"Ann {n}" for n in range(10)], heading: ["2026-04-01", *[""] * 9]}, dtype="str")
    raw = SimpleNamespace(file="contacts.csv", sheet="", headings=list(frame.columns), frame=frame)
    row = mapper.fields_sheet([(raw, "contacts")]).set_index("column").loc[heading]
    assert (row["decision"], row["transform"]) == ("ignore", "leave out rows")


@pytest.mark.parametrize(
    "heading",
    ["Photo consent", "Consenso profilazione", "Informed consent", "Einwilligung Weitergabe an Dritte", "Consentimiento de imagen", "Zgoda na wizerunek",
     "Toestemming foto's", "Recording consent", "Cookie consent", "Is Primary Phone (Contact Numbers)", "Is Primary Mobile (Contact Numbers)"],
)  # fmt: skip
def test_a_consent_to_something_else_closes_no_channel(heading):
    """Photos, treatment, profiles and third parties have nothing to do with being written to; nor has which phone is the first."""
    found = propose_fields(pd.DataFrame({heading: ["no", "yes"], "First name": ["Ann", "Bo"]}), "contacts").iloc[0]
    assert (found["field"], found["target"]) == ("custom", "custom")


@pytest.mark.parametrize("heading", ["Aceita promoções", "Acepta promociones", "Accetta promozioni"])
def test_a_refusal_of_promotions_is_one(heading):
    """Whoever accepts no promotions is not written to."""
    found = propose_fields(pd.DataFrame({heading: ["N", "S"], "First name": ["Ann", "Bo"]}), "contacts").iloc[0]
    assert (found["field"], found["transform"]) == ("do_not_contact", "inverted")


def test_mail_beside_email_is_the_posts():
    """`do_not_mail` beside `do_not_email` closes no mailbox; alone it does."""
    both = {"first_name": ["Ann", "Bo"], "do_not_email": ["0", "1"], "do_not_mail": ["1", "0"]}
    sheets = []
    for columns in (both, {name: both[name] for name in ("first_name", "do_not_mail")}):
        frame = pd.DataFrame(columns, dtype="str")
        raw = source.RawTable("people.csv", "", list(frame.columns), frame, np.arange(2, 4))
        sheets.append(mapper.fields_sheet([(raw, "contacts")]).set_index("column")["decision"])
    assert (sheets[0]["do_not_email"], sheets[0]["do_not_mail"], sheets[1]["do_not_mail"]) == (
        "email_opt_out",
        "custom",
        "email_opt_out",
    )


@pytest.mark.parametrize("heading", ["Empfängerstatus", "Abonnentenstatus", "Kontaktstatus"])
def test_a_status_of_addresses_closes_what_bounced(heading):
    """A list that reaches its people by e-mail alone says how each address stands; bounced ones are not written to."""
    frame = pd.DataFrame(
        {"E-Mail": ["a@b.de", "b@b.de", "c@b.de"], heading: ["aktiv", "abgemeldet", "gebounct"]}, dtype="str"
    )
    raw = source.RawTable("liste.csv", "", list(frame.columns), frame, np.arange(2, 5))
    row = mapper.fields_sheet([(raw, "contacts")]).set_index("column").loc[heading]
    assert (row["decision"], row["transform"]) == ("email_opt_out", "inverted")
