"""What people keep of on-call: documents by kind and key, each change under a name and audited."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, Engine, delete, select, update

from ..errors import InputError, NotFound
from ..incident.identity import Identity
from . import audit
from .database import durable, glance
from .leases import Clock, shared_clock
from .oncall_tables import ONCALL
from .tables import insert_once

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Kept(Generic[T]):
    """A document and when it was written by whom; unix seconds."""

    key: str
    version: int
    at: float
    made_by: str
    body: T


class Shelf(Generic[T]):
    """All documents of one kind; `shown` says what of one the audit log may hold."""

    def __init__(
        self,
        engine: Engine,
        kind: str,
        schema: type[T],
        shown: Callable[[T], dict] = lambda body: body.model_dump(mode="json"),
        clock: Clock = shared_clock,
    ) -> None:
        self.engine, self.reading = durable(engine), glance(engine)
        self.kind, self.schema, self.shown, self.clock = kind, schema, shown, clock

    def all(self) -> list[Kept[T]]:
        """Oldest first."""
        with self.reading.begin() as connection:
            query = select(ONCALL).where(ONCALL.c.kind == self.kind)
            rows = connection.execute(query.order_by(ONCALL.c.at, ONCALL.c.key)).mappings()
            return [self._kept(row) for row in rows]

    def find(self, key: str) -> Kept[T] | None:
        """The one under this key."""
        query = select(ONCALL).where(ONCALL.c.kind == self.kind, ONCALL.c.key == key)
        with self.reading.begin() as connection:
            row = connection.execute(query).mappings().first()
        return self._kept(row) if row else None

    def get(self, key: str) -> Kept[T]:
        """The same. Raises NotFound."""
        if (found := self.find(key)) is None:
            raise NotFound(f"there is no {self.kind} {key}: list them to see which there are")
        return found

    def put(self, key: str, body: T, by: Identity, version: int | None = None) -> None:
        """Write it; over this version, where one is named. Raises InputError where somebody else
        wrote meanwhile."""
        with self.engine.begin() as connection:
            row = {"kind": self.kind, "key": key, "version": 1, "made_by": by.name}
            row |= {"at": self.clock(connection), "body": body.model_dump_json()}
            if version or not insert_once(connection, ONCALL, **row):
                here = [ONCALL.c.kind == self.kind, ONCALL.c.key == key]
                here += [ONCALL.c.version == version] if version is not None else []
                values = {name: row[name] for name in ("at", "made_by", "body")}
                change = update(ONCALL).where(*here)
                change = change.values(**values, version=ONCALL.c.version + 1)
                if connection.execute(change).rowcount != 1:
                    raise InputError(f"{self.kind} {key} was changed meanwhile: read it again")
            self._audited(connection, by, "set", key, self.shown(body))

    def drop(self, key: str, by: Identity) -> None:
        """Take it away. Raises NotFound."""
        with self.engine.begin() as connection:
            gone = delete(ONCALL).where(ONCALL.c.kind == self.kind, ONCALL.c.key == key)
            if connection.execute(gone).rowcount != 1:
                raise NotFound(f"there is no {self.kind} {key}: list them to see which there are")
            self._audited(connection, by, "drop", key, {})

    def _audited(
        self, connection: Connection, by: Identity, act: str, key: str, what: dict
    ) -> None:
        audit.add(connection, str(by), f"{act} {self.kind}", None, {"key": key, **what})

    def _kept(self, row) -> Kept[T]:
        body = self.schema.model_validate_json(row["body"])
        return Kept(row["key"], row["version"], row["at"], row["made_by"], body)
