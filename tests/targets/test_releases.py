"""Deploys, versions and roll back on a real repository with checkouts and links."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.errors import ToolFailed
from warroom.targets.git import Git
from warroom.targets.releases import Releases, previous_good
from warroom.targets.supervisor import SupervisedServices, Supervisor


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    repository = tmp_path / "releases"
    for folder in (repository, tmp_path / "checkouts", tmp_path / "current"):
        folder.mkdir()
    git = Git(repository)
    git.run("init", "-q")
    for version in ("v1", "v2"):
        (repository / "code.py").write_text(f"VERSION = '{version}'\n")
        git.run("add", ".")
        git.run("commit", "-q", "-m", f"Make {version}")
        git.run("tag", "-a", version, "-m", version)
        git.run("worktree", "add", "-q", "--detach", str(tmp_path / "checkouts" / version), version)
    made = Releases(
        repository,
        tmp_path / "checkouts",
        tmp_path / "current",
        SupervisedServices(Supervisor("http://127.0.0.1:9/RPC2")),
    )
    for version in ("v1", "v2"):
        made.switch("catalog", version)
        made.record("catalog", version)
    return made


def test_current_and_previous(releases: Releases) -> None:
    assert releases.current_version("catalog") == "v2"
    assert releases.previous_version("catalog") == "v1"
    assert [(one.number, one.version) for one in releases.deploys("catalog")] == [
        (1, "v1"),
        (2, "v2"),
    ]


def test_switch_changes_what_runs(releases: Releases) -> None:
    releases.switch("catalog", "v1")
    assert (releases.current / "catalog" / "code.py").read_text() == "VERSION = 'v1'\n"
    assert not releases.is_deployed("catalog", "v1"), "not recorded yet"
    assert releases.record("catalog", "v1") == "deploy/catalog/3"
    assert releases.is_deployed("catalog", "v1")


def test_rolled_back_version_is_not_offered_again(releases: Releases) -> None:
    releases.switch("catalog", "v1")
    releases.record("catalog", "v1")
    assert releases.previous_version("catalog") == ""


def test_unknown_version_names_the_known_ones(releases: Releases) -> None:
    with pytest.raises(ToolFailed, match="v1, v2"):
        releases.switch("catalog", "v3")


def test_service_without_release(releases: Releases) -> None:
    with pytest.raises(ToolFailed, match="catalog"):
        releases.current_version("database")


VERSIONS = st.lists(st.sampled_from(["v1", "v2", "v3", "v4"]), min_size=1, max_size=12)


@given(VERSIONS)
def test_previous_good_was_deployed_and_is_not_current(history: list[str]) -> None:
    previous = previous_good(history, history[-1])
    assert previous != history[-1]
    assert previous == "" or previous in history


@given(VERSIONS, st.integers(0, 3))
def test_repeating_the_last_deploy_changes_nothing(history: list[str], times: int) -> None:
    repeated = [*history, *[history[-1]] * times]
    assert previous_good(repeated, history[-1]) == previous_good(history, history[-1])


@given(VERSIONS)
def test_a_new_version_falls_back_to_the_one_before(history: list[str]) -> None:
    assert previous_good([*history, "v9"], "v9") == history[-1]


@given(VERSIONS)
def test_rolling_back_always_ends(history: list[str]) -> None:
    steps = 0
    while previous := previous_good(history, history[-1]):
        history = [*history, previous]
        steps += 1
        assert steps <= 4, "more roll backs than versions"
