"""The benchmark: what it measures is a whole response, and nothing leaves the house."""

import pytest

from warroom.agents.runtime.context import ResponseContext
from warroom.errors import InputError
from warroom.evals.studies import one_run, synthetic
from warroom.evals.studies.decisions import BY, Decisions
from warroom.evals.studies.speed import SpeedFigure, truth_of
from warroom.incident.action import Verdict
from warroom.record.ledger import Request
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.telemetry.bundle import open_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return synthetic.write(tmp_path_factory.mktemp("speed") / "synthetic")


def test_a_run_works_all_thirteen_steps(bundle):
    found = one_run.responder(bundle, 0.0)
    assert found["steps"] == list(range(1, 14))
    assert found["answer"].startswith("checkout: ")
    assert 0 < found["severity_s"] < found["respond_s"]


def test_the_baseline_reads_everything_and_blames_the_loudest(bundle):
    rows = sum(len(file.read_text().splitlines()) for file in bundle.rglob("*.jsonl"))
    assert one_run.baseline(bundle, 0.0) == {"answer": "gateway", "rows": rows}


def test_texts_are_declined_and_rehearsed_actions_approved(bundle, tmp_path):
    context = ResponseContext(
        Settings(home=tmp_path), Store.open(tmp_path / "w.db"), open_bundle(bundle)
    )
    decisions = Decisions(context)
    for kind, verdict in (("text", Verdict.rejected), ("action", Verdict.approved)):
        request = Request("INC-1", f"hash-{kind}", kind, "title", 0.0, 9e9)
        context.store.ledger.ask(request)
        assert decisions.answer(request)
        decided = context.store.ledger.decision("INC-1", request.subject)
        assert decided is not None
        assert (decided.verdict, decided.by) == (verdict, BY.name)


def test_a_figure_is_judged_by_its_median():
    assert SpeedFigure("wall", "s", [1.0, 2.0, 9.0], 5.0).row == [
        *("wall", "2.00 s", "1.00 s", "9.00 s"),
        "≤ 5 s: met",
    ]
    assert SpeedFigure("wall", "s", [1.0, 6.0, 9.0], 5.0).row[-1] == "≤ 5 s: MISSED"
    assert SpeedFigure("wall", "s", [3.0]).row[-1] == ""


def test_a_bundle_without_an_alert_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no alert\.json"):
        one_run.alert_of(tmp_path)


def test_without_a_truth_beside_it_there_is_none(bundle):
    assert truth_of(bundle) == ""
