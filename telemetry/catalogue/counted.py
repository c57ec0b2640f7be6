"""PromQL of an objective, made into a count of events in a cell of time, or a value at a moment.

A query is parsed and built anew of what is understood: sums and differences of counters' rates,
each over $step; for a value one expression that looks back a while. All else is refused, in words.
"""

import re
from typing import Any

import promql_parser as prom

from ..promql import quoted
from ..sources.cells import STEP
from ..sources.conventions import CONVENTIONS
from ..sources.query_check import LONGEST, SIGNS

COUNTERS = ("rate", "increase")
TOGETHER = ("+", "-")
MOST_PARTS = 200
LATENCY = re.compile("duration|latency|response_time", re.IGNORECASE)
LONGEST_S = 3600.0
"""How far a value may look back."""


class Unfit(ValueError):
    """A query or an objective is none that is counted here; says why."""


def counts(text: str, counter: bool) -> str:
    """A query of how many events there were in one $step. `counter`: a bare selector counts.

    Raises Unfit.
    """
    return f"sum({_counted(_parsed(text), counter)})"


def values(text: str) -> tuple[str, float]:
    """A query of a latency at one moment, and what one of its units is, in ms. Raises Unfit."""
    found = parts(_parsed(text))
    selectors = [one for one in found if isinstance(one, prom.VectorSelector)]
    if not selectors or not all(LATENCY.search(one.name or "") for one in selectors):
        raise Unfit("a value that is no latency is not compared here")
    for one in found:
        _bounded(one)
    return text.strip(), unit_ms(selectors[0].name or "")


def counted_latency(text: str) -> tuple[bool, float | None]:
    """Whether events are counted by the bucket of a histogram, and its bound, ms."""
    for one in parts(_parsed(text)):
        for matcher in one.matchers.matchers if isinstance(one, prom.VectorSelector) else ():
            if matcher.name == "le" and re.fullmatch(r"[0-9.eE+-]+", matcher.value):
                return True, float(matcher.value) * unit_ms(one.name or "")
    return False, None


def unit_ms(metric: str) -> float:
    """What one unit of a metric of time is: by its convention, or as its name says."""
    known = (one.le_unit for one in CONVENTIONS if metric in one.metrics)
    by_name = 1.0 if re.search("milli|_ms", metric) else 1000.0
    return next((1000 * unit for unit in known), by_name)


def _parsed(text: str) -> Any:
    if len(text) > LONGEST:
        raise Unfit(f"a query has {LONGEST} characters at most")
    try:
        tree = prom.parse(text)
    except ValueError as error:
        raise Unfit(f"this is no PromQL: {' '.join(str(error).split())[:200]}") from error
    if len(parts(tree)) > MOST_PARTS:
        raise Unfit(f"a query has {MOST_PARTS} parts at most")
    return tree


def parts(tree: Any) -> list[Any]:
    """All expressions within an expression."""
    found = list[Any]()
    prom.walk(tree, found.append)  # which answers None: go on
    return found


def _counted(node: Any, counter: bool) -> str:
    if isinstance(node, prom.ParenExpr):
        return f"({_counted(node.expr, counter)})"
    if isinstance(node, prom.AggregateExpr) and str(node.op) == "sum":
        return f"sum({_counted(node.expr, counter)})"
    if isinstance(node, prom.BinaryExpr):
        return _both(node, counter)
    if isinstance(node, prom.Call) and node.func.name in COUNTERS:
        return _increase(node.args[0].vector_selector)
    if isinstance(node, prom.VectorSelector) and counter:
        return _increase(node)
    raise Unfit(
        f"{str(node)[:80]} counts no events: sums and differences of rate(…), increase(…) or, with "
        "`counter: true`, of counters are understood"
    )


def _both(node: Any, counter: bool) -> str:
    """A sum, a difference, or what may be missing: `… or vector(0)`."""
    left, sign = _counted(node.lhs, counter), str(node.op)
    if sign == "or" and str(node.rhs).replace(" ", "") == "vector(0)":
        return f"({left} or vector(0))"
    if sign not in TOGETHER:
        raise Unfit(f"{sign} between two queries counts no events")
    return f"(sum({left}) {sign} sum({_counted(node.rhs, counter)}))"


def _increase(selector: Any) -> str:
    """Built anew of quoted parts: the parser writes texts as it read them."""
    _bounded(selector)
    if selector.matchers.or_matchers:
        raise Unfit("`or` between matchers is not taken: write a pattern, a|b")
    inside = [f"{m.name}{SIGNS[str(m.op)]}{quoted(m.value)}" for m in selector.matchers.matchers]
    return f"increase({selector.name or ''}{{{','.join(inside)}}}[{STEP}])"


def _bounded(node: Any) -> None:
    """Raise Unfit for what looks elsewhere than at the moment that is asked for."""
    if getattr(node, "at", None) is not None or getattr(node, "offset", None):
        raise Unfit("@ and offset are not taken: the moment that is asked for says the time")
    reach = getattr(node, "range", None)
    if reach is not None and reach.total_seconds() > LONGEST_S:
        raise Unfit(f"a value looks back {LONGEST_S / 3600:g} h at most")
