"""Stages value by value: like ones found, missing ones told, a choice instead of a silent change."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.mapper.sheets.check import invalid_rows
from pb2hl.mapper.sheets.source_stages import source_stages
from pb2hl.mapper.sheets.stages import together

SALES = {"id": "p1", "name": "Sales", "stages": [
    {"id": "s1", "name": "New Lead", "position": 0}, {"id": "s2", "name": "Proposal Sent", "position": 1},
    {"id": "s3", "name": "Closed Won", "position": 2}]}  # fmt: skip


def deals(*stages: str, pipeline: str = "Sales") -> pd.DataFrame:
    return pd.DataFrame({"pipeline": [pipeline] * len(stages), "stage": list(stages)}, dtype="str")


def sheet(*stages: str, destination=(SALES,)) -> pd.DataFrame:
    return mapper.stages_sheet(deals(*stages), pd.DataFrame(), list(destination)).set_index("stage", drop=False)


@pytest.mark.parametrize(
    ("stage", "there"),
    [("Neu", "New Lead"), ("2. Angebot", "Proposal Sent"), ("Devis envoyé", "Proposal Sent"), ("Gewonnen", "Closed Won"),
     ("Propuesta", "Proposal Sent"), ("proposal sent ", "Proposal Sent"), ("見積提出", "Proposal Sent"), ("Ganho", "Closed Won")],
)  # fmt: skip
def test_a_stage_finds_its_like_in_other_words(stage, there):
    """Another language, a leading number, case or the same end find the stage that exists."""
    row = mapper.stages_sheet(deals(stage), pd.DataFrame(), [SALES]).iloc[0]
    assert (row["target_pipeline"], row["target_stage"]) == ("Sales", there)


def test_a_stage_without_a_like_waits_with_both_choices():
    """What has no like is undecided; its reason names the stages there are and the pipeline that would be made beside."""
    row = sheet("Proposal Sent", "Ice bath").loc["Ice bath"]
    assert (row["decision"], row["proposal"], row["target_pipeline"]) == ("", "beside", "Sales (Perfect Books)")
    assert "New Lead · Proposal Sent · Closed Won" in row["reason"] and "decide map" in row["reason"]


def test_accepting_beside_takes_the_whole_pipeline_along():
    """One stage beside means the pipeline beside with all its stages in the export's words; other pipelines stay."""
    frame = sheet("Proposal Sent", "Ice bath", "Gewonnen").reset_index(drop=True)
    frame.loc[frame["stage"] == "Ice bath", "decision"] = "beside"
    taken = together(frame)
    assert set(taken["target_pipeline"]) == {"Sales (Perfect Books)"}
    assert list(taken.sort_values("stage")["target_stage"]) == ["Gewonnen", "Ice bath", "Proposal Sent"]
    assert not invalid_rows({"stages": frame}, pipelines=[SALES])


def test_the_pipeline_beside_spells_its_stages_as_declared():
    """A stage that deals also write in capitals is made once, in the spelling that comes first."""
    frame = sheet("Ice bath", "ICE BATH", "Proposal Sent", " PROPOSAL SENT").reset_index(drop=True)
    assert set(frame.loc[frame["stage"].str.strip().str.lower() == "ice bath", "target_stage"]) == {"Ice bath"}
    frame.loc[frame["proposal"] == "beside", "decision"] = "beside"
    assert set(together(frame)["target_stage"]) == {"Ice bath", "Proposal Sent"}


def test_naming_an_existing_stage_keeps_the_existing_pipeline():
    """A person who maps the leftover stage to one that exists needs no pipeline beside."""
    frame = sheet("Proposal Sent", "Ice bath").reset_index(drop=True)
    at = frame["stage"] == "Ice bath"
    frame.loc[at, ["target_pipeline", "target_stage", "decision"]] = ["Sales", "New Lead", "map"]
    assert set(together(frame)["target_pipeline"]) == {"Sales"}
    assert not invalid_rows({"stages": frame}, pipelines=[SALES])


def test_a_target_that_an_existing_pipeline_lacks_is_refused():
    """`map` to a stage which the existing pipeline does not have is told with its row and the stages there are."""
    frame = sheet("Proposal Sent", "Ice bath").reset_index(drop=True)
    at = frame.index[frame["stage"] == "Ice bath"][0]
    frame.loc[at, ["target_pipeline", "decision"]] = ["Sales", "map"]
    (found,) = invalid_rows({"stages": frame}, pipelines=[SALES])
    assert (found.code, found.row, found.field) == ("sheet_stage", at + 2, "target_stage")
    assert "Closed Won" in found.message and "beside" in found.message


def test_the_pipeline_beside_is_found_again():
    """Once it exists with every stage its name is proposed again; one of that name without them gets a number."""
    made = {"id": "p2", "name": "Sales (Perfect Books)", "stages": [{"id": "x", "name": "Ice bath", "position": 0}]}
    assert sheet("Ice bath", destination=(SALES, made)).loc["Ice bath", "target_pipeline"] == "Sales (Perfect Books)"
    other = {**made, "stages": [{"id": "y", "name": "Else", "position": 0}]}
    assert sheet("Ice bath", destination=(SALES, other)).loc["Ice bath", "target_pipeline"] == "Sales (Perfect Books) 2"


def _order(frame: pd.DataFrame) -> list[str]:
    return [str(stage) for stage in mapper.stages_sheet(frame, pd.DataFrame(), [])["stage"]]


def test_stages_stand_in_the_order_that_deals_show():
    """Not by first appearance: by the number before a name, by probability, else by dates: what is new has come less far."""
    frame = deals("Angebot", "Anfrage", "Angebot", "Gewonnen", "Prüfung")
    created = ["2024-03-01", "2024-06-01", "2024-03-05", "2023-01-01", "2024-01-01"]
    assert _order(frame.assign(created_at=pd.to_datetime(created, utc=True))) == [
        "Anfrage",
        "Angebot",
        "Prüfung",
        "Gewonnen",
    ]
    assert _order(frame.assign(probability=[0.5, 0.1, 0.5, 1.0, 0.3])) == ["Anfrage", "Prüfung", "Angebot", "Gewonnen"]
    assert _order(deals("3. Offer", "1. Lead", "10 - Won", "2) Talk")) == ["1. Lead", "2) Talk", "3. Offer", "10 - Won"]


@pytest.mark.parametrize(
    ("frame", "pipelines", "said"),
    [
        (deals("Closed Won", "Closed Won").assign(status=["won", "lost"]), pd.DataFrame(), "1 deal in it says lost"),
        (deals("Verloren").assign(status=["gewonnen"]), pd.DataFrame(), "1 deal in it says won"),
        (
            deals("Signed"),
            pd.DataFrame({"pipeline": ["Sales"], "stage": ["Signed"], "probability": [0.0], "outcome": ["won"]}),
            "its probability is 0%",
        ),
    ],
)
def test_a_contradiction_of_outcome_waits(frame, pipelines, said):
    """A stage whose name or table says won while its deals or probability say lost is left to a person, who reads why."""
    row = mapper.stages_sheet(frame, pipelines, []).iloc[0]
    assert row["decision"] == "" and said in row["reason"]


def test_an_open_deal_in_a_stage_that_ended_contradicts_nothing():
    """Old systems leave the status open when a deal is dragged to its last stage: that is no contradiction."""
    assert (
        mapper.stages_sheet(deals("Closed Won").assign(status=["open"]), pd.DataFrame(), []).iloc[0]["decision"]
        == "map"
    )


@pytest.mark.parametrize("heading", ["Stage order", "stage_seq", "Reihenfolge der Phase", "Position"])
def test_a_column_of_the_deals_counts_the_stages(heading):
    """Where each stage has a number of its own, it orders them, whatever probabilities and dates say; else it does not."""
    deals = pd.DataFrame(
        {"stage": ["Talks", "New", "Won", "Met", "New"], "probability": [0.1, 0.9, 1.0, 0.5, 0.9],
         f"custom.{heading}": ["3", "1", "4", "2", "1"]}
    )  # fmt: skip
    assert [item.stage for item in source_stages(deals, pd.DataFrame())] == ["New", "Met", "Talks", "Won"]
    deals[f"custom.{heading}"] = ["3", "1", "4", "2", "7"]
    assert [item.stage for item in source_stages(deals, pd.DataFrame())] == ["Talks", "Met", "New", "Won"]


@pytest.mark.parametrize(
    ("chances", "outcomes"),
    [
        (
            {"New": 1.0, "Talks": 1.0, "Won": 1.0, "Lost": 0.0},
            ["", "", "won", "lost"],
        ),  # every stage "certain": a default
        ({"New": 0.1, "Talks": 0.5, "Handed over": 1.0}, ["", "", "won"]),
        ({"New": 0.1, "Handed over": 1.0, "Paid out": 1.0}, ["", "", ""]),
        ({"New": 0.1, "Handed over": 1.0, "Won": None}, ["", "", "won"]),
    ],
)
def test_certainty_ends_a_stage_only_where_it_stands_alone(chances, outcomes):
    """A probability of 1 says won of the only stage that has it and beside none that is called won."""
    pipelines = pd.DataFrame({"pipeline": "Sales", "stage": [*chances], "probability": [*chances.values()]})
    assert [item.outcome for item in source_stages(pd.DataFrame(), pipelines)] == outcomes


@pytest.mark.parametrize(
    ("stages", "outcomes"),
    [
        (("Cotação", "Fechada", "Perdida"), ["", "won", "lost"]),
        (("Lead", "Closed", "Lost"), ["", "won", "lost"]),
        (("Sent", "Accepted", "Declined", "Expired"), ["", "won", "lost", "abandoned"]),
        (("Sent", "Accepted"), ["", ""]),
        (("Pending", "Accepted", "Closed", "Rejected"), ["", "won", "", "lost"]),
        (("Entwurf", "Angenommen", "Abgelehnt"), ["", "won", "lost"]),
        (("Lead", "Closed", "Won", "Lost"), ["", "", "won", "lost"]),
        (("Lead", "Closed"), ["", ""]),
        (("Lead", "Closed", "Completed", "Lost"), ["", "", "", "lost"]),
        (("Nuova", "Venduta", "Persa"), ["", "won", "lost"]),
        (("Inviato", "Confermato", "Rifiutato"), ["", "won", "lost"]),
        (("Submitted", "Funded", "Declined"), ["", "won", "lost"]),
        (("Inquiry", "Confirmed", "Completed"), ["", "", ""]),
    ],
)
def test_what_is_merely_closed_beside_what_is_lost_is_won(stages, outcomes):
    """One stage called closed is where deals are won if another is lost and none is won; alone, or one of several, it says nothing."""
    pipelines = pd.DataFrame({"pipeline": "Sales", "stage": list(stages), "position": range(len(stages))})
    assert [item.outcome for item in source_stages(pd.DataFrame(), pipelines)] == outcomes


@pytest.mark.parametrize(
    ("status", "stage", "waits"),
    [("Closed", "Completed", True), ("Geschlossen", "Archiv", True), ("Fermé", None, True), ("Closed", "Closed Won", False), ("Closed Won", "Completed", False), ("On hold", "Offer", False)],
)  # fmt: skip
def test_closed_and_no_more_waits(status, stage, waits):
    """A deal that is closed, and neither its status nor its stage says how, would stay open unseen: a person says won or lost."""
    frame = pd.DataFrame({"status": ["open", status], "stage": ["New", stage]}, dtype="str")
    row = mapper.picklists_sheet({"deals": frame}, {}).set_index("value").loc[status]
    assert (row["decision"] == "") == waits
