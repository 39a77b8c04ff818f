"""Encodings whose bytes look Western: told by the letters of their languages."""

from __future__ import annotations

import pytest

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
