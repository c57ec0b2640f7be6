"""Floods (denial of service): more requests than before, and they come from where few came from.

A surge of customers keeps its mix of sources; new customers behave like the old ones. A flood is
carried by few sources that each send far more than a usual one, or by one new program.
"""

from collections.abc import Iterator
from statistics import median

from ...incident.finding import Finding
from ...tools.traffic import AccessPattern, TrafficRate
from ..causes.access import covered, mostly_in
from ..causes.observations import finding, first
from .observations import AccessObservations, Threat, risen
from .probing import SCRIPTS

DOUBLED, CERTAIN = 2.0, 6.0
"""All arrivals must at least double, this unlikely by chance (-log10 p)."""
LOUD = 4.0
"""A flooding source sends this many times what a usual source sends now, of twice its share."""
CARRIED = 0.5
"""Share of the added arrivals that the flood has to explain."""


def floods(observations: AccessObservations) -> Iterator[Threat]:
    """Floods by sources or programs; a surge without signs of one is said to be that."""
    total = first(observations.arrivals, value="*")
    if total is None or not _surging(total):
        return
    added = total.rate - total.rate_before
    loud = _loud(observations, total)
    if observations.attackers() and all(_attacks(observations, row.value) for row in loud):
        return  # the added requests are the credentials being tried: one attack, named once
    carried = sum(row.rate - row.rate_before for row in loud) / added
    if carried >= CARRIED:
        yield _by_sources(observations, total, loud, min(1.0, carried))
        return
    program = _program(observations)
    yield _by_program(observations, total, program) if program else _surge(observations, total)


def _attacks(observations: AccessObservations, source: str) -> bool:
    """Whether this address is, or lies in, one that tries credentials."""
    return covered(source, (row.value for row in observations.attackers()))


def _surging(total: TrafficRate) -> bool:
    return (total.ratio or 0) >= DOUBLED and total.score >= CERTAIN


def _loud(observations: AccessObservations, total: TrafficRate) -> list[TrafficRate]:
    """Sources that send far more than a usual one, and a larger part of all than before."""
    rows = [row for row in observations.arrivals.rows if row.value != "*"]
    known = [row.rate for row in rows if row.rate_before]
    usual = median(known) if known else 0.0
    return [
        row
        for row in rows
        if risen(row)
        and row.rate >= LOUD * usual
        and row.rate / total.rate >= 2 * row.rate_before / max(total.rate_before, 1e-9)
    ]


def _by_sources(
    observations: AccessObservations, total: TrafficRate, loud: list[TrafficRate], carried: float
) -> Threat:
    sources = [row.value for row in loud]
    text = f"{len(loud)} sources send {carried:.0%} of the added requests{mostly_in(sources)}"
    findings = [_total(observations, total), _finding(observations, loud[0], text)]
    name = f"flood (denial of service) from {len(loud)} sources{mostly_in(sources)}"
    return Threat(name, 0.5 + 0.4 * carried, tuple(findings), tuple(sources))


def _program(observations: AccessObservations) -> AccessPattern | None:
    """A script that was not there before and now sends most requests."""
    for row in observations.programs.rows:
        if risen(row) and (row.share or 0) >= CARRIED and SCRIPTS.search(row.value):
            return row
    return None


def _by_program(
    observations: AccessObservations, total: TrafficRate, program: AccessPattern
) -> Threat:
    text = f"one program, {program.value[:60]}, sends {program.share:.0%} of the requests"
    proof = finding(
        "flood", text, observations.programs, program, "value", "share", "requests_before"
    )
    name = "flood (denial of service) by one program from many sources"
    return Threat(name, 0.6, (_total(observations, total), proof))


def _surge(observations: AccessObservations, total: TrafficRate) -> Threat:
    """Not a threat: said, because somebody will ask."""
    text = (
        f"{total.ratio:.1f} times the usual requests, spread over sources as before: "
        "this looks like customers, not like an attack"
    )
    return Threat("surge without signs of an attack", 0.0, (_finding(observations, total, text),))


def _total(observations: AccessObservations, total: TrafficRate) -> Finding:
    text = f"{total.rate:.3g} requests/s at the edge, {total.rate_before:.3g} before"
    return _finding(observations, total, text)


def _finding(observations: AccessObservations, row: TrafficRate, text: str) -> Finding:
    return finding(
        "flood", text, observations.arrivals, row, "value", "rate", "rate_before", "ratio"
    )
