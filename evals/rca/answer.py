"""What a method says about a root-cause case: a score per service, and more where it can."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, Field

from .cases import RcaCase
from .reasons import Blamed

NO_COMMIT = "none"
"""The answer that no commit is guilty."""


class RcaAnswer(BaseModel):
    """Scores may be on any scale; a service without one is not blamed at all."""

    scores: dict[str, float] = Field(default_factory=dict, description="the higher the guiltier")
    probability: float | None = Field(
        default=None, description="that the highest scored service is right; None: not stated"
    )
    kind: str = Field(default="", description="fault kind in the method's words; empty: not said")
    commit: str | None = Field(
        default=None, description="guilty sha or 'none'; empty: no word; None: there are none"
    )
    affected: list[str] = Field(default_factory=list, description="services said to be hurt")
    remedy: str = Field(default="", description="kind of the action proposed first; empty: none")
    blamed: list[Blamed] = Field(default_factory=list, description="why, best first")

    def first(self) -> str:
        """The service with the highest score; empty for none, or where several share it."""
        most = max(self.scores.values(), default=0.0)
        best = [service for service, score in self.scores.items() if score == most]
        return best[0] if len(best) == 1 else ""


Answering = Callable[[RcaCase], list[RcaAnswer]]
"""One answer; several equally good ones where chance decides (their mean is scored); none where
the method does not apply to the case."""


@dataclass(frozen=True)
class RcaMethod:
    """A name for tables and what answers under it."""

    name: str
    answer: Answering
    note: str
