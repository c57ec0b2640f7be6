"""What may be wrong with a recording beyond what evals/rca/cases.py knows: links, values, ids."""

from collections.abc import Callable
from dataclasses import replace

from warroom.tests.support.fault_recordings import BEGAN, Recording


def orphans(recording: Recording) -> Recording:
    """Every fifth span names a parent that nobody recorded."""
    spans = [
        span._replace(parent=f"dead{number:012x}") if number % 5 == 0 and span.parent else span
        for number, span in enumerate(recording.spans)
    ]
    return replace(recording, spans=spans)


def loops(recording: Recording) -> Recording:
    """Of every fifth trace the root names its own child as parent; one span names itself."""
    child = {span.trace: span.id for span in reversed(recording.spans) if span.parent}
    whole = [
        span._replace(parent=child[span.trace])
        if not span.parent and int(span.trace, 16) % 5 == 0
        else span
        for span in recording.spans
    ]
    return replace(recording, spans=[whole[0]._replace(parent=whole[0].id), *whole[1:]])


def twice(recording: Recording) -> Recording:
    """Every span and line was delivered two times."""
    return replace(recording, spans=recording.spans * 2, logs=recording.logs * 2)


def same_ids(recording: Recording) -> Recording:
    """Span ids are unique within their trace only."""
    return replace(
        recording,
        spans=[span._replace(id=span.id[-6:], parent=span.parent[-6:]) for span in recording.spans],
        logs=[line._replace(span=line.span[-6:]) for line in recording.logs],
    )


def unmeasured(recording: Recording) -> Recording:
    """No metric has a value."""
    return _valued(recording, lambda _: float("nan"))


def constant(recording: Recording) -> Recording:
    """Every metric stays at one value."""
    return _valued(recording, lambda _: 7.0)


def _valued(recording: Recording, value: Callable[[float], float]) -> Recording:
    metrics = {key: [value(one) for one in row] for key, row in recording.metrics.items()}
    return replace(recording, metrics=metrics)


def unlinked(recording: Recording) -> Recording:
    """Log lines name neither trace nor span."""
    return replace(recording, logs=[line._replace(trace="", span="") for line in recording.logs])


def one_request(recording: Recording) -> Recording:
    """Of the requests since the fault only the first was recorded."""
    begin = recording.detected_at + 60 * BEGAN
    first = next(span.trace for span in recording.spans if not span.parent and span.start >= begin)
    return replace(
        recording,
        spans=[s for s in recording.spans if s.trace == first or s.start < begin],
        logs=[line for line in recording.logs if line.trace == first or line.at < begin],
    )


def nothing(recording: Recording) -> Recording:
    """No metric, line, span or call was recorded."""
    return replace(recording, metrics={}, logs=[], spans=[], edges=[])
