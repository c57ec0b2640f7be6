"""Log lines and spans as symptoms: new or surging lines, failing operations, moved attributes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean
from typing import Any

from ..analysis.template_shift import LogLine, compare_templates
from ..telemetry.model import LogRecord, Span, Window
from ..telemetry.span_signals import span_failed
from .base import Bench, Row
from .reading import cut, logs, number, spans

LOUD = {"warning": 0.7, "warn": 0.7, "error": 1.0, "critical": 1.0, "fatal": 1.0}
LONGEST = 500
SLOWER = 1.5
"""Times the usual duration from which an operation is a symptom."""
MOVED = 2.0
"""Times up or down from which a figure of an operation is one."""


def log_symptoms(bench: Bench, before: Window, after: Window) -> Iterator[Row]:
    """Warnings and errors that are new or surge, each with the attributes of one line."""
    then, now = logs(bench, before, None, [*LOUD]), logs(bench, after, None, [*LOUD])
    exposures = max(before.seconds, 1e-3), max(after.seconds, 1e-3)
    for shift in compare_templates(_lines(then), _lines(now), *exposures):
        if shift.kind == "vanished" or shift.first is None:
            continue
        line = now[shift.first]
        text = cut(f"{line.message}{_attributes(line.attributes)}", LONGEST)
        strength = LOUD[line.level] * (1.0 if shift.after >= 3 else 0.6)
        yield _row(line.service, "log", text, strength, shift.before, shift.after, line.ts)


def span_symptoms(bench: Bench, before: Window, after: Window) -> Iterator[Row]:
    """Operations that fail or are slow and were not, and figures of spans that moved."""
    then, now = _by_operation(spans(bench, before)), _by_operation(spans(bench, after))
    for (service, name), found in now.items():
        usual = then.get((service, name), [])
        yield from _failing(service, name, usual, found)
        yield from _slower(service, name, usual, found)
        yield from _figures(service, name, usual, found)


def _failing(service: str, name: str, usual: list[Span], found: list[Span]) -> Iterator[Row]:
    failed = [span for span in found if span_failed(span)]
    share, share_before = len(failed) / len(found), _share(usual)
    if not failed or share <= 2 * share_before:
        return
    span = failed[0]
    text = f"{name} fails: {span.status_message}{_attributes(span.attributes)}"
    yield _row(service, "span", cut(text, LONGEST), 0.9, share_before, share, span.start)


def _slower(service: str, name: str, usual: list[Span], found: list[Span]) -> Iterator[Row]:
    if not usual:
        return
    old, new = fmean(s.duration_ms for s in usual), fmean(s.duration_ms for s in found)
    if new >= SLOWER * old:
        slowest = max(found, key=lambda span: span.duration_ms)
        text = cut(f"{name} is slow{_attributes(slowest.attributes)}", LONGEST)
        yield _row(service, "span", text, 0.6, old, new, slowest.start)


def _figures(service: str, name: str, usual: list[Span], found: list[Span]) -> Iterator[Row]:
    old, new = _numbers(usual), _numbers(found)
    for key in sorted(old.keys() & new.keys()):
        then, now = fmean(old[key]), fmean(new[key])
        if now >= MOVED * max(then, 1e-9) or then >= MOVED * max(now, 1e-9):
            yield _row(service, "figure", f"{key} of {name}", 0.6, then, now, found[0].start)


def _share(found: list[Span]) -> float:
    return sum(map(span_failed, found)) / len(found) if found else 0.0


def _by_operation(found: Iterable[Span]) -> dict[tuple[str, str], list[Span]]:
    groups: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in found:
        groups[span.service, span.name].append(span)
    return groups


def _numbers(found: Iterable[Span]) -> dict[str, list[float]]:
    """Values of the numeric attributes; identifiers, codes and offsets are no figures."""
    values: dict[str, list[float]] = defaultdict(list)
    for span in found:
        for key, value in flat(span.attributes).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool) and _figure(key):
                values[key].append(float(value))
    return values


def _figure(key: str) -> bool:
    last = key.replace(".", "_").lower().split("_")[-1]
    return last not in ("id", "code", "offset", "partition", "port", "line", "pid", "status")


def flat(attributes: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Attributes with nested objects spelled out by dots."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _attributes(attributes: Mapping[str, Any]) -> str:
    told = [f"{key}={cut(value, 300)}" for key, value in flat(attributes).items()]
    return f" [{' '.join(told)}]" if told else ""


def _lines(found: list[LogRecord]) -> list[LogLine]:
    return [LogLine(log.service, log.level, log.message) for log in found]


def _row(
    service: str, source: str, text: str, strength: float, before: float, now: float, at: float
) -> Row:
    return {
        "service": service,
        "source": source,
        "text": text,
        "strength": number(strength, 3),
        "before": number(before),
        "now": number(now),
        "ratio": number(now / before, 3) if before else None,
        "first": number(at),
    }
