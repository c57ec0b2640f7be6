"""Versions of root-cause cases: which apply, how they are scored, and runs held against runs."""

import json

import pytest

from warroom.errors import InputError
from warroom.evals.framework.files import write_json
from warroom.evals.framework.grid import as_markdown, bare, signed
from warroom.evals.framework.runs import Method
from warroom.evals.framework.suite import stored
from warroom.evals.rca.answers import RcaAnswer
from warroom.evals.rca.cases import RcaCase, rca_cases
from warroom.evals.rca.compare import paired, rca_compared
from warroom.evals.rca.results import RcaEvaluation, answered
from warroom.evals.rca.versions import ablation, degraded, modalities, version_grids, versions_of
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.rca_folder import write_folder

pytestmark = pytest.mark.thorough


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / "rca")


@pytest.fixture
def warroom(root, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WARROOM_RCA_CASES", str(root))
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def reader(case):
    """Knows the guilty service of both cases by what is measured; needs metrics."""
    found = {"cart", "db"} if case.file("metrics.csv.gz") else set()
    return [RcaAnswer(scores=dict.fromkeys(found, 1.0) | {"nobody": 2.0 * (case.set == "bare")})]


def evaluated(root, *methods):
    return RcaEvaluation(runs=list(answered(rca_cases(root), list(methods), root)))


def applying(case, versions):
    return [version.name for version in versions if version.applies(case)]


def test_versions_apply_to_what_a_case_has(root):
    bare_case, shop = rca_cases(root)
    assert modalities(bare_case) == {"metrics", "topology"}
    assert modalities(shop) == {"metrics", "logs", "traces", "changes"}
    assert applying(bare_case, ablation()) == [
        *("whole", "without metrics", "without topology", "metrics alone", "topology alone")
    ]
    assert "without topology" not in applying(shop, ablation())
    clocks = {name for name in applying(shop, degraded()) if name.startswith("clocks")}
    assert len(clocks) == 3
    assert not clocks & set(applying(bare_case, degraded()))


def test_a_version_is_held_against_the_same_cases_whole(root):
    found = evaluated(root, *versions_of(Method("reader", reader, ""), ablation()))
    whole, *_ = [grid for grid in version_grids(found, "reader") if "all sets" in grid.title]
    rows = {row[0]: row[1:] for row in whole.rows}
    # neither is first (ties, a decoy), both are within three: hidden metrics lose that
    assert rows["whole"][0] == "2" and rows["whole"][2].startswith("1.000")
    assert rows["without metrics"][4] == "-1.000 [-1.00 to -1.00]"
    assert rows["without logs"][0] == "1"
    assert rows["metrics alone"][4] == "+.000 [+.00 to +.00]"


def test_numbers_without_the_leading_zero():
    assert [bare(x) for x in (0.5, 1.0, -0.25, 10.5)] == [".500", "1.000", "-.250", "10.500"]
    assert (bare(-0.001, 2), bare(0.0, 2, "+"), signed(None)) == (".00", "+.00", "·")


def answers(**services):
    """A method that names a service for each set."""

    def answer(case: RcaCase) -> list[RcaAnswer]:
        return [RcaAnswer(scores={services[case.set]: 1.0})]

    return Method("m", answer)


def test_a_run_beside_an_earlier_one(root):
    before = evaluated(root, answers(bare="web", shop="cart"))
    now = evaluated(root, answers(bare="db", shop="cart"))
    found = paired(before.runs, now.runs, 1)
    assert (found.before, found.now, found.moved(up=True)) == ([0, 1], [1, 1], ["bare/b1"])
    table = rca_compared(now, before)
    assert [row[:2] for row in table.rows] == [["bare: m", "1"], ["shop: m", "1"], ["all: m", "2"]]
    assert table.rows[0][2:4] == [".000 → 1.000", "+1.000 [+1.00 to +1.00]"]
    assert table.rows[2][2:4] == [".500 → 1.000", "+.500 [+.00 to +1.00]"]
    assert [row[-2:] for row in table.rows] == [["1", "0"], ["0", "0"], ["1", "0"]]
    assert "bare: m: won b1" in table.notes
    back = rca_compared(before, now)
    assert back.rows[2][3].startswith("-.500") and back.rows[2][-2:] == ["0", "1"]


def test_parts_that_differ_are_said(root):
    now = evaluated(root, answers(bare="db", shop="cart"))
    before = now.model_copy(update={"without": ["logs"]})
    assert "the earlier run hid logs, this one nothing" in rca_compared(now, before).notes


def test_runs_that_share_nothing(root, tmp_path):
    now = evaluated(root, answers(bare="db", shop="cart"))
    other = now.model_copy(update={"runs": []})
    with pytest.raises(InputError, match="scored no case and method of this one"):
        rca_compared(now, other)
    write_json(now.to_json(), tmp_path / "runs.json")
    assert stored(tmp_path / "runs.json", RcaEvaluation) == now
    (tmp_path / "runs.json").write_text(json.dumps({"format": "warroom-eval/1"}))
    with pytest.raises(InputError, match="format: 'warroom-eval/1' is none of 'warroom-rca/1'"):
        stored(tmp_path / "runs.json", RcaEvaluation)
    with pytest.raises(InputError, match="is missing: name what --json wrote"):
        stored(tmp_path / "gone.json", RcaEvaluation)


def test_the_floor_on_damaged_cases_ends(warroom, tmp_path):
    report = tmp_path / "degraded.md"
    said = warroom("eval", "rca", "--degraded", "--set", "shop", "--markdown", str(report))
    assert said.code == 0
    rows = [line for line in report.read_text().splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 8
    assert "unscored" not in said.out


def test_hidden_parts_and_an_earlier_run_by_command(warroom, tmp_path):
    kept = tmp_path / "runs.json"
    run = ("eval", "rca", "--method", "baro")
    assert warroom(*run, "--json", str(kept)).code == 0
    said = warroom(*run, "--without", "metrics", "--compare", str(kept))
    assert said.code == 0
    assert "Guilty service: bare (without metrics)" in said.out
    assert "the earlier run hid nothing, this one metrics" in said.out


def test_a_reading_method_by_ablation(warroom):
    said = warroom("eval", "rca", "--method", "baro", "--ablation", "--set", "bare")
    assert said.code == 0
    assert "baro on versions of bare" in said.out
    assert "without logs" not in said.out.partition("baro on")[2]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--without", "log"], "no modality 'log'"),
        (["--ablation", "--without", "logs"], "go without --without and --report"),
        (["--degraded", "--method", "baro,nsigma"], "are of one method"),
        (["--compare", "gone.json"], "gone.json is missing"),
    ],
)
def test_what_cannot_be_combined(warroom, options, reason):
    said = warroom("eval", "rca", *options)
    assert said.code == 2
    assert reason in said.err


def test_tables_are_markdown_too(root):
    found = evaluated(root, *versions_of(Method("reader", reader, ""), degraded()))
    assert "| no baseline | 1 |" in as_markdown(version_grids(found, "reader")[0])
