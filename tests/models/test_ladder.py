"""Stepping down to what an endpoint can do, and remembering it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from warroom.errors import ModelError, ModelUnavailable
from warroom.evals.servers.fake_chat import Behaviour
from warroom.evals.servers.faulty_model import faulty_model
from warroom.evals.servers.model_faults import TOOL, SmallReply, question
from warroom.models.endpoint import KNOWN
from warroom.models.openai_model import OpenAIModel, connect
from warroom.models.protocol import Answer, Ask, ChatMessage, ToolCall
from warroom.models.wire import CONTEXT


class Wire:
    """A server and a model that knows nothing about it yet."""

    def __init__(self, behaviour: Behaviour, url: str) -> None:
        self.behaviour = behaviour
        client = connect(url)
        KNOWN.pop((str(client.base_url), "fake"), None)
        self.model = OpenAIModel(client, "fake", sleep=lambda _: None)

    def ask(self, asked: Ask | None = None) -> tuple[object, int]:
        """The answer or error, and how many requests it took."""
        before = self.behaviour.requests
        try:
            answer = self.model.ask(asked or question(30))
        except ModelError as error:
            return error, self.behaviour.requests - before
        return answer, self.behaviour.requests - before

    @property
    def last(self) -> dict:
        """The last request's body."""
        return self.behaviour.seen[-1]


@pytest.fixture
def wire():
    behaviour = Behaviour()
    with faulty_model(behaviour) as server:
        yield Wire(behaviour, server.url)


def test_a_step_down_is_taken_once(wire: Wire) -> None:
    wire.behaviour.mode = "no schema"
    assert wire.ask()[1] == 2
    assert wire.ask()[1] == 1
    assert wire.last["response_format"]["type"] == "json_object"
    assert wire.last["response_format"]["schema"]["required"]


def test_a_schema_beside_json_object_is_left_off_where_it_is_refused(
    wire: Wire,
) -> None:
    wire.behaviour.mode = "bare objects"
    assert wire.ask()[1] == 3
    assert wire.ask()[1] == 1
    assert wire.last["response_format"] == {"type": "json_object"}


def test_an_error_on_a_proven_rung_is_trouble_not_a_lack(wire: Wire) -> None:
    wire.ask()
    wire.behaviour.mode = "500"
    error, requests = wire.ask()
    assert (type(error).__name__, requests) == ("ModelUnavailable", 3)
    wire.behaviour.mode = "well"
    wire.ask()
    assert wire.last["response_format"]["type"] == "json_schema"


def test_a_failed_descent_proves_nothing(wire: Wire) -> None:
    wire.behaviour.mode = "500"
    wire.ask()
    wire.behaviour.mode = "well"
    assert wire.ask()[1] == 1
    assert wire.last["response_format"]["type"] == "json_schema"


def test_the_schema_is_sent_strict(wire: Wire) -> None:
    wire.ask()
    sent = wire.last["response_format"]["json_schema"]
    assert sent["strict"] is True
    assert sent["schema"]["additionalProperties"] is False
    assert sent["schema"]["required"] == ["summary", "causes", "confidence"]


def test_refused_parameters_are_left_off_from_then_on(wire: Wire) -> None:
    wire.behaviour.mode = "picky"
    wire.ask()
    assert wire.ask()[1] == 1
    assert wire.last["max_completion_tokens"] == 300
    assert not {"temperature", "stream_options", "max_tokens"} & wire.last.keys()


def test_a_server_that_does_not_stream_is_not_asked_to(wire: Wire) -> None:
    wire.behaviour.mode = "no stream"
    answer, requests = wire.ask()
    assert isinstance(answer, Answer)
    assert (type(answer.reply), requests) == (SmallReply, 2)
    assert (answer.usage.input, answer.usage.output, answer.finish) == (100, 40, "stop")
    assert wire.ask()[1] == 1
    assert not {"stream_options"} & wire.last.keys()


def test_calls_are_heard_from_a_server_that_streams_none(wire: Wire) -> None:
    wire.behaviour.mode = "empty stream"
    asked = question(30, tools=True)
    answer, requests = wire.ask(asked)
    assert isinstance(answer, Answer)
    assert ([call.name for call in answer.calls], requests) == ([TOOL.name], 2)
    assert answer.finish == "tool_calls"
    assert wire.ask(asked)[1] == 1
    wire.ask()
    assert wire.last["stream"] is True  # replies still are


def test_a_server_that_never_calls_loses_its_native_tools(wire: Wire) -> None:
    for _ in range(2):
        assert wire.ask(question(30, tools=True))[1] == 1
        assert "tools" in wire.last
    wire.ask(question(30, tools=True))
    assert "tools" not in wire.last
    assert TOOL.name in wire.last["messages"][0]["content"]


def test_a_server_that_called_once_keeps_its_native_tools(wire: Wire) -> None:
    wire.behaviour.mode = "one look"
    wire.ask(question(30, tools=True))
    wire.behaviour.mode = "well"
    for _ in range(4):
        wire.ask(question(30, tools=True))
    assert "tools" in wire.last


def test_prose_from_a_server_with_tools_is_asked_again_without(wire: Wire) -> None:
    wire.behaviour.mode = "one look"
    wire.ask(question(30, tools=True))
    wire.behaviour.mode, wire.behaviour.faults = "prose", wire.behaviour.requests + 1
    answer, requests = wire.ask(question(30, tools=True))
    assert requests == 2
    assert isinstance(getattr(answer, "reply", None), SmallReply)
    assert "tools" not in wire.last
    assert wire.last["response_format"]["type"] == "json_schema"


def conversation() -> Ask:
    """A conversation in which a tool was called and answered."""
    call = ToolCall("call_1", TOOL.name, {"text": "timeout"})
    said = (ChatMessage("assistant", "", (call,)), ChatMessage("tool", "3 lines", call_id="call_1"))
    asked = question(30, tools=True)
    return replace(asked, messages=(*asked.messages, *said))


def test_calls_and_results_go_back_in_the_endpoints_own_way(wire: Wire) -> None:
    wire.ask(conversation())
    *_, called, result = wire.last["messages"]
    assert called["tool_calls"][0]["function"]["name"] == TOOL.name
    assert (result["role"], result["tool_call_id"]) == ("tool", "call_1")


def test_without_tools_calls_and_results_are_told_as_text(wire: Wire) -> None:
    wire.ask(replace(conversation(), tools=()))
    roles = [message["role"] for message in wire.last["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert "3 lines" in wire.last["messages"][-1]["content"]
    assert '"tool": "query_logs"' in wire.last["messages"][-2]["content"]


def closing() -> Ask:
    """The same conversation, in which the reply is wanted now."""
    return replace(conversation(), last=True)


def test_the_last_question_keeps_the_prompt_that_is_cached(wire: Wire) -> None:
    wire.behaviour.mode = "one look"
    wire.ask(conversation())
    before = wire.last
    answer, requests = wire.ask(closing())
    assert isinstance(getattr(answer, "reply", None), SmallReply)
    assert requests == 1
    assert (before["tool_choice"], wire.last["tool_choice"]) == ("auto", "none")
    assert {**wire.last, "tool_choice": "auto"} == before


@pytest.mark.parametrize("mode", ["tool loop", "no tool choice"])
def test_who_calls_on_though_told_not_to_is_asked_without_tools(wire: Wire, mode: str) -> None:
    wire.behaviour.mode = mode
    wire.ask(conversation())
    answer, _ = wire.ask(closing())
    assert isinstance(getattr(answer, "reply", None), SmallReply)
    assert "tools" not in wire.last


def test_who_takes_no_tool_choice_is_not_offered_tools_for_nothing(wire: Wire) -> None:
    wire.behaviour.mode = "no tool choice"
    wire.ask(conversation())
    assert wire.ask(closing())[1] == 1


def test_without_native_tools_only_the_report_fits_in_the_end(wire: Wire) -> None:
    wire.behaviour.mode = "no schema"
    wire.model._build().habits.native = False
    wire.ask(conversation())
    told = wire.last["messages"]
    answer, _ = wire.ask(closing())
    assert isinstance(getattr(answer, "reply", None), SmallReply)
    assert wire.last["messages"] == told
    (branch,) = wire.last["response_format"]["schema"]["anyOf"]
    assert branch["properties"]["action"] == {"const": "report"}


def test_the_answer_is_heard_while_it_is_written(wire: Wire) -> None:
    heard: list[str] = []
    wire.ask(replace(question(30), listen=heard.append))
    assert len(heard) > 1
    assert SmallReply.model_validate_json("".join(heard)).summary


def test_without_a_name_the_first_listed_model_is_asked(wire: Wire) -> None:
    wire.model = OpenAIModel(wire.model.client)
    wire.ask()
    assert wire.last["model"] == wire.model.name == "fake-faulty-model"


def test_a_question_that_is_too_long_costs_no_parameter(wire: Wire) -> None:
    wire.behaviour.mode = "too large"
    error, requests = wire.ask()
    assert "lower WARROOM_CONTEXT_TOKENS" in str(error)
    assert requests == 1
    wire.behaviour.mode = "well"
    wire.ask()
    assert wire.last["max_tokens"] == 300


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("This model's maximum context length is 8192 tokens.", True),
        ("{'code': 'context_length_exceeded'}", True),
        ("the request exceeds the available context size, try increasing it", True),
        ("Requested tokens (900) exceed context window of 512", True),
        ("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", True),
        ("Context size has been exceeded.", True),
        ("Unsupported parameter in this context: 'temperature'", False),
        ("unknown field 'context'", False),
        ("no tools in the context of a stream", False),
    ],
)
def test_which_refusals_are_about_the_size_of_a_question(said: str, size: bool) -> None:
    assert bool(CONTEXT.search(said)) is size


def test_an_address_that_speaks_another_protocol_is_said_so() -> None:
    with pages() as url:
        model = OpenAIModel(connect(url), sleep=lambda _: None)
        with pytest.raises(ModelUnavailable, match="does not speak OpenAI's protocol"):
            model.ask(question(30))


def test_an_answer_in_one_piece_that_breaks_off_is_asked_for_again(
    wire: Wire,
) -> None:
    wire.behaviour.mode = "no stream"
    wire.ask()
    wire.behaviour.mode = "half an answer"
    error, requests = wire.ask()
    assert (type(error).__name__, requests) == ("ModelUnavailable", 3)


class Page(BaseHTTPRequestHandler):
    """A web site."""

    def do_GET(self) -> None:
        """Welcome."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>Welcome</html>")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def pages() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
