"""Rows that are not what they were, read by code that is."""

from pathlib import Path

import pytest

from warroom.actions.capabilities import Difference
from warroom.actions.inventory import Inventory
from warroom.agents.causes.candidate import Candidate
from warroom.agents.causes.data import corrupted
from warroom.agents.causes.observations import Observations
from warroom.incident.finding import FaultKind
from warroom.targets.survey import FILE, Recorded, keep
from warroom.tests.support.bundles import START
from warroom.tests.support.calling_chain import BEGIN, SECONDS, Met, since, written
from warroom.tests.support.specialists import case_on

BROKEN = Met("orders", "TypeError", "unsupported operand type(s)")


def found(folder: Path, differing: int, released: bool = False) -> list[Candidate]:
    """What is said of code that fails on a part of its requests, and whose table differs so."""
    with written(folder / "bundle", since(BEGIN, BROKEN, every=3)) as bundle:
        for second in range(BEGIN, SECONDS):
            stack = {"exception__type": "TypeError", "exception__message": BROKEN.message}
            stack["exception__stacktrace"] = '  File "orders/price.py", line 3, in price\nTypeError'
            bundle.log(START + second, "orders", "order failed", level="error", **stack)
        if released:
            bundle.change(START + BEGIN - 3, "deploy", "orders", "c0ffee", version="v2")
    table = Difference("orders", 900, differing, 0, 0, {"price": differing})
    system = Recorded(Inventory(tables={"orders": ["price"]}), {"orders": table})
    keep(system, folder / "bundle" / FILE)
    case = case_on(
        folder / "bundle", folder / "home", onset=BEGIN, now=SECONDS - 1, service="orders"
    )
    return list(corrupted(Observations(case)))


def test_rows_that_differ_from_the_backup_are_blamed_where_the_code_is_as_it_was(tmp_path) -> None:
    (candidate,) = found(tmp_path, differing=9)
    assert (candidate.kind, candidate.resource) == (FaultKind.data_corruption, "orders")
    assert any("9 rows of orders differ" in note for note in candidate.notes)


@pytest.mark.parametrize(("differing", "released"), [(0, False), (700, False), (9, True)])
def test_rows_as_ever_ordinary_business_and_new_code_blame_no_rows(
    tmp_path, differing, released
) -> None:
    assert found(tmp_path, differing, released) == []
