"""Flags of a flagd file, and of Unleash: a loopback server that answers as its Admin API does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.actions.catalogue import checked
from warroom.errors import Halfway, ToolFailed
from warroom.targets.flag_servers import Flagd, Unleash
from warroom.targets.operations import Operations
from warroom.tests.support.http_backends import HttpBackend, Question, Reply, serving

FLAG = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}


class AdminApi(HttpBackend):
    """Of one project with two flags, as https://docs.getunleash.io/api has it."""

    def __init__(self) -> None:
        super().__init__()
        self.on = {"volume-pricing": True, "new/cart": False}
        self.deaf = False  # answers, and does nothing

    def answer(self, question: Question) -> Reply:
        if question.headers.get("authorization") != "tok-1":
            return Reply({"name": "AuthenticationRequired"}, 401)
        root = "/api/admin/projects/default/features"
        if question.path == root:
            return Reply({"version": 2, "features": [self.flag(name) for name in self.on]})
        name = next((one for one in self.on if question.path.startswith(f"{root}/{one}")), "")
        if not name:
            return Reply({"name": "NotFoundError"}, 404)
        if question.method == "POST" and not self.deaf:
            self.on[name] = question.path.endswith("/production/on")
        return Reply(self.flag(name) if question.method == "GET" else b"")

    def flag(self, name: str) -> dict:
        states = {"development": True, "production": self.on[name]}
        found = [{"name": where, "enabled": on} for where, on in states.items()]
        return {"name": name, "project": "default", "environments": found}


@pytest.fixture
def server() -> Iterator[AdminApi]:
    with serving(AdminApi()) as found:
        assert isinstance(found, AdminApi)
        yield found


@pytest.fixture
def access(tmp_path: Path, server: AdminApi) -> dict:
    token = tmp_path / "token"
    token.write_text("tok-1\n")
    return {"url": server.where, "token_file": str(token), "mode": "act", "timeout_s": 5}


def test_a_flag_of_unleash_goes_off_and_on_again(server, access):
    flags = Operations(Unleash.configured(access))
    there = flags.inventory()
    assert there.flags == {"volume-pricing": True, "new/cart": False}
    action = checked("feature flag off", "volume-pricing", {}, there)
    receipt = flags.perform(action)
    assert server.on["volume-pricing"] is False
    assert flags.perform(action).changed is False
    flags.undo(action, receipt.model_dump(mode="json"))
    assert server.on["volume-pricing"] is True


@pytest.mark.parametrize(
    ("failing", "said"), [("401", "renew the token"), ("403", "may not"), ("404", "no such flag")]
)
def test_what_unleash_refuses_says_what_to_do(server, access, failing, said):
    server.failing = failing
    with pytest.raises(ToolFailed, match=said):
        Unleash.configured(access).turn_off("volume-pricing")


def test_what_nobody_heard_of_may_have_happened(server, access):
    unleash = Unleash.configured(access)
    server.deaf = True
    with pytest.raises(Halfway, match="is not off") as told:
        unleash.turn_off("volume-pricing")
    assert told.value.receipt.before == {"state": "on"}


def test_in_mode_propose_a_person_is_told_what_to_do(server, access):
    with pytest.raises(ToolFailed, match="by hand: turn volume-pricing off in production"):
        Unleash.configured({**access, "mode": "propose"}).turn_off("volume-pricing")
    assert server.on["volume-pricing"] is True


def test_a_flag_in_a_file_that_flagd_watches(tmp_path):
    file = tmp_path / "flags.json"
    file.write_text(json.dumps({"flags": {"volume-pricing": FLAG}}))
    flags = Operations(Flagd.configured({"file": str(file), "mode": "act"}))
    action = checked("feature flag off", "volume-pricing", {}, flags.inventory())
    receipt = flags.perform(action)
    assert json.loads(file.read_text())["flags"]["volume-pricing"]["defaultVariant"] == "off"
    flags.undo(action, receipt.model_dump(mode="json"))
    assert json.loads(file.read_text()) == {"flags": {"volume-pricing": FLAG}}
    shut = Flagd.configured({"file": str(file), "mode": "propose"})
    with pytest.raises(ToolFailed, match="by hand: Turn off volume-pricing in"):
        shut.turn_off("volume-pricing")
    file.write_text("[]")
    with pytest.raises(ToolFailed, match="holds no JSON object"):
        flags.inventory()


def test_a_flag_that_rules_turn_on_is_off_for_everyone(tmp_path):
    ruled = FLAG | {"defaultVariant": "off", "targeting": {"if": [{"var": "beta"}, "on", "off"]}}
    file = tmp_path / "flags.json"
    file.write_text(json.dumps({"flags": {"volume-pricing": ruled}}))
    flags = Operations(Flagd.configured({"file": str(file), "mode": "act"}))
    action = checked("feature flag off", "volume-pricing", {}, flags.inventory())
    receipt = flags.perform(action)
    assert "targeting" not in json.loads(file.read_text())["flags"]["volume-pricing"]
    assert flags.inventory().flags == {"volume-pricing": False}
    flags.undo(action, receipt.model_dump(mode="json"))
    assert json.loads(file.read_text()) == {"flags": {"volume-pricing": ruled}}


def test_who_could_read_the_file_still_can(tmp_path):
    (tmp_path / "kept").mkdir()
    kept, file = tmp_path / "kept" / "flags.json", tmp_path / "flags.json"
    kept.write_text(json.dumps({"flags": {"volume-pricing": FLAG}}))
    kept.chmod(0o664)
    file.symlink_to(kept)
    Flagd.configured({"file": str(file), "mode": "act"}).turn_off("volume-pricing")
    assert file.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o664
    assert [one.name for one in kept.parent.iterdir()] == ["flags.json"]


def test_a_file_that_cannot_be_replaced_is_left_alone(tmp_path):
    file = tmp_path / "flags.json"
    file.write_text(json.dumps({"flags": {"volume-pricing": FLAG}}))
    flags = Flagd.configured({"file": str(file), "mode": "act"})
    (tmp_path / ".flags.json.lock").mkdir()
    with pytest.raises(ToolFailed, match="is not replaced"):
        flags.turn_off("volume-pricing")
