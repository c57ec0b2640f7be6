"""A conversation with look-ups: who is answered, what costs a round, how it ends and is mended."""

from dataclasses import replace
from itertools import pairwise

import pytest
from pydantic import BaseModel

from warroom.agents.reasoning.conversation import (
    A_ROUND,
    LEAST_REPLY,
    MOST_CALLS,
    Limits,
    converse,
)
from warroom.errors import BudgetSpent, ModelMuddled, ModelUnavailable, ToolRetry
from warroom.evals.servers.model_faults import SmallReply, question
from warroom.evals.servers.scripted import Line, ScriptedModel
from warroom.models.budget import size_of
from warroom.models.protocol import Answer, Ask, ToolCall, Usage
from warroom.models.usage import estimated

REPLY = SmallReply(summary="the pool is full")
BETTER = SmallReply(summary="the pool of checkout is full")


def calls(*texts: str) -> tuple[ToolCall, ...]:
    """Calls that look for these texts."""
    return tuple(ToolCall(f"c{n}", "query_logs", {"text": t}) for n, t in enumerate(texts, 1))


def look(call: ToolCall) -> str:
    """Fails for what is bad, else says what was looked for in a table."""
    text = call.arguments["text"]
    if text.startswith("bad"):
        raise ToolRetry(f"no such text: {text}")
    return f"<<<E7\nE7 query_logs: {text}\nE7>>>"


def talk(script, limits=None, complaints=lambda _: "") -> tuple[BaseModel, list[Ask]]:
    """The reply, and what was asked."""
    model, limits = ScriptedModel(script), limits or Limits()
    return converse(model, question(30, tools=True), look, limits, complaints), model.asked


def answers(ask: Ask) -> list[str]:
    """What the model was told of its calls."""
    return [m.content for m in ask.messages if m.role == "tool"]


def test_every_call_of_an_answer_is_answered_or_told_why_not() -> None:
    wanted = calls(*"abcdefgh")
    _, asked = talk([wanted, REPLY])
    said = asked[1].messages[-1 - len(wanted)]
    assert said.calls == wanted
    told = answers(asked[1])
    assert len(told) == len(wanted) > MOST_CALLS
    assert all(text.startswith("<<<E7") for text in told[:MOST_CALLS])
    assert all(text.startswith("Not looked up") for text in told[MOST_CALLS:])


def test_a_call_that_was_made_before_is_told_where_its_answer_stands() -> None:
    _, asked = talk([calls("a"), calls("a", "b", "b"), REPLY])
    again, fresh, twice = answers(asked[2])[1:]
    assert "the answer is E7, above" in again
    assert fresh.startswith("<<<E7")
    assert "the answer is E7, above" in twice


def test_a_round_in_which_every_call_failed_costs_none() -> None:
    script = [calls("bad 1"), calls("bad 2", "a"), calls("b"), REPLY]
    _, asked = talk(script, Limits(rounds=2))
    assert [ask.last for ask in asked] == [False, False, False, True]
    assert "no such text: bad 1" in answers(asked[1])


def failing(ask: Ask) -> Line:
    """Asks for what there is not, each time something else."""
    return REPLY if ask.last else calls(f"bad {len(ask.messages)}")


def test_who_only_fails_is_ended_too() -> None:
    _, asked = talk(failing, Limits(rounds=2))
    assert len(asked) == 2 + 3 + 1


def looking(ask: Ask) -> Line:
    """Looks as long as it may, for something new each time."""
    if ask.last:
        return REPLY
    usage = Usage(estimated(size_of(ask)), 50)
    return Answer("", calls=calls(f"look {len(ask.messages)}"), usage=usage)


def test_it_goes_on_until_the_tokens_are_spent_and_leaves_room_for_the_report() -> None:
    need = estimated(size_of(question(30, tools=True)))
    tokens = 12 * need + A_ROUND
    _, asked = talk(looking, Limits(rounds=50, tokens=tokens))
    spent = sum(estimated(size_of(ask)) + 50 for ask in asked)
    assert 2 < len(asked) < 50
    assert spent <= tokens


def test_a_cache_buys_more_rounds() -> None:
    tokens = 12 * estimated(size_of(question(30, tools=True))) + A_ROUND

    def cached(ask: Ask) -> Line:
        line = looking(ask)
        return (
            replace(line, usage=replace(line.usage, cached=line.usage.input - 20))
            if isinstance(line, Answer)
            else line
        )

    _, full = talk(looking, Limits(rounds=50, tokens=tokens, cached_share=0.1))
    _, spared = talk(cached, Limits(rounds=50, tokens=tokens, cached_share=0.1))
    assert len(spared) > len(full) + 1


def test_a_question_too_long_for_its_share_is_not_asked() -> None:
    model = ScriptedModel([REPLY])
    with pytest.raises(BudgetSpent, match="WARROOM_TOKENS_PER_INCIDENT"):
        converse(model, question(30), look, Limits(tokens=300))
    assert model.asked == []


def test_what_has_no_room_is_told_so_and_ends_the_looking() -> None:
    most = int(size_of(question(30, tools=True))) + 300
    _, asked = talk([calls("x" * 400), REPLY], Limits(characters=most))
    assert answers(asked[1]) == [
        "Not shown: your context has no room for it. Ask for less, or report."
    ]
    assert asked[1].last


def test_messages_are_only_added_and_tools_stay_listed() -> None:
    _, asked = talk(looking, Limits(rounds=3))
    for before, after in pairwise(asked):
        assert after.messages[: len(before.messages)] == before.messages
        assert (after.tools, after.schema) == (before.tools, before.schema)


def test_what_does_not_hold_goes_back_once_and_the_second_reply_counts() -> None:
    wrong = lambda reply: "- E8 has no 0.9" if reply == REPLY else ""  # noqa: E731
    reply, asked = talk([calls("a"), REPLY, BETTER], complaints=wrong)
    assert reply == BETTER
    assert "- E8 has no 0.9" in asked[-1].messages[-1].content
    assert asked[-1].messages[-2].content == REPLY.model_dump_json()
    assert asked[-1].last


@pytest.mark.parametrize("line", [ModelUnavailable("gone"), ModelMuddled("what"), calls("a")])
def test_without_a_second_reply_the_first_counts(line: Line) -> None:
    reply, asked = talk([REPLY, line], complaints=lambda _: "- no")
    assert reply == REPLY
    assert len(asked) == 2


def test_who_never_replies_has_muddled() -> None:
    with pytest.raises(ModelMuddled, match="no report"):
        talk(lambda ask: calls(f"a {len(ask.messages)}"))


def test_no_look_is_begun_that_leaves_no_room_for_a_report() -> None:
    """The incident's budget lets a question pass as if nothing of it were cached."""
    need = estimated(size_of(question(30, tools=True)))
    limits = Limits(rounds=50, repeat=0.1, cached_share=0.1, left=3 * need + A_ROUND)
    reply, asked = talk(looking, limits)
    assert reply == REPLY and asked[-1].last
    before = sum(estimated(size_of(ask)) + 50 for ask in asked[:-1])
    assert before + estimated(size_of(asked[-1])) <= limits.left


def test_long_answers_leave_room_for_the_report_too() -> None:
    need = estimated(size_of(question(30, tools=True)))
    model = ScriptedModel([calls(*"abcdef"), REPLY])
    limits = Limits(rounds=50, left=3 * need + A_ROUND + LEAST_REPLY)

    def long(call: ToolCall) -> str:
        return look(call) + 2_000 * "x"

    assert converse(model, question(30, tools=True), long, limits) == REPLY
    told = answers(model.asked[1])
    assert any(text.startswith("<<<E7") for text in told)
    assert any("room" in text for text in told)
    assert need + estimated(size_of(model.asked[1])) <= limits.left
