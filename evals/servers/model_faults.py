"""Drills of the model boundary: every fault of the fake server, how it ends, what it costs.

python -m warroom.evals.servers.model_faults
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel, Field
from rich.console import Console
from rich.table import Table

from ...errors import ModelError
from ...models.endpoint import KNOWN
from ...models.openai_model import OpenAIModel, connect
from ...models.protocol import Ask, ChatMessage, Deadline, ToolSpec
from .fake_chat import Behaviour
from .fault_modes import FAULTS
from .faulty_model import faulty_model

TOOL = ToolSpec(
    "query_logs",
    "Look for a text in the logs.",
    {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
)


class SmallReply(BaseModel):
    """A reply as specialists ask for it, in small."""

    summary: str = Field(min_length=1)
    causes: list[str] = Field(default_factory=list)
    confidence: float | None = None


@dataclass(frozen=True)
class AskEnding:
    """How one ask ended."""

    mode: str
    tools: bool
    ended: str  # reply, calls, or the error's name
    requests: int
    seconds: float
    said: str  # the error's message, or the answer's note


def question(deadline_s: float, tools: bool = False, max_tokens: int = 300) -> Ask:
    """The ask of these drills."""
    messages = (ChatMessage("system", "You debug."), ChatMessage("user", "Why is checkout slow?"))
    return Ask(
        messages,
        SmallReply,
        tools=(TOOL,) if tools else (),
        max_tokens=max_tokens,
        deadline=Deadline.after(deadline_s),
    )


def meet(
    mode: str,
    tools: bool = False,
    *,
    retries: int = 2,
    call_s: float = 1,
    deadline_s: float = 6,
    sleep: Callable[[float], None] = time.sleep,
) -> AskEnding:
    """One ask to a new fake server in this mode, about which nothing is known yet."""
    behaviour = Behaviour(mode)
    with faulty_model(behaviour) as server:
        client = connect(server.url)
        KNOWN.pop((str(client.base_url), "fake"), None)  # ports come round again
        model = OpenAIModel(client, "fake", retries=retries, call_s=call_s, sleep=sleep)
        started = time.monotonic()
        try:
            answer = model.ask(question(deadline_s, tools))
            ended, said = "reply" if answer.reply else "calls", answer.note
        except ModelError as error:
            ended, said = type(error).__name__, str(error)
        seconds = time.monotonic() - started
    return AskEnding(mode, tools, ended, behaviour.requests, seconds, said)


def faults() -> Iterator[AskEnding]:
    """Every mode, without tools and with one; real waits."""
    for mode in FAULTS:
        for tools in (False, True):
            yield meet(mode, tools)


def table(outcomes: Iterator[AskEnding]) -> Table:
    """One row per outcome."""
    shown = Table(title="A fake model server that misbehaves; 2 retries, 1 s a request, 6 s an ask")
    for column in ("fault", "tools", "ended as", "requests", "seconds", "said"):
        shown.add_column(column, justify="right" if column in ("requests", "seconds") else "left")
    for one in outcomes:
        tools = "yes" if one.tools else ""
        figures = (str(one.requests), f"{one.seconds:.2f}")
        shown.add_row(one.mode, tools, one.ended, *figures, one.said[:90])
    return shown


if __name__ == "__main__":
    Console(width=160).print(table(faults()))
