"""Lists are read to their end and no further, whatever form a server wants its cursors in and whatever it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.errors import Refused
from pb2hl.highlevel import PORTS, Client, read_destination, run
from pb2hl.highlevel.records import paging
from pb2hl.highlevel.records.base import WrongAnswer
from pb2hl.highlevel.records.paging import CAPPED_TOTAL, TEXT_CURSOR, Page, by_cursor, by_skip
from pb2hl.operations import Kind, Operation, Target
from tests.highlevel.test_client import reply, talk

Fetched = tuple[list[str], list[dict[str, Any]]]


def server(ids: list[int], size: int, *, total: Any = "told", cursor: str = "numbers") -> tuple[Callable, list[dict]]:
    """(fetch, positions asked for): a list of `ids` by pages, whose cursor is wanted as numbers or text, or not heeded."""
    asked: list[dict] = []

    async def fetch(position: dict) -> Page:
        asked.append(position)
        start = (position.get("page", 1) - 1) * size + position.get("skip", 0)
        if "searchAfter" in position and cursor != "ignored":
            (last,) = position["searchAfter"]
            if isinstance(last, str) is not (cursor == "text"):
                raise Refused(
                    "no",
                    status=422,
                    api_message=f"searchAfter.0 must be a {'string' if cursor == 'text' else 'number'}",
                )
            start = ids.index(int(last)) + 1
        page = [{"id": str(id)} for id in ids[start : start + size]]
        after = {"searchAfter": [int(page[-1]["id"])]} if page else {}
        return Page(page, len(ids) if total == "told" else total, after)

    return fetch, asked


def read(walk: Any) -> list[str]:
    """The ids of a list."""

    async def every() -> list[str]:
        return [record["id"] async for page in walk for record in page]

    return run(every())


@given(
    st.integers(0, 40),
    st.integers(1, 9),
    st.sampled_from(["told", None]),
    st.sampled_from(["numbers", "text", "ignored"]),
)
def test_every_record_once_whatever_the_server_wants(count, size, total, cursor):
    """By cursor in either form, by page numbers where none is heeded, with and without a total."""
    fetch, asked = server(list(range(count)), size, total=total, cursor=cursor)
    assert read(by_cursor(fetch)) == [str(n) for n in range(count)]
    if total == "told" and cursor == "numbers":
        assert len(asked) == max(-(-count // size), 1), "no page is asked for once the total is reached"


@given(st.integers(0, 40), st.integers(1, 9), st.sampled_from(["told", None]))
def test_every_record_once_by_skip(count, size, total):
    """The same where pages are counted by records."""
    fetch, asked = server(list(range(count)), size, total=total)
    assert read(by_skip(fetch)) == [str(n) for n in range(count)]
    assert total is None or len(asked) == max(-(-count // size), 1)


def test_the_form_of_a_cursor_is_found_out_once():
    """What one list learned the next one uses; a server that changes its mind is followed."""
    learned: dict[str, Any] = {}
    fetch, asked = server(list(range(6)), 2, cursor="text")
    assert len(read(by_cursor(fetch, learned))) == 6 and learned == {TEXT_CURSOR: True}
    asked.clear()
    assert len(read(by_cursor(fetch, learned))) == 6 and len(asked) == 3
    fetch, _ = server(list(range(6)), 2, cursor="numbers")
    assert len(read(by_cursor(fetch, learned))) == 6 and learned == {TEXT_CURSOR: False}


def test_a_total_that_may_be_a_cap_is_not_trusted():
    """Search engines count to 10,000 and stop; a total below what was seen is no total at all."""
    fetch, _ = server(list(range(10_050)), 100, total=CAPPED_TOTAL)
    assert len(read(by_skip(fetch))) == 10_050
    fetch, _ = server(list(range(5)), 2, total=1)
    assert len(read(by_skip(fetch))) == 5


@pytest.mark.parametrize("total", [7, None])
def test_a_list_that_never_ends_is_told(monkeypatch, total):
    """A server that makes up new records for ever is found out by the total it tells, or by the number of pages."""
    monkeypatch.setattr(paging, "MOST_PAGES", 40)
    count = iter(range(10**6))

    async def fetch(position: dict) -> Page:
        return Page([{"id": str(next(count))} for _ in range(10)], total)

    with pytest.raises(WrongAnswer, match="never ends"):
        read(by_skip(fetch))


def test_a_list_that_repeats_itself_before_it_is_complete_is_told():
    """Two of five records and then the same two: the rest is there and cannot be had."""

    async def fetch(position: dict) -> Page:
        return Page([{"id": "a"}, {"id": "b"}], 5, {"searchAfter": [1]})

    for walk in (by_skip(fetch), by_cursor(fetch)):
        with pytest.raises(WrongAnswer, match="2 of 5"):
            read(walk)


@pytest.mark.parametrize("searches", ["repeat", "endless"])
def test_a_location_whose_searches_do_not_end_is_told(rehearse, connect, searches):
    """Reading the location ends in a sentence, not in a circle or in half of it."""
    people = [{"firstName": f"P{n}", "email": f"p{n}@example.com"} for n in range(600)]
    place = rehearse(behaviour={"searches": searches}, contacts=people)

    async def look() -> None:
        async with connect(place) as client:
            await read_destination(client)

    with pytest.raises(WrongAnswer, match=r"repeats itself|never ends"):
        run(look())


def test_a_list_that_repeats_itself_ends():
    """A server that answers the same page whatever it is asked, and tells no total."""

    async def fetch(position: dict) -> Page:
        return Page([{"id": "a"}, {"id": "b"}], None, {"searchAfter": [1]})

    assert read(by_skip(fetch)) == read(by_cursor(fetch)) == ["a", "b"]


WRONG = [b"7", b"null", b'"text"', b"true", b"[7]", b"[[]]", b'{"contacts": 7}', b'{"contacts": null}', b'{"contacts": [7]}',
         b'{"contacts": {"id": "a"}}', b'{"contacts": [{"name": "no id"}]}', b"{}", b'{"notes": []}']  # fmt: skip


@pytest.mark.parametrize("body", WRONG)
def test_an_answer_of_another_type_is_never_an_empty_list(body):
    """To take it for one would make every record a second time."""

    async def ask(client: Client) -> list:
        return [page async for page in PORTS[Target.CONTACT].pages(client)]

    outcome, seen = run(talk([(200, body)], ask))
    assert isinstance(outcome, WrongAnswer) and outcome.hint and len(seen) == 1, outcome


@pytest.mark.parametrize("body", [b"7", b'"text"', b"[]", b'{"contact": 7}', b'{"contact": []}'])
def test_a_record_of_another_type_is_told(body):
    """Neither an empty record nor a traceback."""
    outcome, _ = run(talk([(200, body)], lambda client: PORTS[Target.CONTACT].get(client, "c1")))
    assert isinstance(outcome, WrongAnswer), outcome


def test_no_records_at_all_may_be_null_where_the_total_says_so():
    """`null` beside a total of none is an empty list."""

    async def ask(client: Client) -> list:
        return [page async for page in PORTS[Target.CONTACT].pages(client)]

    assert run(talk([reply(200, contacts=None, total=0)], ask))[0] == []


@pytest.mark.parametrize("id", ["a/b", "a b", "ä", "..", "a?b=c", "a#b", "%2F"])
def test_ids_of_any_characters_stay_one_part_of_the_path(id):
    """What a server gives as an id never leads to another endpoint."""
    _, seen = run(talk([reply(200, contact={"id": id})], lambda client: PORTS[Target.CONTACT].get(client, id)))
    path = seen[0].split()[1]
    assert path.startswith("/contacts/") and path.count("/") == 2 and "?" not in path and "#" not in path
    assert path != "/contacts/.."


@pytest.mark.parametrize("ways", ["ids", "objects", "refused", "blind"])
def test_a_note_on_a_business_is_found_whatever_the_search_takes(rehearse, connect, ways):
    """A lost answer is looked up by relation where the location can do that, and by reading the notes where it cannot."""
    place = rehearse(behaviour={"notes_by_relation": ways})

    async def life() -> None:
        async with connect(place) as client:
            firm = await PORTS[Target.BUSINESS].create(client, {"name": "Firm"})
            other = await PORTS[Target.BUSINESS].create(client, {"name": "Other"})
            for business, text in ((firm, "PB:notes:7 |"), (other, "PB:notes:71 |")):
                await PORTS[Target.NOTE].create(client, {"$url": {"businessId": business.id}, "body": text})
            operation = Operation("0" * 32, Kind.CREATE, Target.NOTE, "notes", "7", marker="PB:notes:7 |")
            payload = {"$url": {"businessId": firm.id}, "body": "PB:notes:7 |"}
            assert await PORTS[Target.NOTE].find(client, operation, payload) is not None
            payload = {"$url": {"businessId": other.id}, "body": "PB:notes:8 |"}
            operation = Operation("0" * 32, Kind.CREATE, Target.NOTE, "notes", "8", marker="PB:notes:8 |")
            assert await PORTS[Target.NOTE].find(client, operation, payload) is None

    run(life())


@pytest.mark.parametrize("form", ["text", "numbers", "either"])
@pytest.mark.parametrize("told", [True, False])
def test_businesses_are_read_whatever_cursor_the_location_takes(rehearse, connect, form, told):
    """Two pages and a half of companies, on both kinds of server."""
    firms = [{"name": f"Firm {n}"} for n in range(250)]
    place = rehearse(behaviour={"record_cursor": form, "lists_tell_total": told}, businesses=firms)

    async def names() -> list[str]:
        async with connect(place) as client:
            pages = PORTS[Target.BUSINESS].pages(client)
            return [record["name"] async for page in pages for record in page]

    assert sorted(run(names())) == sorted(firm["name"] for firm in firms)
