"""The engine's constants that were chosen with public cases in view, as one value handed through.

Who measures what they are worth hands in another one (`Frame.tuning`). The names are those of the
places that read them; every other constant stands beside its reader.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """Weights are shares (0..1) or log-odds; evidence is in nats."""

    # Whether requests take another way (`requests.pattern_counts`).
    rare: float = 0.03
    """Share up to which an event counts as never seen."""
    shifted: float = 0.5
    """What an event counts that was there before and is more or less frequent now: callers may
    just ask for other things."""
    quiet: float = 0.6
    """What a new line without an error counts: other data make other lines."""

    # Whether requests wait longer (`requests.delays`).
    noticed: float = 10.0
    """Times the noise from which a delay begins to count. Ordinary drift, of load or of another
    day, stays under ten."""
    sparse: float = 0.5
    """Weight of the penalty that prefers few slow services."""

    # How ill a service is by its metrics, and whom it has it from (`metrics`).
    usual: float = 2.0
    """Nats up to which a service's strongest metric is chance. By reasoning: the largest of a
    dozen healthy metrics has a z of about 2 to 3, that is 1.6 to 2.3 nats of size and as much by
    rank. Tried on the development cases from 1 to 3, with little difference."""
    steep: float = 2.0
    """Of the step from healthy to ill: as a square, which silences what is weak. Of 1 and 2, tried
    on the development cases, 2 got one more right; 1.4 to 2.6 make no difference there."""
    small_loss: float = 0.1
    """Weight of a service that loses nothing beside the one that loses most, where no symptom is
    given: a surprise without a loss is seldom why anyone looks. The idea and the figure were chosen
    with development cases in view; between 0.07 and 0.13 nothing changes there."""
    most_passed: float = 0.95
    """Share of its illness that a service passes on at most: budgets are estimates. Close to 1, or
    long chains of calls lose the trail: it counts twice a hop, so four hops keep two thirds."""
    unseen: float = 0.5
    """Weight of a callee of which nothing is measured beside one that is, by reasoning: it may be
    at fault as well, but the callers' own network and client code look the same."""

    # What each says of a place (`agents/causes/location.py`).
    other_way: float = 6.0
    """Log-odds of spans that all do what they never did: by reasoning close to proof, since callers
    that merely pass a fault on do not count as its begin."""
    waiting: float = 6.0
    """Log-odds of a delay a thousand times the noise."""
    measured: float = 0.5
    """What metrics count where there are requests to look at: those show who does what, metrics
    only what comes of it. Where there are none, metrics count in full."""


STANDARD = Tuning()
"""As the product uses it."""
