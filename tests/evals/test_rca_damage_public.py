"""Public root-cause cases, shown in part or damaged. Needs those cases."""

import os
from pathlib import Path

import pytest

from warroom.analysis.fusion import CONCLUSIVE
from warroom.evals.rca.cases import VARIABLE, CasePart, only, rca_cases, without
from warroom.evals.rca.truth import truths
from warroom.tests.support.fault_folder import Said, said_of_case

ROOT = Path(os.environ.get(VARIABLE, "nowhere"))
LOST, NO_HEALTHY = CasePart(lost=0.2), CasePart(healthy=False)
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not (ROOT / "cases").is_dir(), reason=f"{VARIABLE} names no folder of root-cause cases"
    ),
]


def said_of(name: str, part: CasePart) -> Said:
    """The response to a public case (SET/ID) of which a part is shown."""
    (case,) = [case for case in rca_cases(ROOT, [name.partition("/")[0]]) if case.name == name]
    return said_of_case(case.seen(part))


def guilty(name: str) -> str:
    return truths(ROOT)[name].service


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("nezha_ob/d9fde4fa", LOST),  # an exception: enough failed requests are left
        ("nezha_tt/32fe4df0", LOST),  # a slow network: enough slow calls are left
        ("petshop/79b30612", LOST),
        ("petshop/79b30612", only("metrics")),  # its availability fell furthest
        ("rootcausebench/73e3ccfe", LOST),
        ("rootcausebench/73e3ccfe", CasePart(late_s=180)),
        ("rootcausebench/73e3ccfe", without("traces")),
    ],
)
def test_what_is_left_shows_the_guilty_service(name, part):
    assert said_of(name, part).first == guilty(name)


@pytest.mark.parametrize("name", ["nezha_ob/d9fde4fa", "nezha_tt/32fe4df0"])
def test_without_a_healthy_time_the_minutes_before_the_alert_take_its_place(name):
    said = said_of(name, NO_HEALTHY)
    assert said.first == guilty(name)
    assert "healthy time to compare with" in said.lacking


def test_without_a_healthy_time_metrics_alone_conclude_nothing_and_that_is_said():
    said = said_of("petshop/79b30612", NO_HEALTHY)
    assert said.sure < CONCLUSIVE
    assert "healthy time to compare with" in said.lacking


@pytest.mark.parametrize(
    ("name", "part"), [("petshop/79b30612", only("topology")), ("nezha_ob/d9fde4fa", only("logs"))]
)
def test_where_nothing_is_left_nothing_is_concluded(name, part):
    assert said_of(name, part).sure < CONCLUSIVE
