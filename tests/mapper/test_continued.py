"""Rows below a record that hold nothing but its further e-mails, phones or lines belong to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pb2hl.steps.shared.intake import take_in


def read(folder: Path, text: str):
    """The tables of a CSV as the inventory takes it in."""
    path = folder / "contacts.csv"
    path.write_text(text, encoding="utf-8")
    return take_in(path, into=folder / "in").tables


INNER = {
    "brackets": "ID,First Name,Last Name,Email ID (Email IDs),Number (Phone Nos)\n",
    "paths": "External ID,Name,City,child_ids/email,child_ids/phone\n",
    "spanish": "Código,Nombre,Apellidos,Dirección (Correos),Tipo (Correos)\n",
    "untold": "Ref,First Name,Last Name,Email,Phone\n",
}


@pytest.mark.parametrize("kind", INNER)
def test_rows_without_a_key_go_on_with_the_record_above(tmp_path, kind):
    """A second and third value below a record are its further ones; no nameless person is made of them."""
    rows = "k1,Ann,Able,a@one.co,212-555-0101\n,,,a@two.co,\n,,,a@three.co,212-555-0103\nk2,Bo,Best,b@one.co,212-555-0102\n"
    (found,) = read(tmp_path, INNER[kind] + rows)
    assert found.raw.frame.iloc[:, 3].to_list() == ["a@one.co; a@two.co; a@three.co", "b@one.co"]
    assert found.raw.frame.iloc[:, 4].to_list() == ["212-555-0101; 212-555-0103", "212-555-0102"]
    assert found.raw.rows.tolist() == [2, 5]


@pytest.mark.parametrize(
    "text",
    [
        "Company,City,Country,Phone,Contact,Email\nAcme,Waco,US,1,Ann Able,a@b.co\n,,,,Bo Best,b@b.co\nBeta,Waco,US,2,Cy Cole,c@b.co\n",
        "ID,Email,Note\n1,a@b.co,x\n,b@b.co,\n2,c@b.co,y\n",
        "ID,First Name,Last Name,Email\n1,Ann,Able,a@b.co\n,Bo,Best,b@b.co\n2,Cy,Cole,c@b.co\n",
        "ID,First Name,Last Name,Email\n1,Ann,Able,\n,,,b@b.co\n2,Cy,Cole,c@b.co\n",
        "First Name,Last Name,Organization,Notes,Phone\nAnn,Able,,met,1\nBob,Best,,,2\n,,Dorn Plumbing LLC,plumber,3\n",
        "First Name,Last Name,Middle,E-mail 1 - Value,E-mail 2 - Value\nAnn,Able,B,a@b.co,c@b.co\nBob,Best,C,b@b.co,\n,,,d@b.co,\n",
        "First Name,Last Name,City,Labels,Phone\nAnn,Able,Waco,VIP,1\nBob,Best,Troy,New,2\n,,,Vendors,3\n",
    ],
)
def test_rows_of_somebody_else_stay_rows(tmp_path, text):
    """People below their company or without a number, firms, labelled rows, rows whose record says nothing of the kind and those of tables
    with columns for second values are no further values: nobody gets their phones."""
    assert sum(len(item.raw.frame) for item in read(tmp_path, text) if item.object == "contacts") == 3
