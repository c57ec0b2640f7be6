"""A night on call, hour by hour: incidents in a real store, a clock that is moved by hand, servers
that each look at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, update

from warroom.app.configuration_file import Configuration, parse_configuration
from warroom.app.escalating import escalate
from warroom.app.oncall import KnownWay, Rota
from warroom.incident.lifecycle import State
from warroom.incident.severity import Severity
from warroom.incident.timeline import from_ts
from warroom.record.escalations import Escalations
from warroom.record.store import Store
from warroom.record.tables import INCIDENTS, OUTBOX
from warroom.settings import Settings
from warroom.tests.support.incidents import declared
from warroom.tests.support.people import person


@dataclass
class Night:
    """`stores` are servers of their own over one database; times are UTC."""

    settings: Settings
    stores: Sequence[Store]
    file: Configuration
    now: datetime
    told: list[tuple[str, str]] = field(default_factory=list)

    def clock(self, _connection: Connection) -> float:
        return self.now.timestamp()

    @property
    def store(self) -> Store:
        return self.stores[0]

    @property
    def rota(self) -> Rota:
        return Rota(self.store.engine, self.file)

    def way(self, name: str, method: str = "sms", **more: object) -> str:
        """A way to somebody; its channel."""
        key = f"{name}-{method}"
        told = {"person": name, "method": method, "address": "+4915112345", "verified": True}
        way = KnownWay.model_validate({**told, **more})
        self.rota.ways.put(key, way, person(name))
        return f"{method}:{key}"

    def incident(self, severity: Severity = Severity.P0, name: str = "INC-1") -> None:
        """One that is taken and declared now."""
        self.store.create(declared(severity).model_copy(update={"id": name, "opened_at": self.now}))
        with self.store.engine.begin() as connection:
            taken = update(INCIDENTS).where(INCIDENTS.c.id == name)
            connection.execute(taken.values(taken_at=self.now.timestamp()))

    def becomes(self, severity: Severity | None = None, state: State | None = None) -> None:
        """The incident changes."""

        def change(document) -> None:
            document.severity = severity or document.severity
            document.state = state or document.state

        self.store.update("INC-1", change)

    def look(self) -> None:
        """Every server looks at the same time, until nothing is left to do now."""
        while Escalations(self.store.engine, self.clock).waiting():
            with ThreadPoolExecutor(len(self.stores)) as pool:
                list(pool.map(self._look, self.stores))

    def _look(self, store: Store) -> None:
        escalate(self.settings, store, self.clock)

    def until(self, hour: int, minute: int = 0, every: int = 5) -> list[str]:
        """Time goes on, with looks on the way; "03:15 ann" for each who is told meanwhile."""
        before = set(self.pages())
        end = self.now.replace(hour=hour, minute=minute)
        end += timedelta(days=end < self.now)
        while self.now < end:
            self.now = min(end, self.now + timedelta(minutes=every))
            self.look()
        return [page for page in self.pages() if page not in before]

    def pages(self) -> list[str]:
        """Everybody who was told, and when."""
        steps = Escalations(self.store.engine, self.clock).history()
        told = [step for step in steps if step.act == "told"]
        return [f"{from_ts(step.at):%H:%M} {step.person or 'nobody'}" for step in told]

    def outbox(self) -> list[str]:
        """What is or was on its way: "07:00 sms:ann-sms"."""
        query = select(OUTBOX.c.put_at, OUTBOX.c.channel).order_by(OUTBOX.c.put_at)
        with self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return [f"{from_ts(row.put_at):%H:%M} {row.channel}" for row in rows]


def night(home: Path, place: Path | str, text: str, now: datetime, servers: int = 1) -> Night:
    """Over an empty database, with this warroom.yaml."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = home / "warroom.yaml"
    file.write_text(text)
    stores = [Store.open(place) for _server in range(servers)]
    return Night(Settings(home=home), stores, parse_configuration(text, file), now)
