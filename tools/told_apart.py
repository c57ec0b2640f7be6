"""What the failing requests of an operation have in common that the well ones lack.

Of a flag at a share, of two versions or instances side by side, of one tenant among many only some
requests meet the fault: what each request carries then tells the failing from the well. The same
question is known as BubbleUp or outlier attributes.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..analysis.rates import binomial_tail
from ..telemetry.model import Span, Window
from .base import Bench, Effect, Row, Table, tool
from .new_failures import deepest
from .reading import cut, number, seconds, table

FEWEST = 5
"""Failures of an operation below which nothing is told apart."""
FEW_VALUES = 8
"""Values of an attribute above which each is rare by itself."""
READ = 1_500
"""Spans of requests that are read at the most, the newest."""
SURE = -2.0
"""log10 of the chance, times the attributes tried, below which it is none."""
ALONE = 0.2
"""Share of failures without it, of the share with it, up to which they hang on it."""
OUTCOMES = ("exception.", "error.", "otel.status", "status_code")
"""Parts of attributes' names that tell how a request ended, not what it was."""
INSTANCE = "service.instance.id"


@dataclass(frozen=True, slots=True)
class Mark(Row):
    """One attribute of an operation's requests, at the value that most failing ones have beyond
    chance. `failed` of `requests` with it failed, `others_failed` of `others` without it."""

    service: str
    operation: str
    attribute: str
    value: str
    failed: int
    requests: int
    others_failed: int
    others: int
    log10_p: float
    tells: bool
    """Whether the failures hang on it: beyond chance, and few fail without it."""


@tool(Effect.read, examples=("traces",))
def told_apart(bench: Bench) -> Table[Mark]:
    """Attributes of requests (flag, version, instance, tenant, region, method) at each operation
    that fails by itself: whether those that fail differ in it from those that do not, since the
    first failure. An attribute with `tells` false is alike in both: what differs in it alone is
    not why they fail. Surest first."""
    incident = bench.frame.incident
    origins: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in deepest(bench.telemetry.spans(incident, failed=True)):
        origins[span.service, span.name].append(span)
    rows = [
        mark
        for (service, name), failing in origins.items()
        if len(failing) >= FEWEST
        for mark in _marks(_carried(bench, service, name, failing), service, name)
    ]
    rows.sort(key=lambda row: (not row.tells, row.log10_p))
    telling = [row for row in rows if row.tells]
    summary = f"{len(telling)} of {len(rows)} attributes tell failing requests from well ones"
    if telling:
        summary += f"; first: {words(telling[0])}"
    nothing = (
        f"no operation failed {FEWEST} times in {seconds(incident)} with attributes to compare"
    )
    return table(rows, summary, nothing, incident)


def words(mark: Mark) -> str:
    """A mark in one clause."""
    return (
        f"with {mark.attribute}={mark.value} {mark.failed} of {mark.requests} fail at "
        f"{mark.operation}, without it {mark.others_failed} of {mark.others}"
    )


Carried = list[tuple[bool, dict[str, str]]]
"""Of each request whether it failed, and what it carried."""


def _carried(bench: Bench, service: str, name: str, failing: list[Span]) -> Carried:
    """What each request carried at this service, since the first failure of this operation."""
    window = Window(failing[0].start, bench.frame.incident.end)
    spans = bench.telemetry.span_table(window)
    own = np.array([op.service == service for op in spans.ops], bool)
    named = own & np.array([op.name == name for op in spans.ops], bool)
    through = np.unique(spans.trace[named[spans.op]])
    rows = np.flatnonzero(own[spans.op] & np.isin(spans.trace, through))[-READ:]
    requests: dict[str, dict[str, str]] = defaultdict(dict)
    for span in bench.telemetry.spans_of(spans, rows):
        told = {INSTANCE: span.instance} if span.instance else {}
        told |= {key: str(value) for key, value in span.attributes.items() if _asks(key)}
        requests[span.trace_id] |= told
    bad = {span.trace_id for span in failing}
    return [(trace in bad, told) for trace, told in requests.items()]


def _asks(attribute: str) -> bool:
    return not any(part in attribute for part in OUTCOMES)


def _marks(carried: Carried, service: str, name: str) -> Iterator[Mark]:
    """One for each attribute that both the failing and the well have, with several values."""
    failed, total = sum(bad for bad, _ in carried), len(carried)
    values = {key: _values(carried, key) for key in {key for _, told in carried for key in told}}
    compared = {key: counts for key, counts in values.items() if 1 < len(counts) <= FEW_VALUES}
    for key, counts in sorted(compared.items()):
        asked = sum(requests for _, requests in counts.values())
        if failed < FEWEST or failed == total or asked < 0.95 * total:
            continue
        tails = {v: binomial_tail(bad, failed, n / total) for v, (bad, n) in counts.items()}
        value = min(tails, key=lambda v: (tails[v], v))
        (bad, with_it), others = counts[value], total - counts[value][1]
        chance = math.log10(max(tails[value], 1e-300) * len(compared) * len(counts))
        hangs = (failed - bad) / others <= ALONE * bad / with_it
        yield Mark(
            service=service,
            operation=cut(name, 200),
            attribute=cut(key, 100),
            value=cut(value, 100),
            failed=bad,
            requests=with_it,
            others_failed=failed - bad,
            others=others,
            log10_p=number(min(0.0, chance), 3) or 0.0,
            tells=chance <= SURE and hangs,
        )


def _values(carried: Carried, key: str) -> dict[str, tuple[int, int]]:
    """Failed and all requests by the attribute's value."""
    every = Counter(told[key] for _, told in carried if key in told)
    bad = Counter(told[key] for failed, told in carried if failed and key in told)
    return {value: (bad[value], count) for value, count in every.items()}
