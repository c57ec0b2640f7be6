"""Names of the GenAI conventions, and conversations in their JSON.

The names are written out here because the conventions' own package comes with the SDK, which is
an extra; a test holds them against it.
"""

import json
from collections.abc import Iterable
from typing import Any

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
CONVERSATION = "gen_ai.conversation.id"
AGENT = "gen_ai.agent.name"
PROMPT = "gen_ai.prompt.name"
REQUEST_MODEL = "gen_ai.request.model"
MAX_TOKENS = "gen_ai.request.max_tokens"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TOOL = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_CALL = "gen_ai.tool.call.id"
SERVER = "server.address"
PORT = "server.port"
ERROR = "error.type"

INCIDENT = "warroom.incident"
STEP = "warroom.step"
PURPOSE = "warroom.purpose"  # reason, skeptic, write
STAMP = "warroom.prompt"  # prompt file and its hash
ESTIMATED = "warroom.usage.estimated"
REQUESTS = "warroom.requests"  # HTTP requests of one call, retries included
NOTE = "warroom.note"
EVIDENCE = "warroom.evidence"  # id of what a tool call left on record
STATUS = "warroom.evidence.status"  # ok, empty, failed
SOURCE = "warroom.source"  # floor or model
CONCLUSION = "warroom.conclusion"


def as_json(value: Any) -> str:
    """Any value as one line of JSON; what JSON does not know is written as text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def conversation(messages: Iterable[Any]) -> str:
    """Messages (models.protocol.Message) as the conventions want them in an attribute."""
    return as_json([{"role": m.role, "parts": _parts(m)} for m in messages])


def reply(answer: Any, finish: str) -> str:
    """An answer (models.protocol.Answer) as the one message that it is."""
    parts = [_text(answer.text)] if answer.text else []
    parts += [_call(call) for call in answer.calls]
    return as_json([{"role": "assistant", "parts": parts, "finish_reason": finish}])


def _parts(message: Any) -> list[dict[str, Any]]:
    if message.role == "tool":
        response = {"type": "tool_call_response", "response": message.content}
        return [{**response, "id": message.call_id}]
    text = [_text(message.content)] if message.content else []
    return text + [_call(call) for call in message.calls]


def _text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def _call(call: Any) -> dict[str, Any]:
    return {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments}
