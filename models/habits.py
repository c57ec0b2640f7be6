"""What an endpoint has shown it can do: which rung answered, which parameters it refused.

Kept per endpoint and model for the life of the process, so that a step down is taken once.
"""

from dataclasses import dataclass, field

SILENT = 2
"""Replies without a single tool call after which native tools are no longer believed in."""


@dataclass
class Habits:
    """Of one model at one endpoint. Two threads that learn the same thing at once do no harm."""

    rungs: dict[str, int] = field(default_factory=dict)  # form of the reply -> rung that answered
    native: bool | None = None  # tools: proven, proven useless, not known yet
    silent: int = 0  # unproven native asks that were answered without a call
    refused: set[str] = field(default_factory=set)  # parameters that it does not take
    unstreamed: set[str] = field(default_factory=set)  # kinds of request whose streams are empty

    @property
    def start(self) -> int:
        """The rung to try first with a form that is new here."""
        return min(self.rungs.values(), default=0)

    def no_call(self) -> None:
        """Tools were offered and answered with a report. A server that drops `tools` unread does
        that every time, and the model would never look at anything."""
        if self.native is None:
            self.silent += 1
            self.native = False if self.silent >= SILENT else None


KNOWN: dict[tuple[str, str], Habits] = {}
"""(base URL, model) -> its habits."""


def habits_of(endpoint: str, model: str) -> Habits:
    """The habits of this model there; new ones when it was never asked."""
    return KNOWN.setdefault((endpoint, model), Habits())
