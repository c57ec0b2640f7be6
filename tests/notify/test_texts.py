# ruff: noqa: RUF001 (Chinese punctuation)
"""Texts as each medium takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.notify import texts
from warroom.prompts.values import data
from warroom.tests.support.messages import message

LINK = "https://warroom.example.org/on-call/acknowledge/" + "x" * 43


@given(st.text(max_size=400))
def test_an_sms_is_one_and_keeps_its_link(title: str):
    found = texts.sms(message("x", f"P0 {data(title)}\n\n{LINK}\n"))
    assert found.endswith(f" {LINK}")
    assert texts._fits(found)


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("orders fail", "orders fail"),
        ("a" * 200, "a" * 158 + ".."),
        ("下" * 80, "下" * 68 + ".."),
        ("it\u2019s \u201cdown\u201d \u2013 now\u2026", 'it\'s "down" - now...'),
        ("€" * 90, "€" * 79 + ".."),
        ("One. Two. " + "b" * 160 + ". Three.", "One. Two."),
    ],
)
def test_letters_count_as_the_network_counts_them(title: str, said: str):
    assert texts.sms(message("subject", f"{data(title)}\n")) == said


@given(st.text(max_size=200))
def test_what_was_taken_from_others_is_shown_as_it_was_and_nothing_else(text: str):
    shown = texts.plain(f"- {data(text)}\n")
    assert "\\" not in shown or "\\" in text
    page = texts.page(message("x", f"{data(text)}\n"))
    assert "<script" not in page and "<img" not in page


def test_lists_and_paragraphs_stay_such():
    body = "**Level:** P1\n\n- one\n- two *soft*\n\n1. first\n2. second\n\n> said\n\nlast `code`\n"
    assert texts.plain(body) == (
        "Level: P1\n\n- one\n- two soft\n\n1. first\n2. second\n\nsaid\n\nlast code\n"
    )


def test_where_a_link_leads_is_told_where_its_words_do_not():
    body = "[our page](https://a.example.org/x), <https://b.example.org>\n"
    assert texts.plain(body) == "our page (https://a.example.org/x), https://b.example.org\n"


def test_a_drill_says_so_everywhere():
    asked = message("orders fail", "body\n")
    assert texts.subject(asked, True).startswith("EXERCISE")
    assert texts.sms(asked, True).startswith("EXERCISE")
    assert texts.voice(asked, True).startswith("EXERCISE")
    assert texts.sms(message(body="慢。\n", language="zh"), True) == "演练，内容均非真实：慢。"
