"""Says before a call whether it may be made, and how long its answer may get.

Limits hold per specialist in an incident, per incident and per UTC day, in tokens and, where set,
in money. Calls under way count with all they may use, whichever process makes them: each has a row
in our table before it goes out. What a process that died had under way counts for a while longer.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..errors import BudgetSpent
from ..incident.model_use import ModelCall
from ..settings import ModelSettings
from .allowance import conversation_tokens, incident_tokens, specialist_tokens
from .forms import compact, strict_schema
from .protocol import Ask, Usage
from .spending import UNDER_WAY, Spending, Spent
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


class ModelBudget:
    """The settings' limits over one table of calls, which all processes share."""

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

    @contextmanager
    def admitted(self, ask: Ask, model: str) -> Iterator[Ask]:
        """The ask with its answer capped to what is left; it counts while the block runs.

        Raises BudgetSpent: before the call, nothing has gone out.
        """
        price = self.prices.of(model)
        self._priced(price, model)
        need = estimated(size_of(ask))
        with self.spending.alone(self.now()) as spending:
            limits = self._limits(ask, spending)
            cap = min([ask.max_tokens, *(_answer_left(limit, need, price) for limit in limits)])
            left = min(limit.tokens - limit.spent.tokens for limit in limits)
            call = _under_way(ask, model, self.now(), Usage(need, cap), price)
            row = spending.add(ask.incident, call, UNDER_WAY)
        try:
            yield replace(ask, max_tokens=cap, allowance=left)
        finally:
            self.spending.remove(row)

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

    def _kept(self, ask: Ask, spending: Spending) -> int:
        """Tokens that a conversation leaves to those who write and have not written yet."""
        if ask.purpose == "write":
            return 0
        kept = conversation_tokens(self.settings, ask.severity, "writing")
        return max(0, kept - spending.by_writing(ask.incident).tokens)

    def _limits(self, ask: Ask, spending: Spending) -> list[Limit]:
        settings = self.settings
        return [
            Limit(
                f"the {ask.specialist or 'specialist'}'s budget in this incident",
                "SPECIALIST",
                specialist_tokens(settings),
                settings.money_per_specialist,
                spending.by_specialist(ask.incident, ask.specialist),
            ),
            Limit(
                "this incident's budget",
                "INCIDENT",
                incident_tokens(settings, ask.severity) - self._kept(ask, spending),
                settings.money_per_incident,
                spending.by_incident(ask.incident),
            ),
            Limit(
                "the day's budget",
                "DAY",
                settings.tokens_per_day,
                settings.money_per_day,
                spending.by_day(self.now()),
            ),
        ]


def size_of(ask: Ask) -> float:
    """Characters, as `weight` counts them, that the model has to read: messages, calls, tools and
    schema."""
    read = sum(weight(message.content) + weight(str(message.calls)) for message in ask.messages)
    tools = sum(weight(f"{t.name} {t.description} {compact(t.parameters)}") for t in ask.tools)
    return read + tools + weight(compact(strict_schema(ask.schema)))


def _under_way(ask: Ask, model: str, now: datetime, most: Usage, price: Price | None) -> ModelCall:
    """A call with all that it may use."""
    read, write = price or (0.0, 0.0)
    return ModelCall(
        at=now,
        specialist=ask.specialist,
        step=ask.step,
        purpose=ask.purpose,
        model=model,
        input_tokens=most.input,
        output_tokens=most.output,
        cost=None if price is None else (most.input * read + most.output * write) / 1_000_000,
    )


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
