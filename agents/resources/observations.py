"""What is looked at for performance, beyond what names a cause: instances and caches."""

from functools import cached_property

from ...tools.base import Result, Row
from ...tools.caches import CacheHits, cache_hits
from ...tools.instances import InstanceLoad, instance_load
from ..causes.observations import Observations, where


class LoadObservations(Observations):
    """Load of one case, asked for when first needed."""

    @cached_property
    def instances(self) -> Result[InstanceLoad]:
        """Work per instance, before and now."""
        return self.ask(instance_load)

    @cached_property
    def caches(self) -> Result[CacheHits]:
        """Hit shares."""
        return self.ask(cache_hits)

    def working(self, service: str) -> list[Row]:
        """The instances of a service that get requests."""
        return [row for row in where(self.instances, service=service) if row["rate"]]

    def arrivals(self, service: str) -> tuple[float, float | None]:
        """Requests per second now and in the healthy window (None: unknown)."""
        rows = list(where(self.instances, service=service))
        before = [row["rate_before"] for row in rows if row["rate_before"] is not None]
        return sum(row["rate"] or 0.0 for row in rows), sum(before) if before else None

    def seconds_each(self, service: str, field: str = "mean_s") -> float | None:
        """Mean seconds per request over a service's instances; None: not recorded."""
        weight = "rate_before" if field == "mean_s_before" else "rate"
        rows = [r for r in where(self.instances, service=service) if r[field] and r[weight]]
        total = sum(row[weight] for row in rows)
        return sum(row[field] * row[weight] for row in rows) / total if total else None
