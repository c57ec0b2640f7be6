"""`warroom eval` from end to end on recorded cases, and what a run with a model counts as."""

import json

import pytest

from warroom.agents.ceiling import FloorOnly
from warroom.errors import InputError, ModelUnavailable
from warroom.evals.recordings import recorded
from warroom.evals.run import FLOOR, TRIVIAL, Runner, ceiling_for, of_model
from warroom.settings import Settings
from warroom.tests.consoles import CommandLine


class Silent(FloorOnly):
    """A model that cannot be reached, without a fallback of its own."""

    def improve(self, case, floor):
        raise ModelUnavailable("the endpoint does not answer")


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    (case,) = recorded(tmp_path_factory.mktemp("cases"), ["no-fault"])
    return case


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_floor_and_trivial_on_noise(noise, tmp_path):
    runner = Runner(Settings(home=tmp_path), ceiling_for)
    floor, trivial = runner.run(noise, FLOOR), runner.run(noise, TRIVIAL, 2)
    assert floor.marks["cause"] is True
    assert floor.marks["nobody"] is True
    assert floor.use.seconds > 0
    assert floor.use.tokens == 0
    assert (trivial.marks["cause"], trivial.marks["nobody"], trivial.repeat) == (False, False, 2)
    assert list(tmp_path.iterdir()) == []  # a run has a home of its own


def test_a_run_whose_model_was_not_reached_is_unscored(noise, tmp_path):
    runner = Runner(Settings(home=tmp_path), lambda _settings, _name: Silent())
    found = runner.run(noise, of_model("m"))
    assert (found.method, found.unscored) == ("model m", "the endpoint does not answer")
    assert (found.answer, found.marks) == (None, {})


def test_a_floor_under_a_models_name_is_unscored(noise, tmp_path):
    runner = Runner(Settings(home=tmp_path), lambda _settings, _name: FloorOnly())
    found = runner.run(noise, of_model("m"))
    assert (found.answer, found.unscored) == (None, "no model was asked")


def test_a_rehearsal_works_all_thirteen_steps(tmp_path):
    (case,) = recorded(tmp_path, ["bad-deploy"])
    found = Runner(Settings(home=tmp_path), ceiling_for, rehearse=True).run(case, FLOOR)
    assert found.answer
    assert found.answer.steps == list(range(1, 14))
    assert found.marks["cause"] is True


def test_the_command_scores_writes_and_compares(warroom, tmp_path):
    file, page = tmp_path / "now.json", tmp_path / "now.md"
    chosen = ("--case", "bad-flag", "--case", "no-fault")
    said = warroom("eval", *chosen, "--json", str(file), "--markdown", str(page))
    assert (said.code, said.err) == (0, "")
    found = json.loads(file.read_text())
    assert [(run["case"], run["method"]) for run in found["runs"]] == [
        *(("bad-flag", "trivial"), ("bad-flag", "floor")),
        *(("no-fault", "trivial"), ("no-fault", "floor")),
    ]
    floor, trivial = found["figures"]["floor"], found["figures"]["trivial"]
    assert (floor["cause"]["value"], trivial["cause"]["value"]) == (1.0, 0.0)
    assert floor["grounded"]["value"] == 1.0
    assert found["cases"][0]["raw_tokens"] > 100_000
    assert "| figure | trivial | floor |" in page.read_text()
    assert "pasting raw telemetry" in said.out

    again = warroom("eval", "--case", "no-fault", "--method", "trivial", "--compare", str(file))
    assert again.code == 0
    assert "cases in common: 1" in again.out
    assert "trivial: cause: service and kind" in again.out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--case", "gremlins"), 3, "no case 'gremlins'"),
        (("--cases", "nowhere"), 2, "not a directory"),
        (("--method", "oracle"), 2, "no method 'oracle'"),
        (("--compare", "nowhere.json"), 2, "nowhere.json"),
        (("--json", "no/such/folder.json"), 2, "cannot be written"),
        (("--case", "no-fault", "--method", "model"), 2, "no model is configured"),
        (("--case", "no-fault", "--model", "m"), 2, "no model is configured"),
        (("--repeat", "0"), 2, "--repeat"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(warroom, arguments, code, says):
    said = warroom("eval", *arguments)
    assert said.code == code
    assert says in said.err + said.out


def test_without_an_endpoint_there_is_no_model(tmp_path):
    with pytest.raises(InputError, match="set OPENAI_BASE_URL or WARROOM_MODEL"):
        ceiling_for(Settings(home=tmp_path), "m")
