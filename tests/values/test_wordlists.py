"""Word lists: one term a line, sorted, and no term that says two things."""

from __future__ import annotations

from pathlib import Path

import pytest

import pb2hl
from pb2hl.mapper.knowledge import lists
from pb2hl.mapper.knowledge.concepts import by_pattern, concepts, objects
from pb2hl.mapper.knowledge.text import heading_key, tokens
from pb2hl.model import OBJECTS
from pb2hl.values import wordlists
from pb2hl.values.statuses import word_key

FILES = sorted(
    path
    for room in (wordlists.VALUES, lists.DATA, Path(pb2hl.__file__).parent / "source" / "data")
    for path in room.glob("*.txt")
)
ONE_MEANING = {
    "lexicon": heading_key, "stages": tokens, "object_names": tokens, "field_types": str, "deals": word_key, "appointments": word_key,
    "activities": word_key, "directions": word_key, "tasks": word_key, "yes_no": str.casefold,
}  # fmt: skip
"""Lists in which a word stands in one section only → how their words are compared."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_terms_are_sorted_and_stand_once(path):
    """Two people who add words touch different lines, and a double shows."""
    for section, terms in wordlists.sections(path).items():
        assert list(terms) == sorted(set(terms)), (path.name, section)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lists_say_what_they_are(path):
    """Each list opens with a comment that tells a stranger what stands in it."""
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("name", ONE_MEANING)
def test_no_word_says_two_things(name):
    """Within one vocabulary a word, however it is spelled, has one meaning and stands once."""
    key, seen = ONE_MEANING[name], {}
    (path,) = (path for path in FILES if path.stem == name)
    for section, terms in wordlists.sections(path).items():
        for term in terms:
            assert key(term), (section, term)
            assert seen.setdefault(key(term), (section, term)) == (section, term), (section, term, seen[key(term)])


def test_a_term_of_the_lexicon_is_not_another_term():
    """A section's own name is no word of another section, but where it is a phrase that means the other."""
    lexicon = lists.sections("lexicon")
    words = {heading_key(word): term for term, found in lexicon.items() for word in found}
    assert {term for term in lexicon if words.get(heading_key(term), term) != term} <= {"closing"}


def test_consent_lists_do_not_contradict_each_other():
    """A word does not both refuse and permit, and belongs to one channel."""
    found = lists.sections("consent_headings")
    assert not set(found["refusals"]) & set(found["permissions"])
    channels = [word for section, words in found.items() if section.startswith("channel ") for word in words]
    assert len(channels) == len(set(channels))
    answers = wordlists.sections(wordlists.VALUES / "consents.txt")
    said = [word_key(word) for meaning in ("refused", "given", "yes", "no") for word in answers[meaning]]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("object_", sorted(objects()))
def test_headings_lead_to_fields_of_their_object(object_):
    """Each pattern names a field of the model, and no pattern two of them."""
    known = {*OBJECTS[object_].field_names, "custom", "ignore"}
    assert {concept.field for concept in concepts(object_)} <= known
    assert len(by_pattern(object_)) == len(concepts(object_))


def test_patterns_are_written_in_terms_that_headings_can_hold():
    """A pattern's terms are terms of the lexicon or plain words: a synonym in a pattern would never match."""
    terms = set(lists.sections("lexicon")) | lists.heading_words("whole")
    synonyms = {heading_key(word): term for term, words in lists.sections("lexicon").items() for word in words}
    for object_ in objects():
        for concept in concepts(object_):
            for term in concept.pattern - terms:
                assert synonyms.get(heading_key(term), term) == term, (object_, concept.text, term)


def test_damage_is_told_with_its_line(tmp_path):
    """A section that comes twice, or a term above the first one, names the line."""
    path = tmp_path / "list.txt"
    path.write_text("[a]\none\n[a]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"list\.txt:3: section \[a\] comes twice"):
        wordlists.sections(path)
    other = tmp_path / "other.txt"
    other.write_text("one\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"other\.txt:1: 'one' stands above"):
        wordlists.sections(other)
