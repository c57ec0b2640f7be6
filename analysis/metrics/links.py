"""Which of the called is slow to reach, where none of them is slow itself.

A caller's own record of its calls (client side) shows what the called do not see: a slow network,
a full connection pool before them. What singles one out: all who
call it must see it, so one healthy caller acquits.
"""

import numpy as np

from .calls import Calls, divided
from .illness import Illness
from .shift import FloatArray

UNSEEN = 0.5
"""Weight of a callee of which nothing is measured beside one that is, by reasoning: it may be at
fault as well, but the callers' own network and client code look the same."""


def slow_calls(calls: Calls, ill: Illness, family: str) -> FloatArray:
    """(calls,) share of its caller's illness that the way to the callee, or it unseen, explains."""
    client = ill.client[family]
    measures = (client.column >= 0)[calls.caller]
    likely = np.ones(len(client.column))
    np.minimum.at(likely, calls.callee[measures], client.sure[calls.caller[measures]])
    seen = np.any([level.column >= 0 for level in ill.own.values()], axis=0)
    weight = np.where(measures, (likely * np.where(seen, 1.0, UNSEEN))[calls.callee], 0.0)
    most = np.zeros(len(likely))
    np.maximum.at(most, calls.caller, weight)
    return divided(calls, weight, len(likely)) * most[calls.caller]
