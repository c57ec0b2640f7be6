"""Who calls whom: as measured in a window, beside what a catalogue declares.

What was measured wins; a declared call that was not measured is kept and marked as such.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..analysis.requests.edges import Edge, calls_of
from .model import Catalogue, Service, Window
from .recording import Recording
from .tables import OWN

CALLS = f"{OWN}calls"
"""Our metric of calls that were counted by labels: of the caller, with the label `callee`."""

FEW = 3
"""Calls of which nothing is made that nobody declared: a broken trace shows one as well."""


def measured_calls(recording: Recording, window: Window) -> Counter[Edge]:
    """Calls between services by spans and by labels of metrics, how many of each were seen: the
    larger number of the two, since one call may be in both. Of a sample of spans it is at least
    so many."""
    spans, labels = _by_spans(recording, window), Counter[Edge]()
    for series in recording.metrics(window, [CALLS]):
        callee = series.labels.get("callee", "")
        labels[series.service, callee] += round(float(series.values.sum()))
    return spans | +labels


def _by_spans(recording: Recording, window: Window) -> Counter[Edge]:
    """A callee that is named by its address in a cluster goes by its name, where it sends spans."""
    table, found = recording.span_table(window), Counter[Edge]()
    calls, sending = calls_of(table), {op.service for op in table.ops}
    edges, counts = np.unique(calls.edge, return_counts=True)
    for number, count in zip(edges.tolist(), counts.tolist(), strict=True):
        caller, callee = (calls.names[end] for end in divmod(number, len(calls.names)))
        bare = re.split("[.:]", callee)[0]
        callee = bare if callee not in sending and bare in sending else callee
        found[caller, callee] += count * (caller != callee)
    return +found


@dataclass(frozen=True)
class Disagreement:
    """One call on which a catalogue and what was measured differ."""

    caller: str
    callee: str
    calls: int
    """That were seen; 0: the catalogue alone says so."""

    @property
    def words(self) -> str:
        """As a person is told."""
        if self.calls:
            return f"{self.caller} called {self.callee} ({self.calls} seen): no catalogue says so"
        return f"the catalogue says that {self.caller} depends on {self.callee}: no call was seen"


def disagreements(declared: Catalogue, measured: Mapping[Edge, int]) -> Iterator[Disagreement]:
    """Calls of services that a catalogue lists, where it says otherwise than what was measured;
    of a caller that was not seen to call anybody nothing can be said, nor of fewer than FEW calls
    that nobody declared."""
    callers = {caller for caller, _ in measured}
    for service in declared.services:
        needs = declares(service)
        if not service.listed or service.name not in callers:
            continue
        seen = {callee: n for (caller, callee), n in measured.items() if caller == service.name}
        every = [*needs, *(callee for callee in seen if callee not in needs)]
        yield from (
            Disagreement(service.name, callee, seen.get(callee, 0))
            for callee in every
            if (callee in needs and callee not in seen)
            or (callee not in needs and seen[callee] >= FEW)
        )


def declares(service: Service) -> list[str]:
    """The callees that a catalogue names."""
    return service.depends_on if service.declared is None else service.declared


def joined(declared: Catalogue, measured: Mapping[Edge, int]) -> Catalogue:
    """The catalogue with the calls that were measured, and with the services that these show."""
    callees = dict[str, list[str]]()
    for caller, callee in sorted(measured):
        callees.setdefault(caller, []).append(callee)
        callees.setdefault(callee, [])
    services = {service.name: service for service in declared.services}
    services |= {name: Service(name=name, listed=False) for name in callees if name not in services}
    both = [_with(one, callees.get(one.name, [])) for one in services.values()]
    return declared.model_copy(update={"services": both})


def _with(service: Service, seen: list[str]) -> Service:
    every = list(dict.fromkeys([*seen, *declares(service)]))
    return service.model_copy(update={"depends_on": every, "declared": declares(service)})
