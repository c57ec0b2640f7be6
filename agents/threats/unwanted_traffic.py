"""Requests that nobody wants: somebody looks for weak spots (paths only scanners ask for, sources
that are mostly refused, attack tools by name, scripts that were not there before), or floods us
(denial of service).

A surge of customers keeps its mix of sources; new customers behave like the old ones. A flood is
carried by few sources that each send far more than a usual one, or by one new program.
"""

from collections.abc import Iterator
from statistics import median

from ...analysis.quantities import figure
from ...incident.finding import Finding
from ...telemetry.signal_catalogue import SignalName
from ...tools.logs import search_logs
from ...tools.traffic import AccessPattern, TrafficRate
from ..causes.access import covered, mostly_in, mostly_refused
from ..causes.observations import finding, first
from .observations import AccessObservations, Threat, risen, words

DISTINCT = 3
"""Different probes from which it is a scan: single ones are the background noise of the net."""


def probes(seen: AccessObservations) -> Iterator[Threat]:
    """Several paths that only a scanner asks for, more of them than before."""
    rows = [
        row for row in seen.asked_paths.rows if words().probes.search(row.value) and row.requests
    ]
    fresh = [row for row in rows if row.rate > 2 * row.rate_before]
    if len(fresh) < DISTINCT:
        yield from _in_logs(seen)
        return
    served = [row for row in fresh if row.errors < row.requests]
    findings = tuple(_probe(seen, row) for row in (served or fresh)[:DISTINCT])
    exposure = ""
    if served:
        exposure = (
            f"{len(served)} probed paths were answered without an error: check what they gave"
        )
    name = f"scan for weak spots: {len(fresh)} paths that only scanners ask for"
    yield Threat(name, 0.6, findings, exposure=exposure)


def _in_logs(seen: AccessObservations) -> Iterator[Threat]:
    """Single requests drown among the paths of a large site; access logs still show them."""
    lines = seen.ask(search_logs, pattern=words().probes.pattern, limit=50)
    asked = {
        found.group(0).lower() for r in lines.rows if (found := words().probes.search(r.message))
    }
    if len(asked) < DISTINCT:
        return
    text = f"log lines show {len(asked)} kinds of request that only scanners make"
    row = lines.rows[0]
    proof = finding("access", text, lines, row, "service", "message")
    sureness = 0.5 if _refusals_rose(seen) else 0.2  # somebody always scans
    yield Threat("scan for weak spots, seen in logs", sureness, (proof,))


def refused_sources(seen: AccessObservations) -> Iterator[Threat]:
    """Sources that are mostly refused while everybody else is served."""
    if not _refusals_rose(seen):
        return
    attackers = [row.value for row in seen.attackers()]
    new = [row for row in mostly_refused(seen.sources.rows) if not covered(row.value, attackers)]
    if not new:
        return
    findings = tuple(_source(seen, row) for row in new[:5])
    sources = tuple(row.value for row in new)
    yield Threat(f"{len(new)} sources that are mostly refused", 0.5, findings, sources)


def _refusals_rose(seen: AccessObservations) -> bool:
    names = (SignalName.not_found_share, SignalName.unauthorised_share, SignalName.throttled_rate)
    return any(row.signal in names and row.worse for row in seen.signals.rows)


def _probe(seen: AccessObservations, row: AccessPattern) -> Finding:
    text = f"{row.requests} requests for {row.value[:80]}, {row.errors} refused"
    return finding("access", text, seen.asked_paths, row, "value", "requests", "errors")


def _source(seen: AccessObservations, row: AccessPattern) -> Finding:
    text = f"{row.value} was refused {row.error_share:.0%} of {row.requests} requests"
    return finding("access", text, seen.sources, row, "value", "error_share", "requests")


def unusual_programs(seen: AccessObservations) -> Iterator[Threat]:
    """Attack tools at work, and scripts with a sudden, sizeable share of the requests."""
    for row in seen.programs.rows:
        if words().tools.search(row.value) and row.requests >= 5:
            text = f"{row.value[:80]} is an attack tool: {row.requests} requests from it"
            yield _threat(seen, row, "attack tool at work", 0.7, text)
        elif words().scripts.search(row.value) and risen(row) and (row.share or 0) >= 0.1:
            text = (
                f"the script {row.value[:80]} sends {row.share:.0%} of the requests; "
                f"{row.requests_before} in the healthy window"
            )
            yield _threat(seen, row, "new script among the clients", 0.2, text)


def _threat(
    seen: AccessObservations, row: AccessPattern, name: str, sureness: float, text: str
) -> Threat:
    names = ("value", "requests", "share", "requests_before")
    return Threat(name, sureness, (finding("access", text, seen.programs, row, *names),))


DOUBLED, CERTAIN = 2.0, 6.0
"""All arrivals must at least double, this unlikely by chance (-log10 p)."""
LOUD = 4.0
"""A flooding source sends this many times what a usual source sends now, of twice its share."""
CARRIED = 0.5
"""Share of the added arrivals that the flood has to explain."""


def floods(seen: AccessObservations) -> Iterator[Threat]:
    """Floods by sources or programs; a surge without signs of one is said to be that."""
    total = first(seen.arrivals, value="*")
    if total is None or not _surging(total):
        return
    added = total.rate - total.rate_before
    loud = _loud(seen, total)
    if seen.attackers() and all(_attacks(seen, row.value) for row in loud):
        return  # the added requests are the credentials being tried: one attack, named once
    carried = sum(row.rate - row.rate_before for row in loud) / added
    if carried >= CARRIED:
        yield _by_sources(seen, total, loud, min(1.0, carried))
        return
    program = _program(seen)
    yield _by_program(seen, total, program) if program else _surge(seen, total)


def _attacks(seen: AccessObservations, source: str) -> bool:
    """Whether this address is, or lies in, one that tries credentials."""
    return covered(source, (row.value for row in seen.attackers()))


def _surging(total: TrafficRate) -> bool:
    return (total.ratio or 0) >= DOUBLED and total.score >= CERTAIN


def _loud(seen: AccessObservations, total: TrafficRate) -> list[TrafficRate]:
    """Sources that send far more than a usual one, and a larger part of all than before."""
    rows = [row for row in seen.arrivals.rows if row.value != "*"]
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
    seen: AccessObservations, total: TrafficRate, loud: list[TrafficRate], carried: float
) -> Threat:
    sources = [row.value for row in loud]
    text = f"{len(loud)} sources send {carried:.0%} of the added requests{mostly_in(sources)}"
    findings = [_total(seen, total), _finding(seen, loud[0], text)]
    name = f"flood (denial of service) from {len(loud)} sources{mostly_in(sources)}"
    return Threat(name, 0.5 + 0.4 * carried, tuple(findings), tuple(sources))


def _program(seen: AccessObservations) -> AccessPattern | None:
    """A script that was not there before and now sends most requests."""
    for row in seen.programs.rows:
        if risen(row) and (row.share or 0) >= CARRIED and words().scripts.search(row.value):
            return row
    return None


def _by_program(seen: AccessObservations, total: TrafficRate, program: AccessPattern) -> Threat:
    text = f"one program, {program.value[:60]}, sends {program.share:.0%} of the requests"
    proof = finding("flood", text, seen.programs, program, "value", "share", "requests_before")
    name = "flood (denial of service) by one program from many sources"
    return Threat(name, 0.6, (_total(seen, total), proof))


def _surge(seen: AccessObservations, total: TrafficRate) -> Threat:
    """Not a threat: said, because somebody will ask."""
    text = (
        f"{total.ratio:.1f} times the usual requests, spread over sources as before: "
        "this looks like customers, not like an attack"
    )
    return Threat("surge without signs of an attack", 0.0, (_finding(seen, total, text),))


def _total(seen: AccessObservations, total: TrafficRate) -> Finding:
    text = f"{figure(total.rate)} requests/s at the edge, {figure(total.rate_before)} before"
    return _finding(seen, total, text)


def _finding(seen: AccessObservations, row: TrafficRate, text: str) -> Finding:
    return finding("flood", text, seen.arrivals, row, "value", "rate", "rate_before", "ratio")
