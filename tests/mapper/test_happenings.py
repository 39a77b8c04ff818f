"""People in the rows of what happens with them, and what only bookings say."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.source.tables import RawTable
from pb2hl.steps.shared.intake import take_in

WHO = {
    "First Name": ["Ada", "Bo", "Ada"],
    "Last Name": ["Lund", "Vik", "Lund"],
    "Phone": ["+1 512 555 0101", "+1 512 555 0102", "+1 512 555 0101"],
    "Email": ["ada@lund.example", "bo@vik.example", "ada@lund.example"],
}
BOOKED = {"Start Time": ["March 5, 2025 9:00 am"] * 3, "End Time": ["March 5, 2025 9:30 am"] * 3, "Type": ["Cut", "Colour", "Cut"]}  # fmt: skip
TO_DO = {"Aufgabe": ["Call", "Write", "Meet"], "Fällig am": ["12.03.2025"] * 3, "Erledigt": ["nein", "ja", "nein"]}
CALLS = {"Call date": ["2025-03-05 09:00"] * 3, "Direction": ["in", "out", "in"], "Duration": ["65", "12", "30"], "Subject": ["a", "b", "c"]}  # fmt: skip


def table(columns: dict[str, list[str]], file: str = "export.csv") -> RawTable:
    """A raw table."""
    frame = pd.DataFrame(columns, dtype="str")
    return RawTable(file, "", list(frame.columns), frame, pd.RangeIndex(2, 2 + len(frame)).to_numpy())


def fields(raw: RawTable, object_: str) -> dict[str, tuple[str, str]]:
    """{column: (decision, transform)}."""
    sheet = mapper.fields_sheet([(raw, object_)])
    return {row.column: (row.decision, row.transform) for row in sheet.itertuples()}


PRICED = {
    "appointments": ("bookings.csv", {"Arrivo": ["01/07/2025"] * 3, "Partenza": ["04/07/2025"] * 3, "Ospiti": ["2", "4", "2"], "Importo": ["€ 420,00"] * 3}),
    "activities": ("calls-2025.csv", {"Call Status": ["Answered", "Missed", "Answered"], "Start Time": ["2025-01-02 09:00 AM"] * 3, "Duration (seconds)": ["125", "0", "43"], "Value": ["0.00", "350.00", "0.00"], "Note": ["wants a quote", "", ""]}),
}  # fmt: skip


@pytest.mark.parametrize("object_", PRICED)
def test_what_happens_may_have_a_price(object_):
    """Stays and calls that say what they were worth are no rates, deals or people; guests in digits are how many, seconds a length."""
    file, columns = PRICED[object_]
    raw = table(
        {**columns, "Name": ["Ada Lund", "Bo Vik", "Ada Lund"], "Phone": WHO["Phone"], "Email": WHO["Email"]}, file
    )
    parts = {name: part for part, name, _ in mapper.two_objects(raw, mapper.recognise(raw)[0], ())}
    assert set(parts) == {object_, "contacts"}
    found = fields(parts[object_], object_)
    if object_ == "appointments":
        assert (found["Arrivo"][0], found["Partenza"][0], found["Ospiti"][0]) == ("start_at", "end_at", "custom")
    else:
        assert (found["Start Time"][0], found["Duration (seconds)"][0]) == ("at", "duration")


@pytest.mark.parametrize(
    ("columns", "file", "object_"),
    [
        (BOOKED, "schedule.csv", "appointments"),
        (BOOKED, "export.csv", "appointments"),
        (TO_DO, "Aufgaben.csv", "tasks"),
        (TO_DO, "export.csv", "tasks"),
        (CALLS, "calls.csv", "activities"),
    ],
)
def test_people_in_the_rows_of_what_happens_are_people_and_it_refers_to_them(columns, file, object_):
    """Bookings, to-dos and calls with the name, phone and e-mail of whom they are with are both, whatever the file is called."""
    raw = table({**columns, **WHO}, file)
    parts = mapper.two_objects(raw, mapper.recognise(raw)[0], ())
    assert {name for _, name, _ in parts} == {object_, "contacts"}
    for part, name, _ in parts:
        found = {field for field, _ in fields(part, name).values()}
        if name == "contacts":
            assert list(part.headings) == list(WHO) and len(part.frame) == 3
        else:
            assert "contact_id" in found and not set(WHO) & set(part.headings)
            assert set(part.frame["Contact"]) == {"Ada Lund (ada@lund.example)", "Bo Vik (bo@vik.example)"}


def test_with_a_table_of_people_what_happens_refers_to_it(tmp_path):
    """Names and addresses in bookings make nobody anew whom another table has; they still say who it was, and strangers become people."""
    raw = table({"Title": ["a", "b", "c"], **BOOKED, **WHO}, "bookings.csv")
    whole, name, _ = mapper.two_objects(raw, "appointments", ("contacts",))[0]
    assert name == "appointments" and fields(whole, "appointments")["Contact"][0] == "contact_id"
    raw.frame.to_csv(tmp_path / "bookings.csv", index=False)
    for known, strangers in (((0, 1), []), ((0,), ["bo@vik.example"])):
        pd.DataFrame(WHO).iloc[list(known)].to_csv(tmp_path / "clients.csv", index=False)
        found = take_in(tmp_path, into=tmp_path / "into").tables
        new = [item.raw.frame for item in found if item.object == "contacts" and item.raw.file == "bookings.csv"]
        assert [mail for frame in new for mail in frame["Email"]] == strangers


def test_calendars_called_after_people_are_their_owners():
    """`Calendar: Amy Chen` says whose appointment it is; rooms and kinds of calendars say nobody."""
    days = {"Title": ["a", "b", "c"], "Start": ["2025-03-05 09:00"] * 3, "End": ["2025-03-05 10:00"] * 3}
    people, rooms, teams = (
        ["Amy Chen", "Rachel Patel", "Amy Chen"],
        ["Room 1", "Room 2", "Room 1"],
        ["Sales", "Support", "Main"],
    )
    for names, owned in ((people, True), (rooms, False), (teams, False)):
        assert (fields(table({**days, "Calendar": names}), "appointments")["Calendar"][0] == "owner") == owned


@pytest.mark.parametrize(
    "columns",
    [
        {"Member since": ["2020-01-01", "2021-01-01", "2022-01-01"], "Notes": ["a", "b", "c"]},
        {"Start Date": ["2024-01-01"] * 3, "End Date": ["2025-01-01"] * 3, "Plan": ["Gold", "Silver", "Gold"]},
        {"Last activity": ["2024-01-01", "", ""], "Next appointment": ["2025-01-01", "", ""]},
        {"Due date": ["2024-01-01", "", ""], "Status": ["active", "", ""]},
    ],
)
def test_people_with_dates_stay_people(columns):
    """A membership's begin and end, a last contact or a due date makes no happenings of people who stand once each."""
    once = {name: [values[0], values[1], f"x{values[2]}"] for name, values in WHO.items()}
    raw = table({**once, **columns})
    assert mapper.recognise(raw)[0] == "contacts" and mapper.two_objects(raw, "contacts", ()) == []


@pytest.mark.parametrize(
    ("heading", "values"),
    [("Service", ["Cut", "Colour", "Cut"]), ("Appointment Type", ["Cut", "Colour", "Cut"]), ("Behandlung", ["Massage"] * 3), ("Prestation", ["Coupe"] * 3)],
)  # fmt: skip
def test_what_was_booked_is_the_title_where_there_is_none(heading, values):
    """The service, or the type, names an appointment; a column of titles comes first, and a price is none."""
    days = {"Start": ["2025-03-05 09:00"] * 3, "End": ["2025-03-05 10:00"] * 3}
    found = fields(table({**days, heading: values, "Appointment Price": ["100.00"] * 3}), "appointments")
    assert found[heading][0] == "title" and found["Appointment Price"][0] == "custom"
    found = fields(table({**days, "Title": ["a", "b", "c"], heading: values}), "appointments")
    assert found["Title"][0] == "title" and found[heading][0] == "custom"


@pytest.mark.parametrize("heading", ["Canceled", "Cancelled?", "Storniert", "Annulé", "Is cancelled", "キャンセル"])
def test_a_yes_says_that_an_appointment_was_cancelled(heading):
    """A question of yes and no becomes the status, with the question whether somebody came; words of a status column go before."""
    days = {"Start": ["2025-03-05 09:00"] * 3, "End": ["2025-03-05 10:00"] * 3, "Title": ["a", "b", "c"]}
    found = fields(table({**days, heading: ["no", "yes", "no"]}), "appointments")
    assert found[heading] == ("status", "map: no=confirmed | yes=cancelled")
    found = fields(table({**days, heading: ["no", "yes", "no"], "No show": ["yes", "no", "no"]}), "appointments")
    assert "no/yes=noshow" in found[heading][1] and "yes/no=cancelled" in found[heading][1]
    found = fields(
        table({**days, heading: ["no", "yes", "no"], "Status": ["booked", "cancelled", "booked"]}), "appointments"
    )
    assert found["Status"][0] == "status" and found[heading][0] == "custom"


@pytest.mark.parametrize(
    ("heading", "values"), [("Omschrijving", ["Keuken", "Tegels", "Kranen"]), ("Product", ["Oven", "Tray", "Cup"]), ("Service", ["Roof", "Wall", "Door"])]
)  # fmt: skip
def test_deals_without_a_name_are_called_after_what_they_are_about(heading, values):
    """A short description, product or service names deals; long texts do not, nor where another column is the name."""
    deal = {"Amount": ["100", "200", "300"], "Stage": ["New", "Won", "New"]}
    assert fields(table({**deal, heading: values}), "deals")[heading][0] == "name"
    assert fields(table({**deal, heading: [f"{text} {'x' * 90}" for text in values]}), "deals")[heading][0] == "custom"
    assert fields(table({**deal, "Deal": ["a", "b", "c"], heading: values}), "deals")[heading][0] == "custom"


def test_who_called_is_somebody_with_a_number():
    """In a log of calls the columns that say whom a row means are the people's name and phone; keys of them make nobody."""
    log = {**CALLS, "Caller Name": ["Ada Lund", "Bo Vik", "Ada Lund"], "Caller Number": WHO["Phone"]}
    (calls, kind, _), (people, of, _) = mapper.two_objects(table(log, "calls.csv"), "activities", ())
    assert (kind, of) == ("activities", "contacts") and fields(calls, "activities")["Contact"][0] == "contact_id"
    assert {field for field, _ in fields(people, "contacts").values()} == {"full_name", "phone"}
    assert mapper.two_objects(table({**CALLS, "Contact": ["17", "18", "17"]}, "calls.csv"), "activities", ()) == []


def test_members_with_notes_are_no_users():
    """People with notes of a club are contacts, though users may be called members."""
    members = {
        **WHO,
        "Membership": ["Gold", "Silver", "Gold"],
        "Status": ["Active", "Expired", "Active"],
        "Notes": ["nice", "", ""],
    }
    assert mapper.recognise(table(members, "members.csv"))[0] == "contacts"


@pytest.mark.parametrize(
    ("files", "objects"),
    [
        (("contacts", "schedule"), ["appointments", "contacts"]),
        (("schedule",), ["appointments", "contacts"]),
        (("contacts",), ["contacts"]),
    ],
)
def test_bookings_beside_a_table_of_people_make_nobody_again(tmp_path, files, objects):
    """Bookings that look like people are none that other tables could refer to; a real table of people has whom they are with."""
    texts = {"contacts": {**WHO, "Birthday": ["1980-01-02", "1981-02-03", "1980-01-02"]}, "schedule": {**BOOKED, **WHO}}
    for name in files:
        pd.DataFrame(texts[name]).to_csv(tmp_path / f"{name}.csv", index=False)
    assert sorted(item.object for item in take_in(tmp_path, into=tmp_path / "into").tables) == objects


MIXED = {
    "en": (["Call", "Email", "Task", "Meeting", "Note"], "Type Subject Date Due_date Status", ["Completed", "Not started"]),
    "fr": (["Appel", "Courriel", "Tâche", "Rencontre", "Note"], "Type Objet Date Échéance Statut", ["Terminé", "À faire"]),
    "de": (["Anruf", "E-Mail", "Aufgabe", "Termin", "Notiz"], "Art Betreff Datum Fällig_am Status", ["Erledigt", "Offen"]),
    "es": (["Llamada", "Correo", "Tarea", "Reunión", "Nota"], "Tipo Asunto Fecha Fecha_de_vencimiento Estado", ["Completada", "Pendiente"]),
}  # fmt: skip


@pytest.mark.parametrize("language", MIXED)
def test_tasks_among_activities_are_tasks(language):
    """To-dos in a table of calls, e-mails and notes become tasks with their own due day and state; the rest stays what happened."""
    kinds, headings, (done, to_do) = MIXED[language]
    columns = {
        "ID": [f"A{n}" for n in range(6)], "Contact": ["1", "2", "3", "1", "2", "3"],
        **dict(zip((h.replace("_", " ") for h in headings.split()), (
            [*kinds, kinds[2]], ["a", "b", "c", "d", "e", "f"], [f"2025-05-0{n} 09:00" for n in range(1, 7)],
            ["", "", "2026-12-12", "", "", "2025-05-10"], [done, done, to_do, done, "", done],
        ), strict=True)),
    }  # fmt: skip
    raw = table(columns, "activities.csv")
    assert mapper.recognise(raw)[0] == "activities"
    parts = {name: part for part, name, _ in mapper.two_objects(raw, "activities", ("contacts",))}
    assert list(parts["tasks"].frame["ID"]) == ["A2", "A5"] and len(parts["activities"].frame) == 4
    read = {field: column for column, (field, _) in fields(parts["tasks"], "tasks").items()}
    assert list(parts["tasks"].frame[read["due_at"]]) == ["2026-12-12", "2025-05-10"]
    assert list(parts["tasks"].frame[read["status"]]) == [to_do, done]


def test_tasks_of_which_nothing_is_known_stay_activities():
    """A word alone makes no to-do: without a due day or a state the row only tells what happened."""
    raw = table({"Type": ["Call", "Task"], "Subject": ["a", "b"], "Notes": ["c", "d"], "Contact": ["1", "2"]}, "activities.csv")  # fmt: skip
    assert not mapper.two_objects(raw, "activities", ("contacts",))


@pytest.mark.parametrize(
    ("titles", "left_out"),
    [
        (["Prophy", "Crown", "LUNCH - blocked", "Staff meeting"], True), (["Erstgespräch", "Kontrolle", "Gesperrt", "Mittagspause"], True),
        (["Rendez-vous", "Bilan", "Congé", "Pause"], True), (["Limpieza", "Revisión", "Bloqueado", "Almuerzo"], True),
        (["Blocked drain", "Boiler", "Lunch with Ann", "Team photo shoot"], False),
    ],
)  # fmt: skip
def test_blocked_times_are_no_appointments(titles, left_out):
    """Rows of a calendar that name nobody and say no more than that the time is taken are left out; with anybody in one of them none is."""
    rows = {"Appointment": titles, "Start": ["2026-12-15 09:00"] * 4, "End": ["2026-12-15 10:00"] * 4}
    for whose, expected in ((["1", "2", "", ""], left_out), (["1", "2", "3", "4"], False), ([""] * 4, False)):
        raw = table({**rows, "Client ID": whose}, "appointments.csv")
        assert (fields(raw, "appointments")["Appointment"][1] == "leave out rows") is expected, whose
