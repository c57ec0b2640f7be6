"""What type and category a kind of fault belongs to, for routing and statistics."""

from .finding import FaultKind
from .severity import Category, IncidentType

KINDS: dict[FaultKind, tuple[IncidentType, Category]] = {
    FaultKind.bad_deploy: (IncidentType.outage, Category.application),
    FaultKind.slow_release: (IncidentType.performance, Category.application),
    FaultKind.bad_flag: (IncidentType.outage, Category.application),
    FaultKind.bad_config: (IncidentType.outage, Category.application),
    FaultKind.application: (IncidentType.outage, Category.application),
    FaultKind.hung_process: (IncidentType.outage, Category.infrastructure),
    FaultKind.crash_loop: (IncidentType.outage, Category.infrastructure),
    FaultKind.traffic_surge: (IncidentType.performance, Category.performance),
    FaultKind.memory_leak: (IncidentType.performance, Category.application),
    FaultKind.pool_exhaustion: (IncidentType.outage, Category.infrastructure),
    FaultKind.cpu_saturation: (IncidentType.performance, Category.performance),
    FaultKind.disk_full: (IncidentType.infrastructure, Category.infrastructure),
    FaultKind.node: (IncidentType.infrastructure, Category.infrastructure),
    FaultKind.network: (IncidentType.infrastructure, Category.network),
    FaultKind.database: (IncidentType.infrastructure, Category.infrastructure),
    FaultKind.data_corruption: (IncidentType.data, Category.data),
    FaultKind.credential_attack: (IncidentType.security, Category.security),
    FaultKind.certificate: (IncidentType.security, Category.security),
    FaultKind.provider_quota: (IncidentType.third_party, Category.third_party),
    FaultKind.provider_outage: (IncidentType.third_party, Category.third_party),
    FaultKind.dependency_outage: (IncidentType.outage, Category.infrastructure),
}
"""Kinds that say nothing of themselves (no fault, unknown) are left out."""
