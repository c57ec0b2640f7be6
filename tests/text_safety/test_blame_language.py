# ruff: noqa: RUF001 (Chinese punctuation)
"""Blame language: sentences made by hand, those to mark and those to leave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.text_safety.blame_language import blame_marks, reword, table

SYSTEMS = ["checkout", "payments", "catalog"]

BLAMING = [
    ("The engineer should have run the tests.", "should have"),
    ("The reviewer shouldn't have approved it.", "shouldn't have"),
    ("This was a careless change.", "careless"),
    ("Operators were negligent during the rollout.", "negligent"),
    ("The root cause was human error.", "human error"),
    ("The outage was the fault of the platform team.", "fault of"),
    ("The on-call engineer is to blame for the deploy.", "blame"),
    ("We blamed the wrong people.", "blamed"),
    ("The on-call forgot to page anyone.", "forgot"),
    ("The team must be more careful next time.", "be more careful"),
    ("The flag was obviously wrong.", "obviously"),
    ("The on-call engineer failed to notice the alert.", "failed to"),
    ("He failed to respond.", "failed to"),
    ("The engineer who owns the payments service failed to respond.", "failed to"),
    ("Failed to check the dashboard before the release.", "Failed to"),
    ("Thanks to @jdoe we found it.", "@jdoe"),
    ("The flag was switched by Alice at noon.", "Alice"),
    ("The commit by Grzegorz Brzęk broke it.", None),
    ("The release was rushed by Ingrid Solberg.", "Ingrid Solberg"),
    ("Bob deployed v1.1.0 at noon.", "Bob"),
    ("Contact jane.doe@example.com about it.", "jane.doe@example.com"),
    ("工程师本应先检查日志。", "本应"),
    ("根本原因是人为错误。", "人为错误"),
    ("这是值班人员的疏忽。", "疏忽"),
    ("值班人员未能及时响应。", "未能"),
    ("大家以后要更小心。", "更小心"),
    ("显然配置有问题。", "显然"),
]

FAIR = [
    "The payments service failed to respond within 2 s.",
    "checkout failed to connect to the database.",
    "payments-1 failed to answer its health check.",
    "The rollback failed to start, so the release was deployed again.",
    "While the team watched, catalog failed to load prices.",
    "The blameless postmortem is due in 48 hours.",
    "The change's author was paged at 10:02 UTC.",
    "The alert was raised by Prometheus at 10:00 UTC.",
    "The rollback was approved by the incident commander.",
    "A page fault rate of 12/s was seen.",
    "Blame follows the calls to payments.",
    "127.0.2.3 failed to log in 300 times for 41 accounts (stuffing).",
    "The degradation starts at search (blame 43%, gateway > search).",
    "The fault tree has two minimal cut sets.",
    "Traffic rose by Friday noon.",
    "A canary stage would have shown the error on 5% of the traffic.",
    "The log says `user failed to remember: Bob should have known` once.",
    "支付服务未能在两秒内响应。",
    "服务的错误率恢复到基线。",
    "负责人：订单团队。",
]


@pytest.mark.parametrize(("sentence", "word"), BLAMING)
def test_blaming_sentences_are_marked(sentence, word):
    if word is None:
        marks = blame_marks(sentence, SYSTEMS, people=["Grzegorz Brzęk"])
        assert [mark.suggestion for mark in marks] == [table().instead["name"]]
        return
    assert word in [mark.word for mark in blame_marks(sentence, SYSTEMS)]


@pytest.mark.parametrize("sentence", FAIR)
def test_sentences_about_systems_are_left_alone(sentence):
    assert blame_marks(sentence, SYSTEMS) == []


def test_only_the_blaming_sentence_of_a_paragraph_is_marked():
    text = "checkout v1.1.0 raised KeyError. The author was careless. Errors fell after 10:04."
    (mark,) = blame_marks(text, SYSTEMS)
    assert mark.sentence == "The author was careless."
    assert "careless" in str(mark)


def test_table_cells_and_list_items_are_sentences_of_their_own():
    text = "| a | b |\n| --- | --- |\n| errors rose | someone forgot |\n- human error\n"
    assert [mark.word for mark in blame_marks(text)] == ["forgot", "human error"]


def test_fenced_code_is_a_quotation():
    assert blame_marks("```\nBob should have known\n```\nErrors rose.\n") == []


def test_an_unnamed_subject_is_not_taken_for_a_system():
    assert blame_marks("It was reported that Morgana failed to answer.", SYSTEMS)


@pytest.mark.parametrize("sentence", [sentence for sentence, _ in BLAMING])
def test_reworded_sentences_pass(sentence):
    people = ["Grzegorz Brzęk"]
    assert blame_marks(reword(sentence, SYSTEMS, people), SYSTEMS, people) == []


def test_rewording_keeps_the_facts_of_a_fair_sentence():
    fair = "The payments service failed to respond within 2 s."
    assert reword(fair, SYSTEMS) == fair


def test_rewording_replaces_the_name_and_keeps_the_rest():
    text = reword("v1.1.0 was deployed by Jane Doe at 10:02.", SYSTEMS)
    assert text == "v1.1.0 was deployed by the change's author at 10:02."


@given(st.text(max_size=300))
def test_any_text_can_be_checked_and_reworded(text):
    assert blame_marks(reword(text)) == []
