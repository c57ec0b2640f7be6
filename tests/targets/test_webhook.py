"""Somebody's own system behind two signed requests, on loopback."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.actions.capabilities import KEY
from warroom.actions.catalogue import checked
from warroom.errors import Halfway, ToolFailed
from warroom.targets.operations import Operations
from warroom.targets.webhook import Webhook, signature
from warroom.tests.support.http_backends import HttpBackend, Question, Reply, serving

SECRET = b"of the two of us"


class Theirs(HttpBackend):
    """Believes what is signed, does each key once."""

    def __init__(self) -> None:
        super().__init__()
        self.web = {"instances": ["web-1"], "spares": ["web-2", "web-3"]}
        self.web |= {"version": "v2", "previous": "v1", "versions": ["v1", "v2"]}
        self.done: dict[str, dict] = {}
        self.cut = False

    def answer(self, question: Question) -> Reply:
        heads, content = question.headers, question.body.encode()
        wanted = signature(SECRET, heads["webhook-id"], heads["webhook-timestamp"], content)
        if heads["webhook-signature"] != wanted:
            return Reply({"error": "who are you"}, 401)
        if question.method == "GET":
            return Reply({"services": {"web": self.web}, "flags": {"theirs": True}})
        told = json.loads(question.body)
        if told["key"] not in self.done:
            self.done[told["key"]] = {"changed": True, "note": "done by the release train"}
            self.carry_out(told["action"], told["parameters"])
        return Reply(self.done[told["key"]], cut=self.cut)

    def carry_out(self, action: str, parameters: dict) -> None:
        if action == "roll back":
            self.web["version"] = parameters["to_version"]
        if action == "scale":
            whole = [*self.web["instances"], *self.web["spares"]]
            count = parameters["instances"]
            self.web |= {"instances": whole[:count], "spares": whole[count:]}


@pytest.fixture
def theirs() -> Iterator[Theirs]:
    token = KEY.set("")  # whatever was carried out before in this process
    with serving(Theirs()) as found:
        assert isinstance(found, Theirs)
        yield found
    KEY.reset(token)


@pytest.fixture
def section(tmp_path: Path, theirs: Theirs) -> dict:
    secret = tmp_path / "secret"
    secret.write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    return {"url": theirs.where, "secret_file": str(secret), "mode": "act", "timeout_s": 5}


def test_it_rolls_back_scales_and_is_undone(theirs, section):
    system = Operations(Webhook.configured(section))
    assert system.inventory().flags == {}, "of its answer nothing but services is believed"
    back = checked("roll back", "web", {"to_version": "v1"}, system.inventory())
    receipt = system.perform(back)
    assert theirs.web["version"] == "v1"
    assert receipt.note == "done by the release train"
    system.undo(back, receipt.model_dump(mode="json"))
    assert theirs.web["version"] == "v2"
    scale = checked("scale", "web", {"instances": 3}, system.inventory())
    receipt = system.perform(scale)
    assert len(theirs.web["instances"]) == 3
    system.undo(scale, receipt.model_dump(mode="json"))
    assert theirs.web["instances"] == ["web-1"]
    system.perform(checked("restart", "web", {}, system.inventory()))


def test_its_section_of_operations_json_is_read(theirs, section, tmp_path):
    file = tmp_path / "operations.json"
    file.write_text(json.dumps({"webhook": section}))
    assert Operations.load(file).inventory().services["web"].version == "v2"
    file.write_text(json.dumps({"webhook": {**section, "mode": "acts"}}))
    with pytest.raises(ToolFailed, match="mode"):
        Operations.load(file)


def test_one_key_is_done_once(theirs, section):
    hook = Webhook.configured(section)
    token = KEY.set("k-1")
    try:
        hook.restart("web")
        hook.restart("web")
    finally:
        KEY.reset(token)
    assert list(theirs.done) == ["k-1"]


def test_an_answer_that_breaks_off_is_halfway_with_its_way_back(theirs, section):
    hook = Webhook.configured(section)
    theirs.cut = True
    with pytest.raises(Halfway, match="nobody said") as told:
        hook.run_version("web", "v1")
    assert (told.value.receipt.before, theirs.web["version"]) == ("v2", "v1")


def test_another_secret_does_nothing(theirs, section):
    Path(section["secret_file"]).write_text("another")
    with pytest.raises(ToolFailed, match="answers 401"):
        Webhook.configured(section).restart("web")
    assert theirs.done == {}


def test_nonsense_about_services_is_refused(theirs, section):
    theirs.web["instances"] = 3
    with pytest.raises(ToolFailed, match=r"does not say what there is: .*instances"):
        Webhook.configured(section).inventory()


def test_nobody_there_and_only_proposing(section):
    gone = Webhook.configured({**section, "url": "http://127.0.0.1:9"})
    with pytest.raises(ToolFailed, match="cannot be reached"):
        gone.restart("web")
    with pytest.raises(ToolFailed, match="by hand: restart of web"):
        Webhook.configured({**section, "mode": "propose"}).restart("web")
