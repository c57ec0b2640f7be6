"""How others name what our signals are made of: `conventions.yaml`, and series by its rules."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from pydantic import Field

from ...cluster.objects import named
from ...yaml_tables import Entry, read_table
from ..promql import quoted
from ..signal_catalogue import CATALOGUE
from .datasource import SourceLabels
from .source import Scope

NAME = "__name__"
LabelSet = Mapping[str, str]
OURS = {name: name for known in CATALOGUE.values() for name in known.recipe.needs} | {"up": "up"}
"""What signals need, by its own name."""


def any_of(names: Iterable[str]) -> str:
    """A regular expression (RE2) that matches these names and nothing else."""
    return "|".join(re.escape(name) for name in sorted(names) if name)


class Whose(Entry):
    """A label that says whose a series is."""

    label: str
    suffix: str = ""
    """What stands behind the name there: of a replica, of a provider."""

    def service(self, labels: LabelSet, scope: Scope) -> str:
        """The one of these services that the label names, or any; empty where it names none."""
        value = labels.get(self.label, "")
        bare = self._bare(value) if self.suffix else value
        return next((name for name in (bare, value) if name and scope.holds(name)), "")

    def _bare(self, value: str) -> str:
        match = re.fullmatch(f"(.+?)(?:{self.suffix})", value)
        return match[1] if match else value

    def matcher(self, scope: Scope) -> str:
        """The same, between the braces of a selector."""
        if scope.services is None:
            return f"{self.label}!={quoted('')}"
        suffix = f"(?:{self.suffix})?" if self.suffix else ""
        return f"{self.label}=~{quoted(f'(?:{any_of(scope.services)}){suffix}')}"


class Convention(Entry):
    """One way to name things; what each key means stands in the table."""

    name: str
    metrics: dict[str, str]
    service: tuple[Whose, ...] = ()
    instance: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    where: dict[str, str] = Field(default_factory=dict)
    le_unit: float = 1.0

    @cached_property
    def named(self) -> dict[str, str]:
        """Theirs: ours."""
        return self.metrics or OURS

    @cached_property
    def native(self) -> dict[str, str]:
        """The same of their histograms, as they are called where they have no buckets' series."""
        cut = ((name.removesuffix("_bucket"), name, ours) for name, ours in self.named.items())
        return {short: ours for short, name, ours in cut if short != name}

    def whose(self, usual: SourceLabels) -> tuple[Whose, ...]:
        """The labels that say whose a series is, the first first."""
        return self.service or tuple(Whose(label=named(label)) for label in usual.service)

    def holds(self, labels: LabelSet, native: bool = False) -> bool:
        """Whether a series is of this convention; or a native histogram of it, never a summary."""
        names = self.native if native else self.named
        if labels.get(NAME, "") not in names or (native and "quantile" in labels):
            return False
        return all(
            re.fullmatch(pattern, labels.get(label, "")) for label, pattern in self.where.items()
        )

    def owner(
        self, labels: LabelSet, scope: Scope, usual: SourceLabels
    ) -> tuple[Whose | None, str]:
        """The first label that names a service that is meant, and that service."""
        for whose in self.whose(usual):
            if service := whose.service(labels, scope):
                return whose, service
        return None, ""

    def selector(self, names: Iterable[str], whose: Whose, scope: Scope) -> str:
        """A selector of their metrics of these services; every text in it is quoted."""
        matchers = [
            f"{NAME}=~{quoted(any_of(names))}",
            whose.matcher(scope),
            *(f"{label}=~{quoted(pattern)}" for label, pattern in self.where.items()),
        ]
        return "{" + ",".join(matchers) + "}"

    def ours(self, labels: LabelSet) -> dict[str, str]:
        """The labels with ours beside theirs; their metric's name stays where ours is another, so
        that a person can ask for it again."""
        found = {
            **labels,
            **{ours: labels[one] for one, ours in self.labels.items() if one in labels},
        }
        if self.named[labels[NAME]] == labels[NAME]:
            del found[NAME]
        if self.le_unit != 1 and "le" in found:
            found["le"] = _scaled(found["le"], self.le_unit)
        return found


def _scaled(bound: str, unit: float) -> str:
    try:
        return f"{float(bound) * unit:.12g}"
    except ValueError:
        return bound


CONVENTIONS = read_table("telemetry/sources/conventions.yaml", tuple[Convention, ...])
