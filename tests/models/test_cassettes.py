"""What real model servers answered, replayed: which forms of output and of tools they can do.

Recorded by `python -m warroom.evals.servers.record`; no server runs here.
"""

import json
import re
import socket
from dataclasses import replace

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from warroom.errors import InputError, ModelUnavailable
from warroom.evals.incidents.cases import FOLDER as RECORDED
from warroom.evals.servers import model_worker
from warroom.evals.servers.model_server import free, serving
from warroom.evals.servers.record import FOLDER, tape
from warroom.evals.servers.wire_asks import PORTS, Suspect, asks, learnt, model, outcomes
from warroom.evals.servers.wire_response import DRILL, investigation, response
from warroom.incident.document import Incident
from warroom.incident.report import PerformanceReport
from warroom.models.ladder import OBJECT, SCHEMA
from warroom.models.protocol import ChatMessage


def replayed(kind: str):
    """Outcomes and habits of the recorded server; every recorded answer has been used."""
    with tape(f"wire-{kind}") as held:
        asked = model(kind)
        found = dict(outcomes(asked))
        assert held.all_played
        return found, learnt(asked)


def test_llama_cpp_holds_a_reply_to_its_schema():
    found, habits = replayed("xllamacpp")
    answer = found["reply"].answer
    assert answer is not None
    assert isinstance(answer.reply, Suspect)
    assert (answer.usage.requests, answer.usage.estimated, answer.note) == (1, False, "")
    assert habits.rungs["Suspect"] == SCHEMA


def test_llama_cpp_drops_tools_unread_so_that_calls_are_asked_for_as_json():
    found, habits = replayed("xllamacpp")
    answer = found["tools"].answer
    assert answer is not None
    assert answer.reply or answer.calls
    assert "no native tools here" in answer.note
    assert habits.native is False
    assert habits.rungs["Action"] == SCHEMA
    assert answer.usage.requests == 2


def test_llama_cpp_python_refuses_json_schema_at_once_and_is_held_by_json_object():
    """It answers 500 to json_schema, which is not worth a retry, and streams no usage."""
    found, habits = replayed("llama-cpp-python")
    answer = found["reply"].answer
    assert answer is not None
    assert isinstance(answer.reply, Suspect)
    assert (answer.usage.requests, answer.usage.estimated) == (2, True)
    assert "stepped down from json_schema" in answer.note
    assert habits.rungs == {"Suspect": OBJECT}


def test_llama_cpp_python_calls_tools_when_it_need_not_stream():
    """Its stream of a call is empty; asked again in one piece, it calls natively."""
    found, habits = replayed("llama-cpp-python")
    first, second = found["tools"].answer, found["tools, answered"].answer
    assert first is not None
    assert second is not None
    (call,) = first.calls
    assert (call.name, call.arguments) == ("read_metric", {"service": "api"})
    assert second.calls or second.reply
    assert habits.native is True
    assert habits.unstreamed == {"calls"}


@pytest.fixture(scope="module")
def document() -> Incident:
    """What a whole response leaves, with the recorded model on top."""
    with tape("response") as held:
        left = response()
        assert held.all_played
    return left


def test_a_whole_response_hears_a_real_model_within_its_budget(document: Incident):
    calls = [call for call in document.model_calls if call.requests]
    assert {call.outcome for call in calls} == {"answered", "budget"}  # none for a correction
    assert all(call.input_tokens and call.output_tokens and call.seconds for call in calls)
    others = [call for call in document.model_calls if not call.requests]
    assert {call.outcome for call in others} == {"budget"}


def test_playbooks_answer_wherever_the_real_model_did_not(document: Incident):
    floors = [report for report in document.reports if report.source == "floor"]
    assert floors
    assert all(report.fallback for report in floors)
    truth = json.loads((RECORDED / f"{DRILL}.truth.json").read_text())
    leading = document.leading()
    assert leading is not None
    assert (leading.service, leading.kind.value) == (truth["service"], truth["kind"])


@pytest.fixture(scope="module")
def investigated() -> Incident:
    """What a response leaves in which a recorded model is told what fails, and is doubted."""
    with tape("investigation") as held:
        left = investigation()
        assert held.all_played
    return left


def test_a_real_model_is_told_once_what_does_not_hold_and_reports_again(investigated: Incident):
    asked = [call for call in investigated.model_calls if call.step == 6]
    assert [call.outcome for call in asked] == ["answered", "answered"]
    report = investigated.report(PerformanceReport)
    assert report is not None
    assert report.source == "model"
    with tape("investigation") as held:
        asked = [json.loads(request.body) for request in held.requests if request.body]
    told = [message["content"] for body in asked for message in body["messages"]]
    assert any("do not hold against the evidence" in text for text in told)


def test_the_skeptics_word_stands_beside_the_cause(investigated: Incident):
    doubts = [call for call in investigated.model_calls if call.purpose == "skeptic"]
    assert [(d.specialist, d.outcome) for d in doubts] == [("performance", "answered")] * 2
    leading = investigated.leading()
    assert leading is not None
    assert leading.challenged.startswith("doubted, and no objection could be proven")
    assert not leading.confirmed
    assert (leading.service, leading.kind.value) == ("checkout", "bad deploy")


def test_what_is_not_on_the_tape_fails_loudly():
    """Neither the network nor the playbooks answer instead."""
    other = replace(asks()["reply"], messages=(ChatMessage("user", "Something else."),))
    with tape("wire-xllamacpp"), pytest.raises(CannotOverwriteExistingCassetteException):
        model("xllamacpp").ask(other)
    with tape("wire-xllamacpp"), pytest.raises(CannotOverwriteExistingCassetteException):
        model("llama-cpp-python").ask(asks()["reply"])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_tapes_hold_no_key_and_stay_small(path):
    text = path.read_text()
    assert not re.findall(r"authorization|api-key|bearer", text, re.IGNORECASE)
    assert len(text) < 600_000


def test_every_kind_of_server_is_on_tape():
    assert {f"wire-{kind}" for kind in PORTS} <= {path.stem for path in FOLDER.glob("*.yaml")}


def test_missing_packages_are_named_with_the_cure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(model_worker.PACKAGES, "xllamacpp", "no_such_module")
    with pytest.raises(InputError, match=r"xllamacpp is missing.*warroom\[model\]"), serving():
        pass


def test_a_taken_port_is_said_before_anything_starts():
    with socket.socket() as holder:
        holder.bind((model_worker.HOST, 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ModelUnavailable, match=f"port {port} is taken"):
            free(port)
