"""Pieces of PromQL: which series, over which window, one value a service or an instance."""

import re
from dataclasses import dataclass

from ..yaml_tables import Entry


@dataclass(frozen=True)
class SeriesScope:
    """Which service's series a PromQL expression is about, and how far its rates look back."""

    service: str = ""  # empty: every service
    window: str = "1m"

    def select(self, metric: str, *matchers: str) -> str:
        """A selector of the series of a metric."""
        own = (f"service={quoted(self.service)}",) if self.service else ()
        inside = ",".join((*own, *matchers))
        return f"{metric}{{{inside}}}" if inside else metric

    def over(self, function: str, metric: str, *matchers: str) -> str:
        """A function of these series over the window: rate, increase, delta, …"""
        return f"{function}({self.select(metric, *matchers)}[{self.window}])"


def quoted(text: str) -> str:
    """Text as a PromQL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def by_service(aggregate: str, expression: str) -> str:
    """One value a service."""
    return f"{aggregate} by (service) ({expression})"


def by_instance(aggregate: str, expression: str) -> str:
    """One value an instance."""
    return f"{aggregate} by (service, instance) ({expression})"


VOLUME = "mountpoint"
"""The label that tells the volumes of an instance apart."""


def by_volume(aggregate: str, expression: str) -> str:
    """One value a volume."""
    return f"{aggregate} by (service, instance, {VOLUME}) ({expression})"


class Labelled(Entry):
    """Series whose label matches a pattern in full. PromQL takes the label's first name."""

    names: tuple[str, ...]  # of the label, as exporters call it; the first that says something
    pattern: str
    negated: bool = False

    def __call__(self, labels: dict[str, str]) -> bool:
        value = next((labels[name] for name in self.names if labels.get(name)), "")
        return bool(re.fullmatch(self.pattern, value)) != self.negated

    @property
    def matcher(self) -> str:
        """As it stands between the braces of a selector."""
        return f"{self.names[0]}{'!~' if self.negated else '=~'}{quoted(self.pattern)}"
