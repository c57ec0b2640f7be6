"""What telemetry there is, and what cannot be seen."""

from dataclasses import dataclass

from ..telemetry.coverage import gaps
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table, whole


@dataclass(frozen=True, slots=True)
class ModalityCoverage(Row):
    """What there is of metrics, logs, traces or changes; times in unix seconds."""

    modality: str
    start: float | None
    end: float | None
    rows: int
    problem: str


@tool(Effect.read)
def coverage(bench: Bench) -> Table[ModalityCoverage]:
    """First and last time, number of rows and problems of metrics, logs, traces and changes.

    A problem names what is missing, half-written or unreadable, clocks that disagree, and a
    baseline or incident window that the modality does not reach.
    """
    covers = bench.telemetry.coverage()
    windows = {"baseline": bench.frame.baseline, "incident": bench.frame.incident}
    missed = gaps(covers, windows)
    rows: list[ModalityCoverage] = []
    for cover in covers:
        problems = [cover.problem] if cover.problem else []
        problems += [
            f"{what.partition(' of ')[2]} {why}"
            for what, why in missed
            if what.startswith(f"{cover.modality} of ")
        ]
        rows.append(
            ModalityCoverage(
                modality=cover.modality,
                start=number(cover.start),
                end=number(cover.end),
                rows=cover.rows,
                problem="; ".join(problems),
            )
        )
    rows.sort(key=lambda row: not row.problem)
    troubled = [str(row.modality) for row in rows if row.problem]
    summary = f"problems with {', '.join(troubled)}" if troubled else "all telemetry is there"
    return table(rows, summary, "no telemetry at all", whole(bench))
