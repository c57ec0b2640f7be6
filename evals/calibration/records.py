"""What a case's candidates weigh, kept once: how surely that is to be read is fitted from it.

A case is taken whole, and with metrics, logs or traces alone. Parts are shown and never fitted
on: a fault that left its signs in what was taken away says nothing about a system that lacks it.
Nothing here knows the truth.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, Field

from ...agents.causes.calibration import Basis, basis_of
from ...agents.causes.judgement import candidates
from ...agents.causes.observations import Observations
from ..held_out.replay import Replay
from ..rca.cases import RcaCase, only
from ..rca.versions import AS_IT_IS, Version

VERSIONS = (
    AS_IT_IS,
    *(Version(f"{name} alone", only(name)) for name in ("metrics", "logs", "traces")),
)


class WeighedCase(BaseModel):
    """One case in one version."""

    set: str = Field(description="the collection it belongs to")
    id: str = Field(description="within the set")
    version: str = Field(description="how much of it was shown")
    basis: Basis = Field(description="the evidence at hand")
    odds: list[tuple[str, float]] = Field(description="service and log-odds of each candidate")

    @property
    def name(self) -> str:
        """As the truth knows it."""
        return f"{self.set}/{self.id}"


def weighed(cases: Iterable[RcaCase]) -> Iterator[WeighedCase]:
    """Every case in every version that applies to it."""
    for case in cases:
        for version in VERSIONS:
            if version is AS_IT_IS or version.applies(case):
                yield _weighed(case, version)


def _weighed(case: RcaCase, version: Version) -> WeighedCase:
    with TemporaryDirectory() as folder:
        replay = Replay(case.seen(version.part), Path(folder) / "case")
        seen = Observations(replay.begun)
        odds = [(c.service, round(c.weight, 4)) for c in candidates(seen) if c.service]
        found = WeighedCase(
            set=case.set, id=case.id, version=version.name, basis=basis_of(seen), odds=odds
        )
        replay.context.recorder.close()
    return found


def kept(file: Path, cases: Iterable[RcaCase]) -> list[WeighedCase]:
    """The records of the file, worked out and written first where it is not there yet."""
    if not file.exists():
        part = file.with_name(f"{file.name}.part")
        with part.open("w", encoding="utf-8") as lines:
            for record in weighed(cases):
                lines.write(record.model_dump_json() + "\n")
        part.replace(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    return [WeighedCase.model_validate(json.loads(line)) for line in lines]
