"""Which of our kinds of fault a set's own word allows. A word for a symptom allows no mark."""

from ...incident.finding import FaultKind

CODE = {
    *(FaultKind.bad_deploy, FaultKind.slow_release, FaultKind.bad_config),
    FaultKind.application,
}
OUTSIDE = {
    *(FaultKind.traffic_surge, FaultKind.provider_outage, FaultKind.provider_quota),
    *(FaultKind.dependency_outage, FaultKind.data_corruption, FaultKind.credential_attack),
    *(FaultKind.certificate, FaultKind.node, FaultKind.disk_full),
}
"""What comes over a system without anybody changing it."""
ALLOWED: dict[str, set[FaultKind]] = {
    "cpu_contention": {FaultKind.cpu_saturation},
    "cpu_consumed": {FaultKind.cpu_saturation},
    "network_delay": {FaultKind.network},
    "exception": CODE,
    "return": CODE,
    "code": CODE,
    "operational": OUTSIDE,
}


def kind_right(said: str, fault_type: str) -> float | None:
    """1 where the kind is one of those allowed, 0 where not; None where nothing can be said."""
    allowed = ALLOWED.get(fault_type)
    return None if allowed is None or not said else float(said in {k.value for k in allowed})
