"""A release of catalog that sends one more slow query per listing: N + 1."""

from ...actions.roll_back import RollBack
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator

MODULE = "shop/catalog.py"
FETCH = """\
        rows: list[dict[str, Any]] = await self.ctx.database.rows(SEARCH, {"term": term})
"""
WEIGH = """\
        for row in rows[:WEIGHED]:
            row.update(await self.ctx.database.row(WEIGHT, (row["title"],)) or {})
"""
SIZE = "PAGE_SIZE = 24\n"
QUERY = """\
WEIGHT = "SELECT weight FROM ranking_weights(%s)"
WEIGHED = 5
"""
EDITS = ((MODULE, SIZE, QUERY + SIZE), (MODULE, FETCH, FETCH + WEIGH))


def inject(shop: Shop) -> None:
    """Deploy better weights for the first listings: a query for each of them."""
    shop.deploy(
        "catalog",
        EDITS,
        "Weigh the first listings by their own titles",
        "Catalog team <catalog@shop.example>",
    )


FAULT = DrillFault(
    name="slow-release",
    title="A release makes a query slow",
    truth=FaultTruth(
        service="catalog",
        kind=FaultKind.slow_release,
        # Search is several times slower and crowds product pages out: major degradation.
        severity=Severity.P1,
        effective_actions=((RollBack.kind, "catalog"),),
        loudest="catalog",
        symptom=Indicator("catalog", SignalName.latency_p95, 0.5),
    ),
    inject=inject,
)
