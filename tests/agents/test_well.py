"""When is it well? A block that works goes on refusing those whom it was made for: no reason to
call it off. What is not completed any more hurts, whoever answers for it."""

from datetime import timedelta
from pathlib import Path

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.edge import BlockSource
from warroom.actions.inventory import Inventory, Part
from warroom.agents.causes.observations import Observations
from warroom.agents.health.recovery import Judged
from warroom.agents.health.verification import Look, refuses_on_purpose
from warroom.agents.runtime.case import Case
from warroom.agents.steps import VERIFY
from warroom.incident.action import Outcome
from warroom.tests.support.bundles import BundleWriter, counter, gauge
from warroom.tests.support.specialists import case_on

BLOCK = plan(
    BlockSource.kind,
    "gateway",
    {"sources": ["10.0.0.1"], "good_share": 0.0},
    "they try credentials",
    inventory=Inventory(services={"gateway": Part(instances=["gateway-1"], edge=True)}),
)


def after_the_block(folder: Path, **also: list[float]) -> Case:
    """Customers log in as before, and 15 s after the onset others are refused; `also`: answers of
    another route by status."""
    counts = {"200": [4.0] * 90, "401": [0.2] * 60 + [9.0] * 15 + [0.2] * 15}
    counts["403"] = [0.0] * 75 + [9.0] * 15
    with BundleWriter(folder / "b") as bundle:
        for status, rates in counts.items():
            labels = {"code": status, "route": "/login"}
            counter(bundle, "http_requests_total", "gateway", rates, **labels)
        for status, rates in also.items():
            labels = {"code": status[1:], "route": "/orders"}
            counter(bundle, "http_requests_total", "gateway", rates, **labels)
    return case_on(folder / "b", folder / "home", step=VERIFY, service="gateway", name="Any")


@pytest.mark.parametrize(
    ("also", "on_purpose"),
    [
        ({}, True),
        ({"_200": [4.0] * 90}, True),
        ({"_200": [4.0] * 60 + [0.4] * 30, "_500": [0.0] * 60 + [3.6] * 30}, False),
        ({"_200": [4.0] * 60 + [0.2] * 30}, False),
    ],
    ids=["alone", "beside a route that is well", "another route fails", "another route is empty"],
)
def test_what_a_block_refuses_is_no_reason_to_call_it_off(tmp_path, also, on_purpose):
    case = after_the_block(tmp_path, **also)
    fires = [row for row in Observations(case).condition.rows if row.rule == "RequestsNotCompleted"]
    assert fires
    assert {refuses_on_purpose(case, BLOCK, row) for row in fires} == {on_purpose}
    assert not any(refuses_on_purpose(case, None, row) for row in fires)


def test_what_is_not_completed_any_more_is_not_well_whoever_answers(tmp_path):
    """The alert's own service recovers; orders of another are turned away, which is no error."""
    with BundleWriter(tmp_path / "b") as bundle:
        gauge(bundle, "up", "suggestions", [1.0] * 60 + [0.0] * 5 + [1.0] * 45)
        for status, rates in (
            ("200", [4.0] * 60 + [0.1] * 50),
            ("409", [0.1] * 60 + [3.9] * 50),
        ):
            labels = {"code": status, "route": "/orders"}
            counter(bundle, "http_requests_total", "checkout", rates, **labels)
    case = case_on(
        tmp_path / "b", tmp_path / "home", now=110, step=VERIFY, service="suggestions", name="Down"
    )
    settled = case.now - timedelta(seconds=10)
    look = Look(case, None, "", settled, settled)
    judged = look.held_against_the_alert(Judged(Outcome.better, "up 0% → 100%", 0.96, well=True))
    assert judged.outcome is Outcome.unverified
    assert judged.reason.startswith("checkout completes only")
