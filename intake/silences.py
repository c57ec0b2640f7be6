"""Silences and maintenance windows: alerts that match are kept and counted, and open no incident.

When the window ends and an alert of it still fires, it is taken then. Matchers are those of
Alertmanager: `service="cart"`, `!=`, `=~`, `!~`, whole values, RE2; a label that is not there is
empty. What runs already is left alone.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import re2
import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationInfo, field_validator
from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from ..errors import InputError, NotFound
from ..incident.document import Alert
from ..incident.timeline import from_ts
from ..record import audit
from ..record.database import durable, reader
from ..record.tables import ALERTS, SILENCES

LONGEST_PATTERN = 500
LONGEST_S = 366 * 86400.0
"""A silence that never ends is a rule to be deleted at its source."""


class Matcher(BaseModel):
    """What one label has to be."""

    name: str = Field(min_length=1, description="of the label")
    op: Literal["=", "!=", "=~", "!~"] = Field(default="=", description="as Alertmanager's")
    value: str = Field(max_length=LONGEST_PATTERN, description="word, or pattern in RE2")

    @field_validator("value")
    @classmethod
    def _compiles(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("op") in ("=~", "!~"):
            try:
                re2.compile(value)
            except re2.error as error:
                raise ValueError(f"not a pattern of RE2 ({error}): mend it") from None
        return value

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels match."""
        found = labels.get(self.name, "")
        same = self.value == found if self.op in ("=", "!=") else self._whole(found)
        return same is not self.op.startswith("!")

    def _whole(self, found: str) -> bool:
        return re2.fullmatch(self.value, found) is not None


MATCHERS = TypeAdapter(list[Matcher])


class Silence(BaseModel):
    """A window in which alerts of some kind open no incident."""

    id: str = Field(description="SIL-…")
    kind: Literal["silence", "maintenance"] = Field(description="why it is quiet, in one word")
    matchers: list[Matcher] = Field(min_length=1, description="all of them have to fit")
    starts_at: AwareDatetime = Field(description="from when on, UTC")
    ends_at: AwareDatetime = Field(description="until when, UTC")
    made_by: str = Field(description="who made it")
    reason: str = Field(description="why")

    def covers(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant."""
        return all(matcher.fits(labels) for matcher in self.matchers)


class Silences:
    """The table of silences."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.reading = durable(engine), reader(engine)

    def add(
        self,
        matchers: Sequence[Matcher],
        starts_at: datetime,
        ends_at: datetime,
        by: str,
        reason: str,
        kind: Literal["silence", "maintenance"] = "silence",
    ) -> Silence:
        """A new one, audited. Raises InputError for one that fits everything or never ends."""
        length = (ends_at - starts_at).total_seconds()
        if not 0 < length <= LONGEST_S:
            raise InputError("a silence ends after it begins, and within a year")
        if not reason.strip():
            raise InputError("a silence needs a reason: who finds it at night has to know why")
        if all(matcher.fits({}) for matcher in matchers):
            raise InputError("that fits every alert: name a label that has to be there")
        made = Silence(
            id=f"SIL-{secrets.token_hex(4)}",
            kind=kind,
            matchers=list(matchers),
            starts_at=starts_at,
            ends_at=ends_at,
            made_by=by,
            reason=reason.strip(),
        )
        with self.engine.begin() as connection:
            connection.execute(insert(SILENCES).values(_columns(made)))
            audit.add(connection, by, "silence", None, made.model_dump(mode="json"))
        return made

    def expire(self, silence_id: str, by: str, at: float | None = None) -> None:
        """End it now: alerts that it kept quiet and that still fire are taken. Raises NotFound."""
        now = time.time() if at is None else at
        here = (SILENCES.c.id == silence_id, SILENCES.c.ends_at > now)
        kept = sa.and_(ALERTS.c.silence_id == silence_id, ALERTS.c.due_at.is_not(None))
        with self.engine.begin() as connection:
            connection.execute(update(ALERTS).where(kept).values(due_at=0.0))
            if connection.execute(update(SILENCES).where(*here).values(ends_at=now)).rowcount != 1:
                raise NotFound(f"no silence {silence_id} is on or to come")
            audit.add(connection, by, "expire silence", None, {"silence": silence_id})

    def all(self, at: float | None = None) -> list[Silence]:
        """Those that are on, or will be; with `at`, as of then."""
        now = time.time() if at is None else at
        with self.reading.begin() as connection:
            query = select(SILENCES).where(SILENCES.c.ends_at > now)
            rows = connection.execute(query.order_by(SILENCES.c.starts_at)).mappings()
            return [_silence(row) for row in rows]


def quiet(
    connection: Connection, rows: Sequence[sa.Row[Any]], at: float
) -> dict[int, tuple[str, float]]:
    """By the number of each alert that is kept quiet: the silence, and when it ends, unix seconds.

    Alerts that an incident has already are not.
    """
    on = select(SILENCES).where(SILENCES.c.starts_at <= at, SILENCES.c.ends_at > at)
    silences = [_silence(row) for row in connection.execute(on).mappings()]
    found: dict[int, tuple[str, float]] = {}
    for row in rows if silences else ():
        labels = _labels(row)
        fitting = [silence for silence in silences if silence.covers(labels)]
        if fitting and row.incident_id is None:
            last = max(fitting, key=lambda silence: silence.ends_at)
            found[row.id] = (last.id, last.ends_at.timestamp())
    return found


def _labels(row: sa.Row[Any]) -> dict[str, str]:
    alert = Alert.model_validate_json(row.body)
    return {"alertname": alert.name, "service": alert.service, **alert.labels}


def _columns(silence: Silence) -> dict[str, Any]:
    return {
        **silence.model_dump(exclude={"matchers", "starts_at", "ends_at"}),
        "matchers": MATCHERS.dump_json(silence.matchers).decode(),
        "starts_at": silence.starts_at.timestamp(),
        "ends_at": silence.ends_at.timestamp(),
    }


def _silence(row: RowMapping) -> Silence:
    return Silence(
        id=row["id"],
        kind=row["kind"],
        matchers=MATCHERS.validate_json(row["matchers"]),
        starts_at=from_ts(row["starts_at"]),
        ends_at=from_ts(row["ends_at"]),
        made_by=row["made_by"],
        reason=row["reason"],
    )
