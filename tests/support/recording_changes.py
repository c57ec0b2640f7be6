"""The same made-up incident told otherwise: other names, another day, a stranger, another order."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from warroom.tests.support.fault_recordings import Line, Recording, Span


def renamed(recording: Recording, names: Mapping[str, str]) -> Recording:
    """Every service by its other name."""
    symptom = recording.symptom
    return replace(
        recording,
        guilty=names[recording.guilty],
        symptom=symptom and (names[symptom[0]], symptom[1]),
        metrics={(names[s], metric): row for (s, metric), row in recording.metrics.items()},
        logs=[line._replace(service=names[line.service]) for line in recording.logs],
        spans=[span._replace(service=names[span.service]) for span in recording.spans],
        edges=[(names[caller], names[callee]) for caller, callee in recording.edges],
    )


def later(recording: Recording, seconds: float) -> Recording:
    """All of it so much later."""
    return replace(
        recording,
        detected_at=recording.detected_at + seconds,
        ts=[ts + seconds for ts in recording.ts],
        logs=[line._replace(at=line.at + seconds) for line in recording.logs],
        spans=[span._replace(start=span.start + seconds) for span in recording.spans],
    )


def joined(recording: Recording, name: str, seed: int) -> Recording:
    """With a healthy service that nobody calls and that calls nobody, with all of its own."""
    rng = np.random.default_rng(seed)
    roots = [span for span in recording.spans if not span.parent]
    mine = [
        Span(f"f{root.trace[1:]}", f"f{n:015x}", "", name, "Sweep", root.start + 3, float(ms))
        for n, (root, ms) in enumerate(zip(roots, rng.lognormal(3, 0.1, len(roots)), strict=True))
    ]
    said = [Line(s.start, name, "info", s.trace, s.id, f"swept {s.ms:.0f} rows") for s in mine]
    usual = {"response_time_ms": 20, "calls_per_minute": 5, "cpu_millicores": 80, "zorbs": 3}
    measured = {
        (name, metric): (level * rng.lognormal(0, 0.05, len(recording.ts))).tolist()
        for metric, level in usual.items()
    }
    return replace(
        recording,
        metrics=recording.metrics | measured,
        logs=recording.logs + said,
        spans=recording.spans + mine,
    )


def shuffled(recording: Recording, seed: int) -> Recording:
    """Every file's lines, and the columns of the metrics, in another order."""
    rng = np.random.default_rng(seed)

    def mixed(rows):
        rows = list(rows)
        return [rows[i] for i in rng.permutation(len(rows))]

    order = rng.permutation(len(recording.ts))
    return replace(
        recording,
        ts=[recording.ts[i] for i in order],
        metrics={key: [row[i] for i in order] for key, row in mixed(recording.metrics.items())},
        logs=mixed(recording.logs),
        spans=mixed(recording.spans),
        edges=mixed(recording.edges),
    )
