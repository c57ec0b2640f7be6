"""What a system's logs say now and did not say before: new, surging and vanished templates.

Counts are compared per service, level and template under their exposures (see rates.py).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .rates import rate_change
from .templates import mine

Kind = Literal["new", "surging", "vanished", "no-baseline"]
Key = tuple[int, str, str]

SURGE_RATIO, SURGE_LOG10_P, VANISHED_LOG10_P = 2.0, -3.0, -2.0
_LOUDNESS = {"critical": 0, "fatal": 0, "error": 0, "warning": 1, "warn": 1}


class LogLine(NamedTuple):
    """One log record, as much of it as counting needs."""

    service: str
    level: str
    message: str


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
    p within each. Without any baseline line every template is listed as "no-baseline".
    """
    keys, names = _keys([*baseline, *incident])
    cut = len(baseline)
    before, after = Counter(keys[:cut]), Counter(keys[cut:])
    first_before, first_after = _first(keys[:cut]), _first(keys[cut:])
    found: list[TemplateShift] = []
    for key in before.keys() | after.keys():
        kind, ratio, log10_p = _judge(
            before[key], after[key], baseline_exposure if cut else 0.0, incident_exposure
        )
        if kind is None:
            continue
        first = first_after.get(key)
        line = baseline[first_before[key]] if first is None else incident[first]
        label, service, level = key
        found.append(
            TemplateShift(
                *(names[label], service, level, kind, before[key], after[key]),
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


def _judge(
    before: int, after: int, baseline_exposure: float, incident_exposure: float
) -> tuple[Kind | None, float, float]:
    if baseline_exposure <= 0:
        return "no-baseline", float("inf"), 0.0
    if incident_exposure <= 0:
        return None, float("nan"), 0.0
    change = rate_change(before, after, baseline_exposure, incident_exposure)
    kind: Kind | None = None
    if before == 0:
        kind = "new"
    elif after == 0:
        kind = "vanished" if change.log10_p < VANISHED_LOG10_P else None
    elif change.ratio >= SURGE_RATIO and change.log10_p < SURGE_LOG10_P:
        kind = "surging"
    return kind, change.ratio, change.log10_p


def _order(shift: TemplateShift) -> tuple:
    loudness = _LOUDNESS.get(shift.level, 2)
    return loudness, shift.log10_p, -shift.after, shift.service, shift.template, shift.level
