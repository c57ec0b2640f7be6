"""Budgets: what was used is counted from our own table, and nothing is asked beyond a limit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from warroom.errors import BudgetSpent, ModelError, ModelMuddled, ModelUnavailable
from warroom.evals.servers.fake_chat import Behaviour
from warroom.evals.servers.faulty_model import faulty_model
from warroom.evals.servers.model_faults import SmallReply, question
from warroom.evals.servers.scripted import ScriptedModel
from warroom.incident.model_use import ModelCall
from warroom.incident.severity import Severity
from warroom.models.allowance import Effort, allowance, incident_tokens
from warroom.models.budget import ModelBudget, Prices, size_of
from warroom.models.endpoint import KNOWN
from warroom.models.openai_model import OpenAIModel, connect
from warroom.models.protocol import Answer, Ask, ChatMessage, Usage
from warroom.models.spending import Spending
from warroom.models.stream import StreamReading
from warroom.models.usage import Tally, estimated
from warroom.models.wire import ChatRequest
from warroom.models.wrapping import Metered
from warroom.record.store import Store
from warroom.settings import ModelSettings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPLY = SmallReply(summary="the pool is full")


class Till:
    """A metered fake model on a real store."""

    def __init__(self, path: Path, script: Any, **limits: Any) -> None:
        self.spending = Spending(Store.open(path / "w.db").engine)
        self.fake = ScriptedModel(script, "gpt-5")
        self.now = NOON
        settings = ModelSettings(**limits)
        self.spending.cached_share = settings.cached_share
        budget = ModelBudget(settings, self.spending, lambda: self.now)
        self.calls: list[ModelCall] = []
        self.budget = budget
        self.model = Metered(self.fake, budget, self.calls.append)

    def limit(self, ask: Ask) -> int:
        """What the incident may use."""
        return self.budget._limits(ask, self.spending)[1].tokens

    def ask(self, specialist: str = "debugger", incident: str = "INC-1") -> Answer:
        """One ask."""
        asked = replace(question(30), specialist=specialist, incident=incident, step=7)
        return self.model.ask(asked)


def used(tokens: int) -> Any:
    """A script in which every answer costs so many tokens."""
    return lambda _: Answer("", reply=REPLY, text="{}", usage=Usage(tokens - 100, 100))


def test_every_ask_leaves_a_record(tmp_path: Path) -> None:
    till = Till(tmp_path, used(1100), prices={"gpt": (1, 10)})
    till.ask()
    call = till.calls[0]
    assert (call.specialist, call.step, call.model) == ("debugger", 7, "gpt-5")
    assert (call.input_tokens, call.output_tokens, call.outcome) == (1000, 100, "answered")
    assert call.cost == pytest.approx(0.002)
    assert till.spending.by_incident("INC-1").tokens == 1100
    assert till.spending.by_incident("INC-1").money == pytest.approx(0.002)


def test_a_failed_ask_counts_what_it_used(tmp_path: Path) -> None:
    error = ModelMuddled("no sense in it")
    error.usage = Usage(300, 50, True, 4)
    till = Till(tmp_path, [error])
    with pytest.raises(ModelMuddled):
        till.ask()
    call = till.calls[0]
    assert (call.outcome, call.requests, call.estimated) == ("muddled", 4, True)
    assert call.note == "no sense in it"
    assert till.spending.by_specialist("INC-1", "debugger").tokens == 350


@pytest.mark.parametrize(
    ("limits", "whose"),
    [
        ({"tokens_per_specialist": 1200}, "debugger"),
        ({"tokens_per_incident": 1200}, "incident"),
        ({"tokens_per_day": 1200}, "day"),
        ({"money_per_incident": 0.001, "prices": {"*": (1, 10)}}, "incident"),
    ],
)
def test_a_spent_budget_stops_before_the_call(tmp_path: Path, limits: Any, whose: str) -> None:
    till = Till(tmp_path, used(1100), **limits)
    till.ask()
    with pytest.raises(BudgetSpent, match=whose) as caught:
        till.ask()
    assert "WARROOM_" in str(caught.value)
    assert len(till.fake.asked) == 1
    assert [call.outcome for call in till.calls] == ["answered", "budget"]
    assert till.calls[1].requests == 0


def test_budgets_are_apart(tmp_path: Path) -> None:
    till = Till(tmp_path, used(1100), tokens_per_specialist=1200, tokens_per_incident=2400)
    till.ask("debugger")
    till.ask("triage")
    till.ask("debugger", "INC-2")
    with pytest.raises(BudgetSpent):
        till.ask("debugger")


def test_the_day_ends_at_midnight_utc_and_survives_a_restart(tmp_path: Path) -> None:
    till = Till(tmp_path, used(1100), tokens_per_day=1200)
    call = ModelCall(at=NOON, specialist="triage", step=1, model="m", input_tokens=1150)
    till.spending.add("INC-0", call)
    again = Till(tmp_path, used(1100), tokens_per_day=1200)
    with pytest.raises(BudgetSpent, match="day"):
        again.ask()
    again.now = NOON + timedelta(days=1)
    assert again.spending.by_day(again.now).tokens == 0


def test_an_answer_is_capped_to_what_is_left(tmp_path: Path) -> None:
    till = Till(tmp_path, used(1000), tokens_per_specialist=1400)
    till.ask()
    assert till.fake.asked[0].max_tokens == 300
    till.ask()
    assert 64 <= till.fake.asked[1].max_tokens < 300


def test_calls_under_way_count_with_all_they_may_use(tmp_path: Path) -> None:
    need = estimated(size_of(question(30)))
    till = Till(tmp_path, used(100), tokens_per_incident=2 * need + 300 + 60)

    def nested(_ask: Ask) -> Any:
        if len(till.fake.asked) == 1:  # only 60 are left for its answer
            with pytest.raises(BudgetSpent):
                till.ask("triage")
        return Answer("", reply=REPLY, usage=Usage(50, 50))

    till.fake = till.model.model = ScriptedModel(nested, "gpt-5")
    till.ask()
    till.ask("triage")  # what the first one did not use is free again
    assert [call.outcome for call in till.calls] == ["budget", "answered", "answered"]


def test_chinese_is_counted_as_what_it_takes() -> None:
    asked = question(30)
    longer = [replace(asked, messages=(ChatMessage("user", word * 700),)) for word in ("x", "错")]
    assert estimated(size_of(longer[1])) - estimated(size_of(longer[0])) == 500
    sent = [ChatRequest([{"content": word * 700}], 100, asked.deadline) for word in ("x", "错")]
    assert estimated(sent[1].size) - estimated(sent[0].size) == 500


def test_a_chinese_answer_is_estimated_by_its_weight_and_cut_by_its_length() -> None:
    reading = StreamReading(max_tokens=100)
    reading.take(said("错" * 600))
    assert (estimated(reading.size), reading.over) == (600, False)
    reading.take(said("x"))
    assert reading.over


def said(text: str, **more: Any) -> ChatCompletionChunk:
    """A piece of a streamed answer."""
    choice = {"index": 0, "delta": {"content": text}}
    whole = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return ChatCompletionChunk.model_validate({**whole, **more, "choices": [choice]})


def test_limited_money_wants_a_price(tmp_path: Path) -> None:
    till = Till(tmp_path, used(100), money_per_day=1.0)
    with pytest.raises(BudgetSpent, match="WARROOM_PRICES"):
        till.ask()
    assert till.fake.asked == []


def test_without_a_price_there_is_no_cost(tmp_path: Path) -> None:
    till = Till(tmp_path, used(100))
    till.ask()
    assert till.calls[0].cost is None


@pytest.mark.parametrize(
    ("name", "price"),
    [("gpt-5-mini-2025", (2, 2)), ("gpt-5-2025", (1, 1)), ("llama", (9, 9)), ("", (9, 9))],
)
def test_the_longest_beginning_of_a_name_has_the_price(name: str, price: Any) -> None:
    prices = Prices({"gpt-5": (1, 1), "gpt-5-mini": (2, 2), "*": (9, 9)})
    assert prices.of(name) == price


def test_an_unavailable_model_is_recorded_as_such(tmp_path: Path) -> None:
    till = Till(tmp_path, [ModelUnavailable("gone")])
    with pytest.raises(ModelError):
        till.ask()
    assert till.calls[0].outcome == "unavailable"


def test_an_ask_knows_what_all_its_requests_may_use(tmp_path: Path) -> None:
    till = Till(tmp_path, used(300), tokens_per_specialist=5_000)
    till.ask()
    till.ask()
    assert [ask.allowance for ask in till.fake.asked] == [5_000, 4_700]


def test_retries_and_corrections_end_with_the_budget() -> None:
    behaviour = Behaviour("wrong schema")
    with faulty_model(behaviour) as server:
        client = connect(server.url)
        KNOWN.pop((str(client.base_url), "fake"), None)
        model = OpenAIModel(client, "fake", sleep=lambda _: None)
        with pytest.raises(BudgetSpent, match="after 3 requests, and no budget for one more") as it:
            model.ask(replace(question(30), allowance=500))
    assert behaviour.requests == it.value.usage.requests == 3


def test_a_call_is_counted_before_its_place_is_free(tmp_path: Path) -> None:
    till = Till(tmp_path, used(300), tokens_per_incident=5_000)
    seen: list[int] = []
    remove = till.spending.remove

    def removed(number: int) -> None:
        with till.spending.alone(till.now) as counted:
            seen.append(counted.by_incident("INC-1").tokens)
        remove(number)

    till.spending.remove = removed  # type: ignore[method-assign]
    till.ask()
    assert seen[0] > 300  # the call as it was, and its place
    assert till.spending.by_incident("INC-1").tokens == 300


def test_a_call_under_way_in_another_process_counts(tmp_path: Path) -> None:
    till, other = (Till(tmp_path, used(300), tokens_per_specialist=400) for _ in range(2))
    under_way = other.budget.admitted(question(30), "gpt")
    under_way.__enter__()
    with pytest.raises(BudgetSpent, match="too few"), till.budget.admitted(question(30), "gpt"):
        pass
    under_way.__exit__(None, None, None)
    with till.budget.admitted(question(30), "gpt"):
        pass


def test_what_a_process_that_died_had_under_way_counts_for_a_while(tmp_path: Path) -> None:
    till = Till(tmp_path, used(300), tokens_per_specialist=400)
    under_way = till.budget.admitted(question(30), "gpt")
    under_way.__enter__()
    till.now = NOON + timedelta(minutes=9)
    with pytest.raises(BudgetSpent), till.budget.admitted(question(30), "gpt"):
        pass
    till.now = NOON + timedelta(minutes=11)
    with till.budget.admitted(question(30), "gpt"):
        pass


def test_what_came_from_the_cache_counts_its_share(tmp_path: Path) -> None:
    usage = Usage(1000, 100, cached=800)
    script = lambda _: Answer("", reply=REPLY, usage=usage)  # noqa: E731
    till = Till(tmp_path, script, prices={"gpt": (1, 10)})
    till.ask()
    assert till.spending.by_incident("INC-1").tokens == 1000 - 800 + 80 + 100
    assert till.calls[0].cached_tokens == 800
    assert till.calls[0].cost == pytest.approx(0.000_28 + 0.001)


def test_what_an_endpoint_says_of_its_cache_is_read_and_never_more_than_was_asked() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 90}}
    reading = StreamReading(max_tokens=100)
    reading.take(
        said(
            "x", usage={"prompt_tokens": 80, "completion_tokens": 1, "total_tokens": 81, **details}
        )
    )
    tally = Tally()
    tally.tokens(reading.reported, (80, 1), reading.cached)
    assert (tally.used.input, tally.used.cached) == (80, 80)
    tally.tokens((10_000_000, 1), (80, 1), 9_000_000)  # no count of this question
    assert tally.used.cached == 80


def test_a_mild_incident_may_use_less(tmp_path: Path) -> None:
    till = Till(tmp_path, used(100), context_tokens=128_000)
    asked = replace(question(30), purpose="write")
    limits = {level: till.limit(replace(asked, severity=level)) for level in Severity}
    assert limits[Severity.P0] == 60_000
    assert limits[Severity.P0] >= limits[Severity.P1] >= limits[Severity.P2] > limits[Severity.P3]


@pytest.mark.parametrize(
    ("context", "most"), [(8_000, 20_000), (16_000, 20_000), (200_000, 60_000)]
)
def test_an_incidents_budget_follows_the_models_context(context: int, most: int) -> None:
    settings = ModelSettings(context_tokens=context)
    assert 8_000 < incident_tokens(settings, Severity.P0) <= most
    own = settings.model_copy(update={"tokens_per_incident": 5_000})
    assert incident_tokens(own, Severity.P3) == 5_000


def test_more_context_and_more_weight_never_mean_less() -> None:
    sizes = (4_000, 8_000, 16_000, 32_000, 128_000, 1_000_000)
    rows = [allowance(ModelSettings(context_tokens=s), None, Effort.most) for s in sizes]
    assert [row.tokens for row in rows] == sorted(row.tokens for row in rows)
    assert [row.tables for row in rows] == sorted(row.tables for row in rows)
    weights = [allowance(ModelSettings(), None, effort) for effort in Effort]  # most to least
    assert [w.tokens for w in weights] == sorted((w.tokens for w in weights), reverse=True)
    assert weights[-1].rounds == 0


def test_a_conversation_leaves_room_for_messages_until_they_are_written(tmp_path: Path) -> None:
    till = Till(tmp_path, used(3_000), context_tokens=128_000)
    reason, write = question(30), replace(question(30), purpose="write", incident="INC-1")
    asked = replace(reason, incident="INC-1")
    before = till.limit(asked)
    assert before < till.limit(write) == 60_000
    till.model.ask(write)
    assert till.limit(asked) == before + 3_000
