"""All phrases at once: what is skipped would not have matched."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.evals.attacks.corpus import attacks
from warroom.text_safety.injection import ALIKE, AnyOf, loosened, phrases

WORDS = phrases().words
WHOLE = re.compile("|".join(f"(?:{p})" for p in WORDS.patterns), re.IGNORECASE)
VOCABULARY = sorted(set(re.findall(r"[a-z']{2,}|[\u4e00-\u9fff]+", " ".join(WORDS.patterns))))
GLUE = st.sampled_from([*"   é'\n", ", ", ": ", "", "\u017f", "\u212a", "\u2003", "\x1d", "\ud800"])


@pytest.mark.parametrize(
    ("pattern", "loose"),
    [
        (r"\bsend(?: it)? to\b", "send(?: it)? to"),
        (r"no(?! (?:to|as) )\w", r"no[\pL\pN_]"),
        (r"(?<=a)b[\w'-]+", r"b[\pL\pN_'-]+"),
        (r"\[x\]\s", r"\[x\][\t-\r\x1c-\x1f\x{85}\pZ]"),
    ],
)
def test_a_loosened_pattern_matches_at_least_as_much(pattern, loose):
    assert loosened(pattern) == loose


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
