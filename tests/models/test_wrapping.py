"""What stands around a model: the breaker, the second model, the assembly from settings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from warroom.errors import BudgetSpent, ModelMuddled, ModelRefused, ModelUnavailable
from warroom.evals.servers.fake_chat import Behaviour
from warroom.evals.servers.faulty_model import faulty_model
from warroom.evals.servers.model_faults import SmallReply, question
from warroom.evals.servers.scripted import ScriptedModel
from warroom.models.assembly import Routed, describe, model_from, specialist_models
from warroom.models.protocol import Answer, Usage
from warroom.models.wrapping import Breaker, Fallback
from warroom.settings import ModelSettings, Settings

REPLY = SmallReply(summary="the pool is full")
GONE = ModelUnavailable("gone")


class Clock:
    """Stands until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def fails(model: Any, times: int = 1, deadline_s: float = 30) -> str:
    """Asks so often, in vain; the last message."""
    said = ""
    for _ in range(times):
        with pytest.raises(ModelUnavailable) as caught:
            model.ask(question(deadline_s))
        said = str(caught.value)
    return said


def test_after_three_failures_it_fails_at_once_then_tries_again() -> None:
    clock, fake = Clock(), ScriptedModel([GONE] * 4 + [REPLY, GONE, REPLY])
    breaker = Breaker(fake, clock=clock)
    assert fails(breaker, 3) == "gone"
    assert "in a row; asked again in 60 s" in fails(breaker, 5)
    assert len(fake.asked) == 3
    clock.now += 60
    assert fails(breaker) == "gone"  # the trial failed: closed for another minute
    assert "asked again" in fails(breaker)
    clock.now += 60
    assert breaker.ask(question(30)).reply == REPLY
    assert fails(breaker) == "gone"  # one failure is not three
    assert breaker.ask(question(30)).reply == REPLY


def test_while_a_trial_runs_others_wait() -> None:
    clock, fake = Clock(), ScriptedModel([GONE] * 3)
    breaker = Breaker(fake, clock=clock)
    fails(breaker, 3)
    clock.now += 60

    def trial(_ask: Any) -> Any:
        assert "asked again" in fails(breaker)
        return REPLY

    breaker.model = ScriptedModel(trial)
    assert breaker.ask(question(30)).reply == REPLY


def test_a_refusal_is_a_sign_of_life() -> None:
    fake = ScriptedModel([GONE, GONE, ModelRefused("no"), GONE, GONE, REPLY])
    breaker = Breaker(fake, clock=Clock())
    fails(breaker, 2)
    with pytest.raises(ModelRefused):
        breaker.ask(question(30))
    fails(breaker, 2)
    assert breaker.ask(question(30)).reply == REPLY


def test_a_question_whose_time_is_over_says_nothing_about_the_endpoint() -> None:
    clock, fake = Clock(), ScriptedModel([GONE, GONE, REPLY, GONE, GONE, GONE, REPLY])
    breaker = Breaker(fake, clock=clock)
    fails(breaker, 2)
    assert "time for this question is over" in fails(breaker, deadline_s=-1)
    assert breaker.ask(question(30)).reply == REPLY  # it was no third failure
    fails(breaker, 3)
    clock.now += 60
    fails(breaker, deadline_s=-1)
    assert breaker.ask(question(30)).reply == REPLY  # the trial was left for this one


@pytest.mark.parametrize("error", [ModelUnavailable, ModelRefused, ModelMuddled])
def test_a_second_model_answers_and_both_are_counted(error: Any) -> None:
    failed = error("not me")
    failed.usage = Usage(10, 5, requests=3)
    answered = Answer("", reply=REPLY, usage=Usage(100, 50))
    model = Fallback(ScriptedModel([failed]), ScriptedModel([answered], "other"))
    answer = model.ask(question(30))
    assert (answer.reply, answer.model) == (REPLY, "other")
    assert answer.usage == Usage(110, 55, requests=4)
    assert "not me" in answer.note


def test_no_second_model_for_a_spent_budget_or_without_time() -> None:
    second = ScriptedModel([REPLY])
    with pytest.raises(BudgetSpent):
        Fallback(ScriptedModel([BudgetSpent("all")]), second).ask(question(30))
    with pytest.raises(ModelUnavailable):
        Fallback(ScriptedModel([GONE]), second).ask(question(1))
    assert second.asked == []


def test_the_first_leaves_time_for_the_second() -> None:
    first, second = ScriptedModel([GONE]), ScriptedModel([REPLY])
    asked = question(30)
    Fallback(first, second).ask(asked)
    assert first.asked[0].deadline.left < 19
    assert second.asked[0].deadline == asked.deadline


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the surroundings."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "WARROOM_MODEL", "WARROOM_MODEL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_key_alone_configures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert model_from(Settings()) is None
    assert describe(Settings()) == ""


def test_the_usual_variables_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://u:secret@localhost:8080/v1")
    settings = Settings()
    assert settings.endpoint_key == SecretStr("sk-1")
    assert describe(settings) == "the first listed model at localhost:8080"


def test_a_key_for_openai_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert Settings(model="gpt-5").endpoint_key == SecretStr("sk-1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8080/v1")
    monkeypatch.setenv("WARROOM_MODEL_BASE_URL", "http://other/v1")
    assert "other" in describe(Settings())
    assert Settings().endpoint_key is None
    monkeypatch.setenv("WARROOM_MODEL_KEY", "own")
    assert Settings().endpoint_key == SecretStr("own")


def test_describe_says_what_goes_where() -> None:
    settings = ModelSettings(
        model="gpt-5", models={"triage": "gpt-5-mini"}, second_base_url="http://localhost:1/v1"
    )
    told = "gpt-5 at api.openai.com (triage: gpt-5-mini); then gpt-5 at localhost:1"
    assert describe(settings) == told


def test_every_specialist_gets_its_model() -> None:
    settings = ModelSettings(model="big", models={"triage": "small", "debugger": "big"})
    assert specialist_models(settings) == {"triage": "small"}
    common, own = ScriptedModel(lambda _: REPLY, "big"), ScriptedModel(lambda _: REPLY, "small")
    routed = Routed(common, {"triage": own})
    assert routed.ask(replace(question(30), specialist="triage")).model == "small"
    assert routed.ask(replace(question(30), specialist="debugger")).model == "big"


def test_an_assembled_model_answers_and_the_second_stands_in() -> None:
    bad, good = Behaviour("401"), Behaviour("well")
    with faulty_model(bad) as first, faulty_model(good) as second:
        settings = ModelSettings(
            model="m",
            model_base_url=first.url,
            model_key=SecretStr("one"),
            second_base_url=second.url,
        )
        model = model_from(settings)
        assert model is not None
        answer = model.ask(question(30))
    assert isinstance(answer.reply, SmallReply)
    assert (bad.keys, good.keys) == (["Bearer one"], ["Bearer none"])
