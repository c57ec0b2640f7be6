"""The commands that run an installation."""

import pytest

from warroom.app.configuration_file import NAMED
from warroom.console.exits import Exit
from warroom.record.store import Store
from warroom.record.tokens import Tokens
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.serving import PATIENCE_S, command


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(NAMED, "")  # put back as it was, whatever a command names
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_a_token_is_printed_once_alone_and_opens(warroom):
    said = warroom("token", "create", "ann", "--role", "commander")
    assert said.code == Exit.done
    text = said.out.strip()
    found = Tokens(warroom.store.engine).find(text)
    assert found and (found.name, found.role) == ("ann", "commander")
    listed = warroom("token", "list")
    assert "ann" in listed.out
    assert text not in listed.out
    assert warroom("token", "revoke", "ann").code == Exit.done
    assert Tokens(warroom.store.engine).find(text) is None
    assert warroom("token", "revoke", "ann").code == Exit.not_found


@pytest.mark.parametrize(("name", "role"), [("ann", "boss"), ("comms", "admin"), ("", "admin")])
def test_a_token_for_nobody_or_of_no_role_is_refused(warroom, name, role):
    said = warroom("token", "create", name, "--role", role)
    assert (said.code, said.out) == (Exit.bad_input, "")


def test_a_configuration_is_checked_line_by_line(warroom, tmp_path):
    file = tmp_path / "warroom.yaml"
    file.write_text("server:\n  listen: x\n  external_url: y\n")
    said = warroom("config", "check", str(file))
    assert said.code == Exit.bad_input
    lines = said.err.strip().splitlines()
    assert [line.partition(": ")[0] for line in sorted(lines)] == [
        "warroom.yaml:2",
        "warroom.yaml:3",
    ]
    file.write_text("server: {listen: '0.0.0.0:8844'}\n")
    assert "server.tls" in warroom("config", "check", str(file)).err
    known = "authorization: {credentials_file: am.secret}"
    file.write_text(f"receivers: [{{name: am, type: alertmanager, {known}}}]\n")
    said = warroom("config", "check", str(file))
    assert said.code == Exit.bad_input
    assert "am.secret" in said.err
    (tmp_path / "am.secret").write_text("s")
    assert warroom("config", "check", str(file)).code == Exit.done


def test_the_schema_is_json(warroom):
    assert "server" in warroom("config", "schema").json["properties"]


def test_the_audit_log_is_verified_and_its_head_holds(warroom):
    warroom("token", "create", "ann", "--role", "observer")
    said = warroom("audit", "verify", "--json")
    assert said.code == Exit.done
    head = said.json["head"]
    warroom("token", "revoke", "ann")
    assert warroom("audit", "verify", "--head", head).code == Exit.done
    number, _, seal = head.partition(":")
    other = f"{number}:{seal[::-1]}"
    assert warroom("audit", "verify", "--head", other).code == Exit.failed


def test_a_switch_says_how_it_stands(warroom):
    assert warroom("switch", "off", "--reason", "a storm").code == Exit.done
    assert warroom("switch", "off", "--target", "checkout", "--reason", "moved").code == Exit.done
    assert warroom("switch", "on", "--reason", "over").code == Exit.done
    found = {each["name"]: each["off"] for each in warroom("switch", "list", "--json").json}
    assert found == {"effects": False, "checkout": True}


def test_a_backup_is_put_back(tmp_path):
    def run(*arguments: str) -> None:
        assert command(tmp_path / "home", *arguments).wait(PATIENCE_S) == Exit.done

    run("token", "create", "ann", "--role", "observer")
    run("backup", str(tmp_path / "kept"))
    run("token", "revoke", "ann")
    run("restore", str(tmp_path / "kept"))
    (token,) = Tokens(Store.open(tmp_path / "home" / "warroom.db").engine).all()
    assert (token.name, token.revoked_at) == ("ann", None)


def test_restore_wants_to_know_what(warroom):
    assert warroom("restore").code == Exit.bad_input


def test_serve_refuses_an_open_address_before_it_makes_anything(warroom, tmp_path):
    said = warroom("serve", "--listen", "0.0.0.0:0")
    assert said.code == Exit.bad_input
    assert "in the clear" in said.err
    config = tmp_path / "warroom.yaml"
    config.write_text("otlp: {listen: '0.0.0.0:0'}")
    said = warroom("serve", "--listen", "127.0.0.1:0", "--config", str(config))
    assert said.code == Exit.bad_input
    assert "in the clear" in said.err
