"""Signals that a backend computes itself: what its recording rules keep, and native histograms.

A rule counts by its expression alone, parsed and put into our words: the same functions, groups,
metrics and matchers as the signal's own, over whatever window. Its name proves nothing. Statuses
compare as the codes that they select; 499 is no difference, as teams record 5xx.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import promql_parser as prom

from ..promql import SeriesScope, quoted
from ..recipes import Quantile, Rate
from ..signal_catalogue import CATALOGUE, FAILED, MEASURED, REQUEST_BUCKETS, REQUESTS, SignalName
from .conventions import CONVENTIONS, NAME, OURS, Convention, LabelSet, Whose
from .datasource import SourceLabels
from .otlp import fields, objects, text
from .query_check import SIGNS, parsed
from .source import Scope

CODES = tuple(str(code) for code in range(100, 600) if code != 499)


@dataclass(frozen=True)
class Computed:
    """One signal of several services, and the query that answers it."""

    signal: str
    whose: Whose
    query: str
    by: str  # whom to name for it
    factor: float = 1.0  # of its values


def recorded(groups: Any, scope: Scope, usual: SourceLabels) -> Iterator[Computed]:
    """Those of an answer of the rules' API. A name that stands for several things is left out."""
    rules = [rule for group in objects(groups) for rule in objects(group.get("rules"))]
    series = [(text(rule, "name"), tuple(fields(rule.get("labels")).items())) for rule in rules]
    for rule, (name, labels) in zip(rules, series, strict=True):
        known = _signal(text(rule, "query"), usual) if series.count((name, labels)) == 1 else None
        if known:
            signal, convention, whose = known
            own = [f"{label}={quoted(str(value))}" for label, value in labels]
            query = ",".join([f"{NAME}={quoted(name)}", whose.matcher(scope), *own])
            factor = convention.le_unit if isinstance(CATALOGUE[signal].recipe, Quantile) else 1.0
            yield Computed(signal, whose, f"{{{query}}}", f"{name}, a recording rule", factor)


def native(
    found: Sequence[LabelSet], scope: Scope, usual: SourceLabels, window: str
) -> Iterator[Computed]:
    """Latency and requests of histograms without buckets of their own (native ones)."""
    for convention in CONVENTIONS:
        owners = {
            (convention.owner(labels, scope, usual)[0], labels[NAME])
            for labels in found
            if convention.holds(labels, native=True)
        }
        for whose, name in sorted(owners, key=str):
            if whose:
                select = convention.selector([name], whose, scope)
                rate = f"sum by ({whose.label}) (rate({select}[{window}]))"
                yield from _of_histogram(rate, whose, name, convention.le_unit)


def _of_histogram(rate: str, whose: Whose, name: str, unit: float) -> Iterator[Computed]:
    by = f"{name}, a native histogram"
    for known in CATALOGUE.values():
        recipe = known.recipe
        if isinstance(recipe, Quantile) and recipe.needs == (REQUEST_BUCKETS,):
            query = f"histogram_quantile({recipe.q:g}, {rate})"
            yield Computed(known.name, whose, query, by, unit)
        elif isinstance(recipe, Rate) and recipe.metric == REQUESTS:
            yield Computed(known.name, whose, f"histogram_count({rate})", by)


def _signal(query: str, usual: SourceLabels) -> tuple[str, Convention, Whose] | None:
    """The signal that an expression is, and in whose words."""
    try:
        tree = parsed(query)
    except ValueError:  # of another dialect, or too large to be a signal
        return None
    for convention in CONVENTIONS:
        for whose in convention.whose(usual):
            if signal := _meanings().get(Words(convention, whose).meaning(tree)):
                return signal, convention, whose
    return None


@cache
def _meanings() -> dict[Any, str]:
    """Our signals by what their expressions say."""
    ours = Words(Convention(name="ours", metrics=OURS), Whose(label="service"))
    return {
        ours.meaning(prom.parse(CATALOGUE[name].recipe.promql(SeriesScope()))): name
        for name in MEASURED
        if name != SignalName.up
    }


@dataclass(frozen=True)
class Words:
    """How a team names things, to read its expressions as ours."""

    convention: Convention
    whose: Whose

    def meaning(self, node: Any) -> Any:
        """An expression as nested tuples in our words, without windows."""
        match node:
            case prom.ParenExpr():
                return self.meaning(node.expr)
            case prom.MatrixSelector():
                return self._series(node.vector_selector)
            case prom.VectorSelector():
                return self._series(node)
            case prom.Call():
                return node.func.name, *map(self.meaning, node.args)
            case prom.AggregateExpr() if node.modifier and str(node.modifier)[:3] == "by ":
                labels = frozenset(map(self._label, node.modifier.labels))
                return str(node.op), labels, self.meaning(node.expr)
            case prom.BinaryExpr() if node.modifier is None:
                return str(node.op), self.meaning(node.lhs), self.meaning(node.rhs)
        return str(node)

    def _series(self, node: prom.VectorSelector) -> Any:
        matchers = [(one.name, SIGNS[str(one.op)], one.value) for one in node.matchers.matchers]
        where = {(label, "=~", pattern) for label, pattern in self.convention.where.items()}
        left = {one for one in matchers if one not in where and not self._picked(*one)}
        told = {label for label, *_ in set(matchers) - left}
        ours = self.convention.named.get(node.name or "")
        if not ours or told != self.convention.where.keys() or node.offset or node.at:
            return str(node)
        return ours, frozenset(map(self._matcher, left))

    def _picked(self, label: str, sign: str, value: str) -> bool:
        """Whether a matcher picks the part that the convention means."""
        pattern = self.convention.where.get(label)
        return bool(pattern and sign == "=" and re.fullmatch(pattern, value))

    def _matcher(self, matcher: tuple[str, str, str]) -> Any:
        label, sign, value = self._label(matcher[0]), *matcher[1:]
        if label != FAILED.names[0]:
            return label, sign, value
        pattern = value if "~" in sign else re.escape(value)
        hit = (code for code in CODES if bool(re.fullmatch(pattern, code)) == (sign[0] == "="))
        return label, frozenset(hit)

    def _label(self, label: str) -> str:
        if label == self.whose.label:
            return "service"
        ours = self.convention.labels.get(label, label)
        if ours == "service":  # of another kind
            return "another service"
        return FAILED.names[0] if ours in FAILED.names else ours
