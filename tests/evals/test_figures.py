"""Figures, tables and comparisons, over hand-made runs."""

import json

import pytest

from warroom.errors import InputError
from warroom.evals.framework.files import write_json
from warroom.evals.framework.grid import ResultGrid, as_markdown, at_terminal
from warroom.evals.framework.suite import stored
from warroom.evals.incidents.answers import CaseAnswer, Use
from warroom.evals.incidents.cases import Truth
from warroom.evals.incidents.figures import figures, reliability
from warroom.evals.incidents.results import CaseRecord, IncidentEvaluation
from warroom.evals.incidents.run import IncidentRun
from warroom.evals.incidents.tables import by_case, by_method, compared, grids, tokens
from warroom.incident.finding import FaultKind
from warroom.incident.severity import Severity
from warroom.tests.support.consoles import paper, printed

TRUTH = Truth(service="cart", kind=FaultKind.bad_deploy, severity=Severity.P1)


def run(
    case="a",
    right=True,
    sure: float | None = 0.9,
    repeat=1,
    method="model m",
    used=1000,
    unscored="",
):
    """One run; what it answered is told by its marks."""
    answer = CaseAnswer(confidence=sure, claims=10, resolved=9, steps=list(range(1, 14)))
    return IncidentRun(
        case=case,
        method=method,
        repeat=repeat,
        answer=None if unscored else answer,
        marks=None if unscored else {"cause": right, "service": right, "innocent": None},
        use=Use(tokens=used, money=0.5, seconds=2.0),
        unscored=unscored,
    )


def evaluation(*runs, raw=100_000):
    names = dict.fromkeys(run.case for run in runs)
    asked = [
        CaseRecord(name=name, tags=["t"], truth=TRUTH, raw_lines=50, raw_tokens=raw)
        for name in names
    ]
    return IncidentEvaluation(cases=asked, runs=list(runs))


def test_shares_carry_the_number_behind_them():
    found = figures([run("a"), run("b", right=False), run("c", right=False), run("d")])
    assert (found["cause"].value, found["cause"].n) == (0.5, 4)
    assert (found["innocent"].value, found["innocent"].n) == (None, 0)
    assert (found["grounded"].value, found["grounded"].n) == (0.9, 40)


def test_unscored_is_not_zero():
    found = figures([run("a"), run("b", unscored="not reached")])
    assert (found["cause"].value, found["cause"].n) == (1.0, 1)
    assert found["seconds"].n == 1
    nothing = figures([run("a", unscored="not reached")])
    assert {figure.value for figure in nothing.values()} == {None}


def test_brier_is_the_mean_square_of_what_is_missing():
    found = figures([run("a", True, 0.9), run("b", False, 0.6), run("c", True, None)])
    assert found["brier"].value == pytest.approx((0.01 + 0.36) / 2)
    assert found["brier"].n == 2


def test_reliability_puts_each_confidence_into_one_bin():
    found = reliability([run(sure=s, right=s > 0.5) for s in (0.0, 0.2, 0.39, 0.8, 1.0)])
    assert [part.n for part in found] == [1, 2, 0, 0, 2]
    assert (found[1].confidence, found[1].right) == (pytest.approx(0.295), 0.0)
    assert (found[3].confidence, found[3].right) == (None, None)
    assert found[4].right == 1.0


def test_how_much_of_it_is_the_models_own_is_shown():
    whole, none = run("a"), run("b")
    for one, own in ((whole, 13), (none, 0)):
        assert one.answer
        one.answer.reports, one.answer.by_model = 13, own
        one.use.calls = 20
    found = figures([whole, none])["by model"]
    assert (found.value, found.n) == (0.5, 26)
    assert figures([run("a")])["by model"].value is None  # a floor asks nobody


def test_repeats_show_their_spread():
    runs = [run("a", repeat=1), run("a", False, repeat=2, used=3000)]
    found = figures(runs)
    assert (found["cause"].value, found["cause"].low, found["cause"].high) == (0.5, 0.0, 1.0)
    assert (found["tokens"].value, found["tokens"].low, found["tokens"].high) == (2000, 1000, 3000)
    assert figures(runs[:1])["cause"].low is None
    assert "[0% … 100%]" in by_method(evaluation(*runs)).rows[0][1]
    assert by_case(evaluation(*runs)).rows == [["a", "~ · · ·"]]


def test_tokens_are_held_against_pasting_and_the_goal():
    def cells(used, raw):
        return tokens(evaluation(run(used=used), raw=raw)).rows[1]

    assert cells(10_000, 100_000) == [
        *("model m", "10,000", "10,000", "10.0%", "≤ 10% and ≤ 30,000: met", "13")
    ]
    assert cells(10_001, 100_000)[4].endswith("MISSED")  # more than a tenth
    assert cells(30_001, 1_000_000)[4].endswith("MISSED")  # more than thirty thousand


def test_what_is_unscored_is_shown_with_its_reason():
    found = evaluation(run("a"), run("b", unscored="none of 4 model calls was answered"))
    assert by_method(found).rows[-1] == ["unscored: infrastructure failed", "1 of 2"]
    table = by_case(found)
    assert table.rows[1] == ["b", "?"]
    assert "? model m on b: none of 4 model calls was answered" in table.notes
    assert tokens(evaluation(run(unscored="x"))).rows[1][1:] == ["·"] * 5


def test_cells_are_text_wherever_they_come_from():
    grid = ResultGrid("t", ["a|b", "n"], [["[red]x[/red]\x1b[2J|y", "1"]], ["[bold]"])
    console = paper()
    console.print(at_terminal(grid))
    assert "[red]x[/red]" in printed(console)
    assert "\x1b" not in printed(console)
    assert "| a\\|b | n |\n| --- | ---: |" in as_markdown(grid)


def test_a_stored_run_is_read_back_whole(tmp_path):
    found = evaluation(run("a"), run("b", unscored="x"), run("a", method="trivial"))
    file = tmp_path / "before.json"
    write_json(found.to_json(), file)
    assert stored(file, IncidentEvaluation) == found
    assert list(tmp_path.iterdir()) == [file]
    assert json.loads(file.read_text())["figures"]["model m"]["cause"]["value"] == 1.0
    assert [grid.title for grid in grids(stored(file, IncidentEvaluation))] == [
        grid.title for grid in grids(found)
    ]


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "warroom-eval/0"}'])
def test_another_file_is_no_stored_run(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match=r"x\.json"):
        stored(tmp_path / "x.json", IncidentEvaluation)


def rows_of(grid):
    return {row[0]: row[1:] for row in grid.rows}


def test_a_comparison_says_what_is_better_and_what_is_worse():
    before = evaluation(run("a", right=False, used=2000), run("b"))
    now = evaluation(run("a", used=3000), run("b", used=3000))
    found = rows_of(compared(now, before))
    assert found["model m: cause: service and kind"] == ["50%", "100%", "+50 points better"]
    assert found["model m: tokens an incident, median"] == ["1,500", "3,000", "+1,500 worse"]
    assert found["model m: seconds an incident, median"][2] == "same"
    assert "model m: innocent change not blamed" not in found  # neither has a figure


def test_what_looks_the_same_is_the_same_and_what_is_missing_has_no_change():
    before, now = evaluation(run("a", used=0)), evaluation(run("a", used=0))
    now.runs[0].use.seconds, now.runs[0].use.money = 2.001, None
    found = rows_of(compared(now, before))
    assert found["model m: seconds an incident, median"] == ["2.00 s", "2.00 s", "same"]
    assert found["model m: money an incident, median"] == ["0.5", "·", "·"]


def test_only_what_both_have_is_compared():
    before = evaluation(run("a"), run("old", right=False))
    now = evaluation(run("a"), run("new", right=False), run("a", method="floor"))
    found = compared(now, before)
    assert "cases in common: 1" in found.title
    assert rows_of(found)["model m: cause: service and kind"] == ["100%", "100%", "same"]
    assert not [row for row in found.rows if row[0].startswith("floor")]
    with pytest.raises(InputError, match="shares no case and method"):
        compared(evaluation(run("z")), before)


def test_what_makes_two_runs_hard_to_compare_is_said():
    before, now = evaluation(run("a")), evaluation(run("a"))
    assert compared(now, before).notes == []
    before.rehearsed = True
    before.cases[0] = before.cases[0].model_copy(
        update={"truth": TRUTH.model_copy(update={"service": "other"})}
    )
    rehearsal, truth = compared(now, before).notes
    assert "rehearsed" in rehearsal
    assert "truth" in truth
