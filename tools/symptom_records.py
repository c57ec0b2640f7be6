"""Log lines as symptoms: loud ones that are new or surge. What all records' symptoms share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..analysis.template_shift import LogLine, compare_templates
from ..telemetry.model import LogRecord, Window
from .base import Bench, Row
from .reading import cut, number

LOUD = {"warning": 0.7, "warn": 0.7, "error": 1.0, "critical": 1.0, "fatal": 1.0}
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Symptom(Row):
    """Something that telemetry says newly; `first` in unix seconds."""

    service: str
    source: str  # log, span, figure, metric
    text: str
    strength: float
    before: float | None
    now: float | None
    ratio: float | None
    first: float | None


def log_symptoms(bench: Bench, before: Window, after: Window) -> Iterator[Symptom]:
    """Warnings and errors that are new or surge, each with the attributes of one line."""
    then, now = (
        bench.telemetry.logs(before, None, [*LOUD]),
        bench.telemetry.logs(after, None, [*LOUD]),
    )
    exposures = max(before.seconds, 1e-3), max(after.seconds, 1e-3)
    for shift in compare_templates(_lines(then), _lines(now), *exposures):
        if shift.kind == "vanished" or shift.first is None:
            continue
        line = now[shift.first]
        text = cut(f"{line.message}{written(line.attributes)}", LONGEST)
        strength = LOUD[line.level] * (1.0 if shift.after >= 3 else 0.6)
        yield row(line.service, "log", text, strength, shift.before, shift.after, line.ts)


def flat(attributes: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Attributes with nested objects spelled out by dots."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def written(attributes: Mapping[str, Any]) -> str:
    """Attributes as they follow a text; empty where there are none."""
    told = [f"{key}={cut(value, 300)}" for key, value in flat(attributes).items()]
    return f" [{' '.join(told)}]" if told else ""


def _lines(found: list[LogRecord]) -> list[LogLine]:
    return [LogLine(log.service, log.level, log.message) for log in found]


def row(
    service: str, source: str, text: str, strength: float, before: float, now: float, at: float
) -> Symptom:
    """One symptom; `first` is when it was first seen, unix seconds."""
    return Symptom(
        service=service,
        source=source,
        text=text,
        strength=number(strength, 3) or 0.0,
        before=number(before),
        now=number(now),
        ratio=number(now / before, 3) if before else None,
        first=number(at),
    )
