"""Where requests take another way than they used to."""

from dataclasses import dataclass

from ..analysis.requests.span_patterns import Blame, Oddity, blamed, oddities
from .base import Bench, Effect, Row, Table, tool
from .columns import Requests, comparisons, requests
from .reading import by_alert, cut, number, seconds, table

SHOWN = 60
"""Changes listed: fainter ones decide nothing."""


@dataclass(frozen=True, slots=True)
class ChangedPath(Row):
    """A call or log line of an operation that is new, gone, more or less; `first` unix seconds."""

    service: str
    weight: float
    change: str
    operation: str
    under: str
    event: str
    share_before: float | None
    share: float | None
    spans_before: int
    spans: int
    callers: str  # joined by ", "
    callee: str
    first: float | None
    trace_id: str


@tool(Effect.read)
def changed_paths(bench: Bench) -> Table[ChangedPath]:
    """Operations whose requests take another way than in the baseline: a call or a log line that
    is new, gone, or much more or less frequent, and calls after which work newly stops.

    `service` is whom it speaks against: the deepest operation that changed, or the callee that
    several callers (`callers`) stop after. Where it may as well be the callee, `callee` says
    who. `weight` (0..1) is how far the shares of spans that show it lie apart at least. The
    clearest first.
    """
    return by_alert(bench, "changed_paths", lambda: _changed(bench), bench.frame.tuning)


def _changed(bench: Bench) -> Table[ChangedPath]:
    found, (_, incident) = requests(bench), bench.frame.by_alert
    pairs, tuning = comparisons(bench, found), bench.frame.tuning
    clearest: dict[tuple[str, ...], Blame] = {}
    for before, now in pairs:
        for blame in blamed(found.table, oddities(found.table, found.events, before, now, tuning)):
            odd = blame.oddity
            key = (blame.service, odd.operation, odd.under, odd.event)
            if key not in clearest or blame.weight > clearest[key].weight:
                clearest[key] = blame
    ordered = sorted(clearest.values(), key=lambda blame: -blame.weight)[:SHOWN]
    rows = [_row(blame, found) for blame in ordered]
    summary = f"{len(clearest)} changes of requests' ways"
    if rows:
        summary += f"; clearest in {rows[0].service}: {rows[0].operation} {rows[0].event}"
    same = f"requests of {seconds(incident)} take the ways of the baseline"
    nothing = same if pairs else "no spans of the baseline to compare with"
    return table(rows, summary, nothing, incident)


def _row(blame: Blame, found: Requests) -> ChangedPath:
    odd = blame.oddity
    return ChangedPath(
        service=blame.service,
        weight=number(blame.weight, 3) or 0.0,
        change=_change(odd),
        operation=cut(odd.operation, 200),
        under=cut(odd.under, 200),
        event=cut(odd.event, 300),
        share_before=number(odd.before / odd.spans_before),
        share=number(odd.now / odd.spans_now),
        spans_before=odd.spans_before,
        spans=odd.spans_now,
        callers=", ".join(blame.callers),
        callee=blame.callee,
        first=number(odd.first),
        trace_id=found.trace_id(odd.trace),
    )


def _change(odd: Oddity) -> str:
    if odd.new:
        return "new" if odd.before == 0 else "more"
    return "gone" if odd.now == 0 else "less"
