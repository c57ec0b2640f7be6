"""Whatever the model server does, the response ends, says what happened, and storms nobody."""

from pathlib import Path

import pytest

from warroom.evals.incidents.cases import IncidentCase, recorded
from warroom.evals.servers.fault_modes import FAULTS
from warroom.evals.servers.fault_runs import RETRIES, fault_run
from warroom.incident.finding import FaultKind

MOST_PER_CALL = 3 * (RETRIES + 1) + 3
"""Requests of one question at worst: every rung of the ladder once, retries on the last, repair."""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> IncidentCase:
    """The recorded bad deploy."""
    return recorded(tmp_path_factory.mktemp("case"), ["bad-deploy"])[0]


AT_THE_BOUNDARY = {
    *("401", "prose", "mended", "picky", "no formats"),
    *("no stream", "half an answer", "too large"),
}
RUN = tuple(mode for mode in FAULTS if mode not in AT_THE_BOUNDARY)
"""The others differ at the boundary only: tests/evals/test_model_faults.py has them."""
QUICK = {"well", "500", "garbage"}


@pytest.mark.parametrize(
    "mode",
    [mode if mode in QUICK else pytest.param(mode, marks=pytest.mark.thorough) for mode in RUN],
)
def test_the_response_comes_through(mode: str, case: IncidentCase, tmp_path: Path) -> None:
    run = fault_run(mode, case, tmp_path)
    leading = run.document.leading()
    assert leading is not None
    assert (leading.service, leading.kind) == ("checkout", FaultKind.bad_deploy)
    assert {report.step for report in run.document.reports} >= {1, 2, 3, 4, 5, 6, 7, 9, 10, 11}
    assert run.calls > 0
    assert run.answered or run.said, "a model that never answers is named, with why"
    assert run.requests <= MOST_PER_CALL * run.calls
    assert all(report.fallback or report.source == "model" for report in run.document.reports)
