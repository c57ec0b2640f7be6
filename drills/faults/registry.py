"""Every fault by name, in the order of the score table; the two controls come last."""

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
from .fault import Fault

FAULTS: dict[str, Fault] = {
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
