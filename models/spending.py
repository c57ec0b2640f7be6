"""What models have used, in our own table: survives a restart, adds up over all incidents."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Engine, func, insert, select

from ..incident.database import reader
from ..incident.model_use import ModelCall
from ..incident.tables import MODEL_CALLS


@dataclass(frozen=True)
class Spent:
    """Tokens (input and output together) and money (calls without a price left out)."""

    tokens: int = 0
    money: float = 0.0


class Spending:
    """The table of model calls."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reading = reader(engine)

    def add(self, incident_id: str, call: ModelCall) -> None:
        """Write a call down, whatever came of it."""
        row = call.model_dump(include=set(MODEL_CALLS.c.keys()))
        with self.engine.begin() as connection:
            connection.execute(
                insert(MODEL_CALLS).values(
                    {**row, "incident_id": incident_id, "at": call.at.timestamp()}
                )
            )

    def by_specialist(self, incident_id: str, specialist: str) -> Spent:
        """One specialist's, in one incident."""
        table = MODEL_CALLS.c
        return self._sum(table.incident_id == incident_id, table.specialist == specialist)

    def by_incident(self, incident_id: str) -> Spent:
        """All specialists', in one incident."""
        return self._sum(MODEL_CALLS.c.incident_id == incident_id)

    def by_day(self, now: datetime) -> Spent:
        """All incidents', since midnight UTC."""
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return self._sum(MODEL_CALLS.c.at >= midnight.timestamp())

    def _sum(self, *where: ColumnElement[bool]) -> Spent:
        table = MODEL_CALLS.c
        tokens = func.coalesce(func.sum(table.input_tokens + table.output_tokens), 0)
        money = func.coalesce(func.sum(table.cost), 0.0)
        with self.reading.begin() as connection:
            row = connection.execute(select(tokens, money).where(*where)).one()
        return Spent(*row)
