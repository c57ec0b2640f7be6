"""What stands around a model: a breaker and a second model for when it does not answer, a budget
that it keeps to, and a record of every ask, answered or not.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from ..errors import BudgetSpent, ModelError, ModelMuddled, ModelRefused, ModelUnavailable
from ..incident.model_use import ModelCall, Outcome
from .budget import ModelBudget
from .protocol import Answer, Ask, Model, Usage, Wrapped
from .usage import plus

# The breaker is our own forty lines: breaker libraries count every exception alike and read the
# wall clock. Here a refusal or a muddled answer is a sign of life, and the clock can be handed in.

FAILURES = 3
PAUSE_S = 60


class Breaker(Wrapped):
    """After `failures` unanswered asks in a row it fails at once for `pause_s` seconds; then one
    ask goes through as a trial: an answer closes the breaker, a failure opens it again."""

    def __init__(
        self,
        model: Model,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(model)
        self.failures = failures
        self.pause_s = pause_s
        self.clock = clock
        self._failed = 0
        self._open_until = 0.0
        self._lock = threading.Lock()

    def ask(self, ask: Ask) -> Answer:
        """The model's answer. Raises ModelUnavailable at once while it is open, and where the
        question's own time is over: that says nothing about the endpoint and takes no trial."""
        if ask.deadline.left <= 0:
            raise ModelUnavailable("the time for this question is over")
        self._enter()
        try:
            answer = self.model.ask(ask)
        except ModelUnavailable:
            self._count()
            raise
        except ModelError:
            self._alive()
            raise
        self._alive()
        return answer

    def _enter(self) -> None:
        with self._lock:
            if self._failed < self.failures:
                return
            wait = self._open_until - self.clock()
            if wait > 0:
                raise ModelUnavailable(
                    f"{self.name} failed {self._failed} times in a row; asked again in {wait:.0f} s"
                )
            self._open_until = self.clock() + self.pause_s  # this one is the trial, others wait

    def _count(self) -> None:
        with self._lock:
            self._failed += 1
            if self._failed >= self.failures:
                self._open_until = self.clock() + self.pause_s

    def _alive(self) -> None:
        with self._lock:
            self._failed = 0


SHARE = 0.6
"""Of the time left, what the first may use: one that stalls must not take the second one's too."""
LEAST_S = 2
"""With less time than this a second model is not asked."""


class Fallback(Wrapped):
    """Asks a model; when it is not reached, declines or muddles, and time allows, `second`."""

    def __init__(self, first: Model, second: Model) -> None:
        super().__init__(first)
        self.second = second

    def ask(self, ask: Ask) -> Answer:
        """The first answer that can be used; its usage counts both models. Raises ModelError."""
        share = ask.deadline.left * SHARE
        try:
            return self.model.ask(replace(ask, deadline=ask.deadline.sooner(share)))
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


NOTHING = Usage(requests=0)


class Metered(Wrapped):
    """Asks within the budget; `listen` gets one ModelCall per ask, after it was counted."""

    def __init__(
        self,
        model: Model,
        budget: ModelBudget,
        listen: Callable[[ModelCall], None],
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Wrap a model.

        Args:
            model: who answers.
            budget: shared by all of a process.
            listen: gets the record of every ask.
            names: specialist -> model name, for those that have one of their own.
        """
        super().__init__(model)
        self.budget = budget
        self.listen = listen
        self.names = names or {}

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
            purpose=ask.purpose,
            model=named,
            prompt=ask.prompt,
            input_tokens=usage.input,
            cached_tokens=usage.cached,
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
