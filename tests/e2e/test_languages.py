"""French, Spanish and terse exports without ids, companies or users: the same care with less to go by; and an honest audit."""

from __future__ import annotations

import pytest

from tests.e2e import write
from tests.e2e.drive import Arrived, migrate, step, workspace

USERS = [{"name": "Marie Curie", "email": "marie@agence.example"}]
FRENCH = {
    "contacts": [
        {"Prénom": "Élodie", "Nom": "Lefèvre", "Courriel": "Elodie@Atelier.example; elodie.l@gmail.com", "Téléphone": "01 42 68 53 00",
         "Société": "Atelier Lefèvre SARL", "Fonction": "Gérante", "Ville": "Paris", "Pays": "France", "Étiquettes": "Client|vip",
         "Ne pas contacter": "non", "Date de création": "03/04/2021", "Pointure": "38"},
        {"Prénom": "Jean", "Nom": "Dupont", "Courriel": "jean@atelier.example", "Téléphone": "6.12345E+08", "Fonction": "N/A", "Ville": "-",
         "Pays": "FR", "Étiquettes": "client", "Ne pas contacter": "oui", "Date de création": "13/04/2021", "Pointure": "42,5"},
        {"Prénom": "Total", "Nom": "2"},
    ],
    "opportunites": [
        {"Nom": "Toiture", "Contact": "Élodie Lefèvre", "Étape": "Devis", "Statut": "ouverte", "Montant": "1.200,50 €", "Créé le": "20/04/2021",
         "Clôture prévue": "30/06/2021"},
        {"Nom": "Cave", "Contact": "jean@atelier.example", "Étape": "Gagné", "Statut": "gagnée", "Montant": "10 000 €", "Créé le": "21/04/2021"},
    ],
}  # fmt: skip
SPANISH = {
    "Contactos": [
        {"Nombre": "José", "Apellidos": "Muñoz García", "Correo electrónico": "JOSE@Taller.example", "Teléfono": "912 345 678", "Empresa": "Taller Muñoz S.L.",
         "Cargo": "Jefe", "Ciudad": "Madrid", "País": "España", "Etiquetas": "Nuevo, VIP", "Propietario": "marie@agence.example",
         "Fecha de creación": "2021-05-01T10:00:00Z", "No contactar": "sí"},
        {"Nombre": "Ana", "Apellidos": "Pérez", "Correo electrónico": "ana@gmail.com", "Teléfono": "(+34) 600 123 456", "Ciudad": "Sevilla",
         "Etiquetas": "nuevo", "Fecha de creación": "2021-05-02T10:00:00Z", "No contactar": "no"},
    ]
}  # fmt: skip


def _run(tmp_path, rehearse, monkeypatch, export, **settings):
    sandbox = rehearse(users=USERS)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    ws = workspace(tmp_path / "ws", export, sandbox, **settings)
    return ws, sandbox, before, migrate(ws)


@pytest.mark.slow
def test_french_without_ids_or_pipelines(tmp_path, rehearse, monkeypatch):
    """Semicolons in Windows-1252, `03/04/2021` day first by its neighbours, several e-mails in a cell, decimal commas."""
    export = write.csv_folder(tmp_path / "x", FRENCH, delimiter=";", encoding="cp1252")
    place = {"country": "FR", "timezone": "Europe/Paris", "currency": "EUR", "fallback_owner": "marie@agence.example"}
    ws, sandbox, before, results = _run(tmp_path, rehearse, monkeypatch, export, **place)
    arrived = Arrived.of(sandbox)
    assert len(arrived.contacts) == 2, "the totals row is no person"
    elodie, jean = arrived.contact("elodie@atelier.example"), arrived.contact("jean@atelier.example")
    assert (elodie["firstName"], elodie["lastName"], elodie["phone"]) == ("Élodie", "Lefèvre", "+33142685300")
    assert sorted(elodie["tags"]) == ["client", "vip"] and jean["tags"] == ["client"]
    assert not elodie["dnd"] and jean["dnd"] is True
    kept = {str(value) for value in elodie["custom"].values()}
    assert {"Gérante", "elodie.l@gmail.com"} <= kept and elodie["custom"]["Pointure"] == 38
    assert jean["custom"]["Pointure"] == 42.5 and "N/A" not in jean["custom"].values() and not jean.get("city")
    assert not jean.get("phone") and any("6.12345E+08" in str(v) for v in jean["custom"].values()), (
        "lost digits are not made up"
    )
    assert elodie["custom"]["Perfect Books Created"].startswith("2021-04-03")
    firm = arrived.dump["businesses"][elodie["businessId"]]
    assert "Lefèvre" in firm["name"] and jean["businessId"] == firm["id"], "by the domain that only this company has"
    roof, cellar = arrived.opportunity("Toiture"), arrived.opportunity("Cave")
    assert (roof["monetaryValue"], roof["status"], roof["contactId"]) == (1200.5, "open", elodie["id"])
    assert (cellar["monetaryValue"], cellar["status"], cellar["contactId"]) == (10000, "won", jean["id"])
    assert (arrived.stage(roof)[1], arrived.stage(cellar)[1]) == ("Devis", "Gagné")
    assert roof["forecastExpectedCloseDate"].startswith("2021-06-30")
    assert roof["assignedTo"] == arrived.user("marie@agence.example")
    assert results["audit"].status == "done", results["audit"].problems
    step(ws, "rollback")
    assert sandbox.state.dump() == before


@pytest.mark.slow
def test_spanish_contacts_only(tmp_path, rehearse, monkeypatch):
    """One sheet under a title, with a totals row; no fallback owner: nobody is made one."""
    export = write.workbook(tmp_path / "x.xlsx", SPANISH, titles=True, totals=True)
    place = {"country": "ES", "timezone": "Europe/Madrid", "currency": "EUR"}
    ws, sandbox, before, results = _run(tmp_path, rehearse, monkeypatch, export, **place)
    arrived = Arrived.of(sandbox)
    assert len(arrived.contacts) == 2
    jose, ana = arrived.contact("jose@taller.example"), arrived.contact("ana@gmail.com")
    assert (jose["firstName"], jose["lastName"], jose["phone"], jose["country"]) == (
        "José",
        "Muñoz García",
        "+34912345678",
        "ES",
    )
    assert jose["dnd"] is True and sorted(jose["tags"]) == ["nuevo", "vip"] and "Jefe" in jose["custom"].values()
    assert jose["assignedTo"] == arrived.user("marie@agence.example") and not ana.get("assignedTo")
    assert ana["phone"] == "+34600123456" and not ana["dnd"]
    names = {c["email"]: arrived.dump["businesses"][c["businessId"]]["name"] for c in arrived.contacts}
    assert names == {"jose@taller.example": "Taller Muñoz S.L.", "ana@gmail.com": "Unassigned"}
    assert any(problem.code == "no_owner" for problem in results["schema"].problems), "it is said who has no owner"
    step(ws, "rollback")
    assert sandbox.state.dump() == before


TAMPERED = {
    "a first name": lambda record, _: record.update(firstName="Somebody"),
    "a tag": lambda record, _: record.update(tags=[]),
    "consent": lambda record, _: record.update(dnd=False),
    "the owner": lambda record, _: record.update(assignedTo=None),
    "a custom value": lambda record, _: record["customFields"].pop(),
    "the company": lambda record, _: record.update(businessId=None),
    "the whole record": lambda record, records: records.pop(record["id"]),
}


@pytest.fixture
def spanish(tmp_path, rehearse, monkeypatch):
    """The Spanish contacts, migrated."""
    export = write.workbook(tmp_path / "x.xlsx", SPANISH)
    return _run(tmp_path, rehearse, monkeypatch, export, country="ES", timezone="Europe/Madrid")[:2]


@pytest.mark.slow
def test_the_audit_sees_every_tampering(spanish):
    """Green on what arrived; whatever of a record is changed behind its back turns it red."""
    ws, sandbox = spanish
    assert step(ws, "audit").status == "done"
    records = sandbox.state.contacts.records
    unseen = []
    for what, change in TAMPERED.items():
        (jose,) = [record for record in records.values() if record.get("email") == "jose@taller.example"]
        before = {**jose, "tags": list(jose["tags"]), "customFields": list(jose["customFields"])}
        change(jose, records)
        sandbox.state.index_all()
        if step(ws, "audit").status != "failed":
            unseen.append(what)
        records[before["id"]] = before
        sandbox.state.index_all()
    assert unseen == []
