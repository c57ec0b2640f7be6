"""The help names every command once, below a heading, and nothing that is not there."""

from collections import Counter
from typing import Any

from typer.main import get_command

from warroom.console.contents import CONTENTS
from warroom.console.main import app


def commands() -> dict[str, Any]:
    found: dict[str, Any] = vars(get_command(app))["commands"]
    return {name: command for name, command in found.items() if not command.hidden}


def test_every_command_stands_below_one_heading():
    named = Counter(name for names in CONTENTS.values() for name in names)
    assert named == Counter(list(commands()))


def test_every_command_says_what_it_is_for():
    assert [name for name, one in commands().items() if not one.get_short_help_str()] == []
