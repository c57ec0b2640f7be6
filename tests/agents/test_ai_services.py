"""Incidents of AI services, told from what such systems expose: OpenTelemetry's GenAI metrics, vLLM's
and DCGM's, and their logs. The cases were written from the conventions, before the recognisers."""

import pytest

from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.floor import respond_to
from warroom.settings import Settings
from warroom.tests.support.scenario_folder import Scenario, scenarios, write_scenario

KINDS = {
    "01": "slow model",
    "02": "slow model",
    "03": "GPU out of memory",
    "04": "GPU out of memory",
    "05": "model quality drift",
    "06": "model quality drift",
    "07": "prompt injection",
    "08": "prompt injection",
    "09": "runaway agent",
    "10": "runaway agent",
    "11": "provider quota exhausted",
    "12": "traffic surge",
}
"""By number; of the last two none of these is the cause."""
CASES = scenarios("ai")


@pytest.mark.parametrize(
    ("scenario", "kind"),
    zip(CASES, [*KINDS.values(), None, None], strict=True),
    ids=lambda found: getattr(found, "name", found),
)
def test_the_kind_leads_and_the_decoy_does_not(scenario: Scenario, kind: str | None, tmp_path):
    (case,) = rca_cases(write_scenario(tmp_path, scenario))
    leading = respond_to(case, Settings()).leading()
    assert leading is not None
    if kind is None:
        assert leading.kind.value not in set(KINDS.values()) - {"traffic surge"}
        assert leading.change == scenario.culprit or scenario.culprit == "none"
    else:
        assert leading.kind.value == kind, leading.statement
        assert leading.change not in scenario.decoys
