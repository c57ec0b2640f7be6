"""Customers in groups, as labels of their requests tell them apart: who among them was hurt."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..telemetry.model import Span
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import EdgeRequest, edge_services, request_of
from .reading import cut, seconds, share, table

GROUPS = frozenset({"tenant", "organization", "org", "segment", "region", "market", "plan"})
"""Words in names of attributes that tell groups of customers apart."""
OURS = re.compile(r"^(?:cloud|k8s|aws|gcp|azure|host|service|server|deployment|db)\b")
"""Where our own machines stand is nothing of a customer's."""
MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class SegmentImpact(Row):
    """Requests at the edge with one value of a label, and how many failed. Of a sample, as many as
    were drawn."""

    label: str
    value: str
    requests: int
    failed: int
    share: float | None
    route: str
    """Where most of them failed; empty: none did."""


@tool(Effect.read, shares=("traces",))
def hurt_segments(bench: Bench) -> Table[SegmentImpact]:
    """Requests at the edge in the incident by what tells groups of customers apart (tenant,
    segment, region, plan), and how many failed, most first. Empty: no label does."""
    window, edges = bench.frame.incident, edge_services(bench)
    spans = bench.telemetry.span_table(window, linked=False)
    ours = np.array([op.service in edges and op.kind == "server" for op in spans.ops], bool)
    found = defaultdict[Group, list[EdgeRequest]](list)
    for span in bench.telemetry.spans_of(spans, np.flatnonzero(ours[spans.op])):
        for group in _groups(span):
            found[group].append(request_of(span))
    rows = [_row(group, requests) for group, requests in found.items()]
    rows.sort(key=lambda row: (-row.failed, row.label, row.value))
    hurt = sum(row.failed > 0 for row in rows)
    summary = f"{hurt} of {len(rows)} groups of customers had requests that failed"
    nothing = f"no label tells customers apart, in {seconds(window)} of requests at the edge"
    return table(rows[:MOST_ROWS], summary, nothing, window)


Group = tuple[str, str]
"""A label and its value."""


def _groups(span: Span) -> Iterator[Group]:
    for label, value in span.attributes.items():
        if GROUPS & set(re.split(r"[._-]", label)) and not OURS.match(label) and value:
            yield cut(label, 100), cut(str(value), 100)


def _row(group: Group, requests: list[EdgeRequest]) -> SegmentImpact:
    failed = Counter(request.route for request in requests if request.failed)
    where = max(failed, key=lambda route: failed[route], default="")
    bad = failed.total()
    return SegmentImpact(*group, len(requests), bad, share(bad, len(requests)), cut(where, 200))
