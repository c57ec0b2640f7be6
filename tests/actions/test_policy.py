"""What a team allows: persons by severity and kind, freezes by the zone's own clock, limits."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from warroom.actions.catalogue import plan
from warroom.actions.database import RepairRows
from warroom.actions.inventory import Inventory, Part
from warroom.actions.policy import Policy
from warroom.actions.services import Restart
from warroom.incident.action import ActionPlan
from warroom.incident.severity import Severity

INVENTORY = Inventory(
    services={"payments": Part(instances=["payments-1"])}, tables={"orders": ["price"]}
)
WEEKEND = "Fri 16:00/PT64H Europe/Berlin"


def made(kind: type[Restart | RepairRows], target: str) -> ActionPlan:
    return plan(kind.kind, target, {}, "because", inventory=INVENTORY)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-27T14:59", None),
        ("2026-11-27T15:00", "2026-11-30T07:00"),
        ("2026-11-30T06:59", "2026-11-30T07:00"),
        ("2026-11-30T07:00", None),
        # Summer: an hour earlier by UTC. The clocks go back in this one: 64 hours stay 64.
        ("2026-10-23T13:59", None),
        ("2026-10-23T14:00", "2026-10-26T06:00"),
    ],
)
def test_a_freeze_of_every_week(at: str, until: str | None) -> None:
    policy = Policy.model_validate({"freeze": [WEEKEND]})
    found = policy.frozen_until(datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None)


def test_a_freeze_of_once_and_the_longest_of_two() -> None:
    policy = Policy.model_validate({"freeze": [WEEKEND, "2026-11-27T18:00/P11D Asia/Tokyo"]})
    at = datetime(2026, 11, 27, 16, tzinfo=UTC)
    assert policy.frozen_until(at) == datetime(2026, 12, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "Fri", "Fri 16:00", "Fri 16:00/PT0H UTC", "Xyz 16:00/PT1H UTC", "Fri 25:00/PT1H UTC",
     "Fri 16:00/PT200H UTC", "Fri 16:00/PT1H Mars/Base", "2026-13-01T00:00/P1D UTC", 5],
)  # fmt: skip
def test_what_is_no_freeze_is_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"freeze": [text]})


def test_persons_by_severity_and_by_action() -> None:
    policy = Policy.model_validate({"approve": {"P0": 2}, "two_person": ["repair_rows"]})
    restart, repair = made(Restart, "payments"), made(RepairRows, "orders")
    assert policy.wanted(restart, Severity.P1) == 1
    assert policy.wanted(restart, Severity.P0) == 2
    assert policy.wanted(repair, Severity.P3) == 2
    assert policy.wanted(restart, None) == 1
    assert Policy().wanted(repair, Severity.P0) == 1


@pytest.mark.parametrize(
    "given",
    [{"approve": {"P9": 1}}, {"approve": {"P0": 0}}, {"approve": {"P0": 3}}, {"two_person": ["re"]},
     {"two_person": ["reboot"]}, {"limits": {"per_hour": -1}}, {"frozen": True}],
)  # fmt: skip
def test_what_means_nothing_is_refused(given: dict) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(given)
