"""Whether a query that a model wrote may be put to a backend: parsed, understood, within the scope.

PromQL is read by a parser of its own; every text in it is quoted anew before, so that nothing hides
behind what another parser takes for a quote. Of LogQL and TraceQL a part is read: query_grammar.py.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

import promql_parser as prom

from ...errors import ToolRetry
from .source import Scope

LONGEST = 2000
Matcher = tuple[str, str, str]
"""Name, sign, what it is compared with."""
KEEPING = {"rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets", "abs"}
KEEPING |= {f"{name}_over_time" for name in ("avg", "min", "max", "sum", "count", "last")}
KEEPING |= {"quantile_over_time", "histogram_quantile", "sort", "sort_desc"}
AGGREGATES = {"sum", "avg", "min", "max", "count", "topk", "bottomk", "quantile"}
TOGETHER = {"/", "+", "-", "and", "or", "unless", ">", "<", ">=", "<=", "==", "!="}
COMPARED = {">", "<", ">=", "<=", "==", "!="}
UNITS = {1.0, 60.0, 100.0, 1000.0, 1024.0, 1048576.0, 3600.0, 86400.0}
"""What a model may make of measured values: a number of its own proves nothing, nor a label."""
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')


@dataclass(frozen=True)
class Checked:
    """A query that may be asked."""

    text: str
    reach_s: float = 0.0
    """How far it looks back before the moment that it is asked for."""
    series: bool = True  # it gives numbers over time, else rows
    service: str = ""  # the one that all of it is about


@dataclass(frozen=True)
class Owned:
    """By which labels a query has to say whose it is, and who is meant."""

    labels: frozenset[str]
    scope: Scope

    def named(self, label: str, sign: str, value: str) -> frozenset[str]:
        """The services that a matcher leaves, where they can be told; else none."""
        if label not in self.labels or sign not in ("=", "=~"):
            return frozenset()
        if sign == "=~" and not re.fullmatch(r"(?:[\w-]|\\[.-]|\|)+", value):
            return frozenset()
        names = [value] if sign == "=" else value.replace("\\", "").split("|")
        return frozenset(names if all(map(self.scope.holds, names)) and all(names) else ())

    def demand(self, matchers: Iterable[Matcher], where: str) -> frozenset[str]:
        """The services that these matchers leave. Raises ToolRetry unless all are meant."""
        found = next(filter(None, (self.named(*one) for one in matchers)), frozenset[str]())
        if found or self.scope.services is None:
            return found
        known, labels = sorted(self.scope.services), sorted(self.labels)
        raise ToolRetry(
            f'{where} does not say whose it is: name a service in it, {labels[0]}="{known[0]}" or '
            f"by {', '.join(labels[1:6]) or 'nothing else'}; there are {', '.join(known[:20])}"
        )


def short(text: str) -> str:
    """A query that is not too long, and can be sent. Raises ToolRetry."""
    text = re.sub(r"[\r\n\t]", " ", text).strip()
    if len(text) > LONGEST or not text.isprintable():
        raise ToolRetry(f"a query is one line of text, of {LONGEST} characters at most")
    return text


def said(token: str) -> str:
    """What a quoted text says. Raises ToolRetry."""
    if token.startswith("`"):
        return token[1:-1]
    try:
        return json.loads(token)
    except ValueError as error:
        raise ToolRetry(f"{token[:40]} is no text: write \\\\ for \\ in it") from error


def again(text: str) -> str:
    """A text, quoted anew."""
    return json.dumps(text, ensure_ascii=False)


MOST_PARTS, MOST_PATTERNS = 60, 10
"""The parser's tree takes memory by the cube of its depth: four hundred terms, gigabytes."""
SKIPPED = re.compile(rf"{TEXT.pattern}|'(?:[^'\\]|\\.)*'|#[^\n]*")
PARTS = re.compile(r"[-+*/%^(]|[<>=!]=?|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


def parsed(text: str) -> prom.Expr:
    """PromQL as its tree. Raises ValueError for what is none, or would take too much to read."""
    bare = SKIPPED.sub("", text)
    if len(text) > LONGEST or len(PARTS.findall(re.sub(r"\{[^{}]*\}", "", bare))) > MOST_PARTS:
        raise ValueError(f"it has more than {LONGEST} characters or {MOST_PARTS} parts")
    if bare.count("~") > MOST_PATTERNS:
        raise ValueError(f"it has more than {MOST_PATTERNS} regular expressions")
    return prom.parse(text)


SIGNS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def promql(text: str, owned: Owned) -> Checked:
    """An expression whose every selector names whom it is about. Raises ToolRetry."""
    written = TEXT.sub(lambda match: again(said(match[0])), short(text))
    if re.search(r"[#`']", TEXT.sub("", written)):
        raise ToolRetry('write texts as "…", and no comments')
    try:
        tree = parsed(written)
    except ValueError as error:
        raise ToolRetry(f"this is no PromQL: {error}") from error
    found: list[prom.Expr] = []
    prom.walk(tree, found.append)  # which answers None: go on
    services = [_selector(node, owned) for node in found if isinstance(node, prom.VectorSelector)]
    whose = frozenset[str]().union(*services)
    if not services:
        raise ToolRetry("no series is selected: numbers of the query's own prove nothing")
    for node in found:
        _keeps(node, whose)
        if getattr(node, "at", None) is not None:
            raise ToolRetry("@ is not taken: start and end say the time")
    return Checked(written, _reach(found), service=next(iter(whose)) if len(whose) == 1 else "")


def _selector(node: prom.VectorSelector, owned: Owned) -> frozenset[str]:
    if node.matchers.or_matchers:
        raise ToolRetry("`or` between matchers is not taken: write a pattern, a|b")
    matchers = [(one.name, SIGNS[str(one.op)], one.value) for one in node.matchers.matchers]
    return owned.demand(matchers, node.name or "a selector")


def _keeps(node: prom.Expr, whose: frozenset[str]) -> None:
    """Raise ToolRetry for what says something that was not measured, or of another service."""
    if isinstance(node, prom.Call) and node.func.name not in KEEPING:
        raise ToolRetry(f"{node.func.name}() is not offered; use {', '.join(sorted(KEEPING))}")
    if isinstance(node, prom.AggregateExpr) and str(node.op) not in AGGREGATES:
        raise ToolRetry(f"{node.op} is not offered; use {', '.join(sorted(AGGREGATES))}")
    if isinstance(node, prom.UnaryExpr):
        raise ToolRetry("a sign in front is not offered: it is no measured value")
    if isinstance(node, prom.BinaryExpr):
        _together(node, whose)


def _together(node: prom.BinaryExpr, whose: frozenset[str]) -> None:
    """Raise ToolRetry unless two expressions make one that still is a measured one."""
    sign, sides = str(node.op), (node.lhs, node.rhs)
    numbers = [one.val for one in sides if isinstance(one, prom.NumberLiteral)]
    if node.modifier and node.modifier.return_bool:
        raise ToolRetry("bool is not offered: without it a comparison keeps what was measured")
    if numbers and sign not in COMPARED and not (sign in "*/" and set(numbers) <= UNITS):
        raise ToolRetry(f"a number may be compared with, or change a unit: {sorted(UNITS)}")
    if not numbers and (sign not in TOGETHER or str(node.lhs) == str(node.rhs)):
        raise ToolRetry(f"two different expressions go together by {' '.join(sorted(TOGETHER))}")
    if not numbers and len(whose) != 1:
        raise ToolRetry("where two expressions go together, all selectors name the same service")


def _reach(found: list[prom.Expr]) -> float:
    """Seconds that an expression looks back, at most. Raises ToolRetry."""
    offsets, ranges, nested = [0.0], [0.0], 0.0
    for node in found:
        if isinstance(node, prom.MatrixSelector):
            ranges.append(node.range.total_seconds())
        elif isinstance(node, (prom.VectorSelector, prom.SubqueryExpr)) and node.offset:
            offsets.append(node.offset.total_seconds())
        if isinstance(node, prom.SubqueryExpr):
            nested += node.range.total_seconds() if node.range else 0.0
    if min(offsets) < 0:
        raise ToolRetry("an offset into the future is not taken")
    return sum(offsets) + max(ranges) + nested
