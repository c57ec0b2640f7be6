"""Words that a pattern requires: what is skipped for want of them would not have matched."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.evals.attacks.corpus import attacks
from warroom.text_safety.injection import phrases
from warroom.text_safety.required_words import ALIKE, AnyOf, required

WORDS = phrases().words
WHOLE = re.compile("|".join(f"(?:{p})" for p in WORDS.patterns), re.IGNORECASE)
VOCABULARY = sorted(set(re.findall(r"[a-z']{2,}|[\u4e00-\u9fff]+", " ".join(WORDS.patterns))))
GLUE = st.sampled_from([" ", " ", " ", ", ", ": ", "'", "", "\u017f", "\u212a", "é", "\n"])


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("send(?: it)? to", {"send to", "send it to"}),
        ("(?:cat|dog)s? +bark", {"bark"}),
        (r"\w+ (?:now|later)", {" now", " later"}),
        ("(?:a|b)+(?!c)end", {"end"}),
        (r"\w+|abc", set()),
        ("x*", set()),
        ("[ab]rk", {"ark", "brk"}),
        ("GO", {"go"}),
        ("être", {"tre"}),
    ],
)
def test_required_words(pattern, words):
    assert required(pattern) == words


def test_every_phrase_requires_some_word():
    assert all(all(found.words) for found in vars(phrases()).values())


def test_letters_that_match_others_where_case_is_ignored():
    letters = re.compile("[a-z]", re.IGNORECASE)
    assert {chr(c) for c in range(128, 0x110000) if letters.match(chr(c))} == set(map(chr, ALIKE))


def same(text):
    found, wanted = WORDS.search(text), WHOLE.search(text)
    return (found and found.span()) == (wanted and wanted.span())


@given(st.lists(st.tuples(st.sampled_from(VOCABULARY), GLUE, st.booleans()), max_size=12))
def test_what_is_found_is_what_the_alternation_finds(parts):
    assert same("".join((w.upper() if loud else w) + glue for w, glue, loud in parts))


def test_attacks_are_found_where_the_alternation_finds_them():
    assert all(same(text) for case in attacks() for text in (case.text, case.plain))


def test_of_several_that_begin_together_the_first_pattern_wins():
    match = AnyOf(["abc?", "ab", "xab"]).search("..xABC ab")
    assert match is not None
    assert match.group() == "xAB"
    match = AnyOf(["abc?", "abcd"]).search("abcd")
    assert match is not None
    assert match.group() == "abc"
    assert AnyOf(["abc"]).search("ab") is None
