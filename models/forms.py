"""What a reply may look like: a report of the asked schema, or that and calls of tools as JSON."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError

from .protocol import Ask, ToolCall

THOUGHT = re.compile(r"<think>.*?</think>|^.*?</think>", re.DOTALL)
"""Some models think aloud in their answer; the braces there are not the reply."""


def first_object(text: str) -> dict[str, Any]:
    """The first JSON object in the text. Raises ValueError when there is none, also when the text
    ends within one: an object inside of it is not the reply.
    """
    text = THOUGHT.sub("", text)
    decoder = json.JSONDecoder(strict=False)  # lets a raw line break inside a string pass
    at = text.find("{")
    while at >= 0:
        try:
            found, _ = decoder.raw_decode(text, at)
        except RecursionError:
            break
        except json.JSONDecodeError as error:
            if _ended(text, error):
                raise ValueError("the answer ends in the middle of its JSON object") from error
            at = text.find("{", at + 1)
            continue
        return _encodable(found)
    raise ValueError("there is no complete JSON object in the answer")


def _encodable(value: Any) -> Any:
    """Without half characters: JSON can spell them, and nothing can keep them."""
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _ended(text: str, error: json.JSONDecodeError) -> bool:
    """Whether what is wrong is that the text ends."""
    return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")


# JSON Schema as strict endpoints want it: closed objects, every property required, no defaults.
#
# The rules are those of OpenAI's structured outputs; other servers take such a schema as well.

UNWANTED = ("default", "title", "examples")
"""Keywords that say nothing about the reply's shape, or that strict endpoints refuse."""
NAMED = ("properties", "$defs")
"""Here the keys are names of the author's, not keywords."""
PLAIN = ("enum", "const", "required")
"""Here the values are no schemas."""


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The strict schema of a pydantic model. A property with a default becomes required too:
    the model then says what it would have left out."""
    return strict(model.model_json_schema())


def strict(schema: Any) -> Any:
    """The same schema, strict on every level."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:  # strict endpoints take no keyword beside a reference
        return {"$ref": schema["$ref"]}
    kept = {name: _inside(name, part) for name, part in schema.items() if name not in UNWANTED}
    if "properties" in kept:
        kept |= {"additionalProperties": False, "required": list(kept["properties"])}
    return kept


def _inside(keyword: str, part: Any) -> Any:
    if keyword in PLAIN:
        return part
    if keyword in NAMED and isinstance(part, dict):
        return {name: strict(schema) for name, schema in part.items()}
    return strict(part)


def closed(schema: Any) -> bool:
    """Whether a strict endpoint can take it: no object in it has names of the model's choice."""
    if isinstance(schema, list):
        return all(map(closed, schema))
    if not isinstance(schema, dict):
        return True
    free = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    return not free and all(map(closed, schema.values()))


ONLY = "Reply with one JSON object and nothing else."


@dataclass(frozen=True)
class Parsed:
    """A reply or calls, never both."""

    reply: BaseModel | None = None
    calls: tuple[ToolCall, ...] = ()


class ReportForm:
    """The reply is the asked schema itself."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.name = ask.schema.__name__

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the reply."""
        return strict_schema(self.ask.schema)

    @property
    def instruction(self) -> str:
        """The same in words, for endpoints that are not held to a schema."""
        return f"{ONLY} It has to fit this JSON Schema:\n{compact(self.schema)}"

    def shaped(self, text: str) -> bool:
        """Whether somebody who knew the schema may have written this, if with mistakes."""
        try:
            return set(self.schema.get("required", ())) <= first_object(text).keys()
        except ValueError:
            return False

    def parse(self, text: str) -> Parsed:
        """The reply. Raises ValueError, whose message is the correction."""
        return Parsed(reply=fitted(self.ask.schema, first_object(text)))


class ActionForm(ReportForm):
    """The reply is a call of one tool, or the report: tools for endpoints that have none. Where the
    reply is wanted now the words stay the same and only the report fits."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(ask)
        self.name = "Action"

    @cached_property
    def schema(self) -> dict[str, Any]:
        """One branch per tool, so that the arguments too are held to their schema."""
        definitions: dict[str, Any] = {}
        tools = () if self.ask.last else self.ask.tools
        branches = [
            _branch("call", tool={"const": t.name}, arguments=_bare(t.parameters, definitions))
            for t in tools
        ]
        report = _bare(strict_schema(self.ask.schema), definitions)
        union = {"anyOf": [*branches, _branch("report", report=report)]}
        return {**union, "$defs": definitions} if definitions else union

    @property
    def instruction(self) -> str:
        """The tools and both kinds of reply; the model sees no other list of the tools."""
        tools = "\n".join(
            f"- {tool.name}: {tool.description} Arguments: {compact(tool.parameters)}"
            for tool in self.ask.tools
        )
        return (
            f"You may call these tools, one at a time:\n{tools}\n\n{ONLY} To call a tool:\n"
            '{"action": "call", "tool": "<name>", "arguments": {…}}\n'
            'When you need no more tools: {"action": "report", "report": {…}}\n'
            f"where the report fits this JSON Schema:\n{compact(strict_schema(self.ask.schema))}"
        )

    def shaped(self, text: str) -> bool:
        """Whether it names an action."""
        try:
            return "action" in first_object(text)
        except ValueError:
            return False

    def parse(self, text: str) -> Parsed:
        """The call or the report. Raises ValueError, whose message is the correction."""
        found = first_object(text)
        if found.get("action") == "report" and isinstance(found.get("report"), dict):
            return Parsed(reply=fitted(self.ask.schema, found["report"]))
        if found.get("action", "call") == "call" and isinstance(found.get("tool"), str):
            if self.ask.last:
                raise ValueError("no more calls: hand in the report")
            return Parsed(calls=(self._call(found["tool"], found.get("arguments") or {}),))
        return Parsed(reply=fitted(self.ask.schema, found))  # a bare report, most likely

    def _call(self, name: str, arguments: Any) -> ToolCall:
        if not isinstance(arguments, dict):
            raise ValueError(f"the arguments of {name} have to be a JSON object")
        calls = sum(len(message.calls) for message in self.ask.messages)
        return ToolCall(f"call-{calls + 1}", name, arguments)


def fitted(schema: type[BaseModel], found: dict[str, Any]) -> BaseModel:
    """The object as the schema's model. Raises ValueError that names what does not fit."""
    try:
        return schema.model_validate(found)
    except ValidationError as wrong:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}"
            for fault in wrong.errors(include_input=False, include_url=False)[:5]
        ]
        raise ValueError("; ".join(faults)) from wrong


def compact(value: Any) -> str:
    """JSON without spaces: a schema in a prompt costs tokens."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _branch(action: str, **parts: dict[str, Any]) -> dict[str, Any]:
    properties = {"action": {"const": action}, **parts}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _bare(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Without its definitions: references look for them at the root."""
    definitions |= schema.get("$defs", {})
    return {name: part for name, part in schema.items() if name != "$defs"}
