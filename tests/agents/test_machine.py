"""A machine at its limit: told by its own word, or by all services that slow at once."""

from pathlib import Path

import pytest

from warroom.agents.causes.demand import surges
from warroom.agents.causes.judgement import candidates, judge
from warroom.agents.causes.machine import at_once, starved_machines
from warroom.agents.causes.observations import Observations
from warroom.incident.finding import Hypothesis
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.shop_bundle import Fault, catalogue, write_shop
from warroom.tests.support.specialists import case_on


def looked_at(folder: Path, fault: Fault) -> Observations:
    bundle = write_shop(folder / "bundle", fault, seconds=90)
    return Observations(case_on(bundle, folder / "home", service="gateway"))


def leading(seen: Observations) -> Hypothesis:
    return judge(candidates(seen), seen.case.document)[0]


@pytest.mark.parametrize(("service", "name"), [("node-7", "node-7"), ("", "host")])
def test_where_every_service_slows_at_once_the_machine_is_named(tmp_path, service, name) -> None:
    found = leading(looked_at(tmp_path, Fault("host", service)))
    assert (found.service, found.kind) == (name, "node fault")
    assert found.confidence > 0.5
    assert f"at its limit ({name})" in found.statement
    assert all(argument.quotes for argument in found.support)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault("slow", "inventory"),
        Fault("surge"),
        Fault("hang", "payments"),
        Fault("quota"),
    ],
    ids=lambda fault: fault.kind,
)
def test_one_service_at_fault_is_no_machine(tmp_path, fault: Fault) -> None:
    seen = looked_at(tmp_path, fault)
    assert not at_once(seen)
    assert list(starved_machines(seen)) == []


def surge_after(folder: Path, waited: float) -> Observations:
    """A surge on a machine on which something waited this share of the time all along."""
    root = write_shop(folder / "bundle", Fault("surge"), seconds=90)
    with BundleWriter(root, catalogue()) as bundle:
        for second in range(90):
            at, name = START + second, "node_pressure_cpu_waiting_seconds_total"
            bundle.metric(at, name, "host", second * waited)
    return Observations(case_on(root, folder / "home", service="gateway"))


def test_a_surge_is_doubted_where_the_usual_was_measured_without_room(tmp_path: Path) -> None:
    doubt = "what is usual was measured while the machine had no room"
    full, calm = surge_after(tmp_path / "full", 0.9), surge_after(tmp_path / "calm", 0.1)
    assert doubt in next(surges(full)).notes
    assert doubt not in next(surges(calm)).notes
    (always,) = starved_machines(full)  # what was so before began nothing
    assert 0 < always.weight <= 1.0
    assert list(starved_machines(calm)) == []
