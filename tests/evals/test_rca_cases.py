"""Root-cause cases are read without their truth, and what cannot be used is refused."""

import gzip
import json
import re

import numpy as np
import pytest

from warroom.errors import InputError, NotFound
from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.metrics import measured
from warroom.evals.rca.truth import truths
from warroom.tests.support.house import ROOT, modules
from warroom.tests.support.rca_folder import CULPRIT, DECOY, DETECTED, write_folder


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


def test_cases_are_read_by_set_and_id(root):
    bare, shop = rca_cases(root)
    assert (bare.name, shop.name) == ("bare/b1", "shop/a1")
    assert (shop.detected_at, shop.interval_s, shop.symptom) == (DETECTED, 60, None)
    assert bare.symptom and (bare.symptom.service, bare.symptom.metric) == ("web", "ms")
    assert shop.baseline_logs == (root / "baseline/day/logs.csv.gz").resolve()
    assert (bare.baseline_logs, bare.file("alert.json")) == (None, None)
    assert [case.name for case in rca_cases(root, ["bare"])] == ["bare/b1"]


def test_a_case_is_read_where_there_is_no_truth(root):
    (root / "truth.json").unlink()
    assert len(rca_cases(root)) == 2
    with pytest.raises(InputError, match="nothing can be scored"):
        truths(root)


def test_the_truth_is_for_the_scorer_alone():
    own = re.compile(r"from \.truth import|from \.\.rca\.truth import")
    users = {path.as_posix() for path in modules() if own.search((ROOT / path).read_text())}
    scorers = {"evals/rca/results.py", "evals/rca/marks.py"}
    scorers |= {"evals/calibration/__main__.py", "evals/held_out/mechanisms.py"}
    assert {user for user in users if not user.startswith("drills/")} == scorers


def test_the_truth_by_case(root):
    truth = truths(root)["shop/a1"]
    assert (truth.service, truth.culprit_commit, truth.decoys) == ("cart", CULPRIT, (DECOY,))
    assert truths(root)["bare/b1"].culprit_commit is None
    (root / "truth.json").write_text('[{"set": "shop", "id": "a1"}]')
    with pytest.raises(InputError, match=r"0\.service: it is missing"):
        truths(root)


def test_what_is_no_folder_of_cases(root, tmp_path):
    with pytest.raises(InputError, match="--cases DIR or WARROOM_RCA_CASES"):
        rca_cases(None)
    with pytest.raises(InputError, match="holds no root-cause case"):
        rca_cases(tmp_path / "cases")
    with pytest.raises(NotFound, match="no set 'other'; there are: bare, shop"):
        rca_cases(root, ["other"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"interval_s": 0}, "interval_s: more than 0 is wanted, not 0"),
        ({"detected_at": None}, "detected_at: a number is wanted, not None"),
        ({"baseline_logs": "../../secret"}, "is no file below"),
        ({"baseline_traces": "baseline/gone.csv.gz"}, "is no file below"),
    ],
)
def test_a_case_that_cannot_be_used(root, change, reason):
    file = root / "cases/shop/a1/case.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=reason):
        rca_cases(root)


def test_metrics_as_a_matrix(root):
    found = measured(rca_cases(root, ["bare"])[0])
    assert found.columns == [("web", "ms"), ("db", "ms"), ("mq", "ms"), ("mq", "n")]
    assert found.services() == ["web", "db", "mq"]
    assert (found.values.shape, found.incident.sum()) == ((15, 4), 5)
    assert np.isnan(found.values[13, 2])
    assert found.highest([1.0, np.nan, 2.0, 3.0]) == {"web": 1.0, "mq": 3.0}


def test_a_case_without_metrics_measures_nothing(root):
    (root / "cases/bare/b1/metrics.csv.gz").unlink()
    found = measured(rca_cases(root, ["bare"])[0])
    assert (found.services(), found.values.shape) == ([], (0, 0))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ts,phase,web\n", "SERVICE|METRIC"),
        ("ts,phase,web|ms\n1,later,2\n", "phase 'later'"),
        ("ts,phase,web|ms\n1,baseline,many\n", "could not convert"),
    ],
)
def test_metrics_that_are_not_in_the_format(root, text, reason):
    with gzip.open(root / "cases/bare/b1/metrics.csv.gz", "wt") as out:
        out.write(text)
    with pytest.raises(InputError, match=reason):
        measured(rca_cases(root, ["bare"])[0])
