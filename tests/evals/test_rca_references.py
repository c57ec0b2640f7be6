"""The baselines reach the figures published beside the public cases. Needs those cases."""

import os
from pathlib import Path

import numpy as np
import pytest

from warroom.evals.rca.bundle import write
from warroom.evals.rca.cases import VARIABLE, rca_cases
from warroom.evals.rca.marks import accuracy, average
from warroom.evals.rca.methods import rca_methods
from warroom.evals.rca.results import answered
from warroom.evals.rca.tables import marks_in
from warroom.settings import Settings
from warroom.telemetry.bundle import read_bundle

ROOT = Path(os.environ.get(VARIABLE, "nowhere"))
SETS = {"nezha_ob": 28, "nezha_tt": 23, "petshop": 26, "rootcausebench": 12}
PUBLISHED = {
    ("nezha_ob", "nsigma"): (0.357, 0.679, 0.857, 0.614),
    ("nezha_ob", "baro"): (0.321, 0.679, 0.857, 0.636),
    ("nezha_tt", "nsigma"): (0.000, 0.043, 0.217, 0.087),
    ("nezha_tt", "baro"): (0.000, 0.043, 0.130, 0.052),
    ("petshop", "nsigma"): (0.269, 0.692, 0.692, 0.546),
    ("petshop", "baro"): (0.231, 0.462, 0.538, 0.400),
    ("petshop", "correlation"): (0.577, 0.769, 0.923, 0.785),
    ("rootcausebench", "nsigma"): (0.583, 0.917, 0.917, 0.817),
    ("rootcausebench", "baro"): (0.667, 0.917, 0.917, 0.867),
    ("rootcausebench", "symptom"): (0.917, 1.000, 1.000, 0.967),
}
"""AC@1, AC@3, AC@5, Avg@5, to three digits."""
CHANCE = {
    "nezha_ob": (0.100, 0.323, 0.530, 0.315),
    "nezha_tt": (0.017, 0.078, 0.109, 0.068),
    "petshop": (0.037, 0.090, 0.138, 0.089),
    "rootcausebench": (0.350, 0.942, 1.000, 0.798),
}
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not (ROOT / "cases").is_dir(), reason=f"{VARIABLE} names no folder of root-cause cases"
    ),
]


def reached(name, method):
    (one,) = rca_methods(Settings(), [method])
    marks = marks_in(list(answered(rca_cases(ROOT, [name]), [one], ROOT)))
    assert len(marks) == SETS[name]
    found = (accuracy(marks, 1), accuracy(marks, 3), accuracy(marks, 5), average(marks))
    return [figure.value for figure in found if figure]


@pytest.mark.parametrize(("name", "method"), PUBLISHED)
def test_published_figures(name, method):
    assert reached(name, method) == pytest.approx(PUBLISHED[name, method], abs=0.0006)


@pytest.mark.parametrize("name", CHANCE)
def test_chance_within_its_noise(name):
    """Both are means of twenty seeds, of different ones."""
    assert reached(name, "random") == pytest.approx(CHANCE[name], abs=0.065)


@pytest.mark.parametrize("name", SETS)
def test_every_fifth_case_becomes_a_bundle_whose_baseline_ends_first(name, tmp_path):
    for case in rca_cases(ROOT, [name])[::5]:
        bundle = read_bundle(write(case, tmp_path / case.id))
        windows, parts = bundle.catalogue().windows, {c.modality: c for c in bundle.coverage()}
        begin = case.detected_at - windows.detect_s
        rows = bundle.tables.db.execute("SELECT DISTINCT ts FROM metrics ORDER BY ts").fetchnumpy()
        assert np.sum(rows["ts"] < begin) >= 5, case.name
        assert not [part for part in parts.values() if part.rows and part.problem]
        bundle.close()
