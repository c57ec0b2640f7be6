"""The model boundary against a server that misbehaves: how it ends, and with how many requests."""

from dataclasses import replace
from typing import Any

import pytest

from warroom.errors import ModelError, ModelMuddled, ModelUnavailable
from warroom.evals.servers.fake_chat import Behaviour
from warroom.evals.servers.fault_modes import FAULTS, LONG_WAIT_S
from warroom.evals.servers.faulty_model import faulty_model
from warroom.evals.servers.model_faults import SmallReply, meet, question
from warroom.models.endpoint import KNOWN
from warroom.models.openai_model import OpenAIModel, connect
from warroom.models.protocol import Deadline

RETRIES = 2

EXPECTED = {
    # mode: (without tools, with tools), each: how it ends, requests
    "well": (("reply", 1), ("reply", 1)),
    "429 with Retry-After": (("ModelUnavailable", 3), ("ModelUnavailable", 3)),
    "429": (("ModelUnavailable", 3), ("ModelUnavailable", 3)),
    # 500 is how llama.cpp says "not supported": one request a rung, then the retries
    "500": (("ModelUnavailable", 5), ("ModelUnavailable", 6)),
    "401": (("ModelUnavailable", 1), ("ModelUnavailable", 1)),
    "reset": (("ModelUnavailable", 3), ("ModelUnavailable", 3)),
    "garbage": (("ModelUnavailable", 3), ("ModelUnavailable", 3)),
    "odd types": (("ModelUnavailable", 3), ("ModelUnavailable", 3)),
    "empty": (("ModelUnavailable", 3), ("ModelUnavailable", 3)),
    "truncated": (("ModelMuddled", 2), ("ModelMuddled", 3)),
    "prose": (("ModelMuddled", 4), ("ModelMuddled", 5)),
    "wrong schema": (("ModelMuddled", 4), ("ModelMuddled", 5)),
    "one look": (("reply", 1), ("calls", 1)),
    "no schema": (("reply", 2), ("reply", 1)),
    "bare objects": (("reply", 3), ("reply", 1)),
    "no formats": (("reply", 3), ("reply", 4)),
    "mended": (("reply", 4), ("reply", 5)),
    "picky": (("reply", 4), ("reply", 4)),
    "no stream": (("reply", 2), ("reply", 2)),
    "empty stream": (("reply", 1), ("calls", 2)),
    "half an answer": (("ModelUnavailable", 3), ("ModelUnavailable", 3)),
    "too large": (("ModelUnavailable", 1), ("ModelUnavailable", 1)),
    "refusal": (("ModelRefused", 1), ("ModelRefused", 1)),
    "unknown tool": (("reply", 1), ("calls", 1)),
    "tool loop": (("reply", 1), ("calls", 1)),
    "no tool choice": (("reply", 1), ("calls", 2)),
    "over-long": (("ModelMuddled", 2), ("ModelMuddled", 3)),
    "wrong usage": (("reply", 1), ("reply", 1)),
}


def quick(_seconds: float) -> None:
    """Waits are not slept."""


@pytest.mark.parametrize("mode", EXPECTED)
@pytest.mark.parametrize("tools", [False, True])
def test_each_fault_ends_in_its_own_way_without_a_storm(mode: str, tools: bool) -> None:
    outcome = meet(mode, tools, retries=RETRIES, deadline_s=30, sleep=quick)
    assert (outcome.ended, outcome.requests) == EXPECTED[mode][tools], outcome.said


def test_no_fault_is_forgotten() -> None:
    assert set(EXPECTED) | {"stall"} == set(FAULTS)


@pytest.mark.parametrize("tools", [False, True])
def test_a_stalled_stream_ends_at_its_deadline(tools: bool) -> None:
    outcome = meet("stall", tools, call_s=0.3, deadline_s=0.5, sleep=quick)
    assert outcome.ended == "ModelUnavailable"
    assert outcome.requests <= RETRIES + 1
    assert 0.3 <= outcome.seconds < LONG_WAIT_S / 3  # the server would go on for longer


def ask(
    behaviour: Behaviour, deadline_s: float = 30, tools: bool = False, max_tokens: int = 300
) -> tuple[Any, list[float]]:
    """One ask to a server about which nothing is known; (answer or error, waits)."""
    waits: list[float] = []
    with faulty_model(behaviour) as server:
        client = connect(server.url)
        KNOWN.pop((str(client.base_url), "fake"), None)
        model = OpenAIModel(client, "fake", retries=RETRIES, call_s=5, sleep=waits.append)
        try:
            return model.ask(question(deadline_s, tools, max_tokens)), waits
        except ModelError as error:
            return error, waits


def test_it_waits_as_long_as_the_server_asks_and_goes_on() -> None:
    answer, waits = ask(Behaviour("429 with Retry-After", faults=1, retry_after="7"))
    assert waits == [7.0]
    assert isinstance(answer.reply, SmallReply)
    assert answer.usage.requests == 2


def test_a_wait_beyond_the_deadline_is_not_waited_and_nothing_is_sent_before_it() -> None:
    behaviour = Behaviour("429 with Retry-After", retry_after="120")
    error, waits = ask(behaviour, deadline_s=20)
    assert isinstance(error, ModelUnavailable)
    assert (waits, behaviour.requests) == ([], 1)


def test_without_a_retry_after_waits_grow() -> None:
    _, waits = ask(Behaviour("429"))
    assert len(waits) == RETRIES
    assert 0 < waits[0] < waits[1] < 10


@pytest.mark.parametrize("mode", ["reset", "empty", "429", "429 with Retry-After"])
def test_what_passes_is_outlived(mode: str) -> None:
    answer, waits = ask(Behaviour(mode, faults=RETRIES))
    assert isinstance(answer.reply, SmallReply)
    assert len(waits) == RETRIES


def test_an_endless_answer_is_cut_and_what_it_cost_is_counted() -> None:
    error, _ = ask(Behaviour("over-long"), max_tokens=100)
    assert isinstance(error, ModelMuddled)
    assert "cut off" not in str(error)  # the correction said so; the error says what is wrong
    assert error.usage.estimated
    # two answers, each cut at six characters a token
    assert 2 * 100 < error.usage.output < 2 * 100 * 6 / 3


def test_impossible_figures_are_replaced_by_the_larger_ones() -> None:
    answer, _ = ask(Behaviour("wrong usage"))
    assert answer.usage.estimated
    assert answer.usage.input > 0
    assert answer.usage.output == 10_000_000
    assert "-5 input" in answer.note


def test_an_unknown_tool_is_left_to_the_one_who_has_the_tools() -> None:
    answer, _ = ask(Behaviour("unknown tool"), tools=True)
    assert [call.name for call in answer.calls] == ["delete_everything"]


def test_a_later_deadline_does_not_outlive_an_earlier_one() -> None:
    behaviour = Behaviour("well")
    with faulty_model(behaviour) as server:
        model = OpenAIModel(connect(server.url), "fake")
        with pytest.raises(ModelUnavailable, match="time"):
            model.ask(replace(question(1), deadline=Deadline.after(-1)))
    assert behaviour.requests == 0


def test_a_server_that_is_not_there_is_said_so() -> None:
    with faulty_model(Behaviour()) as server:
        url = server.url
    model = OpenAIModel(connect(url), "fake", retries=1, sleep=quick)
    with pytest.raises(ModelUnavailable, match="connection") as caught:
        model.ask(question(10))
    assert caught.value.usage.requests == 2
