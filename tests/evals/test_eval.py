"""`warroom eval` from end to end on recorded cases, and what a run with a model counts as."""

import json

import pytest

from warroom.agents.reasoning.layer import model_layer_of
from warroom.agents.runtime.case import PlaybookOnly
from warroom.errors import InputError, ModelMuddled, ModelUnavailable, StoreError
from warroom.evals.incidents.cases import recorded
from warroom.evals.incidents.command import EvalOptions, methods_of
from warroom.evals.incidents.run import TRIVIAL, Responder, model_layer_for, run
from warroom.evals.servers.scripted import ScriptedModel
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.tests.support.consoles import CommandLine


def failing(error):
    """What makes ceilings whose model fails every time in the same way."""
    return lambda settings, store: model_layer_of(
        settings, store, ScriptedModel(lambda _ask: error)
    )


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    (case,) = recorded(tmp_path_factory.mktemp("cases"), ["no-fault"])
    return case


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "WARROOM_MODEL", "WARROOM_MODEL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_floor_and_trivial_on_noise(noise, tmp_path):
    responder = Responder(Settings(home=tmp_path), model_layer_for)
    floor, trivial = run(noise, responder.floor()), run(noise, TRIVIAL, 2)
    assert floor.marks and trivial.marks
    assert floor.marks["cause"] is True
    assert floor.marks["nobody"] is True
    assert floor.use.seconds > 0
    assert floor.use.tokens == 0
    assert (trivial.marks["cause"], trivial.marks["nobody"], trivial.repeat) == (False, False, 2)
    assert list(tmp_path.iterdir()) == []  # a run has a home of its own


def test_a_run_whose_model_was_not_reached_is_unscored(noise, tmp_path):
    responder = Responder(Settings(home=tmp_path), failing(ModelUnavailable("nobody answers")))
    found = run(noise, responder.of_model("m"))
    assert (found.answer, found.marks, found.use.answered) == (None, None, 0)
    assert found.unscored == f"none of {found.use.calls} model calls was answered"
    assert found.use.calls > 0


def test_a_muddled_model_has_had_its_say(noise, tmp_path):
    responder = Responder(Settings(home=tmp_path), failing(ModelMuddled("no JSON")))
    found = run(noise, responder.of_model("m"))
    assert found.answer
    assert found.answer.reports > found.answer.by_model == 0  # the playbooks stood in
    assert found.use.answered == found.use.calls > 0


def test_a_floor_under_a_models_name_is_unscored(noise, tmp_path):
    responder = Responder(Settings(home=tmp_path), lambda _settings, _store: PlaybookOnly())
    found = run(noise, responder.of_model("m"))
    assert (found.answer, found.unscored) == (None, "no model was asked")


def test_a_broken_store_is_no_answer(noise, tmp_path):
    def broken(_settings, _store):
        raise StoreError("the disk is full")

    responder = Responder(Settings(home=tmp_path), broken)
    found = run(noise, responder.of_model("m"))
    assert (found.method, found.answer, found.unscored) == ("model m", None, "the disk is full")


def test_a_named_model_answers_alone_a_configured_one_as_configured(noise, tmp_path):
    asked = []

    def listen(settings, _store):
        asked.append((settings.model, settings.models, settings.second_model))
        raise StoreError("that is all we wanted to know")

    both = Settings(home=tmp_path, model="a", models={"triage": "b"}, second_model="c")
    responder = Responder(both, listen)
    for method in (responder.of_model("a"), responder.configured()):
        assert run(noise, method).method == "model a"
    assert asked == [("a", {}, ""), ("a", {"triage": "b"}, "c")]


def test_which_methods_run(tmp_path):
    def names(settings, **options):
        return [method.name for method in methods_of(EvalOptions(**options), settings)]

    bare = Settings(home=tmp_path, model_base_url="", model_key=None, openai_key=None)
    local = Settings(home=tmp_path, model_base_url="http://localhost:1/v1")
    assert names(bare) == ["trivial", "floor"]
    assert names(local) == ["trivial", "floor", "model"]
    assert names(local, methods="floor") == ["trivial", "floor"]
    assert names(local, methods="trivial") == ["trivial"]
    assert names(local, methods="model", models=["a", "b", "a"]) == [
        "trivial",
        "model a",
        "model b",
    ]
    with pytest.raises(InputError, match="no model is configured"):
        names(bare, models=["a"])


def test_a_rehearsal_works_all_thirteen_steps(tmp_path):
    (case,) = recorded(tmp_path, ["bad-deploy"])
    responder = Responder(Settings(home=tmp_path), model_layer_for, rehearse=True)
    found = run(case, responder.floor())
    assert found.answer and found.marks
    assert found.answer.steps == list(range(1, 14))
    assert found.answer.resolved == found.answer.claims > 20
    assert (found.marks["cause"], found.marks["action"]) == (True, True)


def test_the_command_scores_writes_and_compares(warroom, tmp_path):
    file, page = tmp_path / "now.json", tmp_path / "now.md"
    said = warroom("eval", "--case", "no-fault", "--json", str(file), "--markdown", str(page))
    assert (said.code, said.err) == (0, "")
    found = json.loads(file.read_text())
    assert [(run["case"], run["method"]) for run in found["runs"]] == [
        *(("no-fault", "trivial"), ("no-fault", "floor")),
    ]
    floor, trivial = found["figures"]["floor"], found["figures"]["trivial"]
    assert (floor["cause"]["value"], trivial["cause"]["value"]) == (1.0, 0.0)
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
    settings = Settings(home=tmp_path, model_base_url="")
    with pytest.raises(InputError, match="set OPENAI_BASE_URL or WARROOM_MODEL"):
        model_layer_for(settings, Store.open(settings.database))
