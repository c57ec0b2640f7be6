"""What a request to the fake model server meets, by mode: a good answer, or one of its faults."""

import json
from collections.abc import Callable

from .fake_chat import Body, Chat
from .least_instance import least_instance

SIGN = "JSON Schema:\n"
"""Before a schema in a prompt."""
LONG_WAIT_S = 30
"""A stall lasts until the client goes away, at most so long."""


def wanted(body: Body) -> Body:
    """The schema that a request names, as a format or in its text; an empty object: none."""
    shape = body.get("response_format", {}).get("json_schema", {}).get("schema")
    if shape:
        return shape
    _, found, rest = "".join(message["content"] for message in body["messages"]).rpartition(SIGN)
    return json.JSONDecoder().raw_decode(rest)[0] if found else {"type": "object"}


def well(chat: Chat) -> None:
    """The smallest answer that fits."""
    chat.say(json.dumps(least_instance(wanted(chat.body))))


def rate_limit(chat: Chat) -> None:
    """Too many requests, come back later."""
    headers = {"Retry-After": chat.behaviour.retry_after}
    chat.refuse(429, "slow down", headers)


def stall(chat: Chat) -> None:
    """A few words, then nothing more."""
    chat.begin()
    chat.chunk({"content": '{"'})
    chat.behaviour.over.wait(LONG_WAIT_S)


def reset(chat: Chat) -> None:
    """A few words, then the connection is gone."""
    chat.begin()
    chat.chunk({"content": '{"'})


def garbage(chat: Chat) -> None:
    """A stream that is neither text nor JSON."""
    chat.begin()
    chat.wfile.write(b'data: {"choices": \xff\xfe\n\ndata: }{\n\n')


def odd_types(chat: Chat) -> None:
    """Good JSON of the wrong types: the client passes it on unchecked."""
    chat.begin()
    chat.event({"choices": [{"index": 0, "delta": {"content": 5, "tool_calls": [7]}}]})
    chat.event({"choices": "none", "usage": {"prompt_tokens": "many"}})
    chat.end()


def over_long(chat: Chat) -> None:
    """Never stops, and does not know max_tokens."""
    chat.begin()
    for _ in range(100_000):
        chat.chunk({"content": "again and again and again "})


def unknown_tool(chat: Chat) -> None:
    """Calls a tool that nobody offered."""
    if chat.body.get("tools"):
        chat.call("delete_everything", {"sure": True})
    else:
        well(chat)


def tool_loop(chat: Chat) -> None:
    """Calls the first tool again and again as long as there are tools."""
    tools = chat.body.get("tools")
    if not tools:
        well(chat)
        return
    function = tools[0]["function"]
    chat.call(function["name"], least_instance(function.get("parameters") or {}))


def no_tool_choice(chat: Chat) -> None:
    """Knows no tool_choice, and calls a tool as long as there are tools."""
    if "tool_choice" in chat.body:
        chat.refuse(400, "unknown parameter: tool_choice")
    else:
        tool_loop(chat)


def wrong_usage(chat: Chat) -> None:
    """A good answer with impossible figures."""
    text = json.dumps(least_instance(wanted(chat.body)))
    chat.say(text, usage=(-5, 10_000_000))


def one_look(chat: Chat) -> None:
    """Calls the first tool once, then answers."""
    looked = any(message["role"] == "tool" for message in chat.body["messages"])
    (well if looked else tool_loop)(chat)


def no_schema(chat: Chat) -> None:
    """A server that knows JSON, but no schema."""
    if chat.body.get("response_format", {}).get("type") == "json_schema":
        chat.refuse(500, "unknown response format")
    else:
        well(chat)


def bare_objects(chat: Chat) -> None:
    """A server that knows JSON and refuses any word on its schema."""
    shape = chat.body.get("response_format", {})
    if "schema" in shape or "json_schema" in shape:
        chat.refuse(400, "unknown field in response_format")
    else:
        well(chat)


def mended(chat: Chat) -> None:
    """Wrong at first, right when it is corrected."""
    corrected = "does not fit" in chat.body["messages"][-1]["content"]
    chat.say(json.dumps(least_instance(wanted(chat.body))) if corrected else '{"color": 1}')


def picky(chat: Chat) -> None:
    """Takes neither temperature nor stream_options nor max_tokens, as newer models do not. Its
    words hold "context", and are not about a question's size."""
    for name in ("temperature", "stream_options", "max_tokens"):
        if name in chat.body:
            chat.refuse(400, f"Unsupported parameter in this context: '{name}'")
            return
    well(chat)


def no_formats(chat: Chat) -> None:
    """A server without structured output and without tools, as old ones are."""
    if chat.body.get("response_format") or chat.body.get("tools"):
        chat.refuse(500, "unknown parameter")
    else:
        chat.say(f"Sure: ```json\n{json.dumps(least_instance(wanted(chat.body)))}\n```")


def no_stream(chat: Chat) -> None:
    """Answers in one piece, whatever was asked for."""
    chat.whole({"content": json.dumps(least_instance(wanted(chat.body)))})


def empty_stream(chat: Chat) -> None:
    """Streams nothing where tools are offered, and calls the first one when it need not stream, as
    llama-cpp-python does."""
    tools = chat.body.get("tools")
    if not tools:
        well(chat)
    elif chat.body.get("stream"):
        chat.begin()
    elif chat.body.get("tool_choice") != "auto":
        chat.whole({"content": "I would need tools for that."})
    else:
        function = tools[0]["function"]
        arguments = json.dumps(least_instance(function.get("parameters") or {}))
        written = {"name": function["name"], "arguments": arguments}
        call = {"id": "c1", "type": "function", "function": written}
        chat.whole({"content": None, "tool_calls": [call]}, "tool_calls")


def half_an_answer(chat: Chat) -> None:
    """Promises more than it sends, then the connection is gone."""
    chat.send_response(200)
    chat.send_header("Content-Type", "application/json")
    chat.send_header("Content-Length", "5000")
    chat.end_headers()
    chat.wfile.write(b'{"choices": [')
    chat.close_connection = True


def refusal(chat: Chat) -> None:
    """Declines."""
    chat.begin()
    chat.chunk({"refusal": "I can't help with that."})
    chat.end()


FAULTS: dict[str, Callable[[Chat], None]] = {
    "well": well,
    "429 with Retry-After": rate_limit,
    "429": lambda chat: chat.refuse(429, "slow down"),
    "500": lambda chat: chat.refuse(500, "out of order"),
    "401": lambda chat: chat.refuse(401, "wrong key"),
    "stall": stall,
    "reset": reset,
    "garbage": garbage,
    "odd types": odd_types,
    "empty": lambda chat: chat.say(""),
    "truncated": lambda chat: chat.say('{"summary": "and then it', finish="length"),
    "prose": lambda chat: chat.say("Well, it is hard to say. It may be the database."),
    "wrong schema": lambda chat: chat.say('{"color": "green"}'),
    "one look": one_look,
    "no schema": no_schema,
    "bare objects": bare_objects,
    "no formats": no_formats,
    "mended": mended,
    "picky": picky,
    "no stream": no_stream,
    "empty stream": empty_stream,
    "half an answer": half_an_answer,
    "too large": lambda chat: chat.refuse(
        400, "'max_tokens' is too large: the model's context length is 4096 tokens"
    ),
    "refusal": refusal,
    "unknown tool": unknown_tool,
    "tool loop": tool_loop,
    "no tool choice": no_tool_choice,
    "over-long": over_long,
    "wrong usage": wrong_usage,
}
"""Mode -> what a request meets."""
