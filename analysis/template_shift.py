"""What a system's logs say now and did not say before: new, surging and vanished templates.

Counts are compared per service, level and template under their exposures (see rates.py). Of a
sample a count is estimated by the sum of weights (Horvitz and Thompson, 1952); chance is told by
the lines that are here, whose exposure is as much shorter as few of them are.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from .rates import rate_change
from .templates import mine

Kind = Literal["new", "surging", "vanished", "no-baseline"]
Key = tuple[int, str, str]
K = TypeVar("K", bound=Hashable)

SURGE_RATIO, SURGE_LOG10_P, VANISHED_LOG10_P = 2.0, -3.0, -2.0
_LOUDNESS = {"critical": 0, "fatal": 0, "error": 0, "warning": 1, "warn": 1}


class LogLine(NamedTuple):
    """One log record, as much of it as counting needs."""

    service: str
    level: str
    message: str
    weight: float = 1.0
    """How many lines it stands for."""


@dataclass(frozen=True, slots=True)
class TemplateShift:
    """One template of one service and level whose rate changed."""

    template: str
    service: str
    level: str
    kind: Kind
    before: int
    after: int
    ratio: float
    """Rate after ÷ before by exposure; inf for a new one, 0 for a vanished one."""
    log10_p: float
    """How unlikely by chance; 0 without a baseline."""
    example: str
    """A whole message, unmasked: the incident's first, or the baseline's for a vanished one."""
    first: int | None
    """Index of its first line in the incident; None when vanished."""


def compare_templates(
    baseline: Sequence[LogLine],
    incident: Sequence[LogLine],
    baseline_exposure: float,
    incident_exposure: float,
) -> list[TemplateShift]:
    """Templates that are new, surging (at least twice the rate, p < 0.001) or vanished (p < 0.01).

    Exposures are the windows' lengths in seconds, or their request counts, so that a traffic
    surge does not make every template one. Errors come first, then warnings, then the rest; by
    p within each. Without any baseline line every template is listed as "no-baseline". What a
    sample lacks may have been there: it can be surging, neither new nor vanished.
    """
    keys, names = _keys([*baseline, *incident])
    cut = len(baseline)
    before, after = _counted(keys[:cut], baseline), _counted(keys[cut:], incident)
    kinds_before = _counted([key[1:] for key in keys[:cut]], baseline)
    kinds_after = _counted([key[1:] for key in keys[cut:]], incident)
    first_before, first_after = _first(keys[:cut]), _first(keys[cut:])
    found: list[TemplateShift] = []
    for key in before.keys() | after.keys():
        then, now = before.get(key, NONE), after.get(key, NONE)
        share = _share(then, kinds_before.get(key[1:], NONE), now)
        share_now = _share(now, kinds_after.get(key[1:], NONE), then)
        exposures = baseline_exposure * share if cut else 0.0, incident_exposure * share_now
        whole = (share_now if then.here else share) == 1
        kind, ratio, log10_p = _judge(then.here, now.here, *exposures, whole=whole)
        if kind is None:
            continue
        first = first_after.get(key)
        line = baseline[first_before[key]] if first is None else incident[first]
        label, service, level = key
        found.append(
            TemplateShift(
                *(names[label], service, level, kind, round(then.every), round(now.every)),
                *(ratio, log10_p, line.message, first),
            )
        )
    return sorted(found, key=_order)


def _keys(lines: Sequence[LogLine]) -> tuple[list[Key], tuple[str, ...]]:
    mined = mine([line.message for line in lines], keep={line.service for line in lines})
    labels = mined.labels.tolist()
    keys = [
        (label, line.service, line.level.lower()) for label, line in zip(labels, lines, strict=True)
    ]
    return keys, mined.templates


def _first(keys: Sequence[Key]) -> dict[Key, int]:
    return {key: index for index, key in reversed(list(enumerate(keys)))}


class _Count(NamedTuple):
    """Lines that are here, and how many there were."""

    here: int = 0
    every: float = 0.0


NONE = _Count()


def _counted(keys: Sequence[K], lines: Sequence[LogLine]) -> dict[K, _Count]:
    every: dict[K, float] = defaultdict(float)
    for key, line in zip(keys, lines, strict=True):
        every[key] += line.weight
    return {key: _Count(here, every[key]) for key, here in Counter(keys).items()}


def _share(*counts: _Count) -> float:
    """Which part of what there was is here, by the first count of any."""
    return next((one.here / one.every for one in counts if one.here), 1.0)


def _judge(
    before: int, after: int, baseline_exposure: float, incident_exposure: float, whole: bool
) -> tuple[Kind | None, float, float]:
    if baseline_exposure <= 0:
        return "no-baseline", float("inf"), 0.0
    if incident_exposure <= 0:
        return None, float("nan"), 0.0
    change = rate_change(before, after, baseline_exposure, incident_exposure)
    kind: Kind | None = None
    if before == 0 and whole:
        kind = "new"
    elif after == 0:
        kind = "vanished" if whole and change.log10_p < VANISHED_LOG10_P else None
    elif change.ratio >= SURGE_RATIO and change.log10_p < SURGE_LOG10_P:
        kind = "surging"
    return kind, change.ratio, change.log10_p


def _order(shift: TemplateShift) -> tuple:
    loudness = _LOUDNESS.get(shift.level, 2)
    return loudness, shift.log10_p, -shift.after, shift.service, shift.template, shift.level
