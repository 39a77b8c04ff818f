"""Rows that tell of several deals or people side by side become a row of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from pb2hl.steps.shared.intake import take_in


def read(folder: Path, text: str) -> dict[str, list[dict[str, str]]]:
    """{object: rows} of a CSV as the inventory takes it in."""
    path = folder / "x.csv"
    path.write_text(text, encoding="utf-8")
    found: dict[str, list[dict[str, str]]] = {}
    for item in take_in(path, into=folder / "in").tables:
        found.setdefault(item.object, []).extend(item.raw.frame.to_dict("records"))
    return found


def test_numbered_deals_of_a_person(tmp_path):
    """Each numbered deal is one, of the person in whose row it stands; a blank one is none."""
    head = "First Name,Last Name,Email,Deal 1 Name,Deal 1 Value,Deal 1 Stage,Deal 2 Name,Deal 2 Value,Deal 2 Stage\n"
    found = read(tmp_path, f"{head}Ann,Able,a@b.co,Roof,100,Won,Gate,50,Lost\nBob,Best,b@b.co,Wall,70,Sent,,,\n")
    deals = [(row["Deal Name"], row["Deal Value"], row["Deal Stage"], row["Contact"]) for row in found["deals"]]
    assert deals == [
        ("Roof", "100", "Won", "a@b.co"),
        ("Wall", "70", "Sent", "b@b.co"),
        ("Gate", "50", "Lost", "a@b.co"),
    ]
    assert [row["Email"] for row in found["contacts"]] == ["a@b.co", "b@b.co"]


def test_numbered_contacts_of_a_company(tmp_path):
    """Contacts one and two of a company are people of it."""
    head = "Company,Website,City,Contact 1 Name,Contact 1 Email,Contact 2 Name,Contact 2 Email\n"
    found = read(tmp_path, f"{head}Acme Inc,https://acme.co,Waco,Ann Able,a@acme.co,Bo Best,b@acme.co\nBeta LLC,https://beta.co,Waco,Cy Cole,c@beta.co,,\n")  # fmt: skip
    people = [(row["Contact Name"], row["Contact Email"], row["Company"]) for row in found["contacts"]]
    assert people == [("Ann Able", "a@acme.co", "Acme Inc"), ("Cy Cole", "c@beta.co", "Beta LLC"), ("Bo Best", "b@acme.co", "Acme Inc")]  # fmt: skip
    assert len(found["companies"]) == 2


PARENTS = {
    "it": "Nome alunno,Cognome alunno,Classe,Nome padre,Cognome padre,Email padre,Nome madre,Cognome madre,Email madre\n",
    "de": "Vorname,Nachname,Klasse,Vorname Vater,Nachname Vater,E-Mail Vater,Vorname Mutter,Nachname Mutter,E-Mail Mutter\n",
    "xx": "First name,Last name,Class,First name zorb,Last name zorb,Email zorb,First name quux,Last name quux,Email quux\n",
}


@pytest.mark.parametrize("language", PARENTS)
def test_both_parents_of_a_pupil(tmp_path, language):
    """Nobody gets the mailbox of somebody else: pupils and both parents are people each, whatever word tells them apart."""
    rows = "Lu,Abel,1A,Alf,Abel,al@b.co,Anna,Abel,a@b.co\nJo,Beck,1B,Bob,Beck,bo@b.co,Bea,Beck,b@b.co\n"
    people = read(tmp_path, PARENTS[language] + rows)["contacts"]
    mails = {mail: row for row in people for mail in row.values() if "@" in mail}
    assert len(people) == 6 and all("Lu" not in row.values() for row in mails.values())
    assert {"Anna", "Abel", "Lu Abel"} <= set(mails["a@b.co"].values()) and {"Bob", "Jo Beck"} <= set(mails["bo@b.co"].values())  # fmt: skip


GUARDIANS = {
    "fr": "Nom,Prénom,Classe,Nom du responsable légal,Prénom du responsable légal,Courriel du responsable légal\n",
    "en": "Last name,First name,Class,Legal guardian last name,Legal guardian first name,Legal guardian email\n",
    "pt": "Sobrenome,Nome,Turma,Sobrenome encarregado de educação,Nome encarregado de educação,Email encarregado de educação\n",
    "cs": "Příjmení,Jméno,Třída,Příjmení zákonného zástupce,Jméno zákonného zástupce,E-mail zákonného zástupce\n",
}


@pytest.mark.parametrize("language", GUARDIANS)
def test_who_speaks_for_a_child_is_somebody_and_no_owner(tmp_path, language):
    """A legal guardian is a person of its own; words like `responsable` make nobody the owner of the child's record."""
    people = read(tmp_path, f"{GUARDIANS[language]}Abel,Lu,1A,Abel,Anna,a@b.co\nBeck,Jo,1B,,,\n")["contacts"]
    (guardian,) = [row for row in people if "a@b.co" in row.values()]
    assert len(people) == 3 and {"Anna", "Abel"} <= set(guardian.values()) and "1A" not in guardian.values()


@pytest.mark.parametrize("word", ["Vendor", "Seller", "Landlord", "Zorb"])
def test_numbered_people_whatever_they_are_called(tmp_path, word):
    """`Vendor 1 Surname`, `Vendor 2 Email`: each numbered person is one, by a word that says nothing else of them."""
    head = (
        f"Ref,{word} 1 First name,{word} 1 Surname,{word} 1 Email,{word} 2 First name,{word} 2 Surname,{word} 2 Email\n"
    )
    people = read(tmp_path, f"{head}v1,Ann,Able,a@b.co,Al,Able,al@b.co\nv2,Bea,Best,b@b.co,,,\n")["contacts"]
    assert [(row["First name"], row["Email"]) for row in people] == [
        ("Ann", "a@b.co"),
        ("Bea", "b@b.co"),
        ("Al", "al@b.co"),
    ]


def test_a_spouse_lives_at_the_same_address_and_is_asked_no_more(tmp_path):
    """What people of one row share is said of each; a refusal too, and a row's flag that it is deleted."""
    head = "First Name,Last Name,Email,Street,City,Newsletter,Deleted,Spouse First,Spouse Last,Spouse Email\n"
    people = read(tmp_path, f"{head}Ann,Able,a@b.co,1 Elm,Waco,No,No,Al,Able,al@b.co\nBea,Best,b@b.co,2 Elm,Waco,Yes,Yes,,,\n")["contacts"]  # fmt: skip
    (spouse,) = [row for row in people if row["Email"] == "al@b.co"]
    assert (spouse["Street"], spouse["Newsletter"], spouse["Deleted"], spouse["Named beside"]) == ("1 Elm", "No", "No", "Ann Able")  # fmt: skip


def test_both_borrowers_of_a_loan(tmp_path):
    """A deal of two people names both, the first before the other."""
    head = "Borrower First Name,Borrower Last Name,Borrower Email,Co-Borrower First Name,Co-Borrower Last Name,Co-Borrower Email,Loan Amount,Stage\n"  # fmt: skip
    found = read(tmp_path, f"{head}Ann,Able,a@b.co,Al,Able,al@b.co,250000,Applied\nBea,Best,b@b.co,,,,150000,Funded\n")
    assert len(found["contacts"]) == 3 and [row["Loan Amount"] for row in found["deals"]] == ["250000", "150000"]


@pytest.mark.parametrize(
    "head",
    [
        "First Name,Last Name,Email,Assistant Name,Assistant Phone,Assistant Email\n",
        "Billing First Name,Billing Last Name,Billing Email,Shipping First Name,Shipping Last Name,Shipping City\n",
        "First Name,Last Name,Email,E-mail 2 - Value,E-mail 3 - Value,Emergency Contact Name\n",
    ],
)
def test_what_is_said_of_one_person_stays_one(tmp_path, head):
    """Assistants, addresses for goods and further mailboxes make nobody."""
    people = read(tmp_path, f"{head}Ann,Able,a@b.co,Jo Fox,5124811235,j@b.co\nBea,Best,b@b.co,Cy Cox,5124811236,c@b.co\n")["contacts"]  # fmt: skip
    assert len(people) == 2
