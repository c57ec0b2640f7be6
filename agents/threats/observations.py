"""What is looked at for security (logins, arrivals, paths, programs, certificates), and what a sign
of harm found there is.
"""

from dataclasses import dataclass
from functools import cache

from ...incident.finding import Finding
from ...tools.certificates import certificates
from ...tools.guards import guard_logs
from ...tools.logins import FailedLogins, auth_failures
from ...tools.traffic import AccessPattern, TrafficRate, access_patterns, traffic
from ...yaml_tables import AnyCase, Entry, Pattern, read_table
from ..causes.observations import Observations, Question

LEADING = 0.5
"""Sureness from which a threat is named as one; below it stays a finding."""


@dataclass(frozen=True)
class Threat:
    """A threat in words, how sure it is (0..1), its proof, who and what is behind it."""

    name: str
    sureness: float
    findings: tuple[Finding, ...]
    sources: tuple[str, ...] = ()
    exposure: str = ""  # what may have been seen or taken; empty: nothing known
    entered: bool | None = None  # whether somebody got in; None: not known

    @property
    def leading(self) -> bool:
        """Whether it is sure enough to be named."""
        return self.sureness >= LEADING


MUCH, UNLIKELY = 4.0, 3.0
"""A rate that rose this many times, and this unlikely by chance (-log10 p), has risen."""


class AccessObservations(Observations):
    """Access records of one case, asked for when first needed."""

    users = Question(auth_failures, by="user")
    """Failed logins by account."""
    arrivals = Question(traffic, by="source")
    """Requests at the edge by source address, before and now; the first row is all."""
    sources = Question(access_patterns, by="source")
    """Requests and refusals by source address."""
    programs = Question(access_patterns, by="user_agent")
    """Requests by user agent."""
    asked_paths = Question(access_patterns, by="path")
    """Requests by path."""
    certificates = Question(certificates)
    """Certificates and when they expire."""

    guards = Question(guard_logs)
    """What firewalls and audit trails wrote down; asked where any does."""

    def attackers(self) -> list[FailedLogins]:
        """Sources that try credentials, most suspect first."""
        return [row for row in self.logins.rows if row.kind == "concentrated" and row.pattern]


def risen(row: TrafficRate | AccessPattern | FailedLogins) -> bool:
    """Whether the row's rate is several times what it was, beyond chance (new ones count)."""
    ratio = row.ratio
    return row.score >= UNLIKELY and (ratio is None or ratio >= MUCH)


class ThreatWords(Entry):
    """words.yaml, which says what each is for."""

    probes: AnyCase
    tools: AnyCase
    scripts: AnyCase
    grave: AnyCase
    hides: AnyCase
    secrets: Pattern


@cache
def words() -> ThreatWords:
    """The words of words.yaml."""
    return read_table("agents/threats/words.yaml", ThreatWords)
