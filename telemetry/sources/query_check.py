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
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')


@dataclass(frozen=True)
class Checked:
    """A query that may be asked."""

    text: str
    reach_s: float = 0.0
    """How far it looks back before the moment that it is asked for."""
    series: bool = True  # it gives numbers over time, else rows


@dataclass(frozen=True)
class Owned:
    """By which labels a query has to say whose it is, and who is meant."""

    labels: frozenset[str]
    scope: Scope

    def allows(self, label: str, sign: str, value: str) -> bool:
        """Whether a matcher leaves only services that are meant."""
        if label not in self.labels or sign not in ("=", "=~"):
            return False
        names = [value] if sign == "=" else value.replace("\\", "").split("|")
        plain = sign == "=" or re.fullmatch(r"(?:[\w-]|\\[.-]|\|)+", value)
        return bool(plain) and all(name and self.scope.holds(name) for name in names)

    def demand(self, matchers: Iterable[tuple[str, str, str]], where: str) -> None:
        """Raise ToolRetry unless one of these matchers leaves only services that are meant."""
        if self.scope.services is None or any(self.allows(*one) for one in matchers):
            return
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


SIGNS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def promql(text: str, owned: Owned) -> Checked:
    """An expression whose every selector names whom it is about. Raises ToolRetry."""
    written = TEXT.sub(lambda match: again(said(match[0])), short(text))
    if re.search(r"[#`']", TEXT.sub("", written)):
        raise ToolRetry('write texts as "…", and no comments')
    try:
        tree = prom.parse(written)
    except ValueError as error:
        raise ToolRetry(f"this is no PromQL: {error}") from error
    found: list[prom.Expr] = []
    prom.walk(tree, found.append)  # which answers None: go on
    for node in found:
        if isinstance(node, prom.VectorSelector):
            _selector(node, owned)
        if getattr(node, "at", None) is not None:
            raise ToolRetry("@ is not taken: start and end say the time")
    return Checked(written, _reach(found))


def _selector(node: prom.VectorSelector, owned: Owned) -> None:
    if node.matchers.or_matchers:
        raise ToolRetry("`or` between matchers is not taken: write a pattern, a|b")
    matchers = [(one.name, SIGNS[str(one.op)], one.value) for one in node.matchers.matchers]
    owned.demand(matchers, node.name or "a selector")


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
