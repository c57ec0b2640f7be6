"""A model that keeps to a budget and leaves a record of every ask, answered or not."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ..errors import BudgetSpent, ModelError, ModelMuddled, ModelRefused
from ..incident.model_use import ModelCall, Outcome
from .budget import ModelBudget
from .protocol import Answer, Ask, Model, Usage

NOTHING = Usage(requests=0)


class Metered:
    """Asks within the budget; `listen` gets one ModelCall per ask, after it was counted."""

    def __init__(
        self,
        model: Model,
        budget: ModelBudget,
        listen: Callable[[ModelCall], None],
        attempt: int = 1,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Wrap a model.

        Args:
            model: who answers.
            budget: shared by all of a process.
            listen: gets the record of every ask.
            attempt: round of the response, for the record.
            names: specialist -> model name, for those that have one of their own.
        """
        self.model = model
        self.budget = budget
        self.listen = listen
        self.attempt = attempt
        self.names = names or {}

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    def ask(self, ask: Ask) -> Answer:
        """The model's answer. Raises BudgetSpent before a call that is not affordable, and what
        the model raises."""
        name = self.names.get(ask.specialist, self.name)
        at, started = datetime.now(UTC), time.monotonic()
        try:
            with self.budget.admitted(ask, name) as capped:
                return self._asked(ask, capped, at)
        except BudgetSpent as error:
            if error.usage is None:  # before the call: nothing has gone out
                self._record(ask, at, time.monotonic() - started, error)
            raise

    def _asked(self, ask: Ask, capped: Ask, at: datetime) -> Answer:
        """The answer, counted before its place in the budget is free again."""
        started = time.monotonic()
        try:
            answer = self.model.ask(capped)
        except ModelError as error:
            error.usage = error.usage or NOTHING
            self._record(ask, at, time.monotonic() - started, error)
            raise
        self._record(ask, at, time.monotonic() - started, answer)
        return answer

    def _record(self, ask: Ask, at: datetime, seconds: float, came: Answer | ModelError) -> None:
        answered = isinstance(came, Answer)
        usage = came.usage or NOTHING
        configured = self.names.get(ask.specialist, self.name)
        named = came.model if answered else configured
        call = ModelCall(
            at=at,
            specialist=ask.specialist,
            step=ask.step,
            attempt=self.attempt,
            purpose=ask.purpose,
            model=named,
            prompt=ask.prompt,
            input_tokens=usage.input,
            output_tokens=usage.output,
            estimated=usage.estimated,
            requests=usage.requests,
            cost=self.budget.prices.cost(usage, named, configured),
            seconds=round(seconds, 3),
            outcome="answered" if answered else outcome_of(came),
            note=came.note if answered else str(came),
        )
        self.budget.record(ask.incident, call)
        self.listen(call)


def outcome_of(error: ModelError) -> Outcome:
    """How a record names an error."""
    if isinstance(error, BudgetSpent):
        return "budget"
    if isinstance(error, ModelRefused):
        return "refused"
    return "muddled" if isinstance(error, ModelMuddled) else "unavailable"
