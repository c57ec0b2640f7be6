"""The machine under the services is at its limit: all of them are slow, and none is to blame."""

from collections.abc import Iterator

from ...analysis.quantities import percent
from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ...tools.requests import AddedWait
from ...tools.shifts import SignalShift
from .candidate import Candidate
from .observations import Observations, cite, where

MACHINE = "host"
"""As it is called where telemetry has no name for it."""
STARVED = 0.5
"""Share of the time that something waits for a processor, from which a machine has no room."""
FEWEST, ALL = 4, 0.75
"""So many services, and this share of all that are called, slow at once without a leader."""


def starved_machines(seen: Observations) -> Iterator[Candidate]:
    """By the machine's own word, or by services that slow at once though none leads."""
    waits, rows = waiting(seen), at_once(seen)
    now = (waits.current if waits else None) or 0.0
    if now < STARVED and (waits or not rows):
        return
    name = waits.service if waits else MACHINE
    statement = f"the machine under the services is at its limit ({name})"
    candidate = Candidate(name, FaultKind("node fault"), statement)
    if waits:
        quotes = cite(seen.signals, waits, "current", "baseline")
        text = f"something waits for a processor {now:.0%} of the time"
        rise = (now - (waits.baseline or 0.0)) / STARVED
        candidate.backed(3.0, rise, f"{text}, {percent(waits.baseline)} before", quotes)
        candidate.backed(1.0, was_starved(seen), f"{text}, and did before it began", quotes)
        candidate.doubted(3.0, *_ours(seen))
    text = f"{len(rows)} services take longer at once, and none of them leads"
    proof = [quote for row in rows[:3] for quote in cite(seen.waits, row, "service", "added_ms")]
    candidate.backed(3.0, float(bool(rows)), text, proof)
    yield candidate


def waiting(seen: Observations) -> SignalShift | None:
    """What the machine says itself; of several the one that waits most."""
    rows = where(seen.signals, signal=SignalName.cpu_waiting_share)
    return max(rows, key=lambda row: row.current or 0.0, default=None)


def was_starved(seen: Observations) -> float:
    """0..1: how much the machine was at its limit while all was thought to be well: then what is
    called usual is what little it could do."""
    waits = waiting(seen)
    usual = (waits.baseline if waits else None) or 0.0
    return min(1.0, max(0.0, (usual - 0.3) / STARVED))


def at_once(seen: Observations) -> list[AddedWait]:
    """Services that slow beyond their noise, where it is nearly all and none adds half of it; else
    none."""
    outside = seen.of_kind("external", "database")
    called = {name for edge in seen.edges.rows for name in (edge.caller, edge.callee)} - outside
    slower = [row for row in seen.waits.rows if row.service in called and row.strength]
    leads = max((row.added_ms for row in slower), default=0.0)
    if len(slower) < max(FEWEST, ALL * len(called)) or leads >= sum(r.added_ms for r in slower) / 2:
        return []
    return slower


def _ours(seen: Observations) -> tuple[float, str]:
    """How much more processor our own services use, 0..1: then they fill it."""
    rows = list(where(seen.signals, signal=SignalName.cpu_share))
    now, before = (sum(getattr(r, w) or 0.0 for r in rows) for w in ("current", "baseline"))
    return (now / before - 1.2 if before else 0.0), "the services themselves use more of it"
