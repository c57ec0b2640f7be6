"""What each step asks of a model, which tools it may use, and how long it may look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Duty:
    """One step as the model is told it."""

    text: str
    tools: tuple[str, ...] = ()
    rounds: int = 0


LOOK = ("query_telemetry", "read_evidence", "grep_evidence")
"""What reads on in what was found, for every step that may look."""

DUTIES: dict[int, Duty] = {
    1: Duty("Say how bad it is and who is hurt."),
    2: Duty(
        "Say what behaves unlike its own past, and where the trouble starts.",
        ("signal_series", "log_patterns"),
        1,
    ),
    3: Duty("Name the likely causes and the first move that restores service."),
    4: Duty(
        "Find the root cause. Give competing causes, each with what supports and what contradicts "
        "it, and what you ruled out and how.",
        ("search_logs", "example_trace", "slow_queries", "signal_series", "recent_changes", *LOOK),
        3,
    ),
    5: Duty(
        "Say whether this is an attack or an exposure, and by whom.",
        ("access_patterns", "search_logs"),
        1,
    ),
    6: Duty(
        "Find the bottleneck and what capacity is missing.",
        ("saturation", "instance_load", "signal_series"),
        1,
    ),
    7: Duty("Choose the smallest fix that cures the cause."),
    8: Duty("Say what telemetry shows after the action. The outcome itself is measured by code."),
    10: Duty("Say which customers and journeys were hurt, and how."),
    12: Duty("Say what would have warned earlier."),
    13: Duty("Say what would have made this smaller."),
}
"""Steps 9 and 11 write: agents/thinking/writing has their prompts."""

OTHER_VIEW = "performance"
"""Whose view tries to refute the debugger's leading cause."""
