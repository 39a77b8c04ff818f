"""Which kind of personal data a column holds, by its name and by what its values look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pb2hl.model import OBJECTS

SHARE = 0.3
"""Share of a column's sampled values that must look like a kind for the column to be of it."""
CHECKED = 1000
_WORDS = re.compile(r"[a-zà-ÿ]+")
BY_NAME = (
    (
        "government id",
        set(
            "sin ssn nin passport licence license nas taxid siret dni nif nie curp rfc cpf pesel bsn passeport reisepass "
            "ausweis ausweisnummer personalausweis steuernummer steuerid sozialversicherungsnummer pasaporte passaporto "
            "codicefiscale passaporte paspoort".split()
        ),
    ),
    (
        "payment",
        set(
            "iban card creditcard bank banking bic swift kreditkarte kontonummer tarjeta carte banque banco banca cuenta "
            "rekening rekeningnummer".split()
        ),
    ),
    (
        "health",
        set(
            "health medical allergy allergies diagnosis disability gesundheit allergie allergien krankheit diagnose santé "
            "salud alergia alergias saúde salute gezondheid".split()
        ),
    ),
    (
        "birth date",
        set(
            "birthday birthdate birth dob born naissance anniversaire geburtstag geburtsdatum nacimiento cumpleaños "
            "nascimento nascita geboortedatum".split()
        ),
    ),
    ("e-mail", set("email emails mail courriel correo epost".split())),
    (
        "phone",
        set(
            "phone mobile fax telephone tel cell telefon handy mobil telefax teléfono telefono móvil movil celular telefone "
            "téléphone telefoon mobiel".split()
        ),
    ),
    (
        "address",
        set(
            "address street postal postcode zip adresse city anschrift straße strasse plz ort dirección direccion calle "
            "ciudad rue ville indirizzo endereço adres straat".split()
        ),
    ),
    (
        "name",
        set(
            "firstname lastname fullname surname vorname nachname nombre apellido apellidos prénom prenom nome cognome sobrenome "
            "voornaam achternaam".split()
        ),
    ),
)
"""Kinds by the words of a column's name, in the languages of exports, the most sensitive first."""
_OF_FIELDS = {
    spec.name: spec.personal
    for item in OBJECTS.values()
    for spec in item.columns
    if spec.personal
    and all(other.personal for one in OBJECTS.values() for other in one.columns if other.name == spec.name)
}
"""What the field map says of canonical fields, where it says so for every object that has one of the name."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}$", re.I)
_PHONE = re.compile(r"\+?[\d\s().-]{9,20}$")
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?$")
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}$")
_SIN = re.compile(r"\d{3}[- ]\d{3}[- ]\d{3}$")
_CARD = re.compile(r"(?:\d[ -]?){13,19}$")
_IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}$")


def personal_class(name: str, texts: Sequence[str]) -> str:
    """`government id`, `payment`, `health`, `birth date`, `e-mail`, `phone`, `address`, `name`, `ip address`,
    `free text` (may mention anyone), or "" for none."""
    step = max(1, len(texts) // CHECKED)
    sample = [text.strip() for text in texts[::step]]
    for kind, looks in _LOOKS:
        if sample and sum(map(looks, sample)) >= SHARE * len(sample):
            return kind
    plain = name.lower().removeprefix("custom.")
    if plain in _OF_FIELDS:
        return _OF_FIELDS[plain]
    found = set(_WORDS.findall(plain)) | {"".join(_WORDS.findall(plain))}
    for kind, names in BY_NAME:
        if found & names:
            return kind
    return "free text" if _running(sample) else ""


def _running(sample: list[str]) -> bool:
    return bool(sample) and sum(text.count(" ") >= 5 for text in sample) >= SHARE * len(sample)


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return bool(digits) and sum(doubled) % 10 == 0


def _government(text: str) -> bool:
    return bool(_SSN.match(text)) or (bool(_SIN.match(text)) and _luhn(text))


def _payment(text: str) -> bool:
    return bool(_IBAN.match(text)) or (bool(_CARD.match(text)) and _luhn(text))


def _phone(text: str) -> bool:
    return (
        bool(_PHONE.match(text))
        and 9 <= sum(c.isdigit() for c in text) <= 15
        and not _IP.match(text)
        and not _dated(text)
    )


def _dated(text: str) -> bool:
    return bool(re.match(r"\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", text)) or (
        text.isdigit() and not text.startswith("+")
    )


_LOOKS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("government id", _government),
    ("payment", _payment),
    ("e-mail", lambda text: bool(_EMAIL.match(text))),
    ("ip address", lambda text: bool(_IP.match(text))),
    ("phone", _phone),
)
