"""Where requests wait longer than they used to, and which end of a call is slow."""

from dataclasses import dataclass

from ..analysis.requests.delays import Delay, delays
from ..analysis.requests.waiting import Edge, Wait, waits
from .base import Bench, Effect, Row, Table, tool
from .columns import Requests, comparisons, listed_calls, requests
from .reading import by_alert, cut, number, seconds, table


@dataclass(frozen=True, slots=True)
class AddedWait(Row):
    """What one service adds to calls; `first` in unix seconds."""

    service: str
    strength: float
    place: str
    operation: str
    added_ms: float
    times_noise: float
    before_ms: float | None
    now_ms: float | None
    calls: int
    first: float | None


@tool(Effect.read)
def added_waits(bench: Bench) -> Table[AddedWait]:
    """Services that delay requests: time inside them, or time on the calls they take part in
    (network, queues, a starved process) that neither end works.

    `added_ms` is what the service adds to each such call, `times_noise` the same in units of the
    usual spread; `strength` (0..1) is 0 up to 10 times and 1 from 1,000 times the noise. `place`
    is where it shows most. The clearest first.
    """
    calls = frozenset(listed_calls(bench))
    return by_alert(bench, "added_waits", lambda: _added(bench, calls), calls, bench.frame.tuning)


def _added(bench: Bench, calls: frozenset[Edge]) -> Table[AddedWait]:
    found, (_, incident) = requests(bench), bench.frame.by_alert
    clearest: dict[str, Delay] = {}
    for compared in by_alert(bench, "waits", lambda: _compared(bench, found)):
        for delay in delays(compared, calls, bench.frame.tuning):
            known = clearest.get(delay.service)
            if known is None or delay.times_noise > known.times_noise:
                clearest[delay.service] = delay
    ordered = sorted(clearest.values(), key=lambda d: (-d.times_noise, d.service))
    rows = [_row(delay) for delay in ordered if delay.times_noise >= 1]
    summary = f"{len(rows)} services add time to requests"
    if rows:
        summary += f"; most clearly {rows[0].service}: {rows[0].added_ms} ms a call, "
        summary += f"{rows[0].place}"
    nothing = f"no kind of span that both windows hold takes longer in {seconds(incident)}"
    return table(rows, summary, nothing, incident)


def _compared(bench: Bench, found: Requests) -> list[list[Wait]]:
    return [waits(found.table, before, now) for before, now in comparisons(bench, found)]


def _row(delay: Delay) -> AddedWait:
    wait = delay.waits[0]
    caller, callee = wait.place
    return AddedWait(
        service=delay.service,
        strength=number(delay.strength, 3) or 0.0,
        place=f"{caller} -> {callee}" if callee else f"inside {caller}",
        operation=cut(wait.operation, 200),
        added_ms=number(delay.ms) or 0.0,
        times_noise=number(delay.times_noise, 3) or 0.0,
        before_ms=number(wait.before_ms),
        now_ms=number(wait.now_ms),
        calls=wait.calls,
        first=number(wait.first),
    )
