"""The practice in words: five phases, thirteen steps."""

PHASES = {
    1: "Detect and triage",
    2: "Investigate",
    3: "Resolve and recover",
    4: "Communicate",
    5: "Learn",
}
STEPS = {
    1: (1, "classify, assess the impact"),
    2: (1, "sweep all signals"),
    3: (1, "look for a first move"),
    4: (2, "find the cause"),
    5: (2, "check for an attack"),
    6: (2, "analyse performance"),
    7: (3, "design the fix"),
    8: (3, "measure what the action did"),
    9: (4, "draft the messages"),
    10: (4, "assess customer impact"),
    11: (5, "draft the postmortem"),
    12: (5, "improve the monitoring"),
    13: (5, "harden"),
}
BESIDE = 4
"""The phase that runs beside the others and so never interrupts them on the screen."""


def phase(step: int) -> int:
    """The phase of a step."""
    return STEPS[step][0]


def purpose(step: int) -> str:
    """What a step is for."""
    return STEPS[step][1]
