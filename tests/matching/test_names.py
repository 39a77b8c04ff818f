"""Given names: several roots a form, pet forms, scripts, and the names that are two people's however alike they look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pb2hl.matching.compare import Comparer
from pb2hl.matching.fields import records
from pb2hl.matching.kinds import LEVELS, Kind
from pb2hl.matching.normalise import read_list
from pb2hl.values.fold import unaccented

_ONE = """chris christopher,chris christine,chris christian,fred frederick,fred alfred,fred wilfred,fred winifred,jon jonathan,jon john,harry henry,
harry harold,harry harrison,eddy edward,eddie edwin,ed edgar,ed edmund,rob robert,robbie robert,peg margaret,peggy margaret,bob robert,bill william,
liz beth,jack john,jack jacob,nick dominic,nick nicholas,tony anthony,toni antonia,sandy alexander,sandy sandra,kate catherine,kate katherine,jim james,
jamie james,ted edward,ted theodore,bert albert,bert herbert,bert robert,al alan,al albert,al alfred,lena helena,lena magdalena,tina christina,
tina martina,lexi alexandra,gerry gerald,gerry gerard,gerry geraldine,jerry jeremy,ray raymond,ron ronald,dick richard,chuck charles,molly mary,
nell eleanor,nell helen,sally sarah,sadie sarah,polly mary,polly pauline,jo joanna,jo josephine,jo joseph,meg margaret,meg megan,gus augustus,
gus gustav,max maximilian,max maxwell,pat patricia,pat patrick,sam samuel,sam samantha,val valerie,val valentine,steph stephanie,viv vivian,
hans johannes,giovanni john,juan john,ivan john,jorge george,pierre peter,pablo paul,guillermo william,heinrich henry,wilhelm william,
саша александр,саша alexander,юрий yuri,наташа natalia,иван ivan,ольга olga,γιώργος giorgos,محمد mohammed,zsuzsanna susan,jo-ann joanne,
anne marie annemarie,robby robert,kenny kenneth,annie ann,mick michael,jordy jordan""".replace("\n", "").split(",")
_TWO = """michael michaela,daniel daniela,mario maria,karim karima,francesco francesca,john mary,mark mary,anna emma,lisa betty,molly maureen,joan john,
eric erica,paul paula,robert richard,christian christine,liam emma,carl carla,alexander alexandra,andreas andrea,tim tom,marco maria,noah nora,
ahmed hassan,wei ming,julian juliana,olivia oliver,victor victoria,george georgina,patrick patricia,henry harriet""".replace(
    "\n", ""
).split(",")


def _level(left: str, right: str) -> str:
    data = records(pd.DataFrame({"n": [left, right]}), {"n": Kind.GIVEN_NAME})
    found, _ = Comparer(data.fields).levels(data.fields[0], np.array([0]), np.array([1]))
    return LEVELS[Kind.GIVEN_NAME][found[0]]


@pytest.mark.parametrize("pair", [pair.strip().rpartition(" ")[::2] for pair in _ONE], ids=lambda pair: "-".join(pair))
def test_forms_of_one_name(pair):
    """A form may stand for several names, in any script, with a pet ending or none."""
    assert _level(*pair) in ("typo, nickname or short form", "same")


@pytest.mark.parametrize("pair", [pair.split() for pair in _TWO], ids="-".join)
def test_names_of_two_people(pair):
    """Brother and sister, twins and spouses: names in their own right never pass as spellings of each other."""
    assert _level(*pair) == "different"


def test_given_names_in_use_are_learned_from_the_table():
    """Two names one letter apart that many families use are two names; a rare one may be a misspelling."""
    families = [f"fam{chr(97 + at)}{chr(97 + at * 7 % 26)}" for at in range(20)]
    frame = pd.DataFrame(
        {"g": ["zorin"] * 20 + ["zarin"] * 12 + ["zorim"], "s": [*families, *families[:12], families[0]]}
    )
    data = records(frame, {"g": Kind.GIVEN_NAME, "s": Kind.SURNAME})
    found, _ = Comparer(data.fields).levels(data.fields[0], np.array([0, 0]), np.array([25, 32]))
    assert [LEVELS[Kind.GIVEN_NAME][level] for level in found] == ["different", "typo, nickname or short form"]


@pytest.mark.parametrize("name", ["given_names.txt", "shared_mailboxes.txt", "nobodys_mailboxes.txt", "nicknames.txt"])
def test_lists_are_sorted_folded_and_without_doubles(name):
    """One term a line, sorted, as it is compared; a change of one word is a change of one line."""
    heads = [line.partition(":")[0] for line in read_list(name)]
    assert heads == sorted(set(heads))
    assert all(word == unaccented(word) for word in heads)


def test_nicknames_do_not_contradict():
    """No form stands twice or beside itself in a line, and every spelling is as it is compared."""
    for line in read_list("nicknames.txt"):
        head, _, rest = line.partition(":")
        forms = rest.split()
        assert forms == sorted(set(forms)) and head not in forms and forms, line
        assert all(word.isalpha() and word == word.casefold() and word.isascii() for word in forms), line
