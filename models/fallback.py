"""When a model does not answer: it is not asked again for a while, and a second one is.

The breaker is our own forty lines: breaker libraries count every exception alike and read the wall
clock. Here a refusal or a muddled answer is a sign of life, and the clock can be handed in.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ..errors import ModelError, ModelMuddled, ModelRefused, ModelUnavailable
from .protocol import Answer, Ask, Model
from .usage import plus

FAILURES = 3
PAUSE_S = 60


class Breaker:
    """After `failures` unanswered asks in a row it fails at once for `pause_s` seconds; then one
    ask goes through as a trial: an answer closes the breaker, a failure opens it again."""

    def __init__(
        self,
        model: Model,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.failures = failures
        self.pause_s = pause_s
        self.clock = clock
        self._failed = 0
        self._open_until = 0.0
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

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
