"""What came of drills: one row a run, with its score as it was."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, func, insert, select

from ..incident.identity import Identity
from ..incident.timeline import from_ts
from . import audit
from .database import durable, glance
from .tables import METADATA, NUMBER

RUNS = sa.Table(
    "drill_runs",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("at", sa.Float, nullable=False, index=True),  # when it was scored
    sa.Column("asked", sa.String, nullable=False),  # a drill's name, all, comprehensive, surprise
    sa.Column("drill", sa.String, nullable=False),
    sa.Column("world", sa.String, nullable=False),
    sa.Column("seed", sa.Integer),  # empty: it was not drawn
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),  # of the code that responded
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the score, JSON
)


@dataclass(frozen=True)
class Run:
    """One drill that was run. `score`: as `drills.score.Score.to_json` has it."""

    asked: str
    drill: str
    world: str
    seed: int | None
    made_by: str
    version: str
    at: datetime
    score: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """Of what can be compared: the same drill in the same world."""
        return self.drill, self.world

    @property
    def counts(self) -> tuple[int, int]:
        """How many questions were met, of how many that applied."""
        met = [check["met"] for check in self.score["checks"] if check["met"] is not None]
        return sum(met), len(met)


def keep(engine: Engine, runs: Sequence[Run], by: Identity) -> None:
    """Put them behind those that are there."""
    with durable(engine).begin() as connection:
        for run in runs:
            values = {name: getattr(run, name) for name in Run.__dataclass_fields__}
            score = values.pop("score")
            values |= {"at": run.at.timestamp(), "passed": score["passed"]}
            connection.execute(insert(RUNS).values(**values, body=json.dumps(score)))
            told = {"drill": run.drill, "world": run.world, "passed": score["passed"]}
            audit.add(connection, str(by), "drill", score["incident"], told)


def history(engine: Engine, most: int = 400) -> list[Run]:
    """The newest first; none where no drill was scored."""
    with glance(engine).begin() as connection:
        rows = connection.execute(select(RUNS).order_by(RUNS.c.id.desc()).limit(most)).mappings()
        return [_run(dict(row)) for row in rows]


def last_run(engine: Engine) -> dict[tuple[str, str], datetime]:
    """By what was asked for and the world, when that was done last."""
    of = (RUNS.c.asked, RUNS.c.world)
    query = select(*of, func.max(RUNS.c.at)).group_by(*of)
    with glance(engine).begin() as connection:
        return {(asked, world): from_ts(at) for asked, world, at in connection.execute(query)}


def _run(row: dict[str, Any]) -> Run:
    told = row | {"at": from_ts(row["at"]), "score": json.loads(row["body"])}
    return Run(**{name: told[name] for name in Run.__dataclass_fields__})
