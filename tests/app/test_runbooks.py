"""Runbooks from folders and git repositories that warroom.yaml names; which fit an incident. On
both databases."""

from pathlib import Path

import pytest

from warroom.app import runbooks
from warroom.app.configuration_file import read_configuration
from warroom.app.runbooks import changes, fitting, library, refresh, search
from warroom.errors import TableError
from warroom.record.store import Store
from warroom.tests.support.change_backends import GitBackend
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
        self.home = root / "home"
        self.from_("folders: [books]")

    def from_(self, place: str) -> None:
        self.file.write_text(f"runbooks: {{{place}}}\n")

    def write(self, text: str, name: str = "orders.md") -> Path:
        (self.folder / name).write_text(text)
        return self.folder / name

    def read(self) -> list[str]:
        return refresh(self.store, self.home)


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
    team.from_("folders: [elsewhere]")
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


def test_what_no_trigger_fits_is_found_by_its_text_with_the_place(team: Team):
    document = full()
    document.alert.name, document.alert.summary = "VoucherRefused", "baskets stay full"
    team.write(book(text="Where vouchers are refused, sell without them."))
    team.read()
    mine = next(fit for fit in fitting(team.store, document) if fit.book.name == "orders-fail")
    assert "«" in mine.why[0] and "sell without" in mine.why[0]
    assert [fit.book.name for fit in search(team.store, "voucher")] == ["orders-fail"]
    assert search(team.store, "gremlins") == []


@pytest.fixture
def repository(tmp_path: Path) -> GitBackend:
    return GitBackend(tmp_path / "shared")


def commit(repository: GitBackend, *files: tuple[str, str]) -> str:
    return repository.commit(dict(files), "Write it down", 1_800_000_000)


def test_a_repository_is_read_at_its_commit_as_data(team: Team, repository: GitBackend):
    """Its hooks, filters and links do nothing; a bad file names itself and the others stay."""
    ran, secret = repository.root.parent / "ran", repository.root.parent / "secret.md"
    secret.write_text(book().replace("orders-fail", "secret"))
    repository.run("config", "filter.evil.smudge", f"touch {ran}")
    repository.root.joinpath("link.md").symlink_to(secret)
    wrong = ("deep/wrong.md", book().replace("verify", "look").replace("orders-fail", "wrong"))
    first = commit(
        repository, (".gitattributes", "*.md filter=evil\n"), ("deep/orders.md", book()), wrong
    )
    hook = repository.root / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    team.from_(f"git: [{{url: 'file://{repository.root}', branch: main}}]")
    (fault,) = team.read()
    assert fault.startswith(f"deep/wrong.md@{first[:12]}:5: steps.0.kind: ")
    assert library(team.store)["orders-fail"].file == f"deep/orders.md@{first[:12]}"
    assert "secret" not in library(team.store)
    second = commit(repository, ("deep/orders.md", book(2)), ("deep/wrong.md", "# Notes\n"))
    assert team.read() == []
    found = library(team.store)["orders-fail"]
    assert (found.version, found.file) == (2, f"deep/orders.md@{second[:12]}")
    team.from_(f"git: [{{url: 'file://{repository.root}', commit: {first}, folder: deep}}]")
    team.read()
    assert library(team.store)["orders-fail"].version == 1
    assert not ran.exists()


@pytest.mark.parametrize("url", ["ext::sh -c id", "--upload-pack=id", "http://example.org/x", "x"])
def test_other_ways_to_fetch_are_refused_in_the_file(team: Team, url: str):
    team.from_(f"git: [{{url: '{url}'}}]")
    with pytest.raises(TableError, match=r"warroom.yaml:1: runbooks.git.0.url"):
        team.read()


def test_a_place_that_is_away_or_too_large_is_named_and_takes_nothing_away(
    team: Team, repository: GitBackend, monkeypatch
):
    team.write(book())
    team.read()
    team.from_("git: [{url: 'file:///nowhere/at/all'}]")
    (fault,) = team.read()
    assert "refused by git" in fault and "/nowhere/at/all" in fault
    commit(repository, ("large.md", book(text="".join(map(str, range(99_999))))))
    team.from_(f"git: [{{url: 'file://{repository.root}'}}]")
    monkeypatch.setattr(runbooks, "LARGEST", 100)
    assert len(team.read()) == 1
    assert "orders-fail" in library(team.store)
    assert read_configuration().runbooks.tested_within == 90 * 86400
