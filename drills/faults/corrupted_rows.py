"""Rows of the stock table that nobody can read any more."""

from ...actions.repair_rows import RepairRows
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator

CUT = """
    UPDATE stock SET attributes = left(attributes, 14)
    WHERE sku IN (SELECT sku FROM products ORDER BY popularity DESC LIMIT 90)
"""


def inject(shop: Shop) -> None:
    """Cut the attributes of the most popular products short, as a narrow import column does."""
    shop.sql(CUT)


FAULT = DrillFault(
    name="corrupted-rows",
    title="Rows in the database are damaged",
    truth=FaultTruth(
        service="inventory",
        kind=FaultKind.data_corruption,
        # Half of the checkouts fail and data is damaged, but the backup has it: not yet a loss.
        severity=Severity.P1,
        effective_actions=((RepairRows.kind, "stock"),),
        loudest="inventory",
        symptom=Indicator("inventory", SignalName.error_rate, 0.05),
        parameters={(RepairRows.kind, "stock"): {"columns": ["attributes"]}},
    ),
    inject=inject,
)
