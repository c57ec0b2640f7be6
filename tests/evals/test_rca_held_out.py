"""Knobs: fields of the engine's tuning, chosen by rule, and the command over two small cases."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from warroom.analysis.tuning import STANDARD, Tuning
from warroom.errors import InputError
from warroom.evals.held_out.knobs import (
    KNOBS,
    METRICS,
    PATHS,
    SetFigures,
    chosen,
    differences,
    present,
    seen_by,
    worth,
)
from warroom.evals.held_out.replay import Workers
from warroom.evals.held_out.study import (
    Found,
    HeldOutFigures,
    held_out,
    held_out_grid,
    measured,
    sensitivity_grid,
)
from warroom.evals.rca.cases import VARIABLE, rca_cases
from warroom.tests.support.rca_folder import write_folder

pytestmark = pytest.mark.thorough

ROOT = Path(os.environ.get(VARIABLE, "nowhere"))


def figures(first, average=0.0, brier=None):
    return SetFigures(first, first, average, brier)


def test_knobs_are_the_fields_of_the_tuning_that_the_product_uses():
    assert [knob.name for knob in KNOBS] and {knob.name for knob in KNOBS} == set(present())
    assert Tuning(**present()) == STANDARD


def test_a_tool_sees_its_own_knobs_alone():
    turned = replace(STANDARD, usual=9.0, rare=0.5, waiting=1.0)
    assert seen_by(METRICS, turned) == replace(STANDARD, usual=9.0)
    assert seen_by(PATHS, turned) == replace(STANDARD, rare=0.5)


def test_an_unknown_name_is_refused():
    with pytest.raises(TypeError, match="no_such_knob"):
        Tuning(**{"no_such_knob": 1.0})


def test_grids_stay_within_bounds():
    grids = {knob.name: knob.grid() for knob in KNOBS}
    assert grids["other_way"] == [3.0, 4.2, 6.0, 8.4, 12.0]
    assert grids["most_passed"] == [0.975, 0.965, 0.95, 0.93, 0.9]
    assert max(grids["quiet"]) == 1.0
    assert all(knob.value in grids[knob.name] for knob in KNOBS)


def test_sets_count_alike_and_figures_in_their_order():
    assert worth([figures(1.0, 1.0, 0.1), figures(0.5, 0.6, 0.3)]) == (0.75, 0.8, -0.2)
    assert worth([figures(0.5, 0.1)]) > worth([figures(0.4, 1.0, 0.0)])
    assert worth([figures(0.5, 0.5, 0.2)]) > worth([figures(0.5, 0.5, 0.3)])


def test_a_knob_goes_where_it_is_worth_most_and_else_stays():
    def worths(settings):
        return [(-abs(s["a"] - 4), -abs(s["b"] - s["a"]), 0.0) for s in settings]

    grids = {"a": [1.0, 2.0, 4.0], "b": [1.0, 2.0, 4.0], "c": [1.0, 2.0]}
    start = {"a": 2.0, "b": 2.0, "c": 1.5}
    assert chosen(start, grids, worths) == {"a": 4.0, "b": 4.0, "c": 1.5}
    assert start["a"] == 2.0
    assert differences(start, {"a": 4.0, "b": 2.0, "c": 1.5}) == "a 2 → 4"
    assert differences(start, start) == "none"


def test_a_second_round_sees_what_the_first_one_chose():
    def worths(settings):
        return [(s["a"] * (s["b"] - 1), -s["a"], s["b"]) for s in settings]

    grids = {"a": [1.0, 2.0], "b": [1.0, 2.0]}
    once, twice = (chosen({"a": 2.0, "b": 1.0}, grids, worths, n) for n in (1, 2))
    assert (once, twice) == ({"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 2.0})


def test_tables():
    now, then = figures(0.5, 0.5, 0.25), figures(0.25, 0.5)
    values = present() | {"rare": 0.06}
    rows = [
        Found("one", now, then, [now], [then], values),
        Found("two", now, now, [now], [now], present()),
    ]
    here, there = ".500 / .500 / .250", ".250 / .250 / ·"
    assert held_out_grid(rows, []).rows == [
        ["one", here, there, here, there, "rare 0.03 → 0.06"],
        ["two", here, here, here, here, "none"],
        ["mean of sets", here, ".375 / .375 / .250", *"···"],
    ]
    settings = [{**present(), k.name: k.times(f)} for k in KNOBS for f in (0.5, 2.0)]
    figured = [{"one": then if s["waiting"] == 12.0 else now} for s in settings]
    rows = sensitivity_grid({"one": now}, settings, figured).rows
    assert rows[:3] == [
        ["present", "·", ".500"],
        ["other_way 6", "3 / 12", "·"],
        ["waiting 6", "3 / 12", ".500 / .250"],
    ]


def test_the_command_over_two_small_cases(tmp_path):
    app = Typer()
    app.command()(held_out)
    root, file = write_folder(tmp_path / "cases"), tmp_path / "tables.md"
    found = CliRunner().invoke(app, ["--cases", str(root), "--markdown", str(file)])
    assert found.exit_code == 0, found.output
    assert "0 of 2 cases rank otherwise than in the whole response" in file.read_text()
    assert file.read_text().count("| other_way 6 |") == 1


def test_one_set_alone_is_refused(tmp_path):
    cases = rca_cases(write_folder(tmp_path / "cases"), ["shop"])
    with Workers(cases, tmp_path / "held") as workers, pytest.raises(InputError, match="one set"):
        measured(HeldOutFigures(tmp_path, workers), 1)


@pytest.mark.skipif(
    not (ROOT / "cases").is_dir(), reason=f"{VARIABLE} names no folder of root-cause cases"
)
def test_public_cases_are_replayed_as_the_whole_response_ranks_them(tmp_path):
    cases = [rca_cases(ROOT, [name])[0] for name in ("petshop", "rootcausebench")]
    with Workers(cases, tmp_path) as workers:
        of = HeldOutFigures(ROOT, workers)
        assert of.differing() == []
        low = present() | {"usual": 20.0, "other_way": 0.0, "waiting": 0.0}
        now, ill = workers.scores([present(), low], [case.name for case in cases])
        assert now != ill
        assert workers.scores([present()], [case.name for case in cases]) == [now]
