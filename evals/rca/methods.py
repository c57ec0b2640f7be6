"""The methods that root-cause cases are answered with, by name."""

from ...errors import InputError
from ...settings import Settings
from .answer import RcaMethod
from .baro import baro_answers
from .chance import SEEDS, random_answers
from .correlation import correlation_answers
from .floor import floor_of
from .nsigma import nsigma_answers
from .symptom import symptom_answers

NAMES = ("floor", "nsigma", "baro", "correlation", "symptom", "random")


def rca_methods(settings: Settings, names: list[str] | None = None) -> list[RcaMethod]:
    """The methods of these names, in this order; all by default. Raises InputError for others."""
    known = {method.name: method for method in _all(settings)}
    for name in names or []:
        if name not in known:
            raise InputError(f"no method {name!r}; there are: {', '.join(NAMES)}")
    return [known[name] for name in dict.fromkeys(names or NAMES)]


def _all(settings: Settings) -> list[RcaMethod]:
    return [
        RcaMethod("floor", floor_of(settings), "the response with no model, over everything"),
        RcaMethod("nsigma", nsigma_answers, "metrics: highest z (mean, standard deviation)"),
        RcaMethod("baro", baro_answers, "metrics: highest z (median, interquartile range)"),
        RcaMethod("correlation", correlation_answers, "metrics: who moves with the symptom"),
        RcaMethod("symptom", symptom_answers, "the service that alerts, unread"),
        RcaMethod("random", random_answers, f"chance: the mean of {SEEDS} seeds"),
    ]
