"""How deals stand where columns say it in yes and no, in codes, or where only the table's name does."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.mapper.sheets.check import undecided_rows
from pb2hl.source.tables import RawTable
from pb2hl.values.transforms import changed


def deals(file: str = "deals.csv", **columns: list[str]) -> RawTable:
    """A raw table of four deals."""
    rows = {
        "Deal name": ["Roof", "Wall", "Door", "Gate"],
        "Amount": ["1.00", "2.00", "3.00", "4.00"],
        "Stage": ["Quote", "Quote", "Sent", "Sent"],
    }
    frame = pd.DataFrame({**rows, **{name.replace("__", " "): values for name, values in columns.items()}}, dtype="str")
    return RawTable(file, "", list(frame.columns), frame, pd.RangeIndex(2, 2 + len(frame)).to_numpy())


def sheet(raw: RawTable) -> pd.DataFrame:
    """The fields sheet of a table of deals, by column."""
    return mapper.fields_sheet([(raw, "deals")]).set_index("column")


def ends(raw: RawTable) -> list[str]:
    """The status of each deal as staging reads it; "?" for each where a person must decide."""
    rows = sheet(raw)
    found = rows[rows["proposal"] == "status"]
    if found.empty:
        return [""] * len(raw.frame)
    if (found["decision"] == "").any():
        return ["?"] * len(raw.frame)
    (row,) = found.itertuples()
    return list(changed(raw.frame[row.Index], row.transform, raw.frame))


YES_NO = [("true", "false"), ("1", "0"), ("Ja", "Nein"), ("TRUE", ""), ("x", "")]


@pytest.mark.parametrize(("yes", "no"), YES_NO)
@pytest.mark.parametrize(
    ("heading", "said"),
    [("won", "won"), ("Is Won", "won"), ("Gewonnen", "won"), ("is_lost", "lost"), ("Verloren?", "lost")],
)
def test_a_question_that_names_an_end_says_it_with_its_yes(heading, said, yes, no):
    """Yes is the end that the heading names; no alone says nothing of a deal, which may be open."""
    assert ends(deals(**{heading: [yes, no, no, yes]})) == [said, "", "", said]


@pytest.mark.parametrize(("yes", "no"), [pair for pair in YES_NO if all(pair)])
def test_won_beside_closed_tells_lost_and_open(yes, no):
    """A deal that is closed and not won is lost; one that is not closed is open."""
    raw = deals(is_closed=[yes, yes, no, no], is_won=[yes, no, no, no])
    assert ends(raw) == ["won", "lost", "open", "open"]


@pytest.mark.parametrize(
    ("closed", "won"),
    [("Abgeschlossen", "Gewonnen"), ("Clôturé", "Gagné"), ("Cerrado", "Ganado"), ("Chiuso", "Vinto"), ("Afgesloten", "Gewonnen"), ("Zamknięte", "Wygrana"), ("Fechado", "Ganho"), ("Avslutad", "Vunnen"), ("Lukket", "Vundet")],
)  # fmt: skip
def test_the_questions_are_asked_in_many_languages(closed, won):
    """What is closed and won is asked in the lexicon's languages as well."""
    raw = deals(**{closed: ["1", "1", "0", "0"], won: ["1", "0", "0", "0"]})
    assert ends(raw) == ["won", "lost", "open", "open"]


def test_answers_that_contradict_each_other_wait():
    """A deal that is won and not closed, or won and lost, is for a person."""
    assert ends(deals(is_closed=["no", "yes", "no", "no"], is_won=["yes", "no", "no", "no"])) == ["?"] * 4
    assert ends(deals(won=["1", "0", "0", "0"], lost=["1", "0", "0", "0"])) == ["?"] * 4


@pytest.mark.parametrize("heading", ["Status", "outcome", "closed", "is_closed", "Deal status", "Etat"])
@pytest.mark.parametrize("values", [["1", "0", "1", "0"], ["true", "false", "false", "true"], ["2", "1", "3", "1"]])
def test_codes_that_say_nothing_wait_and_say_why(heading, values):
    """1 and 0, or 1, 2 and 3, may be open, won or lost: nobody but a person knows, and a batch run does not decide it."""
    if heading in ("closed", "is_closed") and "2" in values:
        pytest.skip("no yes and no")
    rows = sheet(deals(**{heading: values}))
    assert rows.loc[heading, "reason"].startswith(WAITS) and not rows.loc[heading, "decision"]
    (problem,) = undecided_rows({"fields": rows.reset_index()})
    assert "won or lost" in problem.message


def test_codes_beside_stages_that_say_the_same_are_kept():
    """Where each code stands beside stages that end alike it adds nothing: the stages tell, the code is a field of its own."""
    raw = deals(Closed=["1", "1", "0", "0"])
    raw.frame["Stage"] = ["Won", "Lost", "Sent", "Quote"]
    assert sheet(raw).loc["Closed", "decision"] == "custom"


def test_a_status_in_words_goes_before_answers():
    """A column of words for how deals stand is the status; a question beside it stays as it is."""
    raw = deals(Status=["Open", "Lost", "Won", "Open"], Won=["no", "no", "yes", "no"])
    assert ends(raw) == ["Open", "Lost", "Won", "Open"] and sheet(raw).loc["Won", "decision"] == "custom"


def named(*files: str, **columns: list[str]) -> list[str]:
    """What the names of deals' tables became: the proposal (`?` behind one that waits) and the value of each."""
    raws = [deals(file, **columns) for file in files]
    found = mapper.name_rows(raws, ["deals"] * len(raws))
    out = []
    for at, raw in enumerate(raws):
        new = found.get(at, raw)
        row = sheet(new).iloc[-1]
        out.append(
            f"{row['proposal']}{'' if row['decision'] else '?'} {new.frame.iloc[0, -1]}" if new is not raw else ""
        )
    return out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("Sales.csv", "Renewals.csv"), ["pipeline Sales", "pipeline Renewals"]),
        (("Deals - Sales.csv", "Deals - Partner pipeline.csv"), ["pipeline Sales", "pipeline Partner pipeline"]),
        (("deals_export_onboarding.csv", "deals_export_support.csv"), ["pipeline Onboarding", "pipeline Support"]),
        (("US.csv", "EU.csv"), ["pipeline? US", "pipeline? EU"]),
        (("Anna.csv", "Bob.csv"), ["pipeline? Anna", "pipeline? Bob"]),
        (("deals_2023.csv", "deals_2024.csv"), ["", ""]),
        (("deals (1).csv", "deals (2).csv"), ["", ""]),
        (("Deals January.csv", "Deals March.csv"), ["", ""]),
        (("Deals Q1.csv", "Deals Q2.csv"), ["", ""]),
        (("Open deals.csv", "Won deals.csv"), ["", "status won"]),
        (("Lost opportunities.csv",), ["status lost"]),
        (("Renewals.csv",), [""]),
    ],
)  # fmt: skip
def test_names_of_tables_are_pipelines_where_something_bears_it_out(files, said):
    """A kind of business or the word itself makes a name a pipeline; other names wait; dates, numbers and ends are none."""
    assert named(*files) == said


def test_a_column_of_pipelines_goes_before_the_tables_names():
    """Where the deals say their pipeline the files' names say nothing."""
    assert named("Sales.csv", "Renewals.csv", Pipeline=["A", "A", "B", "B"]) == ["", ""]


@pytest.mark.parametrize(
    ("file", "headings", "kind"),
    [
        ("calls.csv", ("Date", "Notes"), "Call"),
        ("Anrufe 2024.csv", ("Datum", "Notiz"), "Call"),
        ("log.csv", ("Call date", "Call notes"), "Call"),
        ("log.csv", ("Date", "Duration", "Direction"), "Call"),
        ("sms_export.csv", ("Date", "Text"), "Sms"),
        ("activities.csv", ("Date", "Notes"), ""),
        ("calls and meetings.csv", ("Date", "Notes"), ""),
    ],
)
def test_a_table_of_one_kind_of_activities_says_which(file, headings, kind):
    """The name of the table or what its columns speak of is the type of activities that have no column for it."""
    frame = pd.DataFrame(
        {
            name: ["2024-03-01", "2024-03-02"] if name.lower().startswith(("dat", "call d")) else ["30", "45"]
            for name in headings
        },
        dtype="str",
    )
    raw = SimpleNamespace(file=file, sheet="", headings=list(headings), frame=frame)
    table = RawTable(raw.file, "", raw.headings, frame, pd.RangeIndex(2, 4).to_numpy())
    found = mapper.name_rows([table], ["activities"])
    assert (found[0].frame.iloc[0, -1] if found else "") == kind


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["Offert", "Förlorad", "Vunnen", "Offert"], "stage"),
        (["New", "Negotiation", "Proposal", "Negotiation"], "stage"),
        (["Open", "Won", "Lost", "Open"], "status"),
        (["Active", "Won", "Won", "Active"], "status"),
    ],
)
def test_a_status_of_more_than_ends_is_the_stage_where_nothing_else_is(words, field):
    """`Status` with words between new and won holds stages; of open, won and lost alone it is how deals stand."""
    raw = deals(Status=words)
    bare = RawTable(
        raw.file, "", [name for name in raw.headings if name != "Stage"], raw.frame.drop(columns="Stage"), raw.rows
    )
    assert sheet(bare).loc["Status", "decision"] == field
    assert sheet(raw).loc["Status", "decision"] == "status"


def test_deals_that_are_called_leads_have_the_leads_name():
    """`Lead name` and `Lead number` beside a column of the contact are the deal's; `Closed` with days is when it was closed."""
    who = {
        "Primary__contact": ["Ann Able", "Bo Best", "Cy Cole", "Di Dahl"],
        "Closed": ["2024-05-01", "", "2024-05-02", ""],
    }
    raw = deals(Lead__number=["1001", "1002", "1003", "1004"], Lead__name=["a", "b", "c", "d"], **who)
    bare = raw.frame.drop(columns="Deal name")
    rows = sheet(RawTable("leads.csv", "", list(bare.columns), bare, raw.rows))
    assert list(rows.loc[["Lead number", "Lead name", "Primary contact", "Closed"], "decision"]) == [
        "id",
        "name",
        "contact_id",
        "closed_at",
    ]
