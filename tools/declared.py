"""Calls between services as they were measured, beside what a catalogue declares."""

from dataclasses import dataclass, replace

from ..telemetry.topology import CALLS, declares, disagreements, measured_calls
from .asked import MOST, asked_by
from .base import Bench, Effect, Row, Table, tool
from .reading import seconds, table


@dataclass(frozen=True, slots=True)
class DeclaredCall(Row):
    """One call between services: how often it was seen, and whether a catalogue declares it."""

    caller: str
    callee: str
    calls: int
    declared: bool
    differ: bool
    words: str


@tool(Effect.read, examples=("traces",))
def declared_calls(bench: Bench) -> Table[DeclaredCall]:
    """Calls between services as spans and metrics show them in both windows, beside those that the
    service catalogue declares. Those on which the two differ come first."""
    catalogue, window = bench.telemetry.catalogue(), bench.frame.whole
    measured = measured_calls(bench.telemetry, window)
    differing = {(one.caller, one.callee): one.words for one in disagreements(catalogue, measured)}
    listed = {(s.name, callee) for s in catalogue.services for callee in declares(s)}
    rows = [
        DeclaredCall(
            *edge,
            calls=measured[edge],
            declared=edge in listed,
            differ=edge in differing,
            words=differing.get(edge, ""),
        )
        for edge in sorted(listed | measured.keys(), key=lambda one: (one not in differing, one))
    ]
    summary = f"the catalogue and what was seen differ on {len(differing)} of {len(rows)} calls"
    nothing = f"no call is declared or was seen in {seconds(window)}"
    named = [bench.frame.service, *(name for edge in differing for name in edge)][:MOST]
    asked = asked_by(bench, CALLS, filter(None, named))
    return replace(table(rows, summary, nothing, window), backends=asked)
