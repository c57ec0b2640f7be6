"""A release of recommendations that keeps what it should forget."""

from ...actions.restart import Restart
from ...actions.roll_back import RollBack
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator

MODULE = "shop/recommendations.py"
LIMIT = "LARGEST_CACHE = 400\n"
FIELD = "        self.entries: OrderedDict[str, tuple[float, Any]] = OrderedDict()\n"
PUT = "        self.entries[session] = (now, items)\n"
EDITS = (
    (MODULE, LIMIT, LIMIT + "PAIRED = 550  # the popular products, counted in pairs\n"),
    (
        MODULE,
        FIELD,
        FIELD + "        self.together: dict[Any, list[list[int]]] = {}\n",
    ),
    (
        MODULE,
        PUT,
        PUT + "        self.together[session, now] = [[0] * PAIRED for _ in range(PAIRED)]\n",
    ),
)


def inject(shop: Shop) -> None:
    """Deploy a memory of what was shown together, per visit, without an end."""
    shop.deploy(
        "recommendations",
        EDITS,
        "Count which products are shown together",
        "Recommendations team <discovery@shop.example>",
    )


FAULT = DrillFault(
    name="memory-leak",
    title="A release leaks memory",
    truth=FaultTruth(
        service="recommendations",
        kind=FaultKind.memory_leak,
        # The rule for leaks says P1; the service is of the lowest tier and still answers when it
        # is found, so P2; one level of leeway covers both readings.
        severity=Severity.P2,
        effective_actions=(
            (RollBack.kind, "recommendations"),
            (Restart.kind, "recommendations"),
        ),
        loudest="recommendations",
        symptom=Indicator("recommendations", SignalName.memory_share, 0.85),
    ),
    inject=inject,
)
