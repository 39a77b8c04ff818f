"""Status words of many languages."""

from __future__ import annotations

import pytest

from pb2hl.values import statuses


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Closed Won", "won"), ("closedwon", "won"), ("CLOSED_LOST", "lost"), ("Gagné", "won"), ("verloren", "lost"),
        ("Cerrado ganado", "won"), ("受注", "won"), ("Проиграна", "lost"), ("przegrana", "lost"), ("En cours", "open"),
        ("storniert", "abandoned"), ("Blue", ""), ("", ""),
    ],
)  # fmt: skip
def test_deal_words(word, status):
    """How a deal ended is understood in any case, spelling and language; unknown words say nothing."""
    assert statuses.deal_status(word) == status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("No-Show", "noshow"),
        ("Abgesagt", "cancelled"),
        ("não compareceu", "noshow"),
        ("Bestätigt", "confirmed"),
        ("完了", "showed"),
    ],
)
def test_appointment_words(word, status):
    """HighLevel's appointment statuses are found in other languages."""
    assert statuses.appointment_status(word) == status


@pytest.mark.parametrize(
    ("word", "done"), [("Erledigt", True), ("x", True), ("à faire", False), ("Terminée", True), ("W toku", False)]
)
def test_task_words(word, done):
    """A task's word says whether something is left to do."""
    assert statuses.is_done(word) is done


def test_activities_and_directions():
    """Kinds of activities and who turned to whom."""
    assert [statuses.activity_type(word) for word in ("Anruf", "Appel", "WhatsApp", "reunión")] == [
        "call",
        "call",
        "sms",
        "meeting",
    ]
    assert [statuses.direction(word) for word in ("ausgehend", "Entrant", "着信")] == ["outbound", "inbound", "inbound"]
