"""Says before a call whether it may be made, and how long its answer may get.

Limits hold per specialist in an incident, per incident and per UTC day, in tokens and, where set,
in money. Calls under way count with all they may use: specialists think side by side.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Engine, func, insert, select

from ..errors import BudgetSpent
from ..incident.model_use import ModelCall
from ..record.database import reader
from ..record.tables import MODEL_CALLS
from ..settings import ModelSettings
from .allowance import conversation_tokens, incident_tokens, specialist_tokens
from .forms import compact, strict_schema
from .protocol import Ask, Usage
from .usage import estimated, weight

Price = tuple[float, float]
"""Money per million input tokens, per million output tokens."""
OTHERS = "*"


class Prices:
    """Prices by model name. There is none built in: prices change, and contracts differ. Input
    that came from a cache costs its share."""

    def __init__(self, table: Mapping[str, Price], cached_share: float = 1.0) -> None:
        self.table = table
        self.cached_share = cached_share

    def of(self, *names: str) -> Price | None:
        """The price of the first of these names that has one. Endpoints add a date to a name
        (gpt-5-2025-08-07), so the longest beginning counts; then "*"; None: no price is known."""
        for name in filter(None, names):
            known = [entry for entry in self.table if entry != OTHERS and name.startswith(entry)]
            if known:
                return self.table[max(known, key=len)]
        return self.table.get(OTHERS)

    def cost(self, usage: Usage, *names: str) -> float | None:
        """Money for these tokens; None when no price is known."""
        price = self.of(*names)
        if price is None:
            return None
        read = usage.counted(self.cached_share) - usage.output
        return (read * price[0] + usage.output * price[1]) / 1_000_000


# What models have used, in our own table: survives a restart, adds up over all incidents.


@dataclass(frozen=True)
class Spent:
    """Tokens (input and output together, cached ones by their share) and money (calls without a
    price left out)."""

    tokens: int = 0
    money: float = 0.0


class Spending:
    """The table of model calls. Tokens from an endpoint's cache count `cached_share`."""

    def __init__(self, engine: Engine, cached_share: float = 1.0) -> None:
        self.engine = engine
        self.cached_share = cached_share
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

    def by_writing(self, incident_id: str) -> Spent:
        """Messages' and the postmortem's, in one incident."""
        table = MODEL_CALLS.c
        return self._sum(table.incident_id == incident_id, table.purpose == "write")

    def by_day(self, now: datetime) -> Spent:
        """All incidents', since midnight UTC."""
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return self._sum(MODEL_CALLS.c.at >= midnight.timestamp())

    def _sum(self, *where: ColumnElement[bool]) -> Spent:
        table = MODEL_CALLS.c
        spared = table.cached_tokens * (1 - self.cached_share)
        counted = table.input_tokens + table.output_tokens - spared
        tokens = func.coalesce(func.sum(counted), 0)
        money = func.coalesce(func.sum(table.cost), 0.0)
        with self.reading.begin() as connection:
            used, cost = connection.execute(select(tokens, money).where(*where)).one()
        return Spent(round(used), cost)


LEAST = 64
"""Tokens: an answer that would have to be shorter is not worth its question."""


@dataclass(frozen=True)
class Limit:
    """One limit and what is used of it; calls under way included."""

    whose: str  # as a person says it
    setting: str  # ends the settings' names: TOKENS_PER_…
    tokens: int
    money: float | None
    spent: Spent


@dataclass(frozen=True)
class Pending:
    """A call under way."""

    ask: Ask
    most: Spent


class ModelBudget:
    """The settings' limits over one table of calls. Share one budget in a process."""

    def __init__(
        self,
        settings: ModelSettings,
        spending: Spending,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.spending = spending
        self.prices = Prices(settings.prices, settings.cached_share)
        self.now = now
        self._pending: list[Pending] = []
        self._lock = threading.Lock()

    @contextmanager
    def admitted(self, ask: Ask, model: str) -> Iterator[Ask]:
        """The ask with its answer capped to what is left; it counts while the block runs.

        Raises BudgetSpent: before the call, nothing has gone out.
        """
        price = self.prices.of(model)
        self._priced(price, model)
        need = estimated(size_of(ask))
        with self._lock:
            limits = self._limits(ask)  # read once: cap and allowance are of one moment
            cap = min([ask.max_tokens, *(_answer_left(limit, need, price) for limit in limits)])
            left = min(limit.tokens - limit.spent.tokens for limit in limits)
            capped = replace(ask, max_tokens=cap, allowance=left)
            pending = Pending(capped, _most(need, cap, price))
            self._pending.append(pending)
        try:
            yield pending.ask
        finally:
            with self._lock:
                self._pending.remove(pending)

    def record(self, incident_id: str, call: ModelCall) -> None:
        """Count a call that was made."""
        self.spending.add(incident_id, call)

    def _priced(self, price: Price | None, model: str) -> None:
        """A limit of money cannot be kept for a model without a price."""
        settings = self.settings
        money = (settings.money_per_specialist, settings.money_per_incident, settings.money_per_day)
        if price is None and any(limit is not None for limit in money):
            raise BudgetSpent(
                f"money is limited and {model} has no price: add it, or "
                '"*" for all models, to WARROOM_PRICES'
            )

    def _kept(self, ask: Ask) -> int:
        """Tokens that a conversation leaves to those who write and have not written yet."""
        if ask.purpose == "write":
            return 0
        kept = conversation_tokens(self.settings, ask.severity, "writing")
        return max(0, kept - self.spending.by_writing(ask.incident).tokens)

    def _limits(self, ask: Ask) -> list[Limit]:
        settings, spending = self.settings, self.spending
        here = [p for p in self._pending if p.ask.incident == ask.incident]
        own = [p for p in here if p.ask.specialist == ask.specialist]
        return [
            Limit(
                f"the {ask.specialist or 'specialist'}'s budget in this incident",
                "SPECIALIST",
                specialist_tokens(settings),
                settings.money_per_specialist,
                _with(spending.by_specialist(ask.incident, ask.specialist), own),
            ),
            Limit(
                "this incident's budget",
                "INCIDENT",
                incident_tokens(settings, ask.severity) - self._kept(ask),
                settings.money_per_incident,
                _with(spending.by_incident(ask.incident), here),
            ),
            Limit(
                "the day's budget",
                "DAY",
                settings.tokens_per_day,
                settings.money_per_day,
                _with(spending.by_day(self.now()), self._pending),
            ),
        ]


def size_of(ask: Ask) -> float:
    """Characters, as `weight` counts them, that the model has to read: messages, calls, tools and
    schema."""
    read = sum(weight(message.content) + weight(str(message.calls)) for message in ask.messages)
    tools = sum(weight(f"{t.name} {t.description} {compact(t.parameters)}") for t in ask.tools)
    return read + tools + weight(compact(strict_schema(ask.schema)))


def _with(spent: Spent, pending: list[Pending]) -> Spent:
    tokens = sum(call.most.tokens for call in pending)
    return Spent(spent.tokens + tokens, spent.money + sum(call.most.money for call in pending))


def _most(need: int, cap: int, price: Price | None) -> Spent:
    read, write = price or (0.0, 0.0)
    return Spent(need + cap, (need * read + cap * write) / 1_000_000)


def _answer_left(limit: Limit, need: int, price: Price | None) -> int:
    """Tokens left for the answer. Raises BudgetSpent when that is not enough for one."""
    left = limit.tokens - limit.spent.tokens - need
    if left < LEAST:
        raise BudgetSpent(
            f"{limit.whose} is {limit.tokens} tokens, {limit.spent.tokens} of them used: too few "
            f"are left for the next question, which takes {need} and its answer; "
            f"WARROOM_TOKENS_PER_{limit.setting} sets it"
        )
    if limit.money is None or price is None:
        return left
    read, write = (part / 1_000_000 for part in price)
    money = limit.money - limit.spent.money - need * read
    affordable = int(money / write) if write else left
    if money <= 0 or affordable < LEAST:
        raise BudgetSpent(
            f"{limit.whose} is spent: {limit.spent.money:.4f} of {limit.money} money; "
            f"WARROOM_MONEY_PER_{limit.setting} sets it"
        )
    return min(left, affordable)
