"""Methods answer cases; a run keeps one answer and what it is worth; an evaluation keeps all runs.

A run that could not be scored says why. It is neither right nor wrong, and no figure counts it: an
answer of the floor under a model's name would be a lie, and a nought would be one too.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from ...errors import ModelError, StoreError
from ...incident.timeline import utc_now

C = TypeVar("C")
A = TypeVar("A")
M = TypeVar("M")


@dataclass(frozen=True)
class Method(Generic[C, A]):
    """A name for tables and what answers cases under it."""

    name: str
    answer: Callable[[C], A]
    note: str = ""


@dataclass(frozen=True)
class Attempt(Generic[A]):
    """What a method answered, or why that cannot be scored."""

    answer: A | None
    seconds: float
    unscored: str = ""


def attempt(method: Method[C, A], case: C) -> Attempt[A]:
    """Answer a case; what a model, our own store or the disk ends says nothing about the method."""
    started = time.perf_counter()
    try:
        answer = method.answer(case)
    except (ModelError, StoreError, OSError) as error:
        why = str(error) or type(error).__name__
        return Attempt(None, time.perf_counter() - started, why)
    return Attempt(answer, time.perf_counter() - started)


class MethodRun(BaseModel, Generic[A, M]):
    """One method on one case, once. A suite adds which case it was."""

    method: str = Field(description="who answered")
    answer: A | None = Field(default=None, description="None: unscored, or many by chance")
    marks: M | None = Field(default=None, description="what it is worth; None: unscored")
    unscored: str = Field(default="", description="why it cannot be scored; empty: it is")

    @property
    def group(self) -> str:
        """What its suite looks at by itself: a case, a set of cases."""
        raise NotImplementedError

    @property
    def scored(self) -> bool:
        """Whether it counts."""
        return bool(self.marks)


R = TypeVar("R", bound=MethodRun[Any, Any])


class Evaluation(BaseModel, Generic[R]):
    """All runs of one suite, in the order in which they were made."""

    made_at: datetime = Field(default_factory=utc_now, description="when, UTC")
    runs: list[R] = Field(default_factory=list, description="who answered what")

    def methods(self) -> list[str]:
        """Names of the methods, in the order in which they ran."""
        return list(dict.fromkeys(run.method for run in self.runs))

    def of(self, method: str, group: str = "") -> list[R]:
        """The runs of a method; of one group where it is named."""
        return [run for run in self.runs if run.method == method and group in ("", run.group)]

    def all_scored(self, methods: Iterable[str]) -> bool:
        """Whether each of these methods was scored at least once."""
        return all(any(run.scored for run in self.of(name)) for name in methods)

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return self.model_dump(mode="json")
