"""The twelve faults of the drill: truly injected, truly curable, announced by nothing."""

from . import (
    ai_quota,
    bad_deploy,
    bad_flag,
    corrupted_rows,
    credential_stuffing,
    hung_dependency,
    memory_leak,
    no_fault,
    pool_exhaustion,
    red_herring,
    slow_release,
    traffic_surge,
)
from .fault import Cure, DrillFault, FaultTruth, Indicator

__all__ = ["FAULTS", "Cure", "DrillFault", "FaultTruth", "Indicator"]

FAULTS: dict[str, DrillFault] = {
    fault.name: fault
    for fault in (
        bad_deploy.FAULT,
        slow_release.FAULT,
        hung_dependency.FAULT,
        traffic_surge.FAULT,
        memory_leak.FAULT,
        pool_exhaustion.FAULT,
        bad_flag.FAULT,
        credential_stuffing.FAULT,
        corrupted_rows.FAULT,
        ai_quota.FAULT,
        no_fault.FAULT,
        red_herring.FAULT,
    )
}
"""By name, in the order of the score table; the two controls come last."""
