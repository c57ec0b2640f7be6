"""What was seen before: earlier incidents with the same signs, and what became of them."""

from dataclasses import dataclass

from .base import Bench, Effect, Row, Table, tool
from .reading import table


@dataclass(frozen=True, slots=True)
class Seen(Row):
    """An earlier incident: `told` in words; moves that telemetry verified to have ended it, and not
    to have helped, one a line; began in unix seconds. An imported one counts for nothing."""

    id: str
    told: str
    likeness: float
    signs: str
    imported: bool
    began: float | None
    minutes: float | None
    service: str
    fault: str
    worked: str
    failed: str


@tool(Effect.read)
def seen_before(bench: Bench, signs: list[str]) -> Table[Seen]:
    """Earlier incidents that have these signs, the most alike first: what was believed, what was
    tried, and what telemetry verified of it. Each shared sign stands with what it is worth."""
    rows = list[Seen]()
    for one in bench.memory(signs) if bench.memory else []:
        past, shared = one.memory, "; ".join(f"{sign} ({worth})" for sign, worth in one.signs)
        moves = (
            "\n".join(m for m, ok in past.tried.items() if ok is ended) for ended in (True, False)
        )
        facts = past.imported, past.at, past.minutes, past.service, past.fault.value
        rows.append(Seen(past.id, one.words, one.likeness, shared, *facts, *moves))
    summary = f"{len(rows)} earlier incidents are like it"
    return table(rows, summary, "no earlier incident is like it", bench.frame.incident)
