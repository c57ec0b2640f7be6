"""Parts, damage and rewards on the public cases themselves. Needs those cases."""

import json
import os
from pathlib import Path

import pytest

from warroom.evals.rca.bundle import write
from warroom.evals.rca.cases import VARIABLE, WHOLE, CasePart, rca_cases, without
from warroom.evals.rca.marks import REMEDIES
from warroom.evals.rca.truth import truths
from warroom.evals.rca.versions import ablation, modalities
from warroom.telemetry.bundle import read_bundle

ROOT = Path(os.environ.get(VARIABLE, "nowhere"))
SETS = {
    "nezha_ob": {"metrics", "traces", "topology"},
    "nezha_tt": {"metrics", "logs", "traces"},
    "petshop": {"metrics", "topology"},
    "rootcausebench": {"metrics", "logs", "traces", "changes"},
}
"""What most cases of a set have."""
pytestmark = pytest.mark.skipif(
    not (ROOT / "cases").is_dir(), reason=f"{VARIABLE} names no folder of root-cause cases"
)


def rows(case, part, folder):
    bundle = read_bundle(write(case.seen(part), folder))
    found = {covered.modality: covered.rows for covered in bundle.coverage()}
    bundle.close()
    return found


def test_every_word_for_a_remediation_is_in_our_table():
    words = {truth.remediation for truth in truths(ROOT).values()} - {""}
    assert words == set(REMEDIES)


@pytest.mark.parametrize("name", SETS)
def test_what_a_set_has(name):
    cases = rca_cases(ROOT, [name])
    usual = [case for case in cases if modalities(case) == SETS[name]]
    assert len(usual) > len(cases) / 2
    applying = {version.name for version in ablation() if version.applies(usual[0])}
    assert applying == {"whole"} | {
        words for one in SETS[name] for words in (f"without {one}", f"{one} alone")
    }


@pytest.mark.parametrize("name", SETS)
def test_a_fifth_is_lost_of_each(name, tmp_path):
    case = rca_cases(ROOT, [name])[-1]
    whole, less = (
        rows(case, part, tmp_path / str(part.lost)) for part in (WHOLE, CasePart(lost=0.2))
    )
    for modality in ("metrics", "logs", "traces"):
        if whole[modality] > 1000:
            assert less[modality] / whole[modality] == pytest.approx(0.8, abs=0.03)
    assert less["changes"] == whole["changes"]


def test_patterns_stay_behind_and_hidden_logs_are_hidden(tmp_path):
    case = next(c for c in rca_cases(ROOT, ["rootcausebench"]) if c.file("status_feed.json"))
    assert case.file("patterns.json")
    found = rows(case, without("logs"), tmp_path / "bundle")
    assert found["logs"] == 0 and found["metrics"] > 0
    assert not (tmp_path / "bundle" / "patterns.json").exists()
    header = json.loads((tmp_path / "bundle" / "bundle.json").read_text())
    assert header["name"] == case.id
