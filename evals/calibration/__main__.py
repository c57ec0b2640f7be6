"""Is what is stated what is right: `python -m warroom.evals.calibration --cases DIR`.

Shows the reliability of stated confidences by kind of evidence, and each set's Brier score read by
constants that were fitted without it. `--write` puts constants fitted on all sets into the table
that the product reads; `--kept FILE` keeps what the cases weigh, which takes minutes to work out.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from ...agents.causes.calibration import Basis
from ...analysis.fusion import REASONED, Weighing
from ...errors import WarroomError
from ...yaml_tables import HERE
from ..framework.grid import NOTHING, ResultGrid, as_markdown, at_terminal
from ..framework.statistics import Bin, binned, brier
from ..rca.cases import VARIABLE, rca_cases
from ..rca.truth import truths
from ..rca.versions import AS_IT_IS
from .fitting import Readings, Stated, fitted, left_out, stated
from .records import kept

TABLE = HERE / "agents" / "causes" / "calibration.yaml"
SAYS = {
    Basis.requests: "Requests of both windows could be compared, and metrics are there.",
    Basis.metrics: "No requests; metrics of services before and during it.",
    Basis.parts: "Spans or log lines, and no metrics.",
    Basis.moments: "Only the first two minutes have been seen, whatever of them: never fitted.",
}


def calibration(
    cases: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar=VARIABLE, help="Folder with cases/SET/ID."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option("--kept", metavar="FILE", help="What the cases weigh, as JSON lines."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the product's table, fitted on all.")
    ] = False,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tables as Markdown.")
    ] = None,
) -> None:
    """Fit, hold against what is right, show."""
    found = rca_cases(cases)
    guilty = {name: truth.service for name, truth in truths(cases or Path()).items()}
    with TemporaryDirectory() as folder:
        records = kept(keep or Path(folder) / "kept.jsonl", found)
    whole = [one for one in records if one.version == AS_IT_IS.name]
    parts = [one for one in records if one.version != AS_IT_IS.name]
    before = stated(whole, {}, guilty)
    better = carrying_over(before, left_out(whole, guilty, tuple(Basis)))
    after, readings = left_out(whole, guilty, better), fitted(whole, guilty, better)
    taken = stated(parts, {}, guilty), stated(parts, readings, guilty)
    grids = [
        sets_grid(before, after),
        *reliability("whole cases", "left out", before, after),
        *reliability("parts of cases, which had no say", "fitted", *taken),
        readings_grid(readings),
    ]
    for grid in grids:
        Console().print(at_terminal(grid))
    if markdown:
        markdown.write_text("\n".join(map(as_markdown, grids)), encoding="utf-8")
    if write:
        TABLE.write_text(table_text(readings), encoding="utf-8")


def carrying_over(before: Sequence[Stated], after: Sequence[Stated]) -> list[Basis]:
    """The kinds of evidence for which what other sets choose is better than what was reasoned."""
    return [basis for basis in Basis if _score(after, basis) < _score(before, basis)]


def _score(given: Sequence[Stated], basis: Basis) -> float:
    own = [one for one in given if one.record.basis is basis]
    return brier(_pairs(own)) or 0.0


def sets_grid(before: Sequence[Stated], after: Sequence[Stated]) -> ResultGrid:
    """Each set: its Brier score as reasoned and read without its say, and base rates'."""
    rows = []
    for name in dict.fromkeys(one.record.set for one in before):
        own, then = ([s for s in side if s.record.set == name] for side in (before, after))
        others = [s for s in before if s.record.set != name]
        base = mean(one.right for one in own)
        known = mean(one.right for one in others) if others else base
        cells = [_brier(own), _brier(then)]
        cells += [f"{mean((rate - one.right) ** 2 for one in own):.3f}" for rate in (base, known)]
        rows.append([name, str(len(own)), f"{base:.2f}", *cells])
    heads = ["set", "n", "right", "as reasoned", "left out", "its base rate", "the others' rate"]
    note = "left out: read by constants that were fitted on the other sets; 0 is best"
    return ResultGrid("Brier score of the first answer", heads, rows, [note])


def reliability(
    of: str, read: str, before: Sequence[Stated], after: Sequence[Stated]
) -> list[ResultGrid]:
    """Stated against right, by kind of evidence."""
    grids = []
    for basis in Basis:
        own, then = ([s for s in side if s.record.basis is basis] for side in (before, after))
        if own:
            pairs = zip(binned(_pairs(own)), binned(_pairs(then)), strict=True)
            rows = [[f"{a.low:.1f} to {a.high:.1f}", _bin(a), _bin(b)] for a, b in pairs]
            rows.append(["Brier score", _brier(own), _brier(then)])
            title = f"Stated → right (n) by {basis}: {of}"
            grids.append(ResultGrid(title, ["confidence", "as reasoned", read], rows))
    return grids


def readings_grid(readings: Readings) -> ResultGrid:
    """The constants fitted on all sets."""
    rows = [[basis, *_constants(readings.get(basis, REASONED))] for basis in Basis]
    return ResultGrid("Readings fitted on all sets", ["evidence", "sharpness", "unknown"], rows)


def table_text(readings: Readings) -> str:
    """calibration.yaml."""
    lines = [
        "# How surely weights are read, by the evidence at hand; written by",
        "# `python -m warroom.evals.calibration --cases DIR --write`. 1 and 1.5: as reasoned.",
    ]
    for basis in Basis:
        sharpness, unknown = _constants(readings.get(basis, REASONED))
        lines += ["", f"# {SAYS[basis]}"]
        lines += [f"{basis}: {{sharpness: {sharpness}, unknown: {unknown}}}"]
    return "\n".join(lines) + "\n"


def _constants(weighing: Weighing) -> tuple[str, str]:
    return f"{weighing.sharpness:g}", f"{weighing.unknown:g}"


def _pairs(given: Sequence[Stated]) -> list[tuple[float, bool]]:
    return [(one.probability, one.right) for one in given]


def _brier(given: Sequence[Stated]) -> str:
    score = brier(_pairs(given))
    return NOTHING if score is None else f"{score:.3f}"


def _bin(one: Bin) -> str:
    return f"{one.confidence:.2f} → {one.right:.0%} ({one.n})" if one.n else NOTHING


if __name__ == "__main__":
    try:
        typer.run(calibration)
    except WarroomError as problem:
        sys.exit(str(problem))
