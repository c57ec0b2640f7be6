"""What tokens cost, by the installation's own price table."""

from collections.abc import Mapping

from .protocol import Usage

Price = tuple[float, float]
"""Money per million input tokens, per million output tokens."""
OTHERS = "*"


class Prices:
    """Prices by model name. There is none built in: prices change, and contracts differ."""

    def __init__(self, table: Mapping[str, Price]) -> None:
        self.table = table

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
        return (usage.input * price[0] + usage.output * price[1]) / 1_000_000
