"""What became of requests, by service, route and status, per cell of a common grid.

Counters of answers tell it for every service (`http_requests_total` by route and status); every
answer below 400 completed what was asked for.
"""

from dataclasses import dataclass

import numpy as np

from ..analysis.rates import RateStep, largest_step
from .board import boards
from .grid import Grid, grid_step
from .model import Window
from .recording import Recording
from .signal_catalogue import FAILED, REQUESTS

ROUTES = ("route", "http_route", "handler", "endpoint", "path", "uri")
"""Names of the label that says what was asked for."""
METHOD = "method"
LATE_CELLS = 2
"""Cells at the end that may not be whole yet: what is late must not look like a fall."""
FEWEST = 20
"""Requests of the healthy time that it takes to know a route's usual outcomes."""
FEWEST_NOW = 5
"""Requests, or bad answers, from which a change is one."""
QUIET_CELLS = 10
"""Cells on each side that it takes to see that less is completed."""
MATERIAL = 0.03
"""A share of bad answers matters from this rise on, where it at least doubled."""
HALVED = 0.5
"""What is completed matters from this fall on: customers come and go."""


@dataclass(frozen=True)
class Answers:
    """Answers of one route of one service: increases per cell, by status."""

    service: str
    route: str
    start: float
    step: float
    by_status: dict[str, np.ndarray]

    @property
    def every(self) -> np.ndarray:
        """All answers per cell."""
        return np.sum(list(self.by_status.values()), axis=0)

    @property
    def completed(self) -> np.ndarray:
        """Answers below 400 per cell."""
        good = [cells for status, cells in self.by_status.items() if status < "400"]
        return np.sum(good, axis=0) if good else np.zeros_like(self.every)


@dataclass(frozen=True)
class OutcomeShift:
    """One way in which a route's outcomes changed, and the cell since when."""

    answers: Answers
    change: str
    """refused: a larger share is not completed; fewer: less is completed, whatever is asked."""
    step: RateStep
    status: str = ""
    """The answer that rose most."""

    @property
    def score(self) -> float:
        """-log10 of the probability of chance."""
        return -self.step.change.log10_p

    @property
    def left(self) -> float:
        """What is completed now, as a share of what was."""
        if self.change == "fewer":
            return self.step.change.ratio
        good, every, at = self.answers.completed, self.answers.every, self.step.at
        before, now = good[:at].sum() / every[:at].sum(), good[at:].sum() / every[at:].sum()
        return float(now / before) if before else 0.0

    @property
    def since(self) -> float:
        """Unix seconds."""
        return self.answers.start + self.step.at * self.answers.step


def answers(telemetry: Recording, window: Window) -> list[Answers]:
    """Answers as counted by each service itself; none where statuses are not counted."""
    raw = telemetry.metrics(window, [REQUESTS])
    grid = Grid.over(window, grid_step(raw, window))
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for service, board in boards(telemetry, raw, grid, 1).items():
        for series, cells in board.counters(REQUESTS):
            status = next((series.labels[n] for n in FAILED.names if series.labels.get(n)), "")
            if status:
                known = found.setdefault((service, _route(series.labels)), {})
                known[status] = known.get(status, 0) + np.nan_to_num(cells)
    return [Answers(*key, grid.start, grid.step, each) for key, each in found.items()]


def _route(labels: dict[str, str]) -> str:
    asked = next((labels[name] for name in ROUTES if labels.get(name)), "")
    return f"{labels.get(METHOD, '')} {asked}".strip()


def outcome_shifts(found: Answers) -> list[OutcomeShift]:
    """How the outcomes of a route changed for the worse, in whichever way; the surest first."""
    shifts = [shift for shift in (refused(found), fewer(found)) if shift]
    return sorted(shifts, key=lambda shift: -shift.score)


def refused(found: Answers) -> OutcomeShift | None:
    """A larger share of what is asked for is answered by one status, or is not completed at all:
    usual refusals (a card declined) must not hide a new kind of answer."""
    every = found.every
    bad = {status: cells for status, cells in found.by_status.items() if status >= "400"}
    kinds = bad if len(bad) < 2 else {**bad, "": every - found.completed}
    steps = {
        status: step
        for status, cells in kinds.items()
        if (step := largest_step(cells, every, (FEWEST, FEWEST_NOW), rising=True))
        and _material(step)
    }
    if not steps:
        return None
    surest = min(steps, key=lambda status: steps[status].change.log10_p)
    step = steps[surest].paying(len(kinds))
    at = step.at
    status = surest or max(bad, key=lambda name: _rise(bad[name], every, at))
    return OutcomeShift(found, "refused", step, status)


def _material(step: RateStep) -> bool:
    rise = step.rate_after - step.rate_before
    enough = step.after >= FEWEST_NOW and rise >= MATERIAL
    return enough and step.rate_after >= 2 * step.rate_before


def _rise(cells: np.ndarray, every: np.ndarray, at: int) -> float:
    before, after = every[:at].sum() or 1.0, every[at:].sum() or 1.0
    return float(cells[at:].sum() / after - cells[:at].sum() / before)


def fewer(found: Answers) -> OutcomeShift | None:
    """Less is completed than usual: what nobody can ask for fails nobody's request."""
    good = found.completed[:-LATE_CELLS]
    seen = np.flatnonzero(good)
    if not seen.size:
        return None
    good = good[seen[0] :]  # before the first one nothing is known
    step = largest_step(good, np.ones(good.size), (QUIET_CELLS, QUIET_CELLS), rising=False)
    if step is None or step.before < FEWEST or step.change.ratio > HALVED:
        return None
    moved = RateStep(
        step.at + int(seen[0]),
        *(step.before, step.after, step.exposure_before, step.exposure_after, step.change),
    )
    return OutcomeShift(found, "fewer", moved)
