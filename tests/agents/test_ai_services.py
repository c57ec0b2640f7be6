"""Incidents of AI services, told from what such systems expose: metrics of OpenTelemetry's GenAI
conventions, of vLLM and DCGM, and logs. The cases are older than the recognisers."""

import pytest

from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.floor import respond_to
from warroom.settings import Settings
from warroom.tests.support.scenario_folder import Scenario, scenarios, write_scenario

KINDS = (
    *(("model fault", "answers late"),) * 2,
    *(("model fault", "no memory left"),) * 2,
    *(("model fault", "answers otherwise"),) * 2,
    *(("prompt injection", "turn the model"),) * 2,
    *(("runaway agent", "do not end"),) * 2,
    ("provider quota exhausted", "quota"),
    ("traffic surge", "times the usual"),
)
"""Kind and words of the statement; of the last two cases none of these is the cause."""
CASES = scenarios("ai")


MISSED = {
    "a model server of our own queues": "its queue is seen, and not that a model is behind it",
    "a prompt is changed and answers no longer parse": "no diff of a prompt says what it does",
}


@pytest.mark.parametrize(
    ("scenario", "told"),
    list(zip(CASES, [*KINDS, None, None], strict=True)),
    ids=lambda found: getattr(found, "name", found),
)
def test_the_kind_leads_and_the_decoy_does_not(
    request, scenario: Scenario, told: tuple[str, str] | None, tmp_path
):
    if why := MISSED.get(scenario.name):
        request.applymarker(pytest.mark.xfail(strict=True, reason=why))
    (case,) = rca_cases(write_scenario(tmp_path, scenario))
    leading = respond_to(case, Settings()).leading()
    assert leading is not None
    assert leading.change not in scenario.decoys
    if told is None:
        assert leading.kind not in {kind for kind, _words in KINDS}, leading.statement
        assert scenario.culprit in ("none", leading.change)
    else:
        assert (leading.kind.value, told[1] in leading.statement) == (told[0], True), leading
