"""Who changed the load: requests travel from callers to callees, the way illness does not.

A service whose requests changed while its caller's did not was called differently: the caller
retries, loops, or gave up on the way. Where the caller's requests changed as much, the cause lies
further up.
"""

import numpy as np

from .calls import Calls
from .illness import Illness
from .shift import FloatArray


def load_made(calls: Calls, ill: Illness) -> FloatArray:
    """(services,) nats of evidence that a service changed the load of one it calls."""
    evidence, growth = ill.own["traffic"].beyond, _growth(ill)
    made = np.zeros(len(evidence))
    known = np.isfinite(growth)
    use = known[calls.caller] & known[calls.callee] & (evidence[calls.callee] > 0)
    caller, callee = calls.caller[use], calls.callee[use]
    own = np.clip(1.0 - growth[caller] / growth[callee], 0.0, 1.0)
    total = np.bincount(callee, own, len(made))[callee]
    share = np.divide(own**2, total, out=np.zeros_like(own), where=total > 0)
    np.maximum.at(made, caller, evidence[callee] * share)
    return made


def _growth(ill: Illness) -> FloatArray:
    """Log of requests now against before; NaN where not known, never 0."""
    growth = np.full(len(ill.activity), np.nan)
    for service, j in ill.traffic.items():
        before, now = ill.shift.baseline[j], ill.shift.current[j]
        if before > 0 and np.isfinite(now):
            # A twentieth stands for none at all: the spread's floor.
            growth[service] = np.log(max(now, 0.05 * before) / before) or np.nan
    return growth
