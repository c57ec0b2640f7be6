"""`warroom rules` at a terminal."""

import json

import pytest

from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.rules import GIVEN

FILE = json.dumps({"policy": {"rules": [GIVEN]}})  # JSON is YAML


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys) -> CommandLine:
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_rules_are_listed_stopped_and_lifted(cli):
    (cli.home.parent / "warroom.yaml").write_text(FILE)
    listed = cli("rules", "list").out
    assert "restart-hung" in listed and "nothing yet" in listed
    assert "no rule would have acted" in cli("rules", "simulate", "--since", "30").out
    assert cli("rules", "stats").code == 0
    assert cli("rules", "suspend").code == 2  # a reason is asked for
    said = cli("rules", "suspend", "restart-hung", "--reason", "it restarts too often")
    assert said.code == 0 and "restart-hung: people are asked instead" in said.out
    assert "on-call" in cli("rules", "list").out  # who switched it off
    assert cli("rules", "lift", "restart-hung", "--reason", "mended").code == 0
    assert "on-call" not in cli("rules", "list").out
    assert cli("rules", "suspend", "--reason", "all of it").code == 0
    assert cli("rules", "lift", "gremlin", "--reason", "x").code == 2
