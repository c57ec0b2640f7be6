"""A second model for when the first gives no usable answer."""

from dataclasses import replace

from ..errors import ModelError, ModelMuddled, ModelRefused, ModelUnavailable
from .protocol import Answer, Ask, Model
from .usage import plus

SHARE = 0.6
"""Of the time left, what the first may use: one that stalls must not take the second one's too."""
LEAST_S = 2
"""With less time than this a second model is not asked."""


class Fallback:
    """Asks `first`; when it is not reached, declines or muddles, and time allows, `second`."""

    def __init__(self, first: Model, second: Model) -> None:
        self.first = first
        self.second = second

    @property
    def name(self) -> str:
        """The first one's."""
        return self.first.name

    def ask(self, ask: Ask) -> Answer:
        """The first answer that can be used; its usage counts both models. Raises ModelError."""
        share = ask.deadline.left * SHARE
        try:
            return self.first.ask(replace(ask, deadline=ask.deadline.sooner(share)))
        except (ModelUnavailable, ModelRefused, ModelMuddled) as error:
            if ask.deadline.left < LEAST_S:
                raise
            return self._second(ask, error)

    def _second(self, ask: Ask, failed: ModelError) -> Answer:
        spent = failed.usage.input + failed.usage.output if failed.usage else 0
        left = None if ask.allowance is None else ask.allowance - spent
        if left is not None and left < ask.max_tokens:
            raise failed
        try:
            answer = self.second.ask(replace(ask, allowance=left))
        except ModelError as error:
            error.usage = plus(failed.usage, error.usage)
            raise
        note = "; ".join(filter(None, [f"second model, because {failed}", answer.note]))
        return replace(answer, usage=plus(failed.usage, answer.usage), note=note)
