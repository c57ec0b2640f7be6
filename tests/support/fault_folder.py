"""A made-up incident as a root-cause case folder, and what the whole response says about it."""

import csv
import gzip
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from warroom.evals.rca.cases import WHOLE, CasePart, RcaCase, rca_cases
from warroom.evals.rca.floor import floor_answer, responded
from warroom.incident.document import Incident
from warroom.settings import Settings
from warroom.tests.support.fault_recordings import ALERTED_FROM, STEP, Recording
from warroom.tests.support.rca_folder import LOGS, SPANS

UNNAMED = 99
"""Rank of a service that is not named at all."""


@dataclass(frozen=True)
class Said:
    """What a response says: services with their scores, and the document."""

    scores: dict[str, float]
    document: Incident

    @property
    def first(self) -> str:
        """The service named first; "" where none is."""
        return max(self.scores, key=lambda name: self.scores[name], default="")

    @property
    def sure(self) -> float:
        """The highest score of a service."""
        return max(self.scores.values(), default=0.0)

    def rank(self, service: str) -> int:
        """How many services score at least as high, itself counted; UNNAMED without a score."""
        own = self.scores.get(service)
        return UNNAMED if own is None else sum(score >= own for score in self.scores.values())

    @property
    def lacking(self) -> str:
        """What it says it had not: of hypotheses and of the incident, in one text."""
        missing = [text for found in self.document.hypotheses for text in found.missing]
        gaps = [f"{gap.what}: {gap.why}" for gap in self.document.gaps]
        return "; ".join(missing + gaps)


def said_of(recording: Recording, part: CasePart = WHOLE) -> Said:
    """The whole response, in a folder of its own."""
    with TemporaryDirectory() as folder:
        return said_of_case(write_recording(Path(folder), recording).seen(part))


def said_of_case(case: RcaCase) -> Said:
    """The whole response to a case in a folder."""
    return responded(
        case, Settings(), lambda document, _: Said(floor_answer(case, document).scores, document)
    )


def write_recording(root: Path, recording: Recording) -> RcaCase:
    """The case as it is read from its folder; what a recording has not is not there as a file."""
    place = root / "cases" / "made" / "m1"
    place.mkdir(parents=True)
    head = {"set": "made", "id": "m1", "detected_at": recording.detected_at, "interval_s": STEP}
    symptom = dict(zip(("service", "metric"), recording.symptom or (), strict=False)) or None
    (place / "case.json").write_text(json.dumps(head | {"symptom": symptom}))
    _csv(place / "topology.csv", ["source", "target"], recording.edges)
    heads = [f"{service}|{metric}" for service, metric in recording.metrics]
    _csv(place / "metrics.csv.gz", ["ts", "phase", *heads], _metrics(recording) if heads else [])
    _csv(place / "logs.csv.gz", LOGS, map(_log, recording.logs))
    _csv(place / "traces.csv.gz", SPANS, map(_span, recording.spans))
    return rca_cases(root)[0]


def _metrics(recording: Recording) -> Iterable[list[Any]]:
    begin = recording.detected_at + 60 * ALERTED_FROM - 0.5
    for ts, *row in zip(recording.ts, *recording.metrics.values(), strict=True):
        phase = "incident" if ts >= begin else "baseline"
        yield [repr(ts), phase, *("" if isnan(value) else repr(value) for value in row)]


def _log(line) -> list[Any]:
    return [int(line.at * 1e9), line.service, "", line.level, line.trace, line.span, line.message]


def _span(span) -> list[Any]:
    names = [span.trace, span.id, span.parent, span.service, "", span.operation]
    times = [int(span.start * 1e9), int(1e3 * span.ms)]
    return [*names, *times, "ERROR" if span.failed else "OK", ""]


def _csv(file: Path, heads: list[str], rows: Iterable[Any]) -> None:
    """No file where there are no rows."""
    found = [list(row) + [""] * (len(heads) - len(row)) for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([heads, *found])
    if found:
        written = text.getvalue().encode()
        file.write_bytes(gzip.compress(written) if file.suffix == ".gz" else written)
