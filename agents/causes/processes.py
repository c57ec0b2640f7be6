"""A process that answers nobody, or one that keeps dying."""

from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from .candidate import Candidate
from .observations import Observations, cite


def hung(observations: Observations) -> Iterator[Candidate]:
    """Calls to a service go unanswered and it reports nothing, though nothing says it stopped."""
    for service in _silent(observations):
        statement = f"{service} accepts calls and answers none: its process hangs"
        candidate = Candidate(service, FaultKind.hung_process, statement)
        edge = observations.unanswered(service)
        share = edge["unanswered_share"] if edge else 0.0
        text = f"{share:.0%} of the calls to {service} get no answer"
        candidate.backed(
            2.5, share, text, cite(observations.edges, edge, "callee", "unanswered_share")
        )
        up = observations.signal(service, SignalName.up)
        down = up is not None and (up["current"] is None or up["current"] < 0.5)
        candidate.backed(
            2.5,
            1.0 if down else 0.0,
            f"{service} no longer reports metrics",
            cite(observations.signals, up, "current", "baseline"),
        )
        candidate.doubted(
            2.0,
            1.0 if up and not down else 0.0,
            f"{service} still reports metrics",
            cite(observations.signals, up, "current"),
        )
        candidate.doubted(
            2.0, observations.own_failures(service) / 0.2, f"{service} itself answers errors"
        )
        yield candidate


def crash_loops(observations: Observations) -> Iterator[Candidate]:
    """A service restarts again and again."""
    for row in observations.signals.rows:
        if row["signal"] != SignalName.restarts or not row["worse"]:
            continue
        restarts = row["current"] or 0
        statement = f"{row['service']} keeps restarting"
        candidate = Candidate(row["service"], FaultKind.crash_loop, statement)
        text = f"{restarts:g} restarts, {row['baseline'] or 0:g} before"
        candidate.backed(3.0, restarts / 3, text, cite(observations.signals, row, "current"))
        yield candidate


def _silent(observations: Observations) -> list[str]:
    unanswered = {r["service"] for r in observations.failures.rows if r["reason"] == "no answer"}
    callees = {r["callee"] for r in observations.edges.rows if (r["unanswered_share"] or 0) >= 0.2}
    down = {
        r["service"]
        for r in observations.signals.rows
        if r["signal"] == SignalName.up and (r["current"] is None or r["current"] < 0.5)
    }
    outside = {
        s.name for s in observations.case.catalogue.services if s.kind in ("external", "database")
    }
    return sorted((unanswered | callees | down) - outside)
