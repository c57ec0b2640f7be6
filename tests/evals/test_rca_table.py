"""`warroom eval rca` from end to end on two small cases: marks, tables, files, exit codes."""

import json

import pytest

from warroom.errors import InputError, StoreError
from warroom.evals.framework.grid import as_markdown
from warroom.evals.framework.runs import Method
from warroom.evals.rca.answers import RcaAnswer
from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.results import DOES_NOT_APPLY, RcaEvaluation, answered
from warroom.evals.rca.tables import rca_grids
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.rca_folder import CULPRIT, DECOY, write_folder


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / "rca")


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("WARROOM_RCA_CASES", raising=False)
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def method(name, *answers):
    return Method(name, lambda _case: list(answers), "for a test")


def broken(_case):
    raise StoreError("the disk is full")


def evaluated(root, *methods):
    return RcaEvaluation(runs=list(answered(rca_cases(root), list(methods), root)))


def grid(found, title):
    return next(grid for grid in rca_grids(found) if grid.title.startswith(title))


def test_a_table_a_set_and_one_over_all(root):
    sure = RcaAnswer(
        scores={"cart": 2, "db": 1}, probability=0.9, commit=CULPRIT, kind="bad deploy"
    )
    found = evaluated(root, method("cart!", sure), method("nobody", RcaAnswer(commit=DECOY)))
    assert found.sets() == ["bare", "shop"]
    rows = grid(found, "Guilty service: shop").rows
    assert rows[0][:3] == ["cart!", "1", "1.000 [1.00-1.00]"]
    assert rows[1][:3] == ["nobody", "1", ".000 [.00-.00]"]
    whole = grid(found, "Guilty service: all").rows[0]
    assert (whole[1], whole[2][:4], whole[3][:5]) == ("2", ".500", "1.000")
    commits = grid(found, "Guilty commit").rows
    assert [(row[0], row[1], row[2][:5].strip(), row[3]) for row in commits] == [
        ("cart!", "1", "1.000", "0"),
        ("nobody", "1", ".000", "1"),
    ]
    faults = {row[0]: row[1:] for row in grid(found, "AC@1 by kind").rows}
    assert faults == {
        "bare: latency": ["0% (1)", "0% (1)"],
        "shop: code": ["100% (1), kind 100%", "0% (1)"],
    }


def test_calibration_is_of_those_who_state_a_probability(root):
    sure = RcaAnswer(scores={"cart": 2}, probability=0.9)
    found = evaluated(root, method("cart!", sure), method("nobody", RcaAnswer()))
    table = grid(found, "Calibration")
    assert table.heads == ["probability", "cart!"]
    brier = ["0.410 (2)", "0.250 (2)"]  # of what is stated; of stating the base rate, a half
    assert [row[1] for row in table.rows] == ["·"] * 4 + ["0.90 → 50% (2)", *brier]


def test_what_does_not_apply_or_breaks_is_unscored(root):
    found = evaluated(root, method("idle"), Method("broken", broken, ""))
    assert [run.marks for run in found.runs] == [None] * 4
    assert {run.unscored for run in found.of("idle")} == {DOES_NOT_APPLY}
    table = grid(found, "Guilty service: all")
    assert table.rows == [["idle", "0", *"·····"], ["broken", "0", *"·····"]]
    assert table.notes[-1] == "unscored: broken on 2 cases: the disk is full"
    assert "the disk is full" in as_markdown(table)


def test_a_case_whose_truth_is_missing(root):
    (root / "truth.json").write_text("[]")
    with pytest.raises(InputError, match="the truth does not know bare/b1"):
        evaluated(root, method("idle"))


def test_the_command(root, tmp_path, warroom):
    report, kept = tmp_path / "report.md", tmp_path / "runs.json"
    files = ("--json", str(kept), "--markdown", str(report))
    said = warroom("eval", "rca", "--cases", str(root), "--method", "nsigma,correlation", *files)
    assert said.code == 0
    assert "Guilty service: bare" in said.out
    assert "| nsigma | 1 | .000 [.00-.00] |" in report.read_text()
    runs = json.loads(kept.read_text())["runs"]
    assert [(run["set"], run["method"]) for run in runs] == [
        ("bare", "nsigma"),
        ("bare", "correlation"),
        ("shop", "nsigma"),
        ("shop", "correlation"),
    ]
    assert runs[1]["marks"]["at"] == [1, 1, 1, 1, 1]


def test_a_method_that_scored_nothing_fails(root, warroom):
    said = warroom("eval", "rca", "--cases", str(root), "--set", "shop", "--method", "correlation")
    assert said.code == 1


def test_the_folder_from_the_environment(root, warroom, monkeypatch):
    monkeypatch.setenv("WARROOM_RCA_CASES", str(root))
    assert warroom("eval", "rca", "--method", "baro").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["rca"], 2, "name one with --cases DIR"),
        (["--repeat", "2", "rca"], 2, "options of rca go after it"),
        (["rca", "--method", "guess"], 2, "no method 'guess'"),
        (["rca", "--cases", ".", "--set", "x"], 2, "holds no root-cause case"),
    ],
)
def test_what_cannot_be_run(warroom, arguments, code, reason):
    said = warroom("eval", *arguments)
    assert said.code == code
    assert reason in said.err


def test_eval_itself_stays_a_command(warroom):
    said = warroom("eval", "--method", "trivial", "--case", "no-fault")
    assert said.code == 0
    assert "1 case; actions rejected" in said.out
