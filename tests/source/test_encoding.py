"""Encodings whose bytes look Western: told by the letters of their languages."""

from __future__ import annotations

import pytest

from pb2hl.source import read_export
from pb2hl.source.encoding import decode


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1254", "Müşteri No;Adı Soyadı;Bağdat Cad."), ("cp1250", "Jiří Dvořák;Žižkov;Nádražní"),
        ("cp1250", "Kovács Győző;Hűvösvölgyi út"), ("cp1250", "Zakład Mięsny Łoś;Żak"), ("cp1252", "Þórður;Ísafjörður"),
        ("cp1252", "Søren Ærø;Århus"), ("cp1252", "João Conceição;Mãe"), ("cp1252", "Tõnu Mäe;Šmidt"),
        ("cp1252", "Hélène Œuvre;Noël;à côté;Žižek"), ("cp1252", "Perché è più;università"), ("cp1252", "Müller Straße"),
    ],
)  # fmt: skip
def test_letters_tell_the_encoding(encoding, text):
    """Turkish, Czech and Hungarian are read as such, and no Western text as one of them."""
    assert decode(text.encode(encoding))[0] == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1250", "Wysłać kalkulację"), ("cp1250", "książki"), ("cp1250", "hľadať"), ("cp1250", "data naşterii"), ("cp1252", "Nº;Préparer"), ("cp1252", "nºcliente;1ª cita"),
     ("cp1252", "50 m³/h"), ("cp1252", "Revenue (£m)"), ("cp1252", "Espa¿a")],
)  # fmt: skip
def test_signs_inside_words_are_letters(encoding, text):
    """`³`, `¹` or `º` inside a word is a letter of Central Europe; after a number, a unit or an N it is the sign."""
    assert decode((text + "\n").encode(encoding))[0] == text + "\n"


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [("cp1250", ["Imię;Wysłać", "Podpisać umowę", "Wrócić"]), ("cp1252", ["Nº;Prénom", "Hélène", "Nº;Le"]), ("cp932", ["顧客番号と電話番号", "メモの本文"])],
)  # fmt: skip
def test_texts_of_one_export_are_in_one_encoding(tmp_path, encoding, texts):
    """A file with few letters of its own is read as those beside it, which show what the export is in."""
    for number, text in enumerate(texts):
        (tmp_path / f"t{number}.csv").write_bytes(f"id;{text}\n1;{text}\n2;{text}\n".encode(encoding))
    export = read_export(tmp_path, into=tmp_path / "into")
    assert [table.frame.iloc[0, 1] for table in export.tables] == [text.split(";")[0] for text in texts]


def test_a_text_of_another_encoding_stays_itself(tmp_path):
    """A file in UTF-8, and one whose letters show another encoding, are not read as the others are."""
    for name, encoding, text in (
        ("a", "cp1252", "Élise à Orléans"),
        ("b", "cp1252", "Noël Côté"),
        ("c", "utf-8", "Łódź"),
        ("d", "cp1254", "İstanbul şubesi"),
    ):
        (tmp_path / f"{name}.csv").write_bytes(f"id;name\n1;{text}\n".encode(encoding))
    tables = read_export(tmp_path, into=tmp_path / "into").tables
    assert [table.frame.iloc[0, 1] for table in tables] == ["Élise à Orléans", "Noël Côté", "Łódź", "İstanbul şubesi"]
