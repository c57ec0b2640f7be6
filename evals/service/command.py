"""`warroom eval service FIGURE`: what a figure of the service is measured by, and how large."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...console.exits import Exit
from ...errors import InputError
from .capacity import capacity
from .figure import Figure, show
from .incidents import throughput
from .intake import intake
from .memory import memory
from .pages import WATCHERS, pages, watching
from .recovery import recovery
from .steps import orchestration


@dataclass(frozen=True)
class Bench:
    """A measurement by database, size and seed; its size in full."""

    measure: Callable[[str, int, int], Figure]
    size: int


BENCHES = {
    "intake": Bench(intake, 60),
    "recovery": Bench(recovery, 1000),
    "incidents": Bench(lambda _database, size, seed: throughput(size, seed), 60),
    "steps": Bench(lambda _database, size, seed: orchestration(size, seed), 10),
    "memory": Bench(memory, 100_000),
    "capacity": Bench(capacity, 1),
    "pages": Bench(pages, 10_000),
    "watching": Bench(watching, WATCHERS),
}


def eval_service_command(
    name: str, database: str, size: int | None, seed: int, markdown: Path | None
) -> Exit:
    """Measure and show. Raises InputError for a figure that there is not."""
    if name not in BENCHES:
        raise InputError(f"no figure {name!r}; there are: {', '.join(BENCHES)}")
    bench = BENCHES[name]
    return show(bench.measure(database, size or bench.size, seed), seed, markdown)
