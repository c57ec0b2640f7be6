"""Runbooks from the folders of warroom.yaml, and which fit an incident; on both databases."""

from pathlib import Path

import pytest

from warroom.app.runbooks import changes, fitting, library, refresh
from warroom.record.store import Store
from warroom.tests.support.incidents import full

BOOK = """---
name: orders-fail
version: {version}
triggers: {{alerts: [{alert}]}}
steps: [{{kind: verify, text: Look again}}]
---
# Orders fail
{text}
"""


def book(version: int = 1, alert: str = "Other", text: str = "") -> str:
    return BOOK.format(version=version, alert=alert, text=text)


class Team:
    """A home, a database and a warroom.yaml that names places of runbooks."""

    def __init__(self, root: Path, place: Path | str, patch: pytest.MonkeyPatch) -> None:
        self.store = Store.open(place)
        self.file = root / "warroom.yaml"
        self.folder = root / "books"
        self.folder.mkdir()
        patch.setenv("WARROOM_CONFIG", str(self.file))
        self.from_("books")

    def from_(self, place: str) -> None:
        self.file.write_text(f"runbooks: [{place}]\n")

    def write(self, text: str, name: str = "orders.md") -> Path:
        (self.folder / name).write_text(text)
        return self.folder / name

    def read(self) -> list[str]:
        return refresh(self.store)


@pytest.fixture
def team(tmp_path, place, monkeypatch) -> Team:
    return Team(tmp_path, place, monkeypatch)


def test_a_teams_own_is_kept_by_version_and_shows_what_changed(team: Team):
    team.write(book(text="Call the desk."))
    team.write("# Notes\n", "README.md")
    assert team.read() == []
    assert not library(team.store)["orders-fail"].shipped
    team.write(book(2, text="Call the shop."))
    assert team.read() == []
    assert library(team.store)["orders-fail"].version == 2
    lines = list(changes(team.store, "orders-fail", []))
    assert {"-Call the desk.", "+Call the shop.", "-version: 1", "+version: 2"} <= set(lines)
    assert list(changes(team.store, "orders-fail", [2, 1]))[-1] == "+Call the desk."


def test_what_is_wrong_is_named_and_takes_nothing_away(team: Team):
    team.write(book())
    team.read()
    team.write(book().replace("verify", "look"))
    team.write(book().replace("orders-fail", "other"), "other.md")
    (fault,) = team.read()
    assert fault.startswith("orders.md:5: steps.0.kind: ")
    assert {"orders-fail", "other"} <= library(team.store).keys()
    team.write(book())
    (team.folder / "other.md").unlink()
    assert team.read() == []
    assert "other" not in library(team.store)
    team.from_("elsewhere")
    assert team.read() == []  # an empty place: nothing is listed any more
    assert "orders-fail" not in library(team.store)


def test_one_of_ours_is_replaced_by_a_teams_own_of_its_name(team: Team):
    assert library(team.store)["disk-full"].shipped
    team.write(book().replace("orders-fail", "disk-full"))
    team.read()
    assert library(team.store)["disk-full"].title == "Orders fail"


def test_those_that_fit_come_with_why_and_a_teams_own_before_ours(team: Team):
    document = full()
    team.write(book(alert=document.alert.name))
    team.read()
    found = fitting(team.store, document)
    assert found[0].book.name == "orders-fail"
    assert found[0].why == (f"the alert {document.alert.name}",)
    cause = document.leading()
    assert cause and any(f"the cause {cause.kind.value}" in fit.why for fit in found[1:])
