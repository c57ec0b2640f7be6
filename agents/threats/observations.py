"""What is looked at for security: logins, arrivals, paths, programs, certificates."""

from functools import cached_property

from ...tools.access import AccessPattern, FailedLogins, access_patterns, auth_failures
from ...tools.base import Result, Row
from ...tools.certificates import CertificateEnd, certificates
from ...tools.traffic import TrafficRate, traffic
from ..causes.observations import Observations

MUCH, UNLIKELY = 4.0, 3.0
"""A rate that rose this many times, and this unlikely by chance (-log10 p), has risen."""


class AccessObservations(Observations):
    """Access records of one case, asked for when first needed."""

    @cached_property
    def users(self) -> Result[FailedLogins]:
        """Failed logins by account."""
        return self.ask(auth_failures, by="user")

    @cached_property
    def arrivals(self) -> Result[TrafficRate]:
        """Requests at the edge by source address, before and now; the first row is all."""
        return self.ask(traffic, by="source")

    @cached_property
    def sources(self) -> Result[AccessPattern]:
        """Requests and refusals by source address."""
        return self.ask(access_patterns, by="source")

    @cached_property
    def programs(self) -> Result[AccessPattern]:
        """Requests by user agent."""
        return self.ask(access_patterns, by="user_agent")

    @cached_property
    def paths(self) -> Result[AccessPattern]:
        """Requests by path."""
        return self.ask(access_patterns, by="path")

    @cached_property
    def certificates(self) -> Result[CertificateEnd]:
        """Certificates and when they expire."""
        return self.ask(certificates)

    def attackers(self) -> list[Row]:
        """Sources that try credentials, most suspect first."""
        return [row for row in self.logins.rows if row["kind"] == "concentrated" and row["pattern"]]


def risen(row: Row) -> bool:
    """Whether the row's rate is several times what it was, beyond chance (new ones count)."""
    ratio = row["ratio"]
    return (row["score"] or 0) >= UNLIKELY and (ratio is None or ratio >= MUCH)
