"""What became of requests, route by route: which are answered otherwise than they used to be, and
which are completed less often."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ..analysis.quantities import figure, percent
from ..telemetry.model import Window
from ..telemetry.outcomes import Answers, OutcomeShift, answers, outcome_shifts
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import edge_requests, edge_services
from .reading import number, seconds, table

EARLIER_S = 120.0
"""Looked at before the healthy time: a slow beginning lies inside of it."""
CELLS = 120
"""Into which the windows are cut where requests are counted one by one."""


@dataclass(frozen=True, slots=True)
class RouteOutcome(Row):
    """One route whose outcomes changed for the worse; completed is answered below 400. `tier` is
    of the most important service behind it, `weight` the share of the service's requests that ask
    for it, score -log10 of the probability of chance; `since` in unix seconds."""

    service: str
    route: str
    edge: bool
    tier: int | None
    weight: float | None
    change: str
    completed_share_before: float | None
    completed_share: float | None
    completed_per_s_before: float | None
    completed_per_s: float | None
    status: str
    status_share_before: float | None
    status_share: float | None
    requests: int
    lost: int
    score: float
    since: float | None

    def words(self) -> str:
        """The change in a sentence."""
        name = f"{self.service} {self.route}".strip()
        if self.change == "fewer":
            rates = figure(self.completed_per_s_before), figure(self.completed_per_s)
            return f"{name}: completed requests fell from {rates[0]}/s to {rates[1]}/s"
        shares = percent(self.completed_share_before), percent(self.completed_share)
        mix = percent(self.status_share_before), percent(self.status_share)
        text = f"{name}: {shares[1]} of requests are completed, {shares[0]} before"
        return f"{text}; status {self.status} rose from {mix[0]} to {mix[1]}"


@tool(Effect.read, counts=("traces",))
def route_outcomes(bench: Bench) -> Table[RouteOutcome]:
    """Routes whose requests are answered otherwise than they used to be, by status (404, 429,
    5xx, …), or completed less often than they were, since a change point that is searched over
    baseline and incident. The surest change first; `edge` says that customers see it."""
    healthy = bench.frame.by_alert[0]
    window = Window(healthy.start - EARLIER_S, bench.frame.incident.end)
    found = _answers(bench, window)
    place = _Place(bench, found)
    shifts = [shift for one in found for shift in outcome_shifts(one)[:1] if shift.score > 0]
    shifts.sort(key=lambda shift: (-shift.score, shift.answers.service, shift.answers.route))
    rows = [_row(shift, place) for shift in shifts]
    summary = f"{len(rows)} of {len(found)} routes; first {rows[0].words()}" if rows else ""
    known = f"{len(found)} routes are answered as before, over {seconds(window)}"
    nothing = known if found else f"answers are not counted by status, in {seconds(window)}"
    return table(rows, summary, nothing, window)


def _answers(bench: Bench, window: Window) -> list[Answers]:
    """As services count them; of an edge that does not, from its requests."""
    counted = answers(bench.telemetry, window)
    known, edges = {one.service for one in counted}, edge_services(bench)
    return counted if known & set(edges) else counted + _from_requests(bench, window, edges)


def _from_requests(bench: Bench, window: Window, edges: list[str]) -> list[Answers]:
    step = window.seconds / CELLS
    routes: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for request in edge_requests(bench, window):
        if request.status is not None:
            cells = routes[request.route].setdefault(str(request.status), np.zeros(CELLS))
            cells[min(CELLS - 1, int((request.at - window.start) / step))] += 1
    name = edges[0] if edges else ""
    return [Answers(name, route, window.start, step, each) for route, each in routes.items()]


class _Place:
    """Where routes stand: at the edge or behind it, how important, how much asked for."""

    def __init__(self, bench: Bench, found: list[Answers]) -> None:
        self.edges = set(edge_services(bench))
        known = bench.telemetry.catalogue().services
        tiers = {service.name: service.tier for service in known if service.listed}
        self.tiers: dict[str, int] = {}
        for one in found:
            if one.service in tiers and one.service not in self.edges:
                known = self.tiers.get(one.route, 9)
                self.tiers[one.route] = min(known, tiers[one.service])
        self.own = tiers
        self.asked: dict[str, float] = defaultdict(float)
        for one in found:
            self.asked[one.service] += float(one.every.sum())

    def tier(self, one: Answers) -> int | None:
        """Of the most important service behind that answers the same route, else its own."""
        return self.tiers.get(one.route, self.own.get(one.service))

    def weight(self, one: Answers) -> float | None:
        """Share of the service's requests that ask for this route."""
        return _share(one.every, np.array([self.asked[one.service]]), slice(None))


def _row(shift: OutcomeShift, place: _Place) -> RouteOutcome:
    found, at = shift.answers, shift.step.at
    every, good = found.every, found.completed
    cells = found.by_status.get(shift.status, np.zeros_like(every))
    usual = _share(cells, every, slice(0, at)) or 0.0
    refused = sum(
        _beyond(each, every, at) for name, each in found.by_status.items() if "400" <= name < "499"
    )
    return RouteOutcome(
        service=found.service,
        route=found.route,
        edge=found.service in place.edges,
        tier=place.tier(found),
        weight=number(place.weight(found)),
        change=shift.change,
        completed_share_before=number(_share(good, every, slice(0, at))),
        completed_share=number(_share(good, every, slice(at, None))),
        completed_per_s_before=number(float(good[:at].mean()) / found.step if at else None),
        completed_per_s=number(float(good[at:].mean()) / found.step),
        status=shift.status,
        status_share_before=number(usual) if shift.status else None,
        status_share=number(_share(cells, every, slice(at, None))) if shift.status else None,
        requests=round(float(every[at:].sum())),
        lost=round(refused),
        score=number(shift.score, 3) or 0.0,
        since=number(shift.since),
    )


def _share(part: np.ndarray, whole: np.ndarray, cells: slice) -> float | None:
    every = float(whole[cells].sum())
    return float(part[cells].sum()) / every if every else None


def _beyond(cells: np.ndarray, every: np.ndarray, at: int) -> float:
    """Answers after the change beyond what the share before it gives."""
    usual = _share(cells, every, slice(0, at)) or 0.0
    return max(0.0, float(cells[at:].sum()) - usual * float(every[at:].sum()))
