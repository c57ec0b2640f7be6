"""Which tools a model may use at each step, and how long it may look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Duty:
    """One step: the wording is in prompts/model, one file a specialist."""

    tools: tuple[str, ...] = ()
    rounds: int = 0
    tokens: int = 1200  # of one answer


LOOK = ("query_telemetry", "read_evidence", "grep_evidence")
"""What reads on in what was found."""
DEBUG = ("search_logs", "example_trace", "slow_queries", "signal_series", "recent_changes")

DUTIES: dict[int, Duty] = {
    1: Duty(),
    2: Duty(("signal_series", "log_patterns"), 1),
    3: Duty(),
    4: Duty((*DEBUG, *LOOK), 3, 2600),
    5: Duty(("access_patterns", "search_logs"), 1),
    6: Duty(("saturation", "instance_load", "signal_series"), 1),
    7: Duty(),
    8: Duty(),
    10: Duty(),
    12: Duty(),
    13: Duty(),
}
"""Steps 9 and 11 write: agents/thinking/writing has them."""

OTHER_VIEW = "performance"
"""Whose view tries to refute the debugger's leading cause."""
