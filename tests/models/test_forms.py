"""Schemas made strict, JSON found in prose, replies and calls told apart."""

import json
from enum import StrEnum

import pytest
from pydantic import BaseModel, Field

from warroom.evals.servers.least_instance import least_instance
from warroom.models.forms import ActionForm, ReportForm, closed, first_object, strict_schema
from warroom.models.protocol import Ask, ChatMessage, ToolSpec
from warroom.models.retrying import retry_after
from warroom.models.usage import Tally, believable, tokens_of, weight


class Level(StrEnum):
    """How bad."""

    high = "high"
    low = "low"


class Cause(BaseModel):
    """A cause."""

    title: str = Field(description="what")  # a property that is called as a keyword is
    level: Level = Field(default=Level.low, description="how bad")


class Verdict(BaseModel):
    """A reply."""

    causes: list[Cause] = Field(default_factory=list)
    best: Cause | None = None


LOOK = ToolSpec("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
ASK = Ask((ChatMessage("user", "?"),), Verdict, tools=(LOOK,))


def test_strict_means_closed_complete_and_without_defaults() -> None:
    schema = strict_schema(Verdict)
    assert closed(schema)
    assert schema["required"] == ["causes", "best"]
    cause = schema["$defs"]["Cause"]
    assert cause["required"] == ["title", "level"]
    assert cause["properties"]["title"] == {"description": "what", "type": "string"}
    assert cause["properties"]["level"] == {"$ref": "#/$defs/Level"}
    assert '"default"' not in json.dumps(schema)


def test_a_schema_with_names_of_the_models_choice_is_not_strict() -> None:
    class Free(BaseModel):
        found: dict[str, int]

    assert not closed(strict_schema(Free))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": 1}}',
        'Sure! Here it is:\n```json\n{"a": {"b": 1}}\n```\nAnything else?',
        'I looked at {this} first. {"a": {"b": 1}} {"a": 2}',
        '<think>perhaps {"a": 2}?</think>{"a": {"b": 1}}',
    ],
)
def test_the_first_object_is_found(text: str) -> None:
    assert first_object(text) == {"a": {"b": 1}}


@pytest.mark.parametrize("text", ["", "no", "[1]", '{"a": ', "{" * 3000])
def test_what_is_no_object_is_not_found(text: str) -> None:
    with pytest.raises(ValueError, match="JSON object"):
        first_object(text)


@pytest.mark.parametrize(
    "text",
    ['{"summary": [{"text": "so", "refs": []}, {"te', '{"a": {"b": 1}, "c": "and then', '{"a": {}'],
)
def test_an_object_within_a_reply_that_was_cut_off_is_not_the_reply(text: str) -> None:
    with pytest.raises(ValueError, match="in the middle"):
        first_object(text)


def test_a_fault_is_named_by_its_place() -> None:
    with pytest.raises(ValueError, match=r"causes\.0\.title: Field required"):
        ReportForm(ASK).parse('{"causes": [{"level": "low"}]}')


def test_an_action_is_a_call_or_a_report() -> None:
    form = ActionForm(ASK)
    called = form.parse('{"action": "call", "tool": "look", "arguments": {"at": "db"}}')
    assert [(call.name, call.arguments) for call in called.calls] == [("look", {"at": "db"})]
    assert form.parse('{"action": "report", "report": {"causes": []}}').reply == Verdict()
    assert form.parse('{"causes": []}').reply == Verdict()
    with pytest.raises(ValueError, match="JSON object"):
        form.parse('{"action": "call", "tool": "look", "arguments": "db"}')


def test_both_schemas_are_answered_by_their_least_instance() -> None:
    for form in (ReportForm(ASK), ActionForm(ASK)):
        least = json.dumps(least_instance(form.schema))
        assert form.parse(least).reply == Verdict()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("-3", 0.0), ("", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header) == seconds


@pytest.mark.parametrize(
    ("reported", "estimate", "holds"),
    [
        *[(1000, 1000, True), (None, 10, False), (0, 10, False), (-1, 10, False)],
        *[(4000, 1000, True), (4001, 1000, False), (249, 1000, False), (60, 1, True)],
    ],
)
def test_which_token_counts_are_believed(reported, estimate: int, holds: bool) -> None:
    assert believable(reported, estimate) is holds


@pytest.mark.parametrize(
    ("text", "length", "tokens"),
    [
        *[("", 0, 1), ("a" * 35, 35, 10), ("é" * 35, 35, 10), ("«»·…" * 7, 28, 8)],
        *[("服务器错误", 17.5, 5), ("a" * 35 + "服务器错误", 52.5, 15)],
        *[("\u3400\u9fff", 7, 2), ("\u33ff\ua000", 2, 1), ("。" * 7, 7, 2)],
    ],
)
def test_a_chinese_character_weighs_a_token(text: str, length: float, tokens: int) -> None:
    assert (weight(text), tokens_of(text)) == (length, tokens)


def test_a_missing_figure_is_estimated_and_noted() -> None:
    tally = Tally()
    tally.tokens((None, 50), (900, 40))
    assert (tally.used.input, tally.used.output, tally.used.estimated) == (900, 50, True)
    assert "reported no input" in tally.notes[0]


def test_half_characters_are_replaced_wherever_they_stand() -> None:
    assert first_object('{"a\\ud83d": ["x\\ud83d", {"b": "\\ud83d\\ude00"}]}') == {
        "a?": ["x?", {"b": "😀"}]
    }
