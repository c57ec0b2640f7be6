"""What is asked of a real server to see which forms of output and of tools it can do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, Field

from ...errors import ModelError
from ...models.endpoint import KNOWN, Habits, habits_of
from ...models.openai_model import OpenAIModel, connect
from ...models.protocol import Answer, Ask, ChatMessage, Deadline, ToolSpec
from .model_worker import HOST

PORTS = {"xllamacpp": 8199, "llama-cpp-python": 8198}
"""Where each kind listens while it is recorded: tapes are compared with the port."""
PATIENCE_S = 300.0


class Suspect(BaseModel):
    """Which service failed."""

    service: Literal["api", "database"] = Field(description="the service that failed")
    reason: str = Field(max_length=60, description="why, in a few words")


READ = ToolSpec(
    name="read_metric",
    description="Reads how many requests of a service fail.",
    parameters={
        "type": "object",
        "properties": {"service": {"type": "string", "enum": ["api", "database"]}},
        "required": ["service"],
        "additionalProperties": False,
    },
)
TOLD = (
    ChatMessage("system", "You find out which service of a shop failed."),
    ChatMessage(
        "user", "The service api answers with errors. The database is healthy. What failed?"
    ),
)


@dataclass(frozen=True)
class AskOutcome:
    """What became of one ask."""

    answer: Answer | None
    error: ModelError | None = None


def asks() -> dict[str, Ask]:
    """Name -> ask: a reply of a schema; a call or a reply."""
    reply = Ask(TOLD, Suspect, max_tokens=80, deadline=Deadline.after(PATIENCE_S))
    tools = Ask(TOLD, Suspect, (READ,), 80, deadline=Deadline.after(PATIENCE_S))
    return {"reply": reply, "tools": tools}


def model(kind: str) -> OpenAIModel:
    """The model of a server of this kind, as if it were never asked before."""
    url = f"http://{HOST}:{PORTS[kind]}/v1"
    KNOWN.clear()
    return OpenAIModel(connect(url), retries=1, call_s=PATIENCE_S, sleep=lambda _: None)


def outcomes(asked: OpenAIModel) -> Iterator[tuple[str, AskOutcome]]:
    """Every ask with what came of it, in order; a call is answered, and a reply asked for."""
    for name, ask in asks().items():
        outcome = outcome_of(asked, ask)
        yield name, outcome
        if outcome.answer and outcome.answer.calls:
            yield f"{name}, answered", outcome_of(asked, answered(ask, outcome.answer))


def outcome_of(asked: OpenAIModel, ask: Ask) -> AskOutcome:
    """What comes of one ask."""
    try:
        return AskOutcome(asked.ask(ask))
    except ModelError as error:
        return AskOutcome(None, error)


def answered(ask: Ask, answer: Answer) -> Ask:
    """The ask after its calls were answered."""
    said = ChatMessage("assistant", answer.text, calls=answer.calls)
    told = [ChatMessage("tool", "31 of 100 requests fail", call_id=c.id) for c in answer.calls]
    return replace(ask, messages=(*ask.messages, said, *told))


def learnt(asked: OpenAIModel) -> Habits:
    """What the boundary has learnt about this server."""
    return habits_of(str(asked.client.base_url), asked.name)
