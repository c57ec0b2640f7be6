"""Models that are FAKES, for tests of the ceiling: they obey, lie, or say what the brief says."""

import re
from collections.abc import Callable
from typing import Any

from warroom.agents.reasoning.layer import ModelOnTop
from warroom.agents.runtime.context import ResponseContext
from warroom.evals.servers.least_instance import least_instance
from warroom.evals.servers.scripted import Line, ScriptedModel
from warroom.incident.model_use import ModelCall
from warroom.incident.timeline import utc_now
from warroom.models.protocol import Answer, Ask, Model

ROOMY = 128_000
PLENTY = {"tokens_per_incident": 500_000}
TABLE = re.compile(r"^(?P<id>E\d+) (?P<tool>\w+) \(", re.MULTILINE)


class Counted:
    """Tells the listener about every ask, as the real meter does; no budget."""

    def __init__(self, inner: Model, listen: Callable[[ModelCall], None]) -> None:
        self.inner, self.listen = inner, listen

    @property
    def name(self) -> str:
        """The inner model's."""
        return self.inner.name

    def ask(self, ask: Ask) -> Answer:
        """The inner model's answer, counted."""
        answer = self.inner.ask(ask)
        call = {"at": utc_now(), "specialist": ask.specialist, "step": ask.step}
        used = {"input_tokens": answer.usage.input, "output_tokens": answer.usage.output}
        model = {"model": answer.model, "prompt": ask.prompt, "purpose": ask.purpose}
        self.listen(ModelCall.model_validate({**call, **used, **model}))
        return answer


def think(context: ResponseContext, script: Callable[[Ask], Line]) -> ScriptedModel:
    """Put a scripted model on top of the room's playbooks; the model, with what it was asked. It
    takes so much context that every step is asked and every tool is offered."""
    model = ScriptedModel(script)
    settings = context.settings.model_copy(update={"context_tokens": ROOMY, **PLENTY})
    context.model_layer = ModelOnTop(
        lambda _specialist, listen: Counted(model, listen),
        settings,
        "a fake",
    )
    return model


def filled(ask: Ask, **given: Any) -> Any:
    """The smallest reply of the schema that was asked for, with these fields where it has them."""
    least = least_instance(ask.schema.model_json_schema())
    known = ask.schema.model_fields if ask.purpose != "write" else ()
    wanted = {name: value for name, value in given.items() if name in known}
    return ask.schema.model_validate({**least, **wanted})


def told(ask: Ask) -> str:
    """Everything that the model was told."""
    return "\n".join(message.content for message in ask.messages)


def evidence_of(ask: Ask, tool: str) -> str:
    """The id of the first table of this tool in what the model was told; empty: none."""
    return next((m["id"] for m in TABLE.finditer(told(ask)) if m["tool"] == tool), "")
