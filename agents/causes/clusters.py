"""What the cluster itself shows to be wrong. The API says it, so nothing is compared with before:
what is asked is whether it is what hurts here."""

from collections.abc import Iterator

from ...cluster.canaries import GIVEN_UP
from ...cluster.objects import Object, containers
from ...incident.evidence import Quote
from ...incident.finding import FaultKind, Finding, Hypothesis
from ...incident.severity import Severity
from ...telemetry.cluster_state import cluster_of
from ...tools.cluster import ClusterTrouble
from .candidate import Candidate
from .observations import Observations, cite, finding, where
from .structure import CHANGES

SAID = 6.0
"""Log-odds of what the API says in so many words."""
RANK = 0.05
"""So much less for each that comes before it: those that others follow from are first."""
HURTS, ELSEWHERE = 1.5, 4.0
"""Log-odds where who suffers is who hurts, and where it is somebody else."""
MOST = 6
PLAIN = 0.75
"""How sure a trouble is from which it alone backs an alert."""
LATELY_S = 6 * 3600.0
"""A roll-out so long before may be the one that brought it."""
OF_ALL, FEWEST = 0.5, 3
"""Share of all workloads that are down, of so many at least, from which everything is."""
PROOF = ("object", "field", "value")


def cluster_troubles(seen: Observations) -> Iterator[Candidate]:
    """The troubles that stand by themselves, as they are ranked."""
    for number, row in enumerate(standing(seen)[:MOST]):
        place = row.service or row.object
        candidate = Candidate(place, FaultKind(row.fault), row.said, resource=row.object)
        proof = cite(seen.cluster, row, *PROOF) if seen.cluster else []
        text = f"{row.shown_by} {row.field}: {row.value}; wrong if {row.wrong_if}"
        candidate.backed(SAID, max(0.0, row.sure - RANK * number), text, proof)
        _bears(seen, candidate, row, proof)
        _rolled_out(seen, candidate, row)
        yield candidate


def standing(seen: Observations) -> list[ClusterTrouble]:
    """What stands by itself; consequences alone where nothing else is seen."""
    rows = list(seen.cluster.rows) if seen.cluster else []
    return [row for row in rows if not row.follows] or rows


def _bears(
    seen: Observations, candidate: Candidate, row: ClusterTrouble, proof: list[Quote]
) -> None:
    """Whether who suffers from it is who hurts, where telemetry says who does."""
    hurts = {row.service, *row.hurts.split(", ")} - {""}
    bad = (one.service for one in seen.health.rows if "bad" in one.states())
    ill = {name for service in bad for name in seen.needs(service)}
    if both := sorted(hurts & ill):
        candidate.backed(HURTS, 1.0, f"{', '.join(both[:3])} suffers from it, and is unwell", proof)
    elif ill and hurts:
        text = f"{', '.join(sorted(ill)[:3])} is unwell, which it does not reach"
        candidate.doubted(ELSEWHERE, 1.0, text, proof)


def _rolled_out(seen: Observations, candidate: Candidate, row: ClusterTrouble) -> None:
    """The roll-out that brought it, where the workload itself is at fault and had one lately."""
    if candidate.kind not in CHANGES or not row.service:
        return
    state = cluster_of(seen.case.tools.bench.telemetry)
    found = state.find(row.object) if state else None
    one = found[2] if found else Object({})
    runs = {
        c.image for c in containers(one, "spec.template.spec") if state and len(state.clusters) > 1
    }
    for change in where(seen.changes, kind="deploy", service=row.service):
        mine = found and one.ref in change.summary and (not runs or change.version in runs)
        if 0 <= change.seconds_before <= LATELY_S and mine:
            candidate.change = change.id
            text = f"rolled out {change.seconds_before:.0f} s before"
            candidate.backed(1.0, 1.0, text, cite(seen.changes, change, "id", "seconds_before"))
            return


# What it means for the level, for the alert, and what a person does about it.


def backing(seen: Observations) -> Iterator[Finding]:
    """Troubles that back the alert: those of its service, or any where telemetry tells nothing."""
    service = seen.case.frame.service
    for row in standing(seen)[:3] if seen.cluster else ():
        mine = not service or service in (row.service, *row.hurts.split(", "))
        if row.sure >= PLAIN and (mine or not seen.health.ok):
            place = row.service or row.object
            yield finding("cluster", row.said, seen.cluster, row, *PROOF, service=place)  # pyright: ignore


def levels(seen: Observations) -> Iterator[tuple[Severity, str]]:
    """Levels by pods that are ready and wanted, where no other telemetry tells how bad it is."""
    for row in standing(seen) if not seen.health.ok else ():
        if row.of_all >= OF_ALL and row.down >= FEWEST:
            yield Severity.P0, f"{row.down} workloads have nobody ready: {row.said}"
        elif row.down:
            yield Severity.P1, f"nobody is ready or reached in {row.hurts or row.object}"
        elif row.sure >= PLAIN:
            yield Severity.P2, f"{row.ready} of {row.wanted} pods are ready: {row.said}"


def trouble_of(seen: Observations, hypothesis: Hypothesis) -> ClusterTrouble | None:
    """The trouble of the cluster that it is; None: it is none."""
    rows = where(seen.cluster, object=hypothesis.resource) if seen.cluster else ()
    return next((row for row in rows if hypothesis.statement.startswith(row.said)), None)


def cure_of(seen: Observations, hypothesis: Hypothesis) -> str:
    """What a person does about it; empty: it is no trouble of the cluster."""
    row = trouble_of(seen, hypothesis)
    return row.cure if row else ""


def shows(seen: Observations, cause: Hypothesis, since: float) -> str | None:
    """What it says of the cause's object now, in words; empty: nothing is wrong with it. None where
    that is no object of a cluster, or was not read since then (unix seconds)."""
    state = cluster_of(seen.case.tools.bench.telemetry)
    if state is None or state.at < since or seen.cluster is None:
        return None
    if state.find(cause.resource) is None:
        return None
    rows = where(seen.cluster, object=cause.resource)
    return next((row.said for row in rows if row.cause != GIVEN_UP), "")
