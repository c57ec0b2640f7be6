"""One sign that somebody means harm, or that something lies open."""

from dataclasses import dataclass

from ...incident.finding import Finding

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

    @property
    def leading(self) -> bool:
        """Whether it is sure enough to be named."""
        return self.sureness >= LEADING
